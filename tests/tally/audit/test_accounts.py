"""The accounts that a worker watches: what a look notices, what raises an alarm, and what it costs."""

import datetime as dt
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.db.models import F
from django.db.models.functions import Now

from polls import ballot_box
from polls.ballot_box.status import Look, look_at
from polls.models import Election
from tally import store
from tally.audit import accounts
from tally.audit.accounts import acknowledge, balance, check_accounts
from tally.audit.reconcile import reconcile
from tally.drain import drain_all, drain_shard
from tally.healing import keep_box
from tally.lifecycle import close_election, turn_phases
from tally.models import CastRecord, CountedBallot, Reconciliation, RejectedBallot

from .test_recount import run

SLACK = dt.timedelta(days=365)


@pytest.fixture
def counted(make_election, cast) -> Election:
    """An election with four ballots of three voters, counted and checked."""
    drink: Election = make_election()
    # The rows that were deleted after the last test are no change between two looks of this one.
    statistics_are_in()
    for voter, marking in (("ana", "nesquik"), ("eva", "cola-cao"), ("ana", "cola-cao"), ("leo", "nesquik")):
        cast(drink, voter, marking)
    drain_all()
    check_accounts()
    return drink


@pytest.fixture
def not_due(counted) -> None:
    """Let only what a look notices have the account balanced, as in an election of a million ballots."""
    Reconciliation.objects.update(balanced_at=Now() + SLACK)


def stream(election: Election) -> str:
    return ballot_box.key(election.pk, 0, "ballots")


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.getMessage().startswith("ALARM")]


def statistics_are_in() -> None:
    """Have PostgreSQL publish what this session did, which it does by itself within some seconds."""
    store.run("SELECT pg_stat_force_next_flush()", [])


class TestLook:
    def test_sees_what_waits_and_for_how_long(self, make_election, cast, redis):
        drink = make_election()
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
        [look] = look_at([(drink.pk, 0)]).values()
        assert (look.last, look.waiting) == (2, 2)
        assert (look.first_waiting, look.last_waiting) == ((look.epoch, 1), (look.epoch, 2))
        assert 0 <= look.oldest_ms < 60_000

    def test_sees_an_empty_box_and_one_that_is_not_there(self, make_election):
        drink = make_election()
        there, missing = look_at([(drink.pk, 0), (drink.pk, 7)]).values()
        assert (there.last, there.waiting, there.first_waiting) == (0, 0, None)
        assert missing.epoch == ""

    def test_survives_an_entry_that_is_no_ballot(self, make_election, redis):
        drink = make_election()
        redis.xadd(stream(drink), {b"serial": b"\xff", b"at": b"soon"})
        [look] = look_at([(drink.pk, 0)]).values()
        assert (look.waiting, look.first_waiting, look.oldest_ms) == (1, None, 0)

    @pytest.mark.parametrize(
        ("last", "waiting", "first", "final", "done", "complete"),
        [
            (9, 0, None, None, 9, True),
            (9, 0, None, None, 12, True),
            (9, 3, ("e", 7), ("e", 9), 6, True),
            (9, 5, ("e", 5), ("e", 9), 6, True),  # counted, and not deleted yet
            (9, 0, None, None, 6, False),  # the last ones are gone
            (9, 2, ("e", 7), ("e", 8), 6, False),
            (9, 2, ("e", 8), ("e", 9), 6, False),  # the first is gone
            (9, 2, ("e", 7), ("e", 9), 6, False),  # one in the middle is
            (9, 3, ("d", 7), ("e", 9), 6, False),
        ],
    )
    def test_tells_whether_all_that_is_not_counted_waits(self, last, waiting, first, final, done, complete):
        assert Look("e", last, waiting, first, final, 0).is_complete("e", done) is complete

    def test_takes_nothing_as_counted_from_another_epoch(self):
        assert not Look("e", 3, 0, None, None, 0).is_complete("d", 3)


