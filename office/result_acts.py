"""Acts after the last ballot: a lot that was drawn in public is entered, and an option withdraws."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from polls.definition import Definition
from polls.models import Election
from tally.models import Certification, PublicLot, Withdrawal
from tally.tie_breaks import enter_lot
from tally.withdrawals import withdraw

from .access import Right
from .acts import Act, NotDone
from .models import ActName


class EnterLot(Act[PublicLot]):
    """Say in which order a lot, drawn in public, has put the tied options of a contest."""

    name = ActName.ENTER_LOT
    right = Right.MANAGE

    def __init__(self, election: Election, contest: str, round_number: int, order: Sequence[str], note: str) -> None:
        super().__init__(election)
        self.contest, self.round_number, self.order, self.note = contest, round_number, list(order), note

    def change(self) -> PublicLot:
        if not self.note.strip():
            raise NotDone(_("Not entered: say who drew the lot, and where."))
        return enter_lot(self.election, self.contest, self.round_number, self.order, self.note)

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return {f"lot in {self.contest}": (None, f"{', '.join(self.order)} ({self.note})")}


class Withdraw(Act[Withdrawal]):
    """Note that an option has withdrawn after the close, so that a second result is counted without it."""

    name = ActName.WITHDRAW
    right = Right.MANAGE

    def __init__(self, election: Election, contest: str, option: str, reason: str) -> None:
        super().__init__(election)
        self.contest, self.option, self.reason = contest, option, reason
        # Whether an order to certify waited for a second manager, and ended with it.
        self.ended_order = False

    def change(self) -> Withdrawal:
        if not self.reason.strip():
            raise NotDone(_("Not noted: say why it has withdrawn. Everybody who sees the result reads it."))
        waiting = Certification.objects.filter(election=self.election, step=Certification.Step.WAITING)
        self.ended_order = waiting.exists()
        return withdraw(self.election, Definition.of(self.election).paper, self.contest, self.option, self.reason)

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        told: dict[str, tuple[str | None, str | None]] = {
            f"withdrawn in {self.contest}": (None, f"{self.option} ({self.reason})")
        }
        return told | {"certification": (Certification.Step.WAITING, None)} if self.ended_order else told
