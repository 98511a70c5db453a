"""Count again from the cast records, and report or repair any difference."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from polls.models import Election
from tally.audit.recount import RecordsMissing, recount, repair, standing_still


class Command(BaseCommand):
    help = "Count every election again from its cast records; exits 1 if the running count says something else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="*", help="the elections to count; all if none is named")
        parser.add_argument("--repair", action="store_true", help="rebuild the running count from the cast records")

    def handle(self, *args: Any, **options: Any) -> None:
        elections = named_elections(options["slug"])
        different = 0
        for election in elections:
            if options["repair"]:
                try:
                    result = repair(election, self.stderr.write)
                except RecordsMissing as problem:
                    raise CommandError(str(problem)) from problem
            else:
                with standing_still():
                    result = recount(election, self.stderr.write)
            for difference in result.differences:
                self.stdout.write(f"{election.slug}: {difference}")
            if not result.differences:
                self.stdout.write(f"{election.slug}: {result.ballots.total()} ballots, no difference")
            different += bool(result.differences)
        if different and options["repair"]:
            self.stdout.write(f"repaired: {different} of {len(elections)} elections")
        elif different:
            raise CommandError(
                f"{different} of {len(elections)} elections differ from their cast records."
                " Run `reconcile`: if no record is missing, `recount --repair` rebuilds the count from the records."
            )


def named_elections(slugs: list[str]) -> list[Election]:
    """Return the elections of these slugs, or all published ones; raises CommandError on an unknown slug."""
    elections = Election.objects.published().prefetch_related("designs")
    if not slugs:
        return list(elections)
    found = list(elections.filter(slug__in=slugs))
    if unknown := set(slugs) - {election.slug for election in found}:
        raise CommandError(f"There is no published election {', '.join(sorted(unknown))}. See the list in the admin.")
    return found
