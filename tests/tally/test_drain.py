"""A round of the count on real PostgreSQL and Valkey, killed at every point where it can die."""

import json
import random
import threading
from typing import Any

import pytest
from django.db import connection

from polls import ballot_box, methods
from polls.ballot_box import inbox
from polls.ballots import new_ballot_id
from polls.definition import Definition
from polls.methods import InvalidRules
from polls.publishing import publish_election
from tally import drain as rounds
from tally import outcomes, store
from tally.audit.recount import recount, standing_still
from tally.backlog import Backlog
from tally.drain import drain_all, drain_round, drain_shard
from tally.healing import heal
from tally.models import CastRecord, Count, CountedBallot, RejectedBallot, StoredOutcome, Tally
from tests.conftest import contest, voter_key, voter_of

Reason = RejectedBallot.Reason


class Killed(BaseException):
    """Stands for kill -9: nothing in the code may catch it."""


def totals(election: Any) -> dict[str, int]:
    sums: dict[str, int] = {}
    for one in Count.objects.filter(election=election):
        key = one.key.removeprefix("q1:")
        sums[key] = sums.get(key, 0) + one.n
    return {key: n for key, n in sums.items() if n}


def ballots_of(election: Any) -> int:
    return sum(Tally.objects.filter(election=election).values_list("ballots", flat=True))


def waiting(election: Any) -> int:
    return ballot_box.count_waiting([(election.pk, election.shards)])[election.pk]


def state_of(election: Any, voter: str) -> str:
    definition = Definition.of(election)
    return ballot_box.read_mark(definition, voter_of(definition, voter)).state


def agrees_with_recount(election: Any) -> bool:
    with standing_still():
        return recount(election, lambda text: None).differences == []


