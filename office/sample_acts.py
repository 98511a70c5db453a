"""The acts of an audit by sample: it is prepared, dice are entered, and a difference is explained. A worker opens."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from polls import by_worker
from polls.life import State
from polls.models import Election
from polls.wake_up import ask_for_audits
from polls.withholding import withheld
from record.models import Audit, Sample
from record.quorum import count_ballots_of_record
from record.sampling.opening import carry_out_all
from record.sampling.picks import FEWEST_DICE, MOST_DICE, MOST_DRAWS, MOST_SAMPLES, BadDice, read_dice
from tally.models import Certification

from .access import Right
from .acts import Act, NotDone, name_actor
from .models import ActName

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.auth.models import User as Account

    User = Account | AnonymousUser

RISK_LIMITS = (Decimal("0.10"), Decimal("0.05"), Decimal("0.01"))


def find_hindrance(election: Election) -> str:
    """Say why nothing can be audited, and what to do; "" if it can."""
    if election.state == State.CERTIFIED:
        return _("It is certified. The secret that opens its entries is destroyed, and nobody can open them any more.")
    if election.state != State.FINAL:
        return _("The election is not final. Close it, and wait for its last ballot.")
    if withheld(election.shows, election.state, election.released_at):
        return _("Its result is hidden. Release it first.")
    if not count_ballots_of_record(election.pk):
        return _("Its record has no entries. If there were ballots, try again in some seconds.")
    return ""


def find_open_audit(election: Election) -> str:
    """Say why an audit by sample keeps an election from being certified, and what to do; "" if none does."""
    samples = list(Sample.objects.filter(audit=election.pk))
    if any(one.is_open for one in samples):
        return _(
            "Its audit by sample has found a difference. Look into it, and write on the page “Audit by sample” what "
            "was found out."
        )
    if any(one.opened_at is None and not one.problem for one in samples):
        return _("Entries of its audit by sample are being opened. Try again in a moment.")
    return ""


class SampleAct(Act[Sample]):
    """What audits have in common: nobody enters dice while the election is being certified, and the other way round."""

    def __init__(self, election: Election) -> None:
        super().__init__(election)
        self.who = ""

    def perform(self, *, by: "User | None") -> Sample:
        self.who = name_actor(by)
        return super().perform(by=by)


class PrepareAudit(Act[Audit]):
    """Have a worker fix which published ballot each entry is, before any dice are thrown."""

    name = ActName.PREPARE_AUDIT
    right = Right.RUN

    def change(self) -> Audit:
        stored = lock_final(self.election)
        audit, is_new = Audit.objects.get_or_create(election=stored)
        if not is_new:
            raise NotDone(_("It is prepared already."))
        return audit

    def perform(self, *, by: "User | None") -> Audit:
        audit = super().perform(by=by)
        have_carried_out(lambda: Audit.objects.filter(pk=audit.pk).exclude(manifest="", problem="").exists())
        audit.refresh_from_db()
        return audit


class DrawSample(SampleAct):
    """Enter dice that were thrown in public, and have a worker open the entries that they draw.

    `known` is the number of samples that whoever enters them has seen, None for a command.
    """

    name = ActName.DRAW_SAMPLE
    right = Right.RUN

    def __init__(
        self, election: Election, dice: str, draws: int, risk_limit: Decimal, *, known: int | None = None
    ) -> None:
        super().__init__(election)
        self.typed, self.draws, self.risk_limit, self.known = dice, draws, risk_limit, known

    def change(self) -> Sample:
        stored = lock_final(self.election)
        audit = Audit.objects.filter(election=stored).first()
        if audit is None or not audit.manifest:
            raise NotDone(
                _("Not drawn: prepare the audit first. What is compared has to be fixed before the dice are thrown.")
            )
        try:
            dice = read_dice(self.typed)
        except BadDice:
            raise NotDone(
                _("Not drawn: type the dice as digits from 1 to 6, in the order in which they fell, %(n)d to %(most)d.")
                % {"n": FEWEST_DICE, "most": MOST_DICE}
            ) from None
        if not 1 <= self.draws <= MOST_DRAWS:
            raise NotDone(
                _("Not drawn: a sample has 1 to %(most)d draws. The audit file opens all entries at once.")
                % {"most": MOST_DRAWS}
            )
        samples = list(audit.samples.order_by("pk"))
        same = next((one for one in samples if (one.dice, one.draws) == (dice, self.draws)), None)
        if same:
            raise NotDone(_("These dice are entered already. Their sample is below."))
        if self.known is not None and self.known != len(samples):
            raise NotDone(_("Not drawn: somebody else has entered dice meanwhile. Their sample is below."))
        if len(samples) >= MOST_SAMPLES:
            raise NotDone(
                _("Not drawn: there are %(n)d samples already, and it can have no more.") % {"n": len(samples)}
            )
        return Sample.objects.create(
            audit=audit, dice=dice, draws=self.draws, risk_limit=self.risk_limit, entered_by=self.who
        )

    def perform(self, *, by: "User | None") -> Sample:
        sample = super().perform(by=by)
        have_carried_out(lambda: Sample.objects.filter(pk=sample.pk).exclude(opened_at=None, problem="").exists())
        sample.refresh_from_db()
        return sample

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return {"sample": (None, f"{self.draws} draws, {read_dice(self.typed)}")}


class NoteSample(SampleAct):
    """Write what was found out about a difference, so that the election can be certified."""

    name = ActName.NOTE_SAMPLE
    right = Right.CERTIFY

    def __init__(self, election: Election, sample: int, note: str) -> None:
        super().__init__(election)
        self.sample, self.note = sample, note.strip()

    def change(self) -> Sample:
        sample = Sample.objects.filter(pk=self.sample, audit=self.election.pk).first()
        if sample is None or not (sample.unequal or sample.problem):
            raise NotDone(_("Not noted: this sample has no difference."))
        if not self.note:
            raise NotDone(_("Not noted: say what was found out, and by whom."))
        if sample.note:
            raise NotDone(_("Not noted: it has a note already, which stays."))
        sample.note, sample.noted_by, sample.noted_at = self.note, self.who, timezone.now()
        sample.save(update_fields=["note", "noted_by", "noted_at"])
        return sample

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return {"note": (None, self.note)}


def lock_final(election: Election) -> Election:
    """Return an election that can be audited, locked so that two who press at once take turns; raises NotDone."""
    stored = Election.objects.select_for_update().get(pk=election.pk)
    if hindrance := find_hindrance(stored):
        raise NotDone(hindrance)
    if Certification.objects.filter(election=stored, step__in=Certification.UNDER_WAY).exists():
        raise NotDone(_("It is being certified. That destroys the secret that opens its entries."))
    return stored


def have_carried_out(is_done: Callable[[], bool]) -> None:
    """Have a worker do what was asked for, and wait a moment for it; a command does it itself."""
    if settings.ROLE.publishes_by_worker:
        ask_for_audits()
        by_worker.wait_for(is_done)
    else:
        carry_out_all()
