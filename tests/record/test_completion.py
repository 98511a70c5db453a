"""Ballots that were counted without a record get their entries: of the last release, and of a log that begins late."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from polls import ballot_box
from polls.models import Election
from record import completion, recorder
from record.models import Batch, Log, LogSecret
from record.recorder import PublicRecorder
from tally import recorder as seam
from tally import store
from tally.drain import drain_all
from tally.lifecycle import close_election, turn_phases
from tally.models import CastRecord, Certification, Tally
from tests.tally.test_certification import ask, certify_all, finish

from .whole import check_whole, read_head

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "PAUSE_S", 0)


@pytest.fixture
def last_release(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Count as the last release does, which knows no record, as long as the block lasts."""

    class Counting:
        def __enter__(self) -> None:
            seam.use(seam.Recorder())

        def __exit__(self, *_: object) -> None:
            seam.use(PublicRecorder())

    yield Counting()
    seam.use(PublicRecorder())


def cast_some(cast: Any, election: Election, first: int, number: int) -> None:
    for voter in range(first, first + number):
        cast(election, f"v{voter}", "nesquik" if voter % 3 else "cola-cao")
    drain_all()


def test_a_running_election_gets_all_its_entries(make_election, cast, last_release, redis, settings):
    settings.BALLOT_BOX_SHARDS = 3
    drink = make_election()
    with last_release:
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), {"v": 2, "voter": "?"})
        cast_some(cast, drink, 0, 30)
        cast_some(cast, drink, 0, 5)
        turn_phases()
    assert not LogSecret.objects.exists()
    recorder.keep_logs()
    assert len(check_whole(drink)) == 36
    cast_some(cast, drink, 30, 10)
    recorder.keep_logs()
    assert len(check_whole(drink)) == 46


def test_what_a_worker_of_the_last_release_counts_beside_this_one_is_there_at_the_end(
    make_election, cast, last_release
):
    drink = make_election()
    cast_some(cast, drink, 0, 5)
    recorder.keep_logs()
    with last_release:
        cast_some(cast, drink, 5, 7)
    cast_some(cast, drink, 12, 3)
    recorder.keep_logs()
    assert read_head("drink").size == 8
    close_election(drink)
    drain_all()
    turn_phases()
    recorder.keep_logs()
    assert len(check_whole(drink)) == 15
    assert Log.objects.get().finished_at


def test_an_election_that_is_final_already_gets_its_record_as_well(make_election, cast, last_release):
    drink = make_election()
    with last_release:
        cast_some(cast, drink, 0, 5)
        finish(drink)
    recorder.keep_logs()
    recorder.keep_logs()
    assert len(check_whole(drink)) == 5
    assert Log.objects.get().finished_at


def test_entries_are_written_in_chunks_with_versions_of_their_own(make_election, cast, last_release, monkeypatch):
    monkeypatch.setattr(completion, "CHUNK", 4)
    drink = make_election()
    with last_release:
        cast_some(cast, drink, 0, 10)
        turn_phases()
    version = Tally.objects.get().version
    recorder.keep_logs()
    assert [len(one.commitments) // 32 for one in Batch.objects.order_by("pk")] == [4, 4, 2]
    assert [one.version for one in Batch.objects.order_by("pk")] == [version + 1, version + 2, version + 3]
    assert len(check_whole(drink)) == 10
    cast_some(cast, drink, 10, 1)
    recorder.keep_logs()
    assert len(check_whole(drink)) == 11


def test_a_completion_that_was_broken_off_goes_on(make_election, cast, last_release, monkeypatch):
    drink = make_election()
    with last_release:
        cast_some(cast, drink, 0, 10)
        turn_phases()
    written: list[int] = []
    append = completion._append

    def append_once(*args: Any) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(1)
        append(*args)

    monkeypatch.setattr(completion, "CHUNK", 4)
    with monkeypatch.context() as patch:
        patch.setattr(completion, "_append", append_once)
        with pytest.raises(KeyboardInterrupt):
            recorder.keep_logs()
    recorder.keep_logs()
    assert len(check_whole(drink)) == 10


@pytest.mark.expects_logged_exceptions
def test_more_entries_than_ballots_are_an_alarm(make_election, cast, caplog):
    drink = make_election()
    cast_some(cast, drink, 0, 5)
    close_election(drink)
    turn_phases()
    CastRecord.objects.first().delete()
    recorder.keep_logs()
    recorder.keep_logs()
    # Once, and not at each tick.
    assert caplog.text.count("ALARM") == 1
    assert "the record has 5 entries, and there are 4 ballots" in caplog.text
    assert not Log.objects.get().finished_at


class TestCertification:
    def test_needs_the_whole_record_and_keeps_it(self, make_election, cast, last_release):
        drink = make_election()
        cast_some(cast, drink, 0, 5)
        with last_release:
            cast_some(cast, drink, 5, 5)
        finish(drink)
        ask(drink)
        certify_all()
        assert Certification.objects.get().step == Certification.Step.DONE
        assert not LogSecret.objects.exists()
        assert read_head("drink").size == 10
        recorder.keep_logs()
        assert Log.objects.get().size == 10

    def test_waits_while_another_worker_completes_the_record(self, make_election, cast):
        drink = make_election()
        cast_some(cast, drink, 0, 5)
        finish(drink)
        ask(drink)
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with store.alone(*completion.COMPLETING_LOCK) as alone, transaction.atomic():
                assert alone
                Log.objects.select_for_update().get()
                held.set()
                release.wait(10)
            connection.close()

        other = threading.Thread(target=hold)
        other.start()
        held.wait(10)
        threading.Timer(0.5, release.set).start()
        certify_all()
        other.join()
        assert release.is_set()
        assert Certification.objects.get().step == Certification.Step.DONE

    def test_tries_again_where_the_record_is_not_whole_yet(self, make_election, cast, monkeypatch):
        drink = make_election()
        cast_some(cast, drink, 0, 5)
        finish(drink)
        ask(drink)
        with monkeypatch.context() as patch:
            patch.setattr(completion, "complete", lambda _, **__: None)
            with pytest.raises(ballot_box.Unavailable):
                certify_all()
        assert Certification.objects.get().step == Certification.Step.CHECKING
        certify_all()
        assert Certification.objects.get().step == Certification.Step.DONE

    def test_is_refused_where_the_record_has_more_entries_than_there_are_ballots(self, make_election, cast, settings):
        drink = make_election()
        cast_some(cast, drink, 0, 2)
        Batch.objects.create(election=drink, shard=0, version=99, design=drink.in_force, commitments=b"x" * 32)
        finish(drink)
        row = ask(drink)
        certify_all()
        row.refresh_from_db()
        assert (row.step, row.problem) == (Certification.Step.REFUSED, Certification.Problem.RECORD)
        assert row.details == ["the record has 3 entries, and there are 2 ballots"]
