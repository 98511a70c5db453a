"""Atom feeds of what happens: of one election, and of all that are on the list."""

import datetime as dt
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pages.context_processors import site
from polls.models import Election

from .asked_language import in_asked_language, read_language
from .events import Event, find_events
from .open_data import open_data
from .revalidation import Answer, revalidate
from .snapshot import Snapshot, read_snapshots
from .views import get_snapshot
from .xml_text import xml_text

# Entries of the feed of all elections.
MOST = 50
# The time of a feed that has never had an entry.
_LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class _Feed(Atom1Feed):
    """A feed whose time is that of its newest entry, or one that is given: two readings of the same are the same."""

    def latest_post_date(self) -> Any:
        return max((item["updateddate"] for item in self.items), default=self.feed["without_entries"])


@open_data
@in_asked_language
def election_feed(request: HttpRequest, slug: str) -> HttpResponse:
    """Tell what has happened with one election."""
    place = _place(request, f"/{slug}/")

    def read() -> Answer:
        snapshot = get_snapshot(slug)
        return _write(place, snapshot.paper.title, [snapshot], find_events([snapshot]))

    return revalidate(request, (*place, slug), read)


@open_data
@in_asked_language
def list_feed(request: HttpRequest) -> HttpResponse:
    """Tell what has happened with the elections on the list."""
    place = _place(request, "/")

    def read() -> Answer:
        snapshots = read_snapshots(Election.objects.listed(), whole=True)
        return _write(place, _("Results"), snapshots, find_events(snapshots)[:MOST])

    return revalidate(request, place, read)


class _Place(NamedTuple):
    """Where a feed is: the address of all results, that of its page, and what names its language."""

    base: str
    path: str
    query: str
    language: str


def _place(request: HttpRequest, path: str) -> _Place:
    asked = read_language(request)
    query = f"?language={asked}" if asked else ""
    return _Place(site(request)["result_url"], path, query, get_language() or "")


def _write(place: _Place, title: str, snapshots: list[Snapshot], events: list[Event]) -> Answer:
    page = f"{place.base}{place.path}"
    feed = _Feed(
        xml_text(title),
        page,
        None,
        place.language,
        feed_url=f"{page}feed.atom{place.query}",
        feed_guid=f"{page}feed.atom",
        without_entries=max((one.election.opening for one in snapshots), default=_LONG_AGO),
    )
    for event in events:
        address = f"{place.base}/{event.snapshot.election.slug}/"
        feed.add_item(
            xml_text(f"{event.snapshot.paper.title}: {event.words}"),
            address,
            event.summary,
            unique_id=f"{address}#{event.name}",
            pubdate=event.at,
            updateddate=event.at,
        )
    text = feed.writeString("utf-8")
    age = max((one.age for one in snapshots if one.age is not None), default=None)
    return Answer(text, lambda: HttpResponse(text, content_type="application/atom+xml; charset=utf-8"), age)
