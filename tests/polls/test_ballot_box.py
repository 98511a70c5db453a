"""The scripts of the ballot box, on a real Valkey."""

from dataclasses import replace
from uuid import UUID

import pytest

from polls import ballot_box
from polls.ballot_box import Unavailable, Verdict, inbox, offer
from polls.ballot_box.connection import evaluate
from polls.ballot_box.inbox import Settlement
from polls.ballots import new_ballot_id
from tests.conftest import EPOCH, voter_key, voter_of

BALLOTS = ballot_box.key(1, 0, "ballots")
VOTERS = ballot_box.key(1, 0, "voters")


def clock() -> int:
    return ballot_box.read_definitions()[1]


class TestCast:
    def test_gives_each_accepted_ballot_the_next_serial(self, define, cast, box):
        drink = define()
        assert cast(drink, "ana", "nesquik").serial == 1
        reply = cast(drink, "eva", "cola-cao")
        assert (reply.verdict, reply.serial) == (Verdict.ACCEPTED, 2)
        [(_, first), (_, second)] = box.xrange(BALLOTS)
        assert (first[b"serial"], second[b"serial"]) == (b"1", b"2")
        assert (second[b"voter"], second[b"marking"]) == (voter_key("eva").encode(), b"q1=cola-cao")
        assert (second[b"v"], second[b"epoch"], second[b"weight"]) == (b"3", EPOCH.encode(), b"1")
        assert second[b"design"] == drink.design.encode()

    def test_appends_nothing_for_a_repeated_ballot(self, define, cast, box):
        drink = define()
        ballot_id = new_ballot_id(clock())
        assert cast(drink, "ana", "nesquik", ballot_id).verdict is Verdict.ACCEPTED
        assert cast(drink, "ana", "nesquik", ballot_id).verdict is Verdict.REPEATED
        assert box.xlen(BALLOTS) == 1

    def test_still_knows_a_repeated_ballot_when_the_box_is_sealed(self, define, cast):
        drink = define(votes_final=True)
        ballot_id = new_ballot_id(clock())
        cast(drink, "ana", "nesquik", ballot_id)
        ballot_box.seal(1, 1)
        assert cast(drink, "ana", "nesquik", ballot_id).verdict is Verdict.REPEATED
        assert cast(drink, "eva", "nesquik").verdict is Verdict.CLOSED

    def test_refuses_another_marking_on_the_same_ballot(self, define, cast, box):
        drink = define()
        ballot_id = new_ballot_id(clock())
        cast(drink, "ana", "nesquik", ballot_id)
        assert cast(drink, "ana", "cola-cao", ballot_id).verdict is Verdict.ALREADY_USED
        assert box.xlen(BALLOTS) == 1

    def test_refuses_a_form_older_than_the_last_accepted_one(self, define, cast):
        drink = define()
        older, newer = new_ballot_id(clock() - 10), new_ballot_id(clock())
        cast(drink, "ana", "nesquik", newer)
        reply = cast(drink, "ana", "cola-cao", older)
        assert (reply.verdict, reply.last) == (Verdict.OUTDATED, newer)

    def test_lets_nobody_silence_another_voter_with_a_copied_ballot_id(self, define, cast):
        drink = define()
        ballot_id = new_ballot_id(clock())
        assert cast(drink, "mallory", "nesquik", ballot_id).verdict is Verdict.ACCEPTED
        assert cast(drink, "ana", "cola-cao", ballot_id).verdict is Verdict.ACCEPTED

    def test_keeps_the_first_vote_where_votes_are_final(self, define, cast, box):
        drink = define(votes_final=True)
        cast(drink, "ana", "nesquik")
        assert cast(drink, "ana", "cola-cao").verdict is Verdict.ALREADY_VOTED
        assert box.xlen(BALLOTS) == 1

    @pytest.mark.parametrize(
        ("opens_in", "closes_in", "verdict"),
        [
            (60_000, None, Verdict.NOT_OPEN_YET),
            (-60_000, -1, Verdict.CLOSED),
            (-60_000, 60_000, Verdict.ACCEPTED),
        ],
    )
    def test_goes_by_the_window_and_the_clock_of_the_box(self, define, cast, opens_in, closes_in, verdict):
        now = clock()
        drink = define(opens_at=now + opens_in, closes_at=closes_in and now + closes_in)
        assert cast(drink, "ana", "nesquik").verdict is verdict

    def test_refuses_a_vote_on_another_design(self, define, cast):
        drink = define()
        assert cast(drink, "ana", "nesquik", design="0" * 16).verdict is Verdict.OTHER_DESIGN

    def test_limits_the_ballots_of_one_voter(self, define, cast, settings):
        settings.VOTER_BURST, settings.VOTER_INTERVAL_MS = 3, 60_000
        drink = define()
        verdicts = [cast(drink, "ana", "nesquik").verdict for _ in range(5)]
        assert verdicts == [Verdict.ACCEPTED] * 3 + [Verdict.TOO_MANY] * 2
        assert cast(drink, "eva", "nesquik").verdict is Verdict.ACCEPTED

    def test_wants_one_wake_up_until_the_drain_begins(self, define, cast, box):
        drink = define()
        assert cast(drink, "ana", "nesquik").wake_up_due
        assert not cast(drink, "eva", "nesquik").wake_up_due
        box.delete(ballot_box.key(1, 0, "wake"))
        assert cast(drink, "leo", "nesquik").wake_up_due

    def test_takes_nothing_without_an_epoch(self, define, cast, box):
        drink = define()
        box.flushall()
        with pytest.raises(Unavailable, match="no epoch"):
            cast(drink, "ana", "nesquik")
        with pytest.raises(Unavailable, match="no epoch"):
            ballot_box.read_definition("drink")
        assert box.xlen(BALLOTS) == 0

    def test_keeps_the_shards_of_an_election_apart(self, define, cast, box):
        drink = define(shards=4)
        for number in range(40):
            cast(drink, f"voter{number}", "nesquik")
        lengths = [box.xlen(ballot_box.key(1, shard, "ballots")) for shard in range(4)]
        assert sum(lengths) == 40
        assert all(lengths)


