"""Check that every accepted ballot is somewhere, and only once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from polls.ballot_box import Unavailable
from polls.models import Election
from tally.audit.reconcile import KINDS, Account, reconcile
from tally.models import Reconciliation

from .recount import named_elections


class Command(BaseCommand):
    help = (
        "Check for each election and epoch that accepted = waiting + counted + replaced + duplicate + set aside,"
        " and that the serials have no gap; exits 1 and names the first ballot where it fails,"
        " unless somebody has acknowledged just that in the administration."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="*", help="the elections to check; all if none is named")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for election in named_elections(options["slug"]):
            try:
                failed += sum(self._report(election, account) for account in reconcile(election))
            except Unavailable as error:
                raise CommandError(f"Nothing could be checked: {error}. Start Redis, then run this again.") from error
        if failed:
            raise CommandError(
                f"{failed} accounts do not balance. Keep the data as they are, and see docs/guarantees.md."
            )

    def _report(self, election: Election, account: Account) -> bool:
        """Write one account; return whether it has problems that nobody has acknowledged."""
        kinds = [*KINDS, *(account.ballots.keys() - set(KINDS))]
        parts = " + ".join(f"{account.ballots[kind]} {kind}" for kind in kinds)
        sign = "=" if account.balances else "≠"
        place = f"{account.election}, epoch {account.epoch}, shard {account.shard}"
        self.stdout.write(f"{place}: {account.accepted} accepted {sign} {parts}")
        if (known := account.ballots.total()) != account.accepted:
            self.stdout.write(f"{place}: {account.accepted} ballots were accepted, and {known} are known")
        for problem in account.problems:
            self.stdout.write(f"{place}: {problem}")
        if account.balances:
            return False
        kept = Reconciliation.objects.filter(election=election, epoch=account.epoch, shard=account.shard).first()
        if kept and kept.acknowledged == account.problems:
            self.stdout.write(f"{place}: acknowledged by {kept.acknowledged_by} at {kept.acknowledged_at:%F %T %Z}")
            return False
        return True