class TestDrainShard:
    def test_counts_what_waits_and_empties_the_box(self, make_election, cast):
        drink = make_election()
        for voter, marking in (("ana", "nesquik"), ("eva", "cola-cao"), ("leo", "cola-cao")):
            cast(drink, voter, marking)
        assert drain_shard(drink, 0) == 3
        assert totals(drink) == {"nesquik": 1, "cola-cao": 2}
        assert (ballots_of(drink), waiting(drink)) == (3, 0)
        assert state_of(drink, "ana") == "counted"
        assert agrees_with_recount(drink)

    def test_keeps_the_election_of_each_record(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_shard(drink, 0)
        # The records have no constraint of their own to it: their tally has.
        assert [*CastRecord.objects.values_list("election", "shard")] == [
            *Tally.objects.values_list("election", "shard")
        ]
        assert Tally._meta.get_field("election").db_constraint

    def test_moves_a_changed_vote(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_shard(drink, 0)
        cast(drink, "ana", "cola-cao")
        assert state_of(drink, "ana") == "accepted"
        drain_shard(drink, 0)
        assert totals(drink) == {"cola-cao": 1}
        assert (ballots_of(drink), CastRecord.objects.count()) == (1, 2)
        assert state_of(drink, "ana") == "counted"
        assert agrees_with_recount(drink)

    def test_raises_the_version_with_each_change_only(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_shard(drink, 0)
        assert Tally.objects.get().version == 1
        drain_shard(drink, 0)
        assert Tally.objects.get().version == 1

    def test_goes_on_through_many_batches(self, make_election, cast, settings):
        settings.DRAIN_BATCH_SIZE = 3
        drink = make_election(method="approval")
        for number in range(10):
            cast(drink, f"v{number}", "cola-cao,nesquik")
        assert drain_shard(drink, 0) == 10
        assert totals(drink) == {"nesquik": 10, "cola-cao": 10}

    def test_leaves_the_rest_to_a_drain_behind_the_others_when_its_turn_is_over(
        self, make_election, cast, redis, settings, monkeypatch
    ):
        settings.DRAIN_BATCH_SIZE = 2
        monkeypatch.setattr(rounds, "TURN_S", 0)
        drink = make_election()
        for number in range(5):
            cast(drink, f"v{number}", "nesquik")
        assert drain_shard(drink, 0) == 2
        [message] = ballot_box.connection.ordinary_client().lrange("urna:celery:celery", 0, -1)
        headers = json.loads(message)["headers"]
        assert (headers["task"], headers["argsrepr"]) == ("tally.drain", f"({drink.pk}, 0)")
        assert [drain_shard(drink, 0) for _ in range(3)] == [2, 1, 0]
        assert totals(drink) == {"nesquik": 5}

    def test_needs_a_fixed_number_of_statements(self, make_election, cast, django_assert_num_queries, monkeypatch):
        monkeypatch.setattr("record.recorder.PAUSE_S", 60)
        drink = make_election()
        definition = Definition.of(drink)
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
            drain_shard(drink, 0)
        for number in range(50):
            cast(drink, f"v{number}", "nesquik")
        # Two of them are the record's, which has just signed a checkpoint and does not sign another one yet. Two are of
        # the savepoint, to which a batch goes back that holds ballots recorded before.
        with django_assert_num_queries(16):
            drain_round(definition, 0, Backlog(definition, 0))

    def test_counts_shards_of_their_own(self, make_election, cast, settings):
        settings.BALLOT_BOX_SHARDS = 4
        drink = make_election()
        assert drink.shards == 4
        for number in range(40):
            cast(drink, f"v{number}", "nesquik" if number % 4 else "cola-cao")
        drain_all()
        assert totals(drink) == {"nesquik": 30, "cola-cao": 10}
        assert Tally.objects.filter(ballots__gt=0).count() == 4
        assert agrees_with_recount(drink)


class TestCrash:
    """Each test kills a round at one point, and lets the next round do its work."""

    def test_before_commit_leaves_everything_in_the_box(self, make_election, cast, monkeypatch):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_until_killed(drink, monkeypatch, rounds, "settlements")
        assert (waiting(drink), CastRecord.objects.count(), totals(drink)) == (1, 0, {})
        drain_shard(drink, 0)
        assert (waiting(drink), totals(drink)) == (0, {"nesquik": 1})

    def test_after_commit_before_delete_changes_nothing_the_second_time(self, make_election, cast, monkeypatch):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        cast(drink, "ana", "cola-cao")
        drain_until_killed(drink, monkeypatch, inbox, "settle")
        version = Tally.objects.get().version
        assert (waiting(drink), totals(drink)) == (2, {"cola-cao": 1})
        assert state_of(drink, "ana") == "accepted"
        drain_shard(drink, 0)
        assert (waiting(drink), totals(drink), ballots_of(drink)) == (0, {"cola-cao": 1}, 1)
        assert (Tally.objects.get().version, CastRecord.objects.count()) == (version, 2)
        assert state_of(drink, "ana") == "counted"
        assert not RejectedBallot.objects.exists()

    def test_before_the_outcome_is_made_leaves_the_batch_waiting(self, make_election, cast, monkeypatch):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_until_killed(drink, monkeypatch, outcomes, "make_outcome")
        assert (waiting(drink), totals(drink), state_of(drink, "ana")) == (1, {"nesquik": 1}, "accepted")
        assert not StoredOutcome.objects.exists()
        drain_shard(drink, 0)
        assert (waiting(drink), totals(drink), state_of(drink, "ana")) == (0, {"nesquik": 1}, "counted")
        assert StoredOutcome.objects.get().ballots == 1

    def test_before_the_hint_costs_only_the_time_until_the_next_tick(self, make_election, cast, monkeypatch):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_until_killed(drink, monkeypatch, rounds, "announce")
        assert (waiting(drink), totals(drink), state_of(drink, "ana")) == (0, {"nesquik": 1}, "counted")
        assert StoredOutcome.objects.get().ballots == 1

    def test_a_fault_of_the_outcome_does_not_stop_the_count(self, make_election, cast, monkeypatch):
        def fail(*args: Any, **kwargs: Any) -> None:
            raise RuntimeError("no outcome")

        drink = make_election()
        cast(drink, "ana", "nesquik")
        with monkeypatch.context() as patch:
            patch.setattr(outcomes, "make_outcome", fail)
            with pytest.raises(RuntimeError, match="no outcome"):
                drain_shard(drink, 0)
        assert (waiting(drink), totals(drink)) == (0, {"nesquik": 1})
        outcomes.catch_up()
        assert StoredOutcome.objects.get().ballots == 1

    def test_a_final_vote_set_aside_stays_so_when_its_batch_comes_again(self, make_election, cast, monkeypatch):
        drink = make_election(votes_final=True)
        cast(drink, "ana", "nesquik")
        drain_shard(drink, 0)
        # Only a box that has lost its data accepts a second one.
        ballot_box.connection.client().delete(ballot_box.key(drink.pk, 0, "voters"))
        cast(drink, "ana", "cola-cao")
        drain_until_killed(drink, monkeypatch, inbox, "settle")
        drain_shard(drink, 0)
        assert totals(drink) == {"nesquik": 1}
        assert RejectedBallot.objects.get().reason == Reason.ALREADY_COUNTED
        assert state_of(drink, "ana") == "set-aside"
        assert agrees_with_recount(drink)


def drain_until_killed(election: Any, monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Drain until the process comes to `module.name`, and dies there."""

    def kill(*args: Any, **kwargs: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, name, kill)
        with pytest.raises(Killed):
            drain_shard(election, 0)


class TestTwoWorkers:
    def test_a_shard_is_counted_by_one_at_a_time(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            from django.db import transaction

            with transaction.atomic():
                store.lock(drink.pk, 0)
                held.set()
                release.wait(10)
            connection.close()

        other = threading.Thread(target=hold)
        other.start()
        held.wait(10)
        assert drain_shard(drink, 0) == 0
        release.set()
        other.join()
        assert drain_shard(drink, 0) == 1

    def test_two_at_once_on_two_shards_count_each_ballot_once(self, make_election, cast, settings):
        settings.BALLOT_BOX_SHARDS, settings.DRAIN_BATCH_SIZE = 2, 5
        drink = make_election()
        for number in range(100):
            cast(drink, f"v{number}", "nesquik")

        def work() -> None:
            for _ in range(3):
                for shard in (0, 1):
                    drain_shard(drink, shard)
            connection.close()

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert (totals(drink), ballots_of(drink), waiting(drink)) == ({"nesquik": 100}, 100, 0)
        assert CastRecord.objects.count() == 100


class TestBadEntries:
    """Whatever stands in the stream, it is set aside with a reason and the count goes on."""

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"serial": ""}, Reason.UNREADABLE),
            ({"voter": "somebody"}, Reason.UNREADABLE),
            ({"ballot": "not-a-uuid"}, Reason.UNREADABLE),
            ({"marking": b"\xff\xfe"}, Reason.UNREADABLE),
            ({"marking": "a\x00b"}, Reason.UNREADABLE),
            ({"at": "9" * 30}, Reason.UNREADABLE),
            ({"marking": "tea"}, Reason.INVALID),
        ],
    )
    def test_are_set_aside(self, make_election, cast, redis, changes, reason):
        drink = make_election()
        entry = {"v": 1, "epoch": "e0", "serial": 1, "at": 1795339000123, "voter": voter_key("x")}
        entry |= {"ballot": str(new_ballot_id(1795339000123)), "marking": "nesquik"} | changes
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), entry)
        cast(drink, "ana", "nesquik")
        drain_shard(drink, 0)
        assert RejectedBallot.objects.get().reason == reason
        assert (waiting(drink), totals(drink)) == (0, {"nesquik": 1})

    def test_of_no_sense_at_all_are_kept_as_found(self, make_election, redis):
        drink = make_election()
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), {b"\xff\x00": b"x" * 5000})
        drain_shard(drink, 0)
        rejected = RejectedBallot.objects.get()
        assert (rejected.reason, rejected.epoch, rejected.serial) == (Reason.UNREADABLE, "", None)
        assert rejected.payload == {"\\xff\\x00": "x" * 400}

    def test_are_kept_with_voter_ballot_place_and_marking(self, make_election, redis):
        drink = make_election()
        ballot_id = new_ballot_id(1795339000123)
        entry = {"v": 1, "epoch": "e0", "serial": 7, "at": 1795339000123, "voter": voter_key("x")}
        entry |= {"ballot": str(ballot_id), "marking": "tea"}
        place = redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), entry)
        drain_shard(drink, 0)
        rejected = RejectedBallot.objects.get()
        assert (rejected.epoch, rejected.shard, rejected.serial, rejected.entry) == ("e0", 0, 7, place.decode())
        assert (rejected.voter_key, rejected.ballot_id) == (voter_key("x"), ballot_id)
        assert rejected.payload == {"marking": "q1=tea"}
        assert "not on this ballot" in rejected.detail

    def test_are_known_as_set_aside_by_the_page_of_their_voter(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "tea")
        assert state_of(drink, "ana") == "accepted"
        drain_shard(drink, 0)
        assert state_of(drink, "ana") == "set-aside"

    def test_that_cannot_be_read_are_kept_with_their_place_and_what_is_wrong(self, make_election, redis):
        drink = make_election()
        entry = {"v": 1, "epoch": "e0", "serial": 7, "voter": "somebody", "marking": "nesquik"}
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), entry)
        drain_shard(drink, 0)
        rejected = RejectedBallot.objects.get()
        assert (rejected.epoch, rejected.serial, rejected.detail) == ("e0", 7, "field 'voter' is malformed")

    def test_of_another_shard_are_set_aside(self, make_election, redis, cast, settings):
        settings.BALLOT_BOX_SHARDS = 2
        drink = make_election()
        for number in range(6):
            cast(drink, f"v{number}", "nesquik")
        here, there = (ballot_box.key(drink.pk, shard, "ballots") for shard in (0, 1))
        for _, fields in redis.xrange(there):
            redis.xadd(here, fields)
        drain_all()
        assert ballots_of(drink) == 6
        strangers = "ballots of this voter do not belong in shard 0"
        rejected = set(RejectedBallot.objects.values_list("shard", "reason", "detail"))
        assert rejected == {(0, Reason.UNREADABLE, strangers)}

    def test_a_ballot_accepted_twice_counts_once(self, make_election, cast, redis):
        drink = make_election()
        ballot_id = new_ballot_id(1795339000123)
        cast(drink, "ana", "nesquik", ballot_id)
        # Only a box that has lost its data accepts it again.
        redis.delete(ballot_box.key(drink.pk, 0, "voters"))
        cast(drink, "ana", "nesquik", ballot_id)
        drain_shard(drink, 0)
        assert (totals(drink), ballots_of(drink)) == ({"nesquik": 1}, 1)
        rejected = RejectedBallot.objects.get()
        assert (rejected.reason, rejected.detail, rejected.ballot_id) == (Reason.DUPLICATE, "", ballot_id)
        assert state_of(drink, "ana") == "counted"

    def test_of_a_newer_release_are_left_and_alarmed(self, make_election, cast, redis, caplog):
        drink = make_election()
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), {"v": 4, "epoch": "e0", "serial": 1})
        cast(drink, "ana", "nesquik")
        drain_shard(drink, 0)
        assert (waiting(drink), totals(drink)) == (1, {"nesquik": 1})
        assert "left for a newer worker" in caplog.text
        assert not RejectedBallot.objects.exists()

    @pytest.mark.parametrize("fields", [{"v": 4}, {"v": 3, "voter": "somebody"}], ids=["newer", "unreadable"])
    def test_are_no_gap_where_they_name_their_place(self, make_election, cast, redis, caplog, fields):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        fields |= {"epoch": ballot_box.read_epoch(), "serial": 2}
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), fields)
        redis.hset(ballot_box.key(drink.pk, 0, "rules"), "serial", 2)
        cast(drink, "eva", "nesquik")
        drain_shard(drink, 0)
        assert Tally.objects.get().last_serial == 3
        assert "missing" not in caplog.text

    def test_of_another_paper_are_set_aside_and_alarmed(self, make_election, redis, caplog):
        drink = make_election()
        entry = {"v": 2, "epoch": "e0", "serial": 1, "at": 1795339000123, "voter": voter_key("x"), "design": "0" * 32}
        entry |= {"ballot": str(new_ballot_id(1795339000123)), "marking": "q1=nesquik"}
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), entry)
        drain_shard(drink, 0)
        drink.refresh_from_db()
        rejected = RejectedBallot.objects.get()
        assert (rejected.reason, rejected.serial) == (Reason.OTHER_DESIGN, 1)
        assert rejected.detail == f"cast on {'0' * 32}, not on {drink.in_force}"
        assert rejected.detail in caplog.text
        assert (totals(drink), Tally.objects.get().last_serial) == ({}, 1)

    def test_a_gap_in_the_serials_raises_an_alarm_and_is_counted(self, make_election, cast, redis, caplog):
        drink = make_election()
        for voter in ("ana", "eva", "leo"):
            cast(drink, voter, "nesquik")
        stream = ballot_box.key(drink.pk, 0, "ballots")
        redis.xdel(stream, redis.xrange(stream)[1][0])
        drain_shard(drink, 0)
        assert "ballots 2 to 2 of shard 0 are missing" in caplog.text
        assert totals(drink) == {"nesquik": 2}

    def test_a_gap_before_the_first_serial_of_an_epoch_is_one_as_well(self, make_election, cast, redis, caplog):
        drink = make_election()
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
        stream = ballot_box.key(drink.pk, 0, "ballots")
        redis.xdel(stream, redis.xrange(stream)[0][0])
        drain_shard(drink, 0)
        assert "ballots 1 to 1 of shard 0 are missing" in caplog.text

    def test_counted_ballots_of_an_earlier_epoch_that_come_back_are_none(self, make_election, cast, redis, caplog):
        """As on a promoted replica that was not told yet that they had left the box."""
        drink = make_election()
        stream = ballot_box.key(drink.pk, 0, "ballots")
        for voter in ("ana", "eva", "leo"):
            cast(drink, voter, "nesquik")
        earlier = redis.xrange(stream)
        drain_shard(drink, 0)
        heal(ballot_box.read_epoch())
        cast(drink, "ina", "nesquik")
        drain_shard(drink, 0)
        for _id, fields in earlier[1:]:
            redis.xadd(stream, fields)
        cast(drink, "ugo", "nesquik")
        drain_shard(drink, 0)
        assert "missing" not in caplog.text
        assert totals(drink) == {"nesquik": 5}
        assert (Tally.objects.get().epoch, Tally.objects.get().last_serial) == (ballot_box.read_epoch(), 2)

    def test_entries_of_an_earlier_epoch_are_none_though_they_are_set_aside(self, make_election, cast, redis, caplog):
        drink = make_election()
        earlier = ballot_box.read_epoch()
        heal(earlier)
        cast(drink, "ana", "nesquik")
        drain_shard(drink, 0)
        entry = {"v": 1, "epoch": earlier, "serial": 7, "voter": "somebody", "marking": "nesquik"}
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), entry)
        cast(drink, "ina", "nesquik")
        drain_shard(drink, 0)
        assert RejectedBallot.objects.get().serial == 7
        assert "missing" not in caplog.text
        assert (Tally.objects.get().epoch, Tally.objects.get().last_serial) == (ballot_box.read_epoch(), 2)


class TestDrainAll:
    @pytest.mark.expects_logged_exceptions
    def test_does_not_let_one_election_keep_the_others_waiting(self, make_election, cast, monkeypatch, caplog):
        broken, drink = make_election("broken"), make_election("drink")
        cast(broken, "ana", "nesquik")
        cast(drink, "ana", "nesquik")
        count = rounds.record

        def fail_for_one(definition: Definition, *args: Any) -> Any:
            if definition.slug == "broken":
                raise RuntimeError("a bug")
            return count(definition, *args)

        monkeypatch.setattr(rounds, "record", fail_for_one)
        drain_all()
        assert totals(drink) == {"nesquik": 1}
        assert "broken: shard 0 cannot be counted" in caplog.text
        assert inbox.seconds_since_good_drain() is None

    def test_notes_the_time_of_a_good_round(self, make_election):
        make_election()
        drain_all()
        assert inbox.seconds_since_good_drain() <= 1

    def test_counts_what_was_accepted_before_the_seal(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        ballot_box.seal(drink.pk, 1)
        drain_all()
        assert totals(drink) == {"nesquik": 1}

    def test_knows_each_counted_ballot_once(self, make_election, cast):
        drink = make_election()
        publish_election(drink)
        cast(drink, "ana", "nesquik")
        drain_all()
        assert CountedBallot.objects.get().voter_key == voter_key("ana")


class TestLongestMarking:
    """The longest markings that a paper may have: their count keys fit into the index."""

    @pytest.mark.parametrize("method", ["stv", "approval-committee"])
    def test_is_counted_like_any_other(self, make_election, cast, method):
        # By lot, so that no compression makes the keys shorter than they look.
        chance = random.Random(13)
        options = tuple(sorted("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=36)) for _ in range(64)))
        council = make_election(options=options, method=method)
        with pytest.raises(InvalidRules):
            methods.get(method).check(contest(options=(*options, "z" * 36), method=method))
        sign = ">" if method == "stv" else ","
        cast(council, "ana", sign.join(options))
        cast(council, "eva", sign.join(options[1:]))
        assert drain_shard(council, 0) == 2
        assert totals(council) == {sign.join(options): 1, sign.join(options[1:]): 1}
        assert agrees_with_recount(council)


class TestBacklog:
    def test_reads_no_batch_ahead_that_its_turn_will_not_count(self, make_election, cast, settings):
        settings.DRAIN_BATCH_SIZE = 1
        drink = make_election()
        for number in range(12):
            cast(drink, f"v{number}", "nesquik")
        definition = Definition.of(drink)
        read = []
        with pytest.MonkeyPatch.context() as patch:
            original = inbox.read
            patch.setattr(inbox, "read", lambda *args, **more: read.append(more["limit"]) or original(*args, **more))
            with Backlog(definition, 0, over=0) as backlog:
                assert len(backlog.take().entries) == 1
                assert read == [1]
                # It knows that there is more, should the turn go on nevertheless.
                assert len(backlog.take().entries) == 4
                assert read == [1, 4]
            read.clear()
            with Backlog(definition, 0) as backlog:
                assert [len(backlog.take().entries) for _ in range(4)] == [1, 4, 4, 3]
                assert read == [1, 4, 4, 4]
