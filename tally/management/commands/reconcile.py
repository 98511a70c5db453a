"""Check that every accepted ballot is somewhere, and only once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from polls.ballot_box import Unavailable
from tally.reconcile import reconcile

from .recount import named_elections

KINDS = ("waiting", "counted", "replaced", "duplicate", "set aside")


class Command(BaseCommand):
    help = (
        "Check for each election and epoch that accepted = waiting + counted + replaced + duplicate + set aside,"
        " and that the serials have no gap; exits 1 and names the first ballot where it fails."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="*", help="the elections to check; all if none is named")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for election in named_elections(options["slug"]):
            try:
                for account in reconcile(election):
                    kinds = [*KINDS, *(account.ballots.keys() - set(KINDS))]
                    parts = " + ".join(f"{account.ballots[kind]} {kind}" for kind in kinds)
                    sign = "=" if account.balances else "≠"
                    place = f"{account.election}, epoch {account.epoch}, shard {account.shard}"
                    self.stdout.write(f"{place}: {account.accepted} accepted {sign} {parts}")
                    for problem in account.problems:
                        self.stdout.write(f"{place}: {problem}")
                    failed += not account.balances
            except Unavailable as error:
                raise CommandError(f"Nothing could be checked: {error}. Start Redis, then run this again.") from error
        if failed:
            raise CommandError(
                f"{failed} accounts do not balance. Keep the data as they are, and see docs/guarantees.md."
            )
