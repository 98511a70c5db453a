"""The limit for new voters from one network, in the script, on a real Valkey; the times are those of its clock."""

import math

import pytest

from polls import ballot_box
from polls.ballot_box import Verdict
from polls.newcomers import allow
from tests.conftest import voter_of
from tests.voting_site.processes import wait_until

HOME = "192.0.2.7"


@pytest.fixture
def narrow(settings):
    """Two newcomers at once, and then practically none."""
    settings.NEWCOMER_BURST, settings.NEWCOMER_INTERVAL_MS = 2, 60_000


def newcomers_key(definition, network=HOME, shard=0):
    return ballot_box.key(definition.election, shard, allow(definition, network).name)


class TestNewcomers:
    def test_are_taken_by_the_letter_of_the_limit(self, define, cast, settings):
        settings.NEWCOMER_BURST, settings.NEWCOMER_INTERVAL_MS = burst, interval = 20, 250
        drink, due, outcomes = define(), 0, []
        # Until it has seen some that have to wait, and two more that may vote after those.
        while outcomes.count(Verdict.ACCEPTED) < burst + 2 or Verdict.TOO_MANY_NEWCOMERS not in outcomes:
            assert len(outcomes) < 20_000
            reply = cast(drink, f"voter{len(outcomes)}", "nesquik", network=HOME)
            due = max(due, reply.now)
            wait = due - reply.now - (burst - 1) * interval
            if wait > 0:
                assert (reply.verdict, reply.wait) == (Verdict.TOO_MANY_NEWCOMERS, wait)
            else:
                assert (reply.verdict, reply.wait) == (Verdict.ACCEPTED, 0)
                due += interval
            outcomes.append(reply.verdict)
        assert outcomes[:burst] == [Verdict.ACCEPTED] * burst

    @pytest.mark.parametrize("shards", [1, 4, 64])
    def test_of_a_full_hall_are_all_taken(self, define, cast, shards):
        drink = define(shards=shards)
        replies = [cast(drink, f"voter{number}", "nesquik", network=HOME) for number in range(300)]
        assert {reply.verdict for reply in replies} == {Verdict.ACCEPTED}

    @pytest.mark.parametrize("shards", [1, 2, 4, 64])
    def test_of_a_script_are_held_to_the_burst_and_little_more(self, define, cast, shards, settings):
        settings.NEWCOMER_INTERVAL_MS = 10_000_000
        drink = define(shards=shards)
        taken = sum(
            cast(drink, f"voter{number}", "nesquik", network=HOME).verdict is Verdict.ACCEPTED for number in range(2000)
        )
        slack = 0 if shards == 1 else 4 * math.sqrt(400 * shards) + shards
        assert 400 <= taken <= 400 + slack

    def test_from_elsewhere_are_not_held_up(self, define, cast, narrow):
        drink = define()
        homes = [HOME, HOME, HOME, "192.0.2.8", "", ""]
        replies = [cast(drink, f"voter{number}", "nesquik", network=home) for number, home in enumerate(homes)]
        assert [number for number, one in enumerate(replies) if one.verdict is not Verdict.ACCEPTED] == [2]

    def test_in_another_election_are_not_held_up(self, define, cast, narrow):
        for election in (1, 2):
            drink = define(election=election, slug=f"drink{election}")
            replies = [cast(drink, name, "nesquik", network=HOME) for name in ("ana", "eva")]
            assert {reply.verdict for reply in replies} == {Verdict.ACCEPTED}

    def test_that_are_refused_leave_no_mark_and_no_ballot(self, define, cast, narrow, box):
        drink = define()
        for name in ("ana", "eva", "leo"):
            reply = cast(drink, name, "nesquik", network=HOME)
        assert (reply.verdict, reply.last) == (Verdict.TOO_MANY_NEWCOMERS, None)
        assert 0 < reply.wait <= 60_000
        assert ballot_box.read_mark(drink, voter_of(drink, "leo")) is None
        assert box.xlen(ballot_box.key(1, 0, "ballots")) == 2

    def test_that_come_back_use_nothing(self, define, cast, narrow):
        drink = define()
        first = cast(drink, "ana", "nesquik", network=HOME)
        for _ in range(5):
            assert cast(drink, "ana", "cola-cao", network=HOME).verdict is Verdict.ACCEPTED
        assert cast(drink, "ana", "cola-cao", first.last, network=HOME).verdict is Verdict.OUTDATED
        assert cast(drink, "eva", "nesquik", network=HOME).verdict is Verdict.ACCEPTED

    def test_that_repeat_their_ballot_are_known_whatever_the_limit(self, define, cast, narrow):
        drink = define()
        first = cast(drink, "ana", "nesquik", network=HOME)
        cast(drink, "eva", "nesquik", network=HOME)
        assert cast(drink, "leo", "nesquik", network=HOME).verdict is Verdict.TOO_MANY_NEWCOMERS
        assert cast(drink, "ana", "nesquik", first.last, network=HOME).verdict is Verdict.REPEATED

    def test_learn_first_what_waiting_would_not_mend(self, define, cast, narrow):
        drink = define()
        for name in ("ana", "eva"):
            cast(drink, name, "nesquik", network=HOME)
        assert cast(drink, "leo", "nesquik", network=HOME, design="0" * 16).verdict is Verdict.OTHER_DESIGN
        ballot_box.seal(1, 1)
        assert cast(drink, "leo", "nesquik", network=HOME).verdict is Verdict.CLOSED


class TestMemory:
    def test_of_a_network_goes_with_its_use(self, define, cast, settings, box):
        settings.NEWCOMER_INTERVAL_MS = 60_000
        drink = define()
        cast(drink, "ana", "nesquik", network=HOME)
        cast(drink, "eva", "nesquik", network=HOME)
        assert 0 < box.pttl(newcomers_key(drink)) <= 120_000
        settings.NEWCOMER_INTERVAL_MS = 100
        cast(drink, "leo", "nesquik", network="192.0.2.8")
        wait_until(lambda: not box.exists(newcomers_key(drink, "192.0.2.8")), "the end of the key")

    def test_holds_no_address(self, define, cast, box):
        drink = define()
        cast(drink, "ana", "nesquik", network=HOME)
        assert box.exists(newcomers_key(drink))
        assert not [key for key in box.scan_iter() if HOME.encode() in key]
        assert HOME.encode() not in box.get(newcomers_key(drink))

    def test_from_before_a_clock_was_set_back_shuts_nobody_out_for_long(self, define, cast, settings, box):
        settings.NEWCOMER_BURST, settings.NEWCOMER_INTERVAL_MS = 10, 1000
        drink = define()
        reply = cast(drink, "ana", "nesquik", network=HOME)
        box.set(newcomers_key(drink), reply.now + 3_600_000)
        assert 0 < cast(drink, "eva", "nesquik", network=HOME).wait <= 1000
