"""What a snapshot changes of an earlier one, and that clients who know no more than that always show the newest."""

import datetime as dt
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.changes import NoChange, NumberedSnapshot, difference
from results.channel import KEPT, WHOLE_BEATS, Channel
from tests.changes_client import ChangesClient, merge
from tests.conftest import contest
from voting_site.serving.frames import frame_of

from .moves import METHODS, Moves
from .papers import NOON, make_snapshot, single

SEEDS = range(24)
# Few names and values, so that much stays the same from one to the next.
NAMES = st.sampled_from(["a", "b", "0", "__proto__", ""])
LEAVES = st.sampled_from([None, True, False, 0, 1, 2, "", "x", 0.5])
VALUES = st.recursive(LEAVES, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(NAMES, inside, max_size=3))
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)


def content(message: Any) -> Any:
    """Return a snapshot without its number, with the types of all values: for Python 1 and true are the same."""
    return json.dumps({name: value for name, value in message.items() if name != "frame"}, sort_keys=True)


class TestDifference:
    @given(OBJECTS, OBJECTS)
    def test_makes_the_one_of_the_other_or_says_that_it_cannot(self, before: Any, after: Any):
        try:
            change = difference(before, after)
        except NoChange:
            return
        assert json.dumps(merge(before, change), sort_keys=True) == json.dumps(after, sort_keys=True)

    @given(OBJECTS)
    def test_is_nothing_where_nothing_differs(self, value: Any):
        assert difference(value, value) == {}

    @given(OBJECTS, VALUES)
    def test_can_always_add_a_member_or_set_one_that_is_no_object(self, before: Any, value: Any):
        if not isinstance(value, dict):
            assert merge(before, difference(before, before | {"new": value, "a": 7})) == before | {"new": value, "a": 7}

    def test_goes_into_arrays_by_places(self):
        before = {"contests": [{"options": [{"key": "a", "count": 1}, {"key": "b", "count": 2}]}]}
        after = {"contests": [{"options": [{"key": "a", "count": 1}, {"key": "b", "count": 3}]}]}
        assert difference(before, after) == {"contests": {"0": {"options": {"1": {"count": 3}}}}}

    def test_has_an_array_whole_that_is_longer_or_shorter_or_holds_what_has_lost_a_member(self):
        for before, after in (([1], [1, 2]), ([1, 2], []), ([{"a": 1, "b": 2}], [{"a": 1}]), ([{}], [[]])):
            assert difference({"x": before}, {"x": after}) in ({"x": after}, {"x": {"0": []}})

    @pytest.mark.parametrize(
        ("before", "after"),
        [({"a": 1}, {}), ({"x": {"a": 1}}, {"x": {}}), ({"x": [1]}, {"x": {"0": 2}}), ({"x": [1]}, {"x": {}})],
    )
    def test_cannot_take_a_member_away(self, before: Any, after: Any):
        with pytest.raises(NoChange):
            difference(before, after)

    def test_keeps_null_for_a_value(self):
        assert difference({"a": 1, "b": None}, {"a": None, "b": None, "c": None}) == {"a": None, "c": None}

    def test_tells_true_from_one(self):
        assert difference({"a": 1, "b": True}, {"a": True, "b": 1}) == {"a": True, "b": 1}


class TestNumberedSnapshot:
    def test_is_sent_whole_where_that_is_shorter(self):
        first = NumberedSnapshot(1, json.dumps({"a": 1}))
        second = NumberedSnapshot(2, json.dumps({"a": 2}))
        assert second.since(first) is second.whole

    def test_is_written_once_for_each_that_it_changes(self):
        first, second = (NumberedSnapshot(n, json.dumps({"a": n, "text": "x" * 200})) for n in (1, 2))
        assert second.since(first) is second.since(first)
        assert json.loads(second.since(first)) == {"type": "change", "base": 1, "change": {"a": 2, "frame": 2}}


