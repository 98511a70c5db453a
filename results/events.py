"""What has happened with an election, as feeds tell it, from its opening to the last result."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pages.templatetags.display import isolate
from polls.life import Phase, State
from polls.models import Shows
from tally.models import Withdrawal

from .snapshot import Snapshot
from .xml_text import xml_text

# By the name that stands in the address of an entry, which never changes.
WORDS: Mapping[str, Any] = {
    "opened": _("Voting is open"),
    "closed": _("Closed"),
    "final": _("Final result"),
    "released": _("Result released"),
    "certified": _("Certified"),
    "second": pgettext_lazy("after an option has withdrawn", "Second result"),
    "cancelled": _("Cancelled"),
}


@dataclass(frozen=True)
class Event:
    """One thing that has happened; `name` is one of WORDS, with a number behind it where it can happen again."""

    snapshot: Snapshot
    name: str
    at: dt.datetime

    @property
    def words(self) -> str:
        return str(WORDS[self.name.partition("-")[0]])

    @property
    def summary(self) -> str:
        """Return as HTML why it was cancelled, or who has won as far as results show; "" for what says enough."""
        lines: Iterable[str] = ()
        if self.name == "cancelled":
            lines = self.snapshot.election.cancel_reason.splitlines()
        elif self.name in ("final", "released", "certified"):
            lines = _name_winners(self.snapshot)
        return format_html_join(mark_safe("<br>"), "{}", ((xml_text(line),) for line in lines))


def _name_winners(snapshot: Snapshot) -> Iterable[str]:
    for one in snapshot.contests:
        names = [isolate(option.label) for option in one.options if option.key in one.winners]
        if names:
            yield f"{isolate(one.title)}: {', '.join(names)}"


def find_events(snapshots: Sequence[Snapshot]) -> list[Event]:
    """Return what has happened with elections, the newest first; their snapshots must be whole."""
    withdrawn: dict[int, list[dt.datetime]] = defaultdict(list)
    rows = Withdrawal.objects.filter(election__in=[one.election.pk for one in snapshots]).order_by("pk")
    for election, at in rows.values_list("election_id", "entered_at"):
        withdrawn[election].append(at)
    found = [event for one in snapshots for event in _events_of(one, withdrawn[one.election.pk])]
    return sorted(found, key=lambda event: event.at, reverse=True)


def _events_of(snapshot: Snapshot, withdrawn: Sequence[dt.datetime]) -> Iterable[Event]:
    election = snapshot.election
    if election.state == State.CANCELLED:
        yield Event(snapshot, "cancelled", election.cancelled_at or snapshot.as_of)
        return
    times = {
        "opened": election.opening if snapshot.phase != Phase.SCHEDULED else None,
        "closed": (election.sealed_at or election.closes_at) if snapshot.phase == Phase.CLOSED else None,
        "final": election.final_at,
        "released": election.released_at if snapshot.paper.shows == Shows.HIDDEN else None,
        "certified": election.certified_at,
    }
    # Of a result that is hidden it would tell that there was something to withdraw from.
    again = [] if snapshot.withheld else withdrawn
    times |= {f"second-{number}": at for number, at in enumerate(again, 1)}
    for name, at in times.items():
        if at:
            yield Event(snapshot, name, at)
