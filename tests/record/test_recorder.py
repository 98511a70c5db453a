"""Entries are written with the count, whatever dies; the record is checked as `result` serves it."""

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from polls import ballot_box
from polls.ballot_box import inbox
from polls.definition import Definition
from polls.models import Election
from record import recorder, sequencer
from record.models import Batch, Log, LogSecret
from tally import drain as rounds
from tally import store
from tally.drain import drain_all, drain_shard
from tally.lifecycle import close_election, release_result, turn_phases
from tally.models import CastRecord, RejectedBallot
from tally.recorder import current
from tests.conftest import voter_of
from tests.tally.entries import put
from tests.tally.test_drain import drain_until_killed

from .whole import check_whole, read_head

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each round be followed by a checkpoint."""
    monkeypatch.setattr(recorder, "PAUSE_S", 0)


def receipt_of(election: Election, voter: str) -> str:
    definition = Definition.of(election)
    mark = ballot_box.read_mark(definition, voter_of(definition, voter))
    assert mark
    return mark.receipt


class TestWrite:
    def test_gives_each_counted_ballot_its_entry(self, make_election, cast):
        drink = make_election()
        for number in range(20):
            cast(drink, f"v{number}", "nesquik" if number % 3 else "cola-cao")
        drain_all()
        assert len(check_whole(drink)) == 20

    def test_gives_one_to_a_replaced_ballot_and_to_the_one_that_counts(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        cast(drink, "ana", "cola-cao")
        drain_all()
        assert len(check_whole(drink)) == 2

    def test_gives_one_to_what_is_set_aside(self, make_election, cast, redis):
        drink = make_election()
        drink.refresh_from_db()
        cast(drink, "ana", "nesquik")
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), {"v": 2, "voter": "?"})
        put(redis, drink, "eva", "q1=nesquik,cola-cao")
        put(redis, drink, "leo", "q1=nesquik;q2=\ud7ff\U0001f600")
        drain_all()
        assert RejectedBallot.objects.count() == 3
        assert len(check_whole(drink)) == 4

    def test_gives_one_only_to_a_final_vote_that_is_set_aside_after_it_was_recorded(self, make_election, cast):
        drink = make_election(votes_final=True)
        cast(drink, "ana", "nesquik")
        drain_all()
        ballot_box.connection.client().delete(ballot_box.key(drink.pk, 0, "voters"))
        cast(drink, "ana", "cola-cao")
        drain_all()
        assert (CastRecord.objects.count(), RejectedBallot.objects.count()) == (2, 1)
        assert len(check_whole(drink)) == 2

    def test_gives_one_to_each_of_two_ballots_with_one_id_in_a_batch(self, make_election, cast, redis):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        [(_entry, fields)] = redis.xrange(ballot_box.key(drink.pk, 0, "ballots"))
        # Only a box that has lost a voter's mark accepts a second one.
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), fields | {b"serial": 2, b"marking": b"q1=cola-cao"})
        drain_all()
        assert (CastRecord.objects.count(), RejectedBallot.objects.get().reason) == (1, "duplicate")
        assert len(check_whole(drink)) == 2

    def test_puts_the_entries_of_a_batch_in_an_order_that_tells_nothing(self, make_election, cast):
        drink = make_election()
        for number in range(40):
            cast(drink, f"v{number}", "nesquik")
        drain_all()
        batch = Batch.objects.get()
        in_order = [entry.commitment for entry in check_whole(drink)]
        assert in_order == sorted(in_order)
        assert b"".join(in_order) == bytes(batch.commitments)

    def test_commits_each_ballot_under_a_salt_of_its_own(self, make_election, cast):
        drink = make_election()
        for voter in ("ana", "eva", "leo"):
            cast(drink, voter, "nesquik")
        drain_all()
        assert len({entry.commitment for entry in check_whole(drink)}) == 3

    def test_of_the_same_round_cannot_be_repeated(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        batch = Batch.objects.get()
        again = {"election": drink, "shard": batch.shard, "version": batch.version, "design": batch.design}
        with pytest.raises(IntegrityError, match="record_batch_once_per_round"), transaction.atomic():
            Batch.objects.create(**again, commitments=b"x" * 32)

    def test_takes_part_in_the_transaction_of_the_count(self, make_election, cast, monkeypatch):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_until_killed(drink, monkeypatch, rounds, "settlements")
        assert not Batch.objects.exists()
        drain_all()
        assert len(check_whole(drink)) == 1

    def test_writes_nothing_for_a_batch_that_comes_again_and_finds_its_receipts(self, make_election, cast, monkeypatch):
        drink = make_election()
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
        drain_until_killed(drink, monkeypatch, inbox, "settle")
        cast(drink, "leo", "cola-cao")
        drain_all()
        assert len(check_whole(drink)) == 3
        receipts = {receipt_of(drink, voter) for voter in ("ana", "eva", "leo")}
        first, second = Batch.objects.order_by("pk")
        assert receipts == {f"{first.pk}.0", f"{first.pk}.1", f"{second.pk}.0"}

    def test_of_two_workers_begins_one_log(self, make_election, cast, settings):
        settings.BALLOT_BOX_SHARDS = 2
        drink = make_election()
        for number in range(40):
            cast(drink, f"v{number}", "nesquik")

        def work(shard: int) -> None:
            drain_shard(drink, shard)
            connection.close()

        workers = [threading.Thread(target=work, args=(shard,)) for shard in (0, 1)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        recorder.keep_logs()
        assert len(check_whole(drink)) == 40
        assert Log.objects.count() == LogSecret.objects.count() == 1


class TestReceipt:
    def test_is_in_the_mark_of_a_counted_ballot_and_not_before(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        assert receipt_of(drink, "ana") == ""
        drain_all()
        assert receipt_of(drink, "ana") == f"{Batch.objects.get().pk}.0"
        definition = Definition.of(drink)
        assert ballot_box.read_mark(definition, voter_of(definition, "ana")).state == "counted"

    def test_is_that_of_the_last_ballot(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        before = receipt_of(drink, "ana")
        cast(drink, "ana", "cola-cao")
        assert receipt_of(drink, "ana") == ""
        drain_all()
        assert receipt_of(drink, "ana") not in ("", before)


class TestPublish:
    def test_waits_between_two_checkpoints(self, make_election, cast, monkeypatch):
        drink = make_election()
        # What begins anew for each test has no pause behind it.
        monkeypatch.setattr(current(), "_due", {})
        monkeypatch.setattr(recorder, "PAUSE_S", 60)
        cast(drink, "ana", "nesquik")
        drain_all()
        assert read_head("drink").size == 1
        cast(drink, "eva", "nesquik")
        drain_all()
        assert read_head("drink").size == 1
        recorder.keep_logs()
        assert read_head("drink").size == 2

    @pytest.mark.expects_logged_exceptions
    def test_that_fails_does_not_stop_the_count(self, make_election, cast, monkeypatch, caplog):
        def fail(*_: Any) -> None:
            raise ArithmeticError("no tree")

        drink = make_election()
        with monkeypatch.context() as patch:
            patch.setattr(sequencer, "grow", fail)
            cast(drink, "ana", "nesquik")
            drain_all()
            assert "ALARM" in caplog.text
            assert receipt_of(drink, "ana")
        recorder.keep_logs()
        assert len(check_whole(drink)) == 1


class TestKeepLogs:
    def test_begins_a_log_when_an_election_has_opened(self, make_election):
        drink = make_election()
        recorder.keep_logs()
        assert not Log.objects.exists()
        turn_phases()
        recorder.keep_logs()
        assert read_head(drink.slug).size == 0
        assert Log.objects.get().completed_at

    def test_holds_entries_back_while_not_even_their_number_may_be_seen(self, make_election, cast):
        drink = make_election(shows="hidden")
        turn_phases()
        recorder.keep_logs()
        cast(drink, "ana", "nesquik")
        drain_all()
        close_election(drink)
        turn_phases()
        recorder.keep_logs()
        assert read_head("drink").size == 0
        assert Log.objects.get().finished_at
        drink.refresh_from_db()
        release_result(drink)
        recorder.keep_logs()
        assert len(check_whole(drink)) == 1

    def test_finishes_the_log_of_a_final_election(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        recorder.keep_logs()
        assert not Log.objects.get().finished_at
        close_election(drink)
        turn_phases()
        recorder.keep_logs()
        assert Log.objects.get().finished_at
        assert len(check_whole(drink)) == 1


class TestLock:
    def test_of_a_log_is_not_waited_for(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with transaction.atomic():
                Log.objects.select_for_update().get()
                held.set()
                release.wait(10)
            connection.close()

        other = threading.Thread(target=hold)
        other.start()
        held.wait(10)
        cast(drink, "eva", "nesquik")
        drain_all()
        assert (read_head("drink").size, CastRecord.objects.count()) == (1, 2)
        release.set()
        other.join()
        recorder.keep_logs()
        assert len(check_whole(drink)) == 2

    def test_of_a_shard_that_another_worker_counts_does_not_matter(self, make_election, cast, settings):
        settings.BALLOT_BOX_SHARDS = 2
        drink = make_election()
        for number in range(10):
            cast(drink, f"v{number}", "nesquik")
        with transaction.atomic():
            store.lock(drink.pk, 1)
            drain_shard(drink, 0)
        drain_shard(drink, 1)
        assert len(check_whole(drink)) == 10