class TestSeal:
    def test_closes_at_once_and_says_what_waits(self, define, cast):
        drink = define()
        cast(drink, "ana", "nesquik")
        seal = ballot_box.seal(1, 1)
        assert (seal.sealed, seal.waiting) == (True, 1)
        assert abs(seal.closed_at - clock()) < 1000
        assert cast(drink, "eva", "nesquik").verdict is Verdict.CLOSED

    def test_leaves_a_box_open_whose_window_has_not_run_out(self, define, cast):
        drink = define(closes_at=clock() + 60_000)
        assert not ballot_box.seal(1, 1, only_if_due=True).sealed
        assert cast(drink, "ana", "nesquik").verdict is Verdict.ACCEPTED

    def test_keeps_the_first_closing_time(self, define):
        define()
        first = ballot_box.seal(1, 1)
        assert ballot_box.seal(1, 1).closed_at == first.closed_at

    def test_seals_the_other_shards_once_one_is_sealed(self, define, box):
        define(shards=3)
        box.hset(ballot_box.key(1, 1, "rules"), "sealed", "1")
        assert ballot_box.seal(1, 3, only_if_due=True).sealed
        assert box.hget(ballot_box.key(1, 2, "rules"), "sealed") == b"1"

    def test_says_that_an_emptied_box_is_not_closed(self, define, box):
        define()
        box.flushall()
        with pytest.raises(Unavailable):
            ballot_box.seal(1, 1)


