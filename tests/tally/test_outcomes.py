"""Outcomes are made once, by the worker: results pages read nothing else of a count."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from polls.models import Election
from results.snapshot import read_snapshots
from results.views import get_snapshot
from tally import drain, outcomes
from tally.audit.recount import repair
from tally.drain import drain_all
from tally.lifecycle import close_election, turn_phases
from tally.models import Count, StoredOutcome, Tally


@pytest.fixture
def counted(make_election, cast) -> Election:
    """An election with two counted ballots."""
    drink = make_election()
    for voter, marking in (("ana", "nesquik"), ("eva", "cola-cao")):
        cast(drink, voter, marking)
    drain_all()
    return drink


def shown(election: Election) -> dict[str, int]:
    """Return the votes that a results page shows."""
    return {option.key: option.count for option in get_snapshot(election.slug).contests[0].options}


def test_a_round_of_the_count_leaves_the_outcome_of_its_version(counted):
    counted.refresh_from_db()
    stored = StoredOutcome.objects.get()
    assert (stored.version, stored.ballots, stored.design) == (Tally.objects.get().version, 2, counted.in_force)
    [contest] = stored.contests
    assert (contest["key"], contest["blank"], contest["outcome"]["reason"]) == ("q1", 0, "tie")
    assert shown(counted) == {"nesquik": 1, "cola-cao": 1}


def test_a_page_reads_no_count(counted):
    with CaptureQueriesContext(connection) as queries:
        get_snapshot("drink")
    text = "".join(query["sql"] for query in queries)
    assert "tally_outcome" in text
    assert "tally_count" not in text
    assert "tally_tally" not in text


def test_before_the_first_ballot_a_page_shows_the_options_with_nothing(make_election):
    assert shown(make_election()) == {"nesquik": 0, "cola-cao": 0}
    assert not StoredOutcome.objects.exists()


class TestCatchUp:
    def test_makes_what_a_worker_that_died_has_left_out(self, make_election, cast, monkeypatch):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        with monkeypatch.context() as patch:
            patch.setattr(drain.outcomes, "renew", lambda *_: None)
            drain_all()
        assert shown(drink) == {"nesquik": 0, "cola-cao": 0}
        outcomes.catch_up()
        assert shown(drink) == {"nesquik": 1, "cola-cao": 0}

    def test_does_nothing_where_all_are_the_newest(self, counted, make_election, django_assert_num_queries):
        make_election("tea")
        outcomes.catch_up()
        with django_assert_num_queries(1):
            outcomes.catch_up()

    def test_follows_the_paper_until_it_is_fixed(self, make_election):
        drink = make_election()
        outcomes.catch_up()
        StoredOutcome.objects.update(design="0" * 32)
        assert shown(drink) == {"nesquik": 0, "cola-cao": 0}
        outcomes.catch_up()
        drink.refresh_from_db()
        assert StoredOutcome.objects.get().design == drink.in_force

    def test_is_also_for_databases_of_an_earlier_release(self, counted, monkeypatch):
        close_election(counted)
        turn_phases()
        counted.refresh_from_db()
        assert counted.final_at
        StoredOutcome.objects.all().delete()
        outcomes.catch_up()
        assert not StoredOutcome.objects.exists()
        outcomes.make_all()
        assert shown(counted) == {"nesquik": 1, "cola-cao": 1}


class TestRest:
    @pytest.fixture(autouse=True)
    def _rest(self, monkeypatch):
        monkeypatch.setattr(outcomes, "REST", 4)

    def test_keeps_an_outcome_that_takes_long_from_being_made_after_each_round(self, make_election, cast, monkeypatch):
        drink = make_election()
        takes(monkeypatch, outcomes.QUICK_S * 2)
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
            drain_all()
        assert shown(drink) == {"nesquik": 1, "cola-cao": 0}
        outcomes.catch_up()
        assert shown(drink) == {"nesquik": 1, "cola-cao": 0}
        time.sleep(outcomes._rests_until[drink.pk] - time.monotonic())
        outcomes.catch_up()
        assert shown(drink) == {"nesquik": 2, "cola-cao": 0}

    def test_is_on_record_for_the_page_to_say_so(self, make_election, cast, monkeypatch):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        assert StoredOutcome.objects.get().rest == 0
        monkeypatch.setattr(outcomes, "REST", 30)
        takes(monkeypatch, outcomes.QUICK_S * 2)
        cast(drink, "eva", "nesquik")
        drain_all()
        [snapshot] = read_snapshots(Election.objects.all())
        assert StoredOutcome.objects.get().rest == snapshot.rest >= 3

    def test_does_not_delay_the_last_one(self, make_election, cast, monkeypatch):
        drink = make_election()
        takes(monkeypatch, outcomes.QUICK_S * 2)
        cast(drink, "ana", "nesquik")
        drain_all()
        cast(drink, "eva", "nesquik")
        close_election(drink)
        drain_all()
        turn_phases()
        drink.refresh_from_db()
        assert drink.final_at
        assert shown(drink) == {"nesquik": 2, "cola-cao": 0}


class TestMakeOutcome:
    def test_never_replaces_one_of_a_newer_version(self, counted):
        newest = StoredOutcome.objects.get().version + 5
        StoredOutcome.objects.update(version=newest, ballots=7)
        outcomes.make_outcome(counted.pk)
        assert StoredOutcome.objects.get().ballots == 7

    @pytest.mark.expects_logged_exceptions
    def test_of_counts_that_contradict_each_other_is_none_and_the_count_goes_on(self, counted, cast, caplog):
        Count.objects.filter(key="q1:nesquik").update(n=70)
        cast(counted, "leo", "nesquik")
        drain_all()
        assert Tally.objects.get().ballots == 3
        assert StoredOutcome.objects.get().contests is None
        assert "ALARM drink: there is no outcome" in caplog.text
        repair(counted, lambda _: None)
        assert shown(counted) == {"nesquik": 2, "cola-cao": 1}

    @pytest.mark.django_db(transaction=True)
    def test_reads_counts_and_version_as_of_one_moment(self, counted):
        """Many changes at once: whatever version is stored, its counts belong to it."""
        over = threading.Event()

        def change() -> None:
            while not over.is_set():
                with transaction.atomic():
                    Tally.objects.update(version=F("version") + 1, ballots=F("ballots") + 1)
                    Count.objects.filter(key="q1:nesquik").update(n=F("n") + 1)
            connection.close()

        changing = threading.Thread(target=change)
        changing.start()
        try:
            for _ in range(200):
                outcomes.make_outcome(counted.pk)
                stored = StoredOutcome.objects.get()
                votes = {one["key"]: one["count"] for one in stored.contests[0]["outcome"]["standings"]}
                assert stored.ballots == sum(votes.values())
        finally:
            over.set()
            changing.join()


def takes(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the making of an outcome take so long."""
    tabulate = outcomes.tabulate

    def tabulate_slowly(*arguments: Any) -> Any:
        time.sleep(seconds)
        return tabulate(*arguments)

    monkeypatch.setattr(outcomes, "tabulate", tabulate_slowly)
