"""The acts of certification: a manager orders it, a second one confirms it where it takes two, and a worker does it."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from polls import by_worker
from polls.life import State
from polls.models import Election
from polls.wake_up import ask_for_certification
from record.quorum import explain_missing
from tally.certification import certify, find_problem
from tally.models import Certification, Reconciliation, RejectedBallot

from .access import Right
from .acts import Act, NotDone, name_actor
from .models import ActName, Organisation
from .organisation_acts import Changes, OrganisationAct
from .sample_acts import find_open_audit

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.auth.models import User as Account

    User = Account | AnonymousUser

Step, Problem = Certification.Step, Certification.Problem
OVER = (Step.DONE, Step.REFUSED)


def count_set_aside(election: Election) -> list[tuple[str, int]]:
    """Return how many ballots are set aside for each reason, in words."""
    rows = RejectedBallot.objects.filter(election=election).order_by("reason").values_list("reason")
    return [(str(RejectedBallot.Reason(reason).label), n) for reason, n in rows.annotate(n=Count("pk"))]


def find_obstacle(election: Election) -> str:
    """Say why an election cannot be certified as it is, and what to do; "" if nothing is known against it."""
    if election.state == State.CERTIFIED:
        return _("It is certified already.")
    if problem := find_problem(election):
        return str(problem.label)
    if any(row.is_alarming for row in Reconciliation.objects.filter(election=election)):
        return str(Problem.ACCOUNT.label)
    if explain_missing(election):
        return str(Problem.WITNESSES.label)
    return find_open_audit(election)


class Certify(Act[Certification]):
    """Order the certification of a result, or confirm the order of another manager.

    `set_aside` is the number of ballots set aside of which whoever orders it has taken note, and `result` the revision
    of the result that this person has seen; None stands for the present one.
    """

    name = ActName.CERTIFY
    right = Right.CERTIFY

    def __init__(self, election: Election, set_aside: int = 0, *, result: int | None = None) -> None:
        super().__init__(election)
        self.set_aside, self.result = set_aside, result
        self.who = ""
        self.steps: tuple[str | None, str | None] = (None, None)

    def perform(self, *, by: "User | None") -> Certification:
        self.who = name_actor(by)
        row = super().perform(by=by)
        if row.step == Step.ASKED:
            carry_out(row)
            self.election.refresh_from_db()
        return row

    def change(self) -> Certification:
        # The lock makes two who press at once take turns.
        stored = Election.objects.select_for_update().get(pk=self.election.pk)
        if obstacle := find_obstacle(stored):
            raise NotDone(_("Not certified: %(reason)s") % {"reason": obstacle})
        if RejectedBallot.objects.filter(election=stored).count() != self.set_aside:
            raise NotDone(_("Not certified: %(reason)s") % {"reason": Problem.SET_ASIDE.label})
        if self.result not in (None, stored.result_revision):
            raise NotDone(_("Not certified: the result has changed since you opened the page. Look at it again."))
        row = Certification.objects.filter(election=stored).first()
        if row and row.step in Certification.UNDER_WAY:
            raise NotDone(_("It is being certified already."))
        if row and row.step == Step.WAITING:
            if row.asked_by == self.who:
                raise NotDone(_("You have ordered it already. Now another manager has to confirm it."))
            self.steps = (row.step, Step.ASKED)
            row.confirmed_by, row.step = self.who, Step.ASKED
            row.save(update_fields=["confirmed_by", "step"])
            return row
        takes_two = Organisation.objects.filter(holdings__election=stored.pk, two_certify=True).exists()
        step = Step.WAITING if takes_two else Step.ASKED
        self.steps = (row.step if row else None, step)
        values = {"asked_by": self.who, "asked_at": timezone.now(), "confirmed_by": "", "set_aside": self.set_aside}
        values |= {"step": step, "problem": "", "details": []}
        return Certification.objects.update_or_create(election=stored, defaults=values)[0]

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return {"certification": self.steps}


class WithdrawCertification(Act[None]):
    """Take back an order that no second manager has confirmed yet."""

    name = ActName.WITHDRAW_CERTIFY
    right = Right.CERTIFY

    def change(self) -> None:
        waiting = Certification.objects.filter(election=self.election, step=Step.WAITING)
        if not waiting.delete()[0]:
            raise NotDone(_("Nothing was withdrawn: no certification waits for another manager."))


def carry_out(row: Certification) -> None:
    """Have a worker certify, and wait a moment for it; a command does it itself."""
    if settings.ROLE.publishes_by_worker:
        ask_for_certification()
        by_worker.wait_for(Certification.objects.filter(pk=row.pk, step__in=OVER).exists)
    else:
        certify(row.election)
    row.refresh_from_db()


class ChangeCertifying(OrganisationAct[None]):
    """Say whether it takes two managers of an organisation to certify a result."""

    name = ActName.CHANGE_CERTIFYING

    def __init__(self, organisation: Organisation, *, two: bool) -> None:
        super().__init__(organisation)
        self.two = two

    def change(self, by: "User | None") -> tuple[None, Changes]:
        stored = Organisation.objects.get(pk=self.organisation.pk)
        before, stored.two_certify = stored.two_certify, self.two
        stored.save(update_fields=["two_certify"])
        return None, {"managers": ("2" if before else "1", "2" if self.two else "1")} if before != self.two else {}
