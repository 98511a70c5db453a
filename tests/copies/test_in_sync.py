"""Two primaries for a moment: what the old one accepts, and the second replica confirms, must not be lost."""

import itertools
import os
import threading
import time

import pytest

from polls import ballot_box
from polls.ballot_box import Unavailable, Verdict, confirming, in_sync, sentinels
from polls.ballot_box.connection import ask
from polls.ballot_box.keys import IN_SYNC
from tests.masters import wait_until
from tests.promotable import PRIMARY
from tests.voting_site.processes import SETTLED, Running
from voting_site.local.ports import free_port

pytestmark = pytest.mark.copies


@pytest.fixture
def drink(servers, make_election):
    drink = make_election()
    look_until(2)
    return drink


def number() -> int:
    [found] = ask(("HGET", IN_SYNC, "number"))
    return int(found or 0)


def look_until(wanted: int) -> None:
    """Look, as a process of `vote` does, until so many are noted, and the primary is no longer doubted."""
    watch = in_sync.Watch()

    def is_so() -> bool:
        try:
            watch.look()
            return number() == wanted
        except Unavailable:
            return False

    wait_until(is_so)
    # As three seconds later. The first look after a fault may have failed, and this watch looks no more.
    confirming.trust()


def test_both_replicas_confirm_until_one_is_known_to_be_lost(servers, drink, cast):
    assert cast(drink, "ana", "nesquik").verdict is Verdict.ACCEPTED
    with servers.standing_still(servers.replicas()[0]):
        with pytest.raises(Unavailable):
            cast(drink, "bea", "nesquik")
        look_until(1)
        assert cast(drink, "cid", "nesquik").verdict is Verdict.ACCEPTED
    look_until(2)


class TestArrivals:
    def test_have_to_confirm_before_anybody_has_seen_them_do_so(self, servers, drink):
        lost = servers.replicas()[0]
        servers.kill(lost)
        look_until(1)
        in_sync.note_arrivals()
        assert number() == 1
        servers.start(servers.program(lost))

        def is_noted() -> bool:
            in_sync.note_arrivals()
            return number() == 2

        wait_until(is_noted)

    def test_are_not_those_that_are_silent(self, servers, drink):
        with servers.standing_still(servers.replicas()[0]):
            look_until(1)
            in_sync.note_arrivals()
            assert number() == 1

    def test_are_noted_again_where_an_older_look_has_noted_fewer(self, servers, drink):
        ask(("HSET", IN_SYNC, "number", 1))
        in_sync.note_arrivals()
        assert number() == 2


def test_a_primary_that_is_moved_loses_nothing(servers, drink, cast):
    accepted, over = set(), threading.Event()

    def vote(name: str) -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            try:
                if cast(drink, f"{name}{turn}", "nesquik").verdict is Verdict.ACCEPTED:
                    accepted.add(f"{name}{turn}")
            except Unavailable:
                time.sleep(0.02)

    threads = [threading.Thread(target=vote, args=(name,)) for name in "abcd"]
    for one in threads:
        one.start()
    try:
        before = servers.find_primary()
        wait_until(lambda: len(accepted) > 50)
        # Not at once, if a fail-over was just before.
        wait_until(lambda: servers.ask_sentinel(0, "SENTINEL", "FAILOVER", PRIMARY))
        wait_until(lambda: servers.find_primary() not in (before, None))
        look_until(1)
        known = len(accepted)
        wait_until(lambda: len(accepted) > known + 50)
    finally:
        over.set()
        for one in threads:
            one.join()
    wait_until(servers.is_whole)
    [waiting] = ballot_box.count_waiting([(drink.pk, drink.shards)]).values()
    assert waiting >= len(accepted)


