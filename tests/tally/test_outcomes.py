"""Outcomes are made once, by the worker: results pages read nothing else of a count."""

import json
import threading
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from polls.design import Paper
from polls.models import Election
from results.snapshot import read_snapshots
from results.views import get_snapshot
from tally import drain, outcomes
from tally.audit.recount import repair
from tally.drain import drain_all
from tally.lifecycle import close_election, turn_phases
from tally.models import Count, StoredOutcome, Tally
from tally.outcomes import ContestOutcome
from tests.conftest import contest

from .entries import put


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


class Clock:
    """A clock that stands still until a test moves it, however slow this machine is at the moment."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class TestRest:
    @pytest.fixture
    def clock(self, monkeypatch) -> Clock:
        clock = Clock()
        monkeypatch.setattr(outcomes, "time", clock)
        return clock

    @pytest.fixture(autouse=True)
    def _rest(self, monkeypatch):
        monkeypatch.setattr(outcomes, "REST", 4)

    def test_keeps_an_outcome_that_takes_long_from_being_made_after_each_round(
        self, make_election, cast, monkeypatch, clock
    ):
        drink = make_election()
        takes(monkeypatch, clock, 1.5)
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
            drain_all()
        assert shown(drink) == {"nesquik": 1, "cola-cao": 0}
        clock.now += 5.9
        outcomes.catch_up()
        assert shown(drink) == {"nesquik": 1, "cola-cao": 0}
        clock.now += 0.2
        outcomes.catch_up()
        assert shown(drink) == {"nesquik": 2, "cola-cao": 0}

    def test_is_on_record_for_the_page_to_say_so(self, make_election, cast, monkeypatch, clock):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        assert StoredOutcome.objects.get().rest == 0
        takes(monkeypatch, clock, 1.5)
        cast(drink, "eva", "nesquik")
        drain_all()
        [snapshot] = read_snapshots(Election.objects.all())
        assert StoredOutcome.objects.get().rest == snapshot.rest == 6

    def test_lets_no_page_say_that_nothing_waits_while_a_ballot_is_not_shown(
        self, make_election, cast, monkeypatch, clock
    ):
        drink = make_election()
        takes(monkeypatch, clock, 1.5)
        cast(drink, "ana", "nesquik")
        drain_all()
        assert get_snapshot("drink").pending == 0
        # The number of voters stays as it is.
        cast(drink, "ana", "cola-cao")
        assert get_snapshot("drink").pending == 1
        drain_all()
        assert (shown(drink), get_snapshot("drink").pending) == ({"nesquik": 1, "cola-cao": 0}, None)
        clock.now += 7
        outcomes.catch_up()
        assert (shown(drink), get_snapshot("drink").pending) == ({"nesquik": 0, "cola-cao": 1}, 0)

    def test_does_not_delay_the_last_one(self, make_election, cast, monkeypatch, clock):
        drink = make_election()
        takes(monkeypatch, clock, 1.5)
        cast(drink, "ana", "nesquik")
        drain_all()
        cast(drink, "eva", "nesquik")
        close_election(drink)
        drain_all()
        turn_phases()
        drink.refresh_from_db()
        assert drink.final_at
        assert shown(drink) == {"nesquik": 2, "cola-cao": 0}


class TestTabulate:
    """Contests of groups, weights and those entitled; all numbers are in votes."""

    MOTION: ClassVar = {"majority": "absolute", "basis": "entitled", "quorum": "1/2", "blank": True}
    PAPER = Paper(
        "Meeting",
        "",
        False,
        (
            contest("q1", ("yes", "no"), method="motion", rules=MOTION),
            contest("q2", ("yes", "no"), method="motion", rules=MOTION, groups=("shares",)),
        ),
        eligibility="roll",
    )
    # Ten votes in all; six of them have the second question, and two of these leave it blank.
    COUNTS: ClassVar = {"q1:yes": 7, "q1:no": 3, "q2:-ballots": 6, "q2:yes": 4, "q2:-blank": 2}

    def test_gives_each_contest_its_own_ballots_and_blanks(self):
        [first, second] = outcomes.tabulate(self.PAPER, self.COUNTS, 10)
        assert (first.ballots, first.blank, second.ballots, second.blank) == (10, 0, 6, 2)
        assert second.outcome.working["ballots"] == 6

    def test_counts_no_ballot_where_nobody_has_the_question(self):
        [_, second] = outcomes.tabulate(self.PAPER, {"q1:yes": 10}, 10)
        assert (second.ballots, second.blank) == (0, 0)

    @pytest.mark.parametrize(
        ("entitled", "reasons", "needed"),
        [
            (None, ["entitled-unknown", "entitled-unknown"], [None, None]),
            ({"q1": 13, "q2": 8}, ["carried", "not-carried"], [7, 5]),
            ({"q1": 14, "q2": 7}, ["not-carried", "carried"], [8, 4]),
            ({"q1": 21, "q2": 13}, ["no-quorum", "no-quorum"], [11, 7]),
        ],
    )
    def test_measures_a_motion_by_those_entitled_to_it(self, entitled, reasons, needed):
        made = outcomes.tabulate(self.PAPER, self.COUNTS, 10, entitled)
        assert [one.outcome.reason for one in made] == reasons
        assert [one.outcome.working["needed"] for one in made] == needed
        assert [one.entitled for one in made] == (list(entitled.values()) if entitled else [None, None])

    def test_lets_stand_the_votes_of_who_was_struck_from_the_roll_afterwards(self):
        made = outcomes.tabulate(self.PAPER, self.COUNTS, 10, {"q1": 9, "q2": 1})
        assert [one.entitled for one in made] == [10, 6]

    def test_reads_what_it_wrote_and_what_the_last_release_wrote(self):
        [_, second] = outcomes.tabulate(self.PAPER, self.COUNTS, 10, {"q1": 13, "q2": 8})
        fields = second.as_dict()
        assert ContestOutcome.from_dict(json.loads(json.dumps(fields)), 10).as_dict() == fields
        older = {name: fields[name] for name in ("key", "blank", "outcome")}
        assert ContestOutcome.from_dict(older, 10)[1:4] == (10, 2, None)

    @pytest.mark.parametrize("change", [{"ballots": "6"}, {"entitled": "8"}, {"blank": None}, {"outcome": []}])
    def test_refuses_to_read_anything_else(self, change):
        [_, second] = outcomes.tabulate(self.PAPER, self.COUNTS, 10)
        with pytest.raises(ValueError, match="'q2' has"):
            ContestOutcome.from_dict({**second.as_dict(), **change}, 10)


class TestMakeOutcome:
    def test_counts_the_weights_of_the_ballots_and_not_the_voters(self, make_election, redis):
        drink = make_election()
        drink.refresh_from_db()
        for voter, marking, weight in (("ana", "nesquik", 12), ("eva", "cola-cao", 1), ("leo", "cola-cao", 3)):
            put(redis, drink, voter, f"q1={marking}", weight=weight)
        drain_all()
        snapshot = get_snapshot("drink")
        assert snapshot.ballots == 3
        [contest] = snapshot.contests
        assert (contest.ballots, [option.permille for option in contest.options]) == (16, [750, 250])

    def test_never_replaces_one_of_a_newer_version(self, counted):
        newest = StoredOutcome.objects.get().version + 5
        StoredOutcome.objects.update(version=newest, ballots=7)
        outcomes.make_outcome(counted.pk)
        assert StoredOutcome.objects.get().ballots == 7

    def test_reads_the_counts_of_all_shards_together(self, counted):
        Count.objects.create(election=counted, shard=1, key="q1:nesquik", n=3)
        assert outcomes.parse_counts(outcomes.read(counted.pk).counts) == {"q1:nesquik": 4, "q1:cola-cao": 1}

    def test_reads_no_counts_where_there_are_none(self, make_election):
        assert outcomes.parse_counts(outcomes.read(make_election().pk).counts) == {}

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


def takes(monkeypatch: pytest.MonkeyPatch, clock: Clock, seconds: float) -> None:
    """Let the making of an outcome take so long."""
    tabulate = outcomes.tabulate

    def tabulate_slowly(*arguments: Any) -> Any:
        clock.now += seconds
        return tabulate(*arguments)

    monkeypatch.setattr(outcomes, "tabulate", tabulate_slowly)
