"""What decides ties after the close: the secret of the draw, once it is revealed, and lots that were drawn in public.

Both change the result without a ballot. So they raise the election's `result_revision`, and the worker makes the
outcome again.
"""

from collections import defaultdict
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from polls.life import State
from polls.models import DrawSecret, Election, TieBreak
from polls.wake_up import ask_for_outcomes
from tabulation.draw import Draw, Lot, PublicLots, SecretDraw
from tabulation.outcome import Outcome
from tabulation.ties import OpenTie

from .models import PublicLot, StoredOutcome


def read_draw(election: Election) -> Draw | None:
    """Return what breaks the ties of an election at this moment; None where they stay open."""
    if election.draw_secret:
        return SecretDraw(election.draw_secret)
    lots = defaultdict(list)
    for lot in election.lots.all():
        lots[lot.contest].append(Lot(lot.round_number, tuple(lot.order)))
    return PublicLots(lots) if lots else None


def read_notes(election: Election) -> dict[str, tuple[str, ...]]:
    """Return who drew the lots of each contest, and where, in the order in which they were entered."""
    notes: dict[str, tuple[str, ...]] = {}
    for lot in election.lots.all():
        notes[lot.contest] = (*notes.get(lot.contest, ()), lot.note)
    return notes


def reveal_draw(election: Election) -> None:
    """Let everybody know the secret from which an election's ties are drawn; only a worker can read it.

    It may be repeated. An election that is not drawn has nothing to reveal.
    """
    if election.tie_break != TieBreak.DRAW or not election.draw_hash or election.draw_secret:
        return
    secret = DrawSecret.objects.get(hash=election.draw_hash).value
    Election.objects.filter(pk=election.pk, draw_secret="").update(draw_secret=secret)
    election.refresh_from_db(fields=["draw_secret"])
    change_result(election)


def find_open_ties(election: Election) -> dict[str, OpenTie]:
    """Return the tie at which the count of a contest waits, by contest; one without a tie is left out.

    A tie whose lot is entered is left out as well, before the worker has made the next outcome.
    """
    stored = StoredOutcome.objects.filter(election=election).first()
    ties = {one["key"]: Outcome.from_dict(one["outcome"]).open_tie for one in (stored and stored.contests) or ()}
    entered = {(lot.contest, lot.round_number, frozenset(lot.order)) for lot in election.lots.all()}
    return {
        contest: tie
        for contest, tie in ties.items()
        if tie and (contest, tie.round_number, frozenset(tie.keys)) not in entered
    }


@transaction.atomic
def enter_lot(election: Election, contest: str, round_number: int, order: Sequence[str], note: str) -> PublicLot:
    """Store a lot that was drawn in public; raises ValidationError unless exactly this tie is open.

    Without contest and round it could be taken for the lot of another tie between the same options.
    """
    stored = Election.objects.select_for_update().get(pk=election.pk)
    if stored.tie_break != TieBreak.LOT:
        raise ValidationError(_("Not entered: the rules of this election do not end ties by a lot."))
    if stored.state != State.FINAL:
        raise ValidationError(_("Not entered: a lot is drawn after the last ballot is counted, and before certifying."))
    tie = find_open_ties(stored).get(contest)
    if tie is None or tie.round_number != round_number:
        raise ValidationError(_("Not entered: there is no tie here any more. Look at the result."))
    if sorted(order) != sorted(tie.keys):
        raise ValidationError(_("Not entered: give each of the tied options one place."))
    lot = PublicLot.objects.create(
        election=stored, contest=contest, round_number=round_number, order=list(order), note=note
    )
    change_result(stored)
    return lot


def change_result(election: Election) -> None:
    """Have the outcome of an election made again, once the transaction has committed."""
    Election.objects.filter(pk=election.pk).update(result_revision=F("result_revision") + 1)
    transaction.on_commit(ask_for_outcomes)
