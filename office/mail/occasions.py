"""When there is an occasion for a mail: asked when it is ordered, or ordered again, and once more when it is sent."""

import datetime as dt

from polls.life import HAS_RESULT, Phase, State
from polls.models import Election, RollEntry
from polls.withholding import withheld

from ..models import MailOrder

Kind = MailOrder.Kind


def takes_votes(election: Election, now: dt.datetime) -> bool:
    """Tell whether people can vote, or will: then a code is of use."""
    return election.state == State.PUBLISHED and election.phase(now) != Phase.CLOSED


def has_shown_result(election: Election) -> bool:
    """Tell whether the result is final, and everybody may see it."""
    return election.state in HAS_RESULT and not withheld(election.shows, election.state, election.released_at)


def has_occasion(order: MailOrder, now: dt.datetime) -> bool:
    """Tell whether mails of an order are of use at this time, to whomever they go."""
    if order.kind == Kind.RESULT:
        return has_shown_result(order.election)
    return takes_votes(order.election, now)


def is_wanted(order: MailOrder, entry: RollEntry, now: dt.datetime) -> bool:
    """Tell whether the mail of an order to one voter still has a purpose."""
    if entry.struck_at or not entry.email or (order.kind == Kind.REMINDER and entry.voted):
        return False
    return has_occasion(order, now)