class TestCheckAccounts:
    def test_keeps_the_account_with_its_age(self, counted):
        row = Reconciliation.objects.with_age().get()
        assert (row.accepted, row.given, row.problems, row.suspected) == (4, 4, [], False)
        assert row.ballots == {"counted": 3, "replaced": 1}
        assert dt.timedelta() <= row.age < dt.timedelta(seconds=60)

    @pytest.mark.parametrize(
        ("lost", "first"), [(slice(0, 1), 5), (slice(1, 2), 6), (slice(2, 3), 7), (slice(0, 3), 5), (slice(1, 3), 6)]
    )
    @pytest.mark.usefixtures("not_due")
    def test_misses_ballots_that_vanish_from_the_box_whichever_they_are(
        self, counted, cast, redis, caplog, lost, first
    ):
        for voter in ("mia", "noa", "pau"):
            cast(counted, voter, "nesquik")
        entries = [entry for entry, _ in redis.xrange(stream(counted))]
        redis.xdel(stream(counted), *entries[lost])
        check_accounts()
        assert f"ballot {first} is missing" in Reconciliation.objects.get().problems[0]
        assert len(alarms(caplog)) == 1
        check_accounts()
        assert len(alarms(caplog)) == 1

    @pytest.mark.parametrize(
        "damage",
        [
            lambda: CastRecord.objects.filter(serial=1).delete(),
            lambda: CastRecord.objects.filter(serial=4).delete(),
            lambda: CastRecord.objects.filter(serial=4).update(serial=3),
            lambda: CountedBallot.objects.all()[:1].get().delete(),
            lambda: store.run("TRUNCATE tally_castrecord", []),
        ],
        ids=["first record", "last record", "changed record", "counted ballot", "whole table"],
    )
    @pytest.mark.usefixtures("not_due")
    def test_misses_rows_that_vanish_from_the_database(self, counted, caplog, damage):
        damage()
        statistics_are_in()
        check_accounts()
        assert Reconciliation.objects.get().problems
        assert len(alarms(caplog)) == 1

    @pytest.mark.usefixtures("not_due")
    def test_misses_a_ballot_set_aside_that_vanishes(self, counted, redis, caplog):
        serial = redis.hincrby(ballot_box.key(counted.pk, 0, "rules"), "serial", 1)
        epoch = Reconciliation.objects.get().epoch
        redis.xadd(stream(counted), {"v": 1, "epoch": epoch, "serial": serial, "voter": "nobody"})
        drain_all()
        check_accounts()
        assert not alarms(caplog)
        RejectedBallot.objects.get().delete()
        statistics_are_in()
        check_accounts()
        assert "ballot 5 is missing" in Reconciliation.objects.get().problems[0]

    @pytest.mark.usefixtures("not_due")
    def test_balances_nothing_while_all_is_well(self, counted, cast, monkeypatch):
        statistics_are_in()
        check_accounts()
        Reconciliation.objects.update(balanced_at=Now() + SLACK)
        balanced: list[Any] = []
        monkeypatch.setattr(accounts, "balance", lambda *args, **kwargs: balanced.append(args))
        for voter in ("mia", "noa"):
            cast(counted, voter, "nesquik")
            check_accounts()
            drain_all()
            check_accounts()
        assert not balanced

    def test_costs_the_same_number_of_statements_for_many_ballots(
        self, counted, cast, django_assert_num_queries, monkeypatch
    ):
        monkeypatch.setattr(accounts, "balance", lambda *args, **kwargs: None)
        for number in range(50):
            cast(counted, f"v{number}", "nesquik")
        drain_all()
        Reconciliation.objects.update(balanced_at=Now() + SLACK)
        with django_assert_num_queries(5):
            check_accounts()

    def test_balances_when_it_is_due_in_a_share_of_the_time(self, counted, monkeypatch):
        balanced: list[Any] = []
        monkeypatch.setattr(accounts, "balance", lambda *args, **kwargs: balanced.append(args))
        Reconciliation.objects.update(seconds=2, balanced_at=Now() - dt.timedelta(seconds=39))
        check_accounts()
        assert not balanced
        Reconciliation.objects.update(balanced_at=Now() - dt.timedelta(seconds=41))
        check_accounts()
        assert len(balanced) == 1

    def test_balances_a_small_election_at_every_tick(self, counted, monkeypatch):
        balanced: list[Any] = []
        monkeypatch.setattr(accounts, "balance", lambda *args, **kwargs: balanced.append(args))
        tick = settings.CELERY_BEAT_SCHEDULE["check_accounts"]["schedule"]
        # It was balanced a little after the tick that asked for it.
        Reconciliation.objects.update(balanced_at=Now() - dt.timedelta(seconds=tick - 0.5))
        check_accounts()
        assert len(balanced) == 1

    def test_balances_a_final_election_rarely(self, counted, monkeypatch):
        close_election(counted)
        turn_phases()
        balanced: list[Any] = []
        monkeypatch.setattr(accounts, "balance", lambda *args, **kwargs: balanced.append(args))
        for minutes, times in ((59, 0), (61, 1)):
            Reconciliation.objects.update(balanced_at=Now() - dt.timedelta(minutes=minutes))
            check_accounts()
            assert len(balanced) == times

    def test_leaves_balancing_to_one_worker(self, counted, monkeypatch):
        balanced: list[Any] = []
        monkeypatch.setattr(accounts, "balance", lambda *args, **kwargs: balanced.append(args))
        Reconciliation.objects.update(balanced_at=Now() - SLACK)
        with store.alone(*accounts.BALANCE_LOCK) as alone:
            assert alone
            in_thread(check_accounts)
        assert not balanced
        in_thread(check_accounts)
        assert len(balanced) == 1

    def test_remembers_what_an_emptied_box_had_accepted(self, counted, cast, redis, caplog):
        for voter in ("mia", "noa"):
            cast(counted, voter, "nesquik")
        check_accounts()
        redis.flushall()
        keep_box()
        caplog.clear()
        check_accounts()
        before, after = Reconciliation.objects.order_by("pk")
        assert before.problems == [
            "ballot 5 is missing: it was accepted, and is neither waiting nor recorded (2 in all)"
        ]
        assert (after.accepted, after.problems) == (0, [])
        assert len(alarms(caplog)) == 1
        assert "6 accepted ≠" in run("reconcile")

    def test_notices_a_box_that_came_back_with_older_data(self, counted, redis):
        cast_rules = ballot_box.key(counted.pk, 0, "rules")
        redis.hincrby(cast_rules, "serial", 3)
        check_accounts()
        redis.hincrby(cast_rules, "serial", -2)
        balance(counted, 0)
        assert any("came back with older data" in problem for problem in Reconciliation.objects.get().problems)

    def test_lets_its_age_grow_while_the_box_has_no_epoch(self, counted, redis):
        Reconciliation.objects.update(checked_at=F("checked_at") - dt.timedelta(minutes=1))
        redis.flushall()
        check_accounts()
        assert Reconciliation.objects.with_age().get().age > dt.timedelta(minutes=1)

    def test_says_when_it_balances_again(self, counted, cast, redis, caplog):
        cast(counted, "mia", "nesquik")
        [(entry, fields)] = redis.xrange(stream(counted))
        redis.xdel(stream(counted), entry)
        check_accounts()
        redis.xadd(stream(counted), fields)
        balance(counted, 0)
        assert "balances again" in caplog.text
        assert Reconciliation.objects.get().problems == []


