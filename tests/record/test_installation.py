"""The log of the installation has what happens with each election, once, also after times without a worker."""

import datetime as dt
import threading
import time
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from office.mending import Mend
from polls.models import Election
from polls.publishing import cancel_election
from record import installation, recorder, sequencer
from record.event import Event, Kind
from record.formats.checkpoint import Checkpoint
from record.logs import INSTALLATION
from record.models import InstallationEvent, InstallationLog, InstallationSecret, Log
from tally.drain import drain_all
from tally.lifecycle import release_result, turn_phases
from tally.models import CertifiedResult
from tests.tally.test_certification import ask, certify_all, finish

from .whole import check_installation, read_head

pytestmark = pytest.mark.urls("voting_site.urls.result")


def keep(*, later: int = 0) -> list[Event]:
    """Let a worker look, so many minutes later than now; return the events, all of which are checked."""
    turn_phases()
    recorder.keep_logs()
    installation.keep(now=timezone.now() + dt.timedelta(minutes=later))
    return check_installation()


def kinds(events: list[Event]) -> list[str]:
    return [f"{one.election} {one.kind}" for one in events]


def sizes(events: list[Event]) -> list[int]:
    return [int(one.says[1]) for one in events if one.kind == Kind.CHECKPOINT]


def certify(election: Election) -> None:
    finish(election)
    certify_final(election)


def certify_final(election: Election) -> None:
    ask(election)
    certify_all()


class TestLog:
    def test_begins_empty_with_a_key_that_stays(self, db, redis):
        assert keep() == []
        key = InstallationLog.objects.get().verifier_key
        assert f"/{INSTALLATION}+" in key
        keep()
        assert InstallationLog.objects.get().verifier_key == key
        assert InstallationSecret.objects.count() == 1

    def test_is_one(self, db, redis):
        keep()
        with pytest.raises(IntegrityError, match="record_one_installation"), transaction.atomic():
            InstallationLog.objects.create(id=2, origin="x", frontier=b"")

    def test_is_begun_and_written_once_by_two_workers(self, make_election):
        for number in range(5):
            make_election(f"e{number}")
        turn_phases()
        barrier = threading.Barrier(4)

        def work() -> None:
            barrier.wait()
            installation.keep()
            connection.close()

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(keep()) == 5


