"""When there is an occasion for a mail: asked when it is ordered, and again when it is sent."""

import datetime as dt

from polls.life import HAS_RESULT, Phase, State
from polls.models import Election
from polls.withholding import withheld


def takes_votes(election: Election, now: dt.datetime) -> bool:
    """Tell whether people can vote, or will: then a code is of use."""
    return election.state == State.PUBLISHED and election.phase(now) != Phase.CLOSED


def has_shown_result(election: Election) -> bool:
    """Tell whether the result is final, and everybody may see it."""
    return election.state in HAS_RESULT and not withheld(election.shows, election.state, election.released_at)
