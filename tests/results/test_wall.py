"""What walls are told: by their page, their JSON and their socket; and what dashboards are not told for it."""

import datetime as dt
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from results import feed
from results.models import WallState
from results.wall import as_dict, direct_walls, hide_result, panels, read_walls, reveal_result, show_result
from tally.drain import drain_all
from tests.conftest import contest

from .papers import DECIDED, LIVELY, NOTHING, make_snapshot, single
from .test_feed import _close_connections, next_heartbeat, next_snapshot, socket

__all__ = ["_close_connections"]

pytestmark = pytest.mark.urls("voting_site.urls.result")


def sorted_keys(counts: dict[str, int], **changes: Any) -> list[list[str]]:
    return [[runner.key for runner in panel.runners] for panel in panels(make_snapshot(counts, 12, **changes))]


class TestPanels:
    def test_begin_with_those_who_have_a_seat_then_those_who_tie_for_it(self):
        assert sorted_keys(LIVELY)[0] == ["ana", "bea", "leo", "mia", "tom"]
        assert sorted_keys({"board:tom": 9, "board:mia": 8, "board:ana": 1})[0] == ["tom", "mia", "ana", "bea", "leo"]

    def test_leave_motions_and_what_nobody_has_voted_on_in_the_order_of_the_paper(self):
        assert sorted_keys(DECIDED)[2] == ["yes", "no", "abstain"]
        assert sorted_keys(NOTHING)[0] == ["ana", "bea", "leo", "mia", "tom"]

    def test_have_colours_by_the_paper_and_not_by_the_place(self):
        [board, *_] = panels(make_snapshot({"board:tom": 9}, 12))
        assert {runner.key: runner.colour for runner in board.runners}["tom"] == 5

    def test_show_how_votes_stand_after_the_last_round(self):
        stv = single(contest(options=("ana", "bea", "leo"), method="stv", seats=1))
        [panel] = panels(make_snapshot({"q1:ana": 5, "q1:bea": 4, "q1:leo>bea": 2}, 11, stv))
        assert [(one.key, one.shown.count, one.standing) for one in panel.runners if one.shown] == [
            ("bea", 6, "leading"),
            ("ana", 5, ""),
            ("leo", 0, ""),
        ]
        assert panel.has_rounds
        [panel] = panels(make_snapshot({}, 0, stv))
        assert [one.shown.count for one in panel.runners if one.shown] == [0, 0, 0]


class TestPage:
    def test_is_for_a_hall_where_it_is_asked_for(self, make_election, client):
        make_election()
        page = client.get("/drink/?view=wall").content.decode()
        assert 'data-socket="/ws/drink/wall/"' in page
        assert "wall.js" in page
        assert "data-full-screen" not in page
        assert "wall.js" not in client.get("/drink/?view=other").content.decode()

    def test_is_not_there_for_a_draft(self, make_election, client):
        make_election()
        assert client.get("/nothing/?view=wall").status_code == 404
        assert client.get("/nothing/wall.json").status_code == 404

    def test_tells_where_no_socket_gets_through_what_the_presenter_has_set(self, make_election, client):
        drink = make_election()
        direct_walls(drink, contest="q1", hides=True)
        told = client.get("/drink/wall.json").json()
        assert told["wall"] == as_dict(None) | {"contest": "q1", "hides": True}
        assert told["ballots"] == 0
        assert "wall" not in client.get("/drink/results.json").json()

    def test_tells_nothing_of_a_result_that_is_withheld(self, make_election, client):
        make_election(shows="hidden")
        for path in ("/drink/wall.json", "/drink/?view=wall"):
            assert '"count"' not in client.get(path).content.decode()
            assert "data-count>" not in client.get(path).content.decode()


class TestState:
    def test_of_a_reveal_is_by_the_clock_that_frames_tell(self, make_election):
        drink = make_election()
        reveal_result(drink, WallState.Reveal.PLACES, seconds=10, pause=3)
        told = read_walls([drink.pk])[drink.pk]
        assert (told["reveal"], told["pause"], told["hides"]) == ("places", 3, False)
        left = dt.datetime.fromisoformat(told["reveal_at"]) - timezone.now()
        assert dt.timedelta(seconds=5) < left <= dt.timedelta(seconds=11)
        hide_result(drink)
        assert read_walls([drink.pk])[drink.pk] == as_dict(None) | {"hides": True, "pause": 3}
        show_result(drink)
        assert read_walls([drink.pk])[drink.pk] == as_dict(None) | {"pause": 3}

    def test_of_an_election_that_nobody_presents_is_everything_in_turn(self, make_election):
        drink = make_election()
        assert read_walls([drink.pk]) == {drink.pk: as_dict(None)}


class TestSocket:
    async def test_tells_walls_at_once_and_dashboards_nothing(self, make_election, monkeypatch):
        monkeypatch.setattr(feed, "TICK_S", 60)
        drink = await sync_to_async(make_election)()
        async with socket("drink/wall") as wall, socket() as dashboard:
            assert (await next_snapshot(wall))["wall"] == as_dict(None)
            assert "wall" not in await next_snapshot(dashboard)
            await sync_to_async(direct_walls)(drink, hides=True)
            assert (await next_snapshot(wall))["wall"]["hides"] is True
            assert await dashboard.receive_nothing(timeout=0.3)

    async def test_has_the_results_too(self, make_election, cast):
        drink = await sync_to_async(make_election)()
        async with socket("drink/wall") as wall:
            await next_snapshot(wall)
            await sync_to_async(cast)(drink, "ana", "nesquik")
            await sync_to_async(drain_all)()
            assert (await next_snapshot(wall, ballots=1))["wall"] == as_dict(None)

    async def test_costs_dashboards_no_statement(self, make_election, monkeypatch):
        read: list[list[int]] = []
        monkeypatch.setattr(feed, "TICK_S", 0.1)
        monkeypatch.setattr(feed, "read_walls", lambda walls: read.append(walls) or read_walls(walls))
        drink = await sync_to_async(make_election)()
        async with socket() as dashboard:
            await next_snapshot(dashboard)
            await next_heartbeat(dashboard)
            assert read == []
            async with socket("drink/wall") as wall:
                await next_snapshot(wall)
        assert read[0] == [drink.pk]

    def test_costs_dashboards_no_byte(self, make_election):
        drink = make_election()
        [snapshot] = feed.read_again([drink.pk])
        dashboard, wall = feed.Channel(), feed.Channel()
        dashboard.take(snapshot)
        wall.take(snapshot, as_dict(None))
        assert dashboard.frame == snapshot.to_json()
        assert json.loads(wall.frame) == snapshot.as_dict() | {"wall": as_dict(None)}

    def test_has_no_frame_for_what_has_not_changed(self, make_election):
        drink = make_election()
        wall = feed.Channel()
        for hides, number in ((False, 1), (False, 1), (True, 2)):
            [snapshot] = feed.read_again([drink.pk])
            wall.take(snapshot, as_dict(None) | {"hides": hides})
            assert wall.number == number