class TestEvents:
    def test_of_a_whole_life_come_in_order(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        assert kinds(keep()) == ["drink frozen", "drink checkpoint"]
        cast(drink, "eva", "nesquik")
        certify(drink)
        events = keep()
        assert kinds(events) == [f"drink {one}" for one in ("frozen", "checkpoint", "closed", "checkpoint", "result")]
        drink.refresh_from_db()
        certified = CertifiedResult.objects.get()
        assert events[0].says[0] == drink.in_force
        assert f'"opened_at":"{events[0].says[1]}"' in certified.text
        assert f'"closed_at":"{events[2].says[0]}"' in certified.text
        assert Checkpoint.parse("".join(f"{line}\n" for line in events[3].says)) == read_head("drink")
        assert events[4].says == (certified.hash,)

    def test_come_once(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        certify(drink)
        events = keep()
        assert keep(later=5) == events
        row = InstallationEvent.objects.get(kind="closed")
        row.place = 99
        with pytest.raises(IntegrityError, match="record_event_once"), transaction.atomic():
            row.save(force_insert=True)

    def test_that_no_worker_saw_are_entered_later(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        certify(drink)
        assert kinds(keep()) == [f"drink {one}" for one in ("frozen", "closed", "checkpoint", "result")]

    @pytest.mark.expects_logged_exceptions
    def test_that_could_not_be_signed_come_with_the_next_look(self, make_election, monkeypatch, caplog):
        drink = make_election()
        keep()
        finish(drink)

        def fail(*_: Any) -> None:
            raise ArithmeticError("no key")

        with monkeypatch.context() as patch:
            patch.setattr(sequencer, "sign", fail)
            recorder.keep_logs()
        assert "ALARM the installation: its log does not go on" in caplog.text
        assert kinds(check_installation()) == ["drink frozen"]
        assert kinds(keep()) == ["drink frozen", "drink closed", "drink checkpoint"]

    def test_of_many_elections_come_in_several_transactions(self, make_election, monkeypatch):
        monkeypatch.setattr(installation, "CHUNK", 2)
        for number in range(5):
            make_election(f"e{number}")
        assert kinds(keep()) == [f"e{number} frozen" for number in range(5)]

    def test_of_a_record_that_grows_come_once_a_minute(self, make_election, cast):
        drink = make_election()
        for voter, later, expected in (
            ("ana", 0, [1]), ("eva", 0, [1]), ("leo", 2, [1, 3]), ("tom", 2, [1, 3]), ("zoe", 4, [1, 3, 5]),
        ):  # fmt: skip
            cast(drink, voter, "nesquik")
            drain_all()
            turn_phases()
            recorder.keep_logs()
            assert sizes(keep(later=later)) == expected

    def test_of_an_election_without_ballots_tell_that_there_are_none(self, make_election):
        drink = make_election()
        assert kinds(keep(later=5)) == ["drink frozen"]
        finish(drink)
        events = keep()
        assert kinds(events) == ["drink frozen", "drink closed", "drink checkpoint"]
        assert sizes(events) == [0]

    def test_tell_of_a_paper_that_was_mended(self, make_election):
        drink = make_election()
        keep()
        drink.refresh_from_db()
        first = drink.in_force
        for old, new in (("Nesquik", "Nesquick"), ("Nesquick", "Nesquik"), ("Nesquik", "Nesquick")):
            Mend(drink, "q1.nesquik.label", old, new).perform(by=None)
            drink.refresh_from_db()
            events = keep()
            assert events[-1].says[0] == drink.in_force
        assert kinds(events) == ["drink frozen"] * 4
        assert [one.says[0] == first for one in events] == [True, False, True, False]

    def test_are_none_of_a_draft_of_what_has_not_opened_and_of_what_is_cancelled(self, make_election):
        Election.objects.create(slug="draft", title="Draft")
        later = make_election("later", opens_at=timezone.now() + dt.timedelta(days=1))
        cancel_election(later)
        make_election("tomorrow", opens_at=timezone.now() + dt.timedelta(days=1))
        assert keep() == []


class TestPrivacy:
    def test_of_a_hidden_result_no_size_is_told_before_it_is_released(self, make_election, cast):
        drink = make_election(shows="hidden")
        cast(drink, "ana", "nesquik")
        drain_all()
        keep()
        finish(drink)
        events = keep(later=5)
        assert kinds(events) == ["drink frozen", "drink closed"]
        release_result(drink)
        events = keep()
        assert kinds(events)[2:] == ["drink checkpoint"]
        assert sizes(events) == [1]

    def test_unlisted_elections_are_left_out_until_they_are_listed(self, make_election, cast):
        drink = make_election(unlisted=True)
        cast(drink, "ana", "nesquik")
        drain_all()
        assert keep(later=5) == []
        Election.objects.update(unlisted=False)
        assert kinds(keep()) == ["drink frozen", "drink checkpoint"]
        Election.objects.update(unlisted=True)
        cast(drink, "eva", "nesquik")
        finish(drink)
        assert len(keep(later=5)) == 2

    def test_archived_elections_are_followed_to_their_end(self, make_election):
        drink = make_election()
        finish(drink)
        Election.objects.update(archived_at=timezone.now())
        assert kinds(keep()) == ["drink frozen", "drink closed", "drink checkpoint"]


def test_costs_no_transaction_where_nothing_has_happened(make_election, django_assert_num_queries):
    make_election()
    keep()
    with django_assert_num_queries(2):
        installation.keep()


class TestKeepOften:
    @pytest.fixture(autouse=True)
    def _compared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this process have compared all elections just now."""
        monkeypatch.setitem(installation._due, "all", time.monotonic() + 60)

    def test_looks_at_what_may_have_changed(self, make_election, cast):
        drink = make_election(shows="hidden")
        cast(drink, "ana", "nesquik")
        drain_all()
        certain = ["drink frozen", "drink closed", "drink checkpoint", "drink result"]
        for number, change in enumerate(
            (turn_phases, lambda: finish(drink), lambda: release_result(drink), lambda: certify_final(drink))
        ):
            change()
            recorder.keep_logs()
            assert kinds(check_installation()) == certain[: number + 1]

    def test_finds_the_rest_within_a_minute(self, make_election, monkeypatch):
        drink = make_election(unlisted=True)
        finish(drink)
        Election.objects.update(unlisted=False, final_at=timezone.now() - dt.timedelta(hours=1))
        recorder.keep_logs()
        assert check_installation() == []
        monkeypatch.setitem(installation._due, "all", time.monotonic() - 1)
        recorder.keep_logs()
        assert kinds(check_installation()) == ["drink frozen", "drink closed", "drink checkpoint"]
        assert installation._due["all"] > time.monotonic() + 50


def test_record_of_the_last_checkpoint_is_whole(make_election, cast):
    drink = make_election()
    for voter in ("ana", "eva", "leo"):
        cast(drink, voter, "nesquik")
    drain_all()
    finish(drink)
    events = keep()
    assert sizes(events) == [3]
    assert Log.objects.get().fates