class TestPublish:
    def test_stores_a_definition_only_over_a_lower_revision(self, define):
        drink = define(revision=5)
        offer([replace(drink, revision=4, title="stale")], EPOCH)
        assert ballot_box.read_definition("drink")[0] == drink
        offer([replace(drink, revision=6, title="newer")], EPOCH)
        assert ballot_box.read_definition("drink")[0].title == "newer"

    def test_never_unseals(self, define, cast):
        drink = define()
        ballot_box.seal(1, 1)
        offer([replace(drink, revision=9, closes_at=clock() + 60_000)], EPOCH)
        assert cast(drink, "ana", "nesquik").verdict is Verdict.CLOSED

    def test_leaves_the_serials_of_a_living_box_alone(self, define, cast):
        drink = define()
        cast(drink, "ana", "nesquik")
        offer([replace(drink, revision=2)], "another-epoch")
        assert cast(drink, "eva", "nesquik").serial == 2

    def test_round_trips_a_definition(self, define):
        drink = define(title="¿De qué somos?", rules={"max_choices": 2}, method="approval", closes_at=clock() + 5)
        assert ballot_box.read_definition("drink")[0] == drink


class TestSettle:
    def test_takes_entries_out_and_marks_their_voters_in_chunks(self, define, box):
        define()
        number = inbox.SETTLE_CHUNK + 2
        settlements = []
        with box.pipeline(transaction=False) as pipe:
            for place in range(1, number + 1):
                pipe.xadd(BALLOTS, {"serial": place}, f"1-{place}")
                pipe.hset(VOTERS, f"voter-{place}", f"ballot-{place} hash accepted 7")
                settlements.append(
                    Settlement(f"1-{place}", "counted", f"voter-{place}", f"ballot-{place}", f"3.{place}")
                )
            pipe.xadd(BALLOTS, {"serial": number + 1}, f"1-{number + 1}")
            pipe.execute()
        inbox.settle(1, 0, iter(settlements), version=1)
        assert [entry for entry, _ in box.xrange(BALLOTS)] == [f"1-{number + 1}".encode()]
        marks = box.hgetall(VOTERS)
        assert len(marks) == number
        for place in (1, inbox.SETTLE_CHUNK, number):
            assert marks[f"voter-{place}".encode()] == f"ballot-{place} hash counted@3.{place} 7".encode()

    def test_leaves_a_mark_of_a_later_ballot_and_what_is_no_mark(self, define, box):
        define()
        for place in range(1, 6):
            box.xadd(BALLOTS, {"serial": place}, f"1-{place}")
        before = {b"ana": b"b2 hash accepted 7", b"eva": b"b1 hash", b"": b"b1 hash accepted 7"}
        box.hset(VOTERS, mapping=before)
        inbox.settle(
            1,
            0,
            [
                Settlement("1-1", "replaced", "ana", "b1"),
                Settlement("1-2", "counted", "eva", "b1"),
                Settlement("1-3", "counted", "leo", "b1"),
                Settlement("1-4", "set-aside", "", "b1"),
                Settlement("1-5", "set-aside"),
            ],
            version=1,
        )
        assert box.xlen(BALLOTS) == 0
        assert box.hgetall(VOTERS) == before

    def test_takes_the_ballots_of_one_voter_in_one_chunk(self, define, box):
        define()
        for place in range(1, 4):
            box.xadd(BALLOTS, {"serial": place}, f"1-{place}")
        box.hset(VOTERS, "ana", "b2 hash accepted 7")
        both = [Settlement("1-1", "replaced", "ana", "b1"), Settlement("1-2", "counted", "ana", "b2")]
        inbox.settle(1, 0, [*both, Settlement("1-3", "counted", "ana", "b2", "3.4")], version=1)
        assert box.hget(VOTERS, "ana") == b"b2 hash counted@3.4 7"

    def test_does_nothing_without_entries(self, define, box):
        define()
        inbox.settle(1, 0, [], version=1)
        assert evaluate("settle", [BALLOTS, VOTERS], []) == 0


class TestMark:
    def test_tells_the_last_accepted_ballot(self, define, cast):
        drink = define()
        assert ballot_box.read_mark(drink, voter_of(drink, "ana")) is None
        reply = cast(drink, "ana", "nesquik")
        mark = ballot_box.read_mark(drink, voter_of(drink, "ana"))
        assert (mark.ballot_id, mark.state) == (reply.last, "accepted")
        assert isinstance(mark.ballot_id, UUID)
