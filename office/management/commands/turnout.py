"""Tell how many of the roll have voted, and who."""

import csv
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from office.turnout import NotShown, who_voted
from pages.templatetags.display import percent
from polls.models import Election
from results.snapshot import NoOutcome, read_snapshot


class Command(BaseCommand):
    help = "Tell how many of the roll have voted, as the results page does; with --who also which of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the election")
        parser.add_argument("--who", action="store_true", help="list the roll as CSV, with who has voted")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            election = Election.objects.published().get(slug=options["slug"])
            self._list(election) if options["who"] else self._tell(election)
        except Election.DoesNotExist:
            raise CommandError(f"There is no published election {options['slug']}.") from None
        except (NotShown, NoOutcome) as problem:
            raise CommandError("; ".join(getattr(problem, "messages", [str(problem)]))) from problem

    def _tell(self, election: Election) -> None:
        snapshot = read_snapshot(Election.objects.filter(pk=election.pk))
        turnout = snapshot and snapshot.turnout
        if not turnout:
            raise CommandError(f"{election.slug} has no roll, or its turnout is not known yet.")
        self.stdout.write(
            f"{election.slug}: {turnout['voted']} of {turnout['entitled']} have voted, {percent(turnout['permille'])}"
        )
        if "weight" in turnout:
            self.stdout.write(f"votes: {turnout['weight']} of {turnout['entitled_weight']}")
        for group in turnout.get("groups", ()):
            self.stdout.write(f"{group['name']}: {group['voted']} of {group['entitled']}, {percent(group['permille'])}")

    def _list(self, election: Election) -> None:
        lines = csv.writer(self.stdout)
        lines.writerow(["number", "name", "member number", "voted"])
        for entry in who_voted(election).iterator():
            lines.writerow([entry.number, entry.name, entry.member_number, "yes" if entry.voted else "no"])
