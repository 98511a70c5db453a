"""How many look at an election, in all processes together."""

import asyncio
from contextlib import aclosing

import pytest
from asgiref.sync import sync_to_async

from results import feed, watchers
from results.watchers import Watchers

from .test_feed import _close_connections, next_heartbeat, next_snapshot, socket

__all__ = ["_close_connections"]


class TestWatchers:
    def test_are_those_of_the_others_and_not_the_own(self):
        here, there = Watchers(), Watchers()
        here.hear(here.tell({1: 5}))
        here.hear(there.tell({1: 3, 2: 4}))
        assert [here.elsewhere(election) for election in (1, 2, 3)] == [3, 4, 0]
        here.hear(there.tell({1: 1}))
        assert [here.elsewhere(election) for election in (1, 2)] == [1, 0]

    def test_of_a_process_that_is_gone_are_forgotten(self, monkeypatch):
        here = Watchers()
        here.hear(Watchers().tell({1: 3}))
        monkeypatch.setattr(watchers, "FORGET_S", -1)
        assert here.elsewhere(1) == 0


@pytest.mark.django_db(transaction=True)
class TestFeed:
    async def test_tells_pages_how_many_watch_with_those_in_another_process(self, make_election, monkeypatch):
        monkeypatch.setattr(feed, "TICK_S", 0.1)
        drink = await sync_to_async(make_election)()
        # A feed of its own is what another process has.
        other = feed.Feed()
        async with (
            socket() as page,
            aclosing(other.watch(drink.pk)) as first,
            aclosing(other.watch(drink.pk)) as second,
        ):
            await next_snapshot(page)
            await anext(first)
            await anext(second)
            async with asyncio.timeout(10):
                while (await next_heartbeat(page))["watching"] != 3:
                    pass