class TestDoubt:
    """A primary stands still for a moment, and has noted fewer replicas than there are."""

    def test_lets_all_replicas_confirm_until_the_primary_has_answered_for_a_while(self, servers, drink, cast):
        watch = in_sync.Watch()
        watch.look()
        assert cast(drink, "ana", "nesquik").verdict is Verdict.ACCEPTED
        with servers.standing_still(servers.find_primary()), pytest.raises(Unavailable):
            watch.look()
        with servers.standing_still(servers.replicas()[0]):
            ask(("HSET", IN_SYNC, "number", 1))
            with pytest.raises(Unavailable):
                cast(drink, "bea", "nesquik")
            watch._doubted_at -= in_sync.TRUST_S
            # The replica has been missing for too short a time: this look leaves the number as it is.
            watch.look()
            assert cast(drink, "cid", "nesquik").verdict is Verdict.ACCEPTED
        look_until(2)

    def test_is_not_of_a_primary_that_was_chosen_since(self, servers, drink, cast):
        assert cast(drink, "ana", "nesquik").verdict is Verdict.ACCEPTED
        confirming.doubt(sentinels.find_settled()[1])
        with servers.standing_still(servers.replicas()[0]):
            ask(("HSET", IN_SYNC, "number", 1, "fail_over", sentinels.find_settled()[1] + 1))
            assert cast(drink, "bea", "nesquik").verdict is Verdict.ACCEPTED
        ask(("HSET", IN_SYNC, "fail_over", 0))
        look_until(2)

    def test_begins_where_this_process_has_stood_still(self, servers, drink):
        watch = in_sync.Watch()
        watch._ended_at -= in_sync.STILL_S
        watch.look()
        assert confirming._doubted is not None


class TestFewer:
    """A process that stood still may lower the number at a primary that was replaced meanwhile."""

    @pytest.fixture
    def missing_long(self, servers, drink):
        """A watch that has found a replica missing for longer than is needed."""
        watch = in_sync.Watch()
        with servers.standing_still(servers.replicas()[0]):
            watch._missed_since = time.monotonic() - 2 * in_sync.MISSED_S
            yield watch

    def test_are_noted_if_sentinels_still_agree(self, missing_long):
        missing_long.look()
        assert number() == 1

    def test_are_not_noted_if_sentinels_do_not_agree_any_more(self, missing_long, monkeypatch):
        told = iter([sentinels.find_settled(), None])
        monkeypatch.setattr(sentinels, "find_settled", lambda: next(told))
        missing_long.look()
        assert next(told, "both were asked for") == "both were asked for"
        assert number() == 2

    def test_are_not_noted_if_another_process_has_noted_something_meanwhile(self, missing_long, monkeypatch):
        find_settled, turn = sentinels.find_settled, itertools.count(1)

        def find_late() -> object:
            ask(("HSET", IN_SYNC, "fail_over", next(turn)))
            return find_settled()

        monkeypatch.setattr(in_sync, "judge", lambda noted, *_: noted._replace(number=1))
        monkeypatch.setattr(sentinels, "find_settled", find_late)
        missing_long.look()
        assert next(turn) == 3
        assert number() == 2

    def test_are_not_noted_if_nobody_has_looked_meanwhile(self, missing_long):
        missing_long._looked_at = time.monotonic() - 2 * in_sync.GAP_S
        missing_long.look()
        assert number() == 2


@pytest.mark.parametrize("role", ["vote", "worker"])
def test_each_role_notes_it_alone_with_its_own_rights(role, servers, box, tmp_path):
    """Nobody may have to wait for the other one: the machine that is lost may be the one with all workers."""
    # Each role has an address of its own among these.
    servers_of_run = {name: value for name, value in os.environ.items() if SETTLED.fullmatch(name)}
    port = ("--port", str(free_port())) if role == "vote" else ()
    ask(("HSET", IN_SYNC, "number", 0, "fail_over", 98))
    settled = sentinels.find_settled()
    assert settled

    def is_noted() -> bool:
        [fields] = ask(("HGETALL", IN_SYNC))
        return in_sync.Noted.read(fields) == in_sync.Noted(2, settled[1])

    with Running(tmp_path / "log", "run", role, *port, **servers_of_run):
        wait_until(is_noted)
