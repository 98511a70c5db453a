"""What the results rule of an election keeps back, and until when: asked wherever a result could be seen."""

import datetime as dt

from django.db.models import Case, CharField, Q, Value, When

from .life import State
from .models import Shows


def withheld(shows: str, state: str, released_at: dt.datetime | None) -> str:
    """Return the rule by which a result is kept back at this state, "" if it may be seen."""
    if shows == Shows.TURNOUT and state == State.PUBLISHED:
        return shows
    if shows == Shows.HIDDEN and released_at is None:
        return shows
    return ""


# The same for a query of elections.
WITHHELD = Case(
    When(Q(shows=Shows.TURNOUT, state=State.PUBLISHED), then=Value(str(Shows.TURNOUT))),
    When(Q(shows=Shows.HIDDEN, released_at=None), then=Value(str(Shows.HIDDEN))),
    default=Value(""),
    output_field=CharField(),
)