class TestAcknowledge:
    @pytest.fixture
    def row(self, counted) -> Reconciliation:
        CastRecord.objects.filter(serial=4).delete()
        balance(counted, 0)
        return Reconciliation.objects.get()

    def test_keeps_who_when_and_what(self, row, counted):
        assert row.is_alarming
        assert acknowledge(row, problems=row.problems, who="eva")
        row.refresh_from_db()
        assert (row.is_alarming, row.is_acknowledged, row.acknowledged_by) == (False, True, "eva")
        assert row.acknowledged_at
        report = run("reconcile")
        assert "acknowledged by eva at" in report
        assert "EXIT" not in report

    def test_does_not_silence_another_problem(self, row, counted, caplog):
        acknowledge(row, problems=row.problems, who="eva")
        balance(counted, 0)
        caplog.clear()
        CastRecord.objects.filter(serial=3).delete()
        balance(counted, 0)
        assert len(alarms(caplog)) == 1
        assert Reconciliation.objects.get().is_alarming
        assert "EXIT 1 accounts do not balance" in run("reconcile")

    def test_is_of_no_effect_on_what_nobody_has_seen(self, row, counted):
        seen = row.problems
        CastRecord.objects.filter(serial=3).delete()
        balance(counted, 0)
        assert not acknowledge(row, problems=seen, who="eva")
        assert not acknowledge(row, problems=[], who="eva")
        assert Reconciliation.objects.get().is_alarming

    def test_holds_while_voting_goes_on(self, row, counted, cast, caplog):
        acknowledge(row, problems=row.problems, who="eva")
        caplog.clear()
        cast(counted, "mia", "nesquik")
        balance(counted, 0)
        drain_all()
        balance(counted, 0)
        assert not alarms(caplog)
        assert Reconciliation.objects.get().is_acknowledged


class TestReconcileWhileVoting:
    def test_balances_at_every_moment(self, make_election, cast, settings):
        """Ballots are cast, changed, set aside and counted in small rounds, all the time that accounts are checked."""
        settings.DRAIN_BATCH_SIZE = 7
        drink = make_election()
        over = threading.Event()

        def vote(name: str) -> None:
            number = 0
            while not over.is_set():
                cast(drink, f"{name}{number % 40}", "nesquik" if number % 3 else "cola-cao")
                number += 1

        def count() -> None:
            while not over.is_set():
                drain_shard(drink, 0)

        workers = [*(started(vote, f"voter {n} ") for n in range(3)), *(started(count) for _ in range(2))]
        try:
            found = []
            deadline = time.monotonic() + 300
            while len(found) < 60 or found[-1].accepted < 1000:
                assert time.monotonic() < deadline, "in vain: 1000 ballots"
                found += reconcile(drink)
        finally:
            over.set()
            for worker in workers:
                worker.join()
        assert [account.problems for account in found if account.problems] == []
        assert [account for account in found if account.ballots.total() != account.accepted] == []
        # Otherwise the test shows nothing.
        assert sum(account.ballots["waiting"] > 0 for account in found) > 5
        assert sum(account.ballots["replaced"] > 0 for account in found) > 5


def in_thread(work: Callable[[], None]) -> None:
    started(work).join()


def started(work: Callable[..., None], *args: Any) -> threading.Thread:
    """Run `work` in a thread with a connection of its own; its failure fails the test."""

    def run_and_leave() -> None:
        try:
            work(*args)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run_and_leave)
    thread.start()
    return thread