class TestFollowers:
    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("wall", [False, True], ids=["dashboard", "wall"])
    def test_show_the_newest_whatever_they_missed(self, seed: int, wall: bool):
        """Each takes what is there now and then, as one whose connection is slow."""
        moves, channel, chance = Moves(seed), Channel(), Random(seed)
        followers = [(channel.add(changes=True, write=None), ChangesClient(), pace) for pace in (1.0, 0.6, 0.1)]
        plain = channel.add(changes=False, write=None)
        for _ in range(40):
            channel.take(moves.go_on(), moves.wall if wall else None)
            if chance.random() < 0.2:
                channel.beat()
            assert plain.take()[0] in (channel.frame, channel.heartbeat)
            for follower, client, pace in followers:
                if follower.is_behind and chance.random() < pace:
                    for text in follower.take():
                        client.hear(text)
                    assert content(client.shown) == content(json.loads(channel.frame))
                    assert client.shown["frame"] == channel.number
        assert all(client.wholes for _, client, _ in followers)
        assert followers[0][1].changes >= 10

    def test_are_all_the_methods(self):
        """Else the test above would say less than it seems to."""
        assert {one.method for seed in SEEDS for one in Moves(seed).paper.contests} == set(METHODS)

    def test_that_have_missed_too_much_get_the_whole(self):
        moves, channel, client = Moves(1), Channel(), ChangesClient()
        follower = channel.add(changes=True, write=None)
        for missed in (0, KEPT - 2, KEPT):
            for _ in range(missed + 1):
                channel.take(moves.go_on())
            for text in follower.take():
                client.hear(text)
        assert (client.wholes, client.changes) == (2, 1)

    def test_whose_frame_was_lost_have_the_newest_after_ten_seconds_without_asking(self):
        moves, channel, client = Moves(2), Channel(), ChangesClient()
        follower = channel.add(changes=True, write=None)
        channel.take(moves.go_on())
        client.hear(*follower.take())
        channel.take(moves.go_on())
        lost = follower.take()
        assert json.loads(lost[0])["type"] == "change"
        channel.take(moves.go_on())
        client.hear(*follower.take())
        assert client.shown["frame"] == 1
        for _ in range(WHOLE_BEATS):
            channel.beat()
            for text in follower.take():
                client.hear(text)
        assert content(client.shown) == content(json.loads(channel.frame))

    def test_get_no_whole_snapshot_again_while_nothing_changes(self):
        moves, channel, client = Moves(3), Channel(), ChangesClient()
        follower = channel.add(changes=True, write=None)
        channel.take(moves.go_on())
        for _ in range(3 * WHOLE_BEATS):
            for text in follower.take():
                client.hear(text)
            channel.beat()
        assert client.wholes == 1

    def test_never_hear_what_is_withheld(self):
        """A change has nothing of the snapshot that it is a change of, but what is shown now."""
        moves, channel = Moves(4), Channel()
        follower = channel.add(changes=True, write=None)
        channel.take(moves.show(""))
        [shown] = follower.take()
        channel.take(moves.show("hidden"))
        [hidden] = follower.take()
        assert '"count"' in shown
        assert '"count"' not in hidden
        assert '"working"' not in hidden


class TestBytes:
    def test_are_at_most_a_kilobyte_for_a_frame_of_60_options_that_all_change(self):
        """As a browser is sent them at ten frames a second, with whole snapshots and heartbeats."""
        chance, channel, wire, kept = Random(7), Channel(), [], None
        follower = channel.add(changes=True, write=None)
        paper = single(contest(options=tuple(f"option-{number}" for number in range(60))))
        counts = {f"q1:{option.key}": 3 for option in paper.contests[0].options}
        for number in range(200):
            counts = {key: n + chance.randrange(1, 7) for key, n in counts.items()}
            as_of = NOON + dt.timedelta(microseconds=100_000 * number + chance.randrange(90_000))
            channel.take(make_snapshot(counts, sum(counts.values()), paper, version=number, as_of=as_of))
            texts = follower.take()
            if number % 20 == 19:
                channel.beat()
                texts += follower.take()
            for text in texts:
                frame = frame_of(text)
                wire.append(frame.compressed(kept) if frame.is_worth_compressing else frame.plain)
                kept = text if frame.is_worth_compressing else kept
        assert len(wire) == 200 + 10 + 2
        assert sum(map(len, wire)) / 200 <= 1000
