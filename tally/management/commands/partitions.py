"""Show the partitions of the tables of ballots, give a large election its own, and drop those that are done with."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from polls.models import Election
from tally import partitions
from tally.partitions import NotPartitioned

from .recount import named_elections


class Command(BaseCommand):
    help = (
        "Shows how much disk the ballots take: of elections with partitions of their own, and of all others together."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--own", metavar="SLUG", help="give this election partitions of its own")
        what.add_argument(
            "--drop-emptied", action="store_true", help="drop those of certified elections, whose ballots are deleted"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["own"]:
                self._give(options["own"])
            elif options["drop_emptied"]:
                self._drop()
        except NotPartitioned as problem:
            raise CommandError(str(problem)) from problem
        self._show()

    def _give(self, slug: str) -> None:
        [election] = named_elections([slug])
        moved = partitions.give_own(election, self.stderr.write)
        self.stdout.write(f"{slug} has partitions of its own, with {moved} cast records.")

    def _drop(self) -> None:
        for election in partitions.drop_emptied(self.stderr.write):
            self.stdout.write(f"The partitions of {Election.objects.get(pk=election).slug} are dropped.")

    def _show(self) -> None:
        for election in Election.objects.filter(pk__in=partitions.find_own()).order_by("pk"):
            names = " and ".join(partitions.name_partition(table, election.pk) for table in partitions.TABLES)
            self.stdout.write(f"{election.slug}: {_megabytes(partitions.measure(election.pk))} in {names}")
        self.stdout.write(f"all others: {_megabytes(partitions.measure())}")


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
