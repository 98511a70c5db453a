"""Accept a marked ballot form: check it, put it into the ballot box, and count what came of it.

Both ways of a vote lead here: Django's view, and the fast path, which has no page and no sentence.
"""

from django.http import QueryDict

from . import ballot_box, metrics
from .ballot_box import Reply
from .definition import Definition
from .forms import MarkedBallot
from .networks import network_of
from .proof_of_work import is_solved
from .voters import Voter
from .wake_up import ask_for_drain

# Where a request has what the box said already to the fast path: a Reply, or Unavailable.
EARLIER_REPLY = "urna.earlier_reply"


class NoProof(Exception):
    """The proof of work that this election asks for is missing, wrong, or too old."""


def accept(form: QueryDict, definition: Definition, voter: Voter, address: str) -> Reply:
    """Cast a submitted form, and return what the ballot box says; `address` is where the voter comes from.

    Raises OtherDesign, InvalidMarking or NoProof before anything is cast. After Unavailable the ballot may be in the
    box or not: sending the same form again is safe.
    """
    marked = MarkedBallot.from_form(form, definition, voter)
    if definition.proof_of_work and not _may_enter(marked, definition, voter):
        raise NoProof
    reply = ballot_box.cast(
        definition,
        voter=voter,
        ballot_id=marked.ballot_id,
        marking=marked.marking,
        design=marked.design,
        network=network_of(address),
        groups=marked.groups,
    )
    metrics.count_reply(definition.slug, reply)
    if reply.wake_up_due:
        ask_for_drain(definition, voter.shard)
    return reply


def _may_enter(marked: MarkedBallot, definition: Definition, voter: Voter) -> bool:
    """Tell whether a ballot has its proof of work, or was accepted before and is sent again."""
    if is_solved(definition, marked.ballot_id, marked.proof, ballot_box.read_clock()):
        return True
    mark = ballot_box.read_mark(definition, voter)
    return mark is not None and mark.ballot_id == marked.ballot_id
