"""The life of an election: its states, which of them may follow which, and its phase by the clock.

Pages, roles, scripts and the socket all learn from this module how far an election has come.

    draft -> published -> closed -> final -> certified
                 |
                 +-> cancelled

The clock says whether a published election is scheduled, open or closed, until its box is sealed: then it is closed.
An election that is final, certified or cancelled can be archived, which takes it off the lists.
"""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from .models import Election


class State(TextChoices):
    """What has been done with an election."""

    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")
    CLOSED = "closed", _("closed")
    FINAL = "final", _("final")
    CERTIFIED = "certified", _("certified")
    CANCELLED = "cancelled", _("cancelled")


class Phase(TextChoices):
    """What an election is for its voters at one moment."""

    SCHEDULED = "scheduled", _("scheduled")
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")
    CANCELLED = "cancelled", _("cancelled")


# From a state to those that may follow it.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.PUBLISHED}),
    State.PUBLISHED: frozenset({State.CLOSED, State.CANCELLED}),
    State.CLOSED: frozenset({State.FINAL}),
    State.FINAL: frozenset({State.CERTIFIED}),
    State.CERTIFIED: frozenset(),
    State.CANCELLED: frozenset(),
}
# The field that holds the time at which an election reached a state.
TIMES = {
    State.CLOSED: "sealed_at",
    State.FINAL: "final_at",
    State.CERTIFIED: "certified_at",
    State.CANCELLED: "cancelled_at",
}
# The public sees an election from its publication on; votes are counted until it is final.
COUNTED = (State.PUBLISHED, State.CLOSED)
HAS_RESULT = (State.FINAL, State.CERTIFIED)
ARCHIVABLE = (*HAS_RESULT, State.CANCELLED)


class NotAllowed(ValidationError):
    """An election cannot go from its state to the one asked for; the message says so."""


def enter(election: "Election", state: State, *, now: dt.datetime) -> list[str]:
    """Move an election to a state, and return the names of the fields to save; raises NotAllowed."""
    if state not in TRANSITIONS[State(election.state)]:
        raise NotAllowed(
            _("“%(title)s” is %(state)s, and so it cannot become %(next)s."),
            params={"title": election.title, "state": State(election.state).label, "next": state.label},
        )
    election.state = state
    fields = ["state"]
    if time := TIMES.get(state):
        setattr(election, time, now)
        fields.append(time)
    return fields


Moment = TypeVar("Moment", int, dt.datetime)


def phase_of(state: str, opens_at: Moment | None, closes_at: Moment | None, now: Moment) -> Phase:
    """Tell the phase at `now`; all times are aware, or all in milliseconds. A seal counts more than the clock.

    A draft need not say yet when it opens.
    """
    if state == State.CANCELLED:
        return Phase.CANCELLED
    if state not in (State.DRAFT, State.PUBLISHED) or (closes_at is not None and closes_at <= now):
        return Phase.CLOSED
    return Phase.OPEN if opens_at is not None and opens_at <= now else Phase.SCHEDULED


def describe(election: "Election", now: dt.datetime) -> str:
    """Say in a word how far an election has come, for its organiser."""
    if election.archived_at:
        return str(_("archived"))
    if election.state in (State.PUBLISHED, State.CLOSED):
        return str(election.phase(now).label)
    return str(State(election.state).label)


def where_described(name: str, now: dt.datetime) -> Q:
    """Return the condition of those elections that `describe` says this of: draft, scheduled, ..., final, archived."""
    is_past = Q(closes_at__isnull=False, closes_at__lte=now)
    published = Q(state=State.PUBLISHED)
    conditions = {
        "draft": Q(state=State.DRAFT),
        "scheduled": published & Q(opens_at__gt=now) & ~is_past,
        "open": published & Q(opens_at__lte=now) & ~is_past,
        "closed": Q(state=State.CLOSED) | (published & is_past),
        "final": Q(state__in=HAS_RESULT),
        "cancelled": Q(state=State.CANCELLED),
    }
    return Q(archived_at__isnull=False) if name == "archived" else conditions[name] & Q(archived_at=None)
