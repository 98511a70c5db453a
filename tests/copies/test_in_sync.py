"""Two primaries for a moment: what the old one accepts, and the second replica confirms, must not be lost."""

import os
import threading
import time

import pytest

from polls import ballot_box
from polls.ballot_box import Unavailable, Verdict, in_sync
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
    keep_until(2)
    return drink


def number() -> int:
    [found] = ask(("HGET", IN_SYNC, "number"))
    return int(found or 0)


def keep_until(wanted: int) -> None:
    watch = in_sync.Watch()

    def is_so() -> bool:
        try:
            watch.look()
            return number() == wanted
        except Unavailable:
            return False

    wait_until(is_so)


def test_both_replicas_confirm_until_one_is_known_to_be_lost(servers, drink, cast):
    assert cast(drink, "ana", "nesquik").verdict is Verdict.ACCEPTED
    with servers.standing_still(servers.replicas()[0]):
        with pytest.raises(Unavailable):
            cast(drink, "bea", "nesquik")
        keep_until(1)
        assert cast(drink, "cid", "nesquik").verdict is Verdict.ACCEPTED
    keep_until(2)


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
    before = servers.find_primary()
    wait_until(lambda: len(accepted) > 50)
    servers.ask_sentinel(0, "SENTINEL", "FAILOVER", PRIMARY)
    wait_until(lambda: servers.find_primary() not in (before, None))
    keep_until(1)
    known = len(accepted)
    wait_until(lambda: len(accepted) > known + 50)
    over.set()
    for one in threads:
        one.join()
    wait_until(servers.is_whole)
    [waiting] = ballot_box.count_waiting([(drink.pk, drink.shards)]).values()
    assert waiting >= len(accepted)


@pytest.mark.parametrize("role", ["vote", "worker"])
def test_each_role_notes_it_alone_with_its_own_rights(role, servers, box, tmp_path):
    """Nobody may have to wait for the other one: the machine that is lost may be the one with all workers."""
    # Each role has an address of its own among these.
    servers_of_run = {name: value for name, value in os.environ.items() if SETTLED.fullmatch(name)}
    port = ("--port", str(free_port())) if role == "vote" else ()
    ask(("DEL", IN_SYNC))
    with Running(tmp_path / "log", "run", role, *port, **servers_of_run) as running:
        running.wait_for("replicas that have to confirm what is accepted: 2; it was 0")
    assert number() == 2
