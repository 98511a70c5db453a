"""Feeds of what happens with elections."""

import datetime as dt
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from office.certify_acts import Certify
from polls.models import Election
from polls.publishing import cancel_election
from results import revalidation
from tally.models import Withdrawal
from tests.tally.test_certification import finish

pytestmark = pytest.mark.urls("voting_site.urls.result")

ATOM = "{http://www.w3.org/2005/Atom}"
HOST = "http://testserver:8001"


def read(client: Client, path: str = "/drink/feed.atom", **headers: str) -> Any:
    revalidation._known.clear()
    answer = client.get(path, headers=headers)
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


def entries(feed: Any) -> list[tuple[str, str]]:
    """Return the title and the name of each entry."""
    found = feed.findall(f"{ATOM}entry")
    return [(one.findtext(f"{ATOM}title"), one.findtext(f"{ATOM}id").partition("#")[2]) for one in found]


class TestFeed:
    def test_tells_the_whole_life_the_newest_first(self, make_election, cast, client: Client):
        drink = make_election()
        assert entries(read(client)) == [("drink?: Voting is open", "opened")]
        cast(drink, "ana", "nesquik")
        finish(drink)
        assert [name for _title, name in entries(read(client))] == ["final", "closed", "opened"]
        Certify(drink).perform(by=None)
        Withdrawal.objects.create(election=drink, contest="q1", option="nesquik", reason="Moves away")
        feed = read(client)
        assert [name for _title, name in entries(feed)] == ["second-1", "certified", "final", "closed", "opened"]
        final = feed.findall(f"{ATOM}entry")[2]
        assert final.findtext(f"{ATOM}summary") == "\u2068drink?\u2069: \u2068Nesquik\u2069"
        assert final.findtext(f"{ATOM}id") == f"{HOST}/drink/#final"
        assert dt.datetime.fromisoformat(final.findtext(f"{ATOM}updated")) == Election.objects.get().final_at
        assert feed.findtext(f"{ATOM}updated") == feed.findtext(f"{ATOM}entry/{ATOM}updated")

    def test_of_one_that_is_to_come_is_empty_and_stays_the_same(self, make_election, client: Client):
        drink = make_election(opens_at=timezone.now() + dt.timedelta(days=1))
        feed = read(client)
        assert entries(feed) == []
        assert dt.datetime.fromisoformat(feed.findtext(f"{ATOM}updated")) == drink.opens_at

    def test_says_why_it_is_cancelled_in_no_other_html(self, make_election, client: Client):
        drink = make_election(opens_at=timezone.now() + dt.timedelta(days=1))
        cancel_election(drink, reason="Rain <b>\nCome later\x07")
        [entry] = read(client).findall(f"{ATOM}entry")
        assert entry.findtext(f"{ATOM}title") == "drink?: Cancelled"
        assert entry.findtext(f"{ATOM}summary") == "Rain &lt;b&gt;<br>Come later"

    def test_speaks_the_language_of_its_address(self, make_election, client: Client):
        make_election()
        feed = read(client, "/drink/feed.atom?language=es")
        assert entries(feed) == [("drink?: Votación abierta", "opened")]
        assert feed.find(f"{ATOM}link[@rel='self']").get("href") == f"{HOST}/drink/feed.atom?language=es"
        # Whatever else an address holds does not come back from a cache.
        assert read(client, "/drink/feed.atom?x=1").find(f"{ATOM}link[@rel='self']").get("href").endswith("feed.atom")

    def test_is_named_by_the_pages(self, make_election, client: Client):
        make_election()
        make_election("tea")
        assert f'href="{HOST}/drink/feed.atom"' in client.get("/drink/").content.decode()
        assert f'href="{HOST}/feed.atom"' in client.get("/").content.decode()


class TestList:
    def test_tells_of_all_that_are_listed(self, make_election, client: Client, django_assert_num_queries):
        for slug in ("drink", "tea", "wine"):
            make_election(slug)
        make_election("secret", unlisted=True)
        with django_assert_num_queries(3):
            feed = read(client, "/feed.atom")
        assert sorted(title for title, _name in entries(feed)) == [
            "drink?: Voting is open",
            "tea?: Voting is open",
            "wine?: Voting is open",
        ]

    def test_of_nothing_is_a_feed_as_well(self, transactional_db, client: Client):
        assert entries(read(client, "/feed.atom")) == []
