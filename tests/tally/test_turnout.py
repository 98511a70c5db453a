"""The turnout of an election with a roll: noted by the worker in passes, and shown with the outcome."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from polls.definition import Definition
from polls.delivery import with_secrets
from polls.models import Election, RollEntry
from polls.publishing import publish_election
from polls.voters import derive_voter
from results.views import get_snapshot
from tally import outcomes, turnout
from tally.drain import drain_all
from tally.healing import keep_box
from tally.lifecycle import close_election, turn_phases
from tally.models import StoredOutcome, Tally, Turnout
from tally.turnout import note, note_all
from tests.conftest import beside

from .audit.test_accounts import statistics_are_in
from .entries import put

LATER = dt.timedelta(seconds=turnout.REST_S + 1)


@pytest.fixture
def drink(make_election) -> Election:
    """An election with a roll of thirty: ten in each of two groups, one with a weight of 12, ten in none."""
    election: Election = make_election(eligibility="roll")
    fill(election, 30)
    election.refresh_from_db()
    return election


def fill(election: Election, number: int) -> None:
    groups = {0: ["red"], 1: ["blue"], 2: []}
    RollEntry.objects.bulk_create(
        RollEntry(election=election, number=n, name=f"voter {n}", groups=groups[n % 3], weight=12 if n == 1 else 1)
        for n in range(1, number + 1)
    )


def vote(redis: Any, election: Election, number: int, marking: str = "q1=nesquik", weight: int = 1) -> None:
    """Cast the ballot of a roll entry, and count it."""
    put(redis, election, key_of(election, number), marking, weight=weight, is_key=True)
    drain_all()


def key_of(election: Election, number: int) -> str:
    [definition] = with_secrets([Definition.of(election)])
    return derive_voter(definition, f"roll:{number}").key


def flagged() -> list[int]:
    return list(RollEntry.objects.filter(voted=True).values_list("number", flat=True))


def shown() -> Any:
    return get_snapshot("drink").turnout


class TestNoteAll:
    def test_waits_for_an_election_that_the_box_has_not_taken_yet(self, drink):
        in_force = drink.in_force
        Election.objects.update(in_force="", offered=in_force)
        note_all()
        assert not Turnout.objects.exists()
        Election.objects.update(in_force=in_force, offered="")
        note_all()
        assert shown()["entitled"] == 30

    def test_tells_before_the_first_vote_who_is_entitled(self, drink):
        assert shown() is None
        note_all()
        assert shown() == {
            "voted": 0, "entitled": 30, "permille": 0, "weight": 0, "entitled_weight": 41,
            "groups": [{"name": name, "voted": 0, "entitled": 10, "permille": 0} for name in ("blue", "red")],
        }  # fmt: skip

    def test_flags_who_has_voted_and_nobody_else(self, drink, redis):
        for number, weight in ((1, 12), (3, 1), (30, 1)):
            vote(redis, drink, number, weight=weight)
        note_all()
        assert flagged() == [1, 3, 30]
        assert (shown()["voted"], shown()["weight"], shown()["entitled_weight"]) == (3, 14, 41)
        assert [one["voted"] for one in shown()["groups"]] == [1, 2]
        assert get_snapshot("drink").weight == 14

    def test_does_not_flag_again_who_changes_the_vote(self, drink, redis):
        for marking in ("q1=nesquik", "q1=cola-cao"):
            vote(redis, drink, 3, marking)
            note_all(now=timezone.now() + LATER)
        assert (flagged(), shown()["voted"]) == ([3], 1)

    def test_leaves_the_flag_alone_until_a_minute_has_passed(self, drink, redis):
        note_all()
        vote(redis, drink, 3)
        note_all()
        assert flagged() == []
        # What is known at once is the number of ballots.
        assert shown()["voted"] == 1
        note_all(now=timezone.now() + LATER)
        assert flagged() == [3]

    def test_does_nothing_while_nothing_changes(self, drink, redis):
        vote(redis, drink, 3)
        note_all()
        # PostgreSQL notices the flag as a change of the roll: one more pass finds that it changes nothing.
        statistics_are_in()
        note_all(now=timezone.now() + LATER)
        version = Tally.objects.get().version
        with CaptureQueriesContext(connection) as queries:
            note_all(now=timezone.now() + 2 * LATER)
        assert not any("tally_countedballot" in query["sql"] for query in queries)
        assert Tally.objects.get().version == version

    def test_raises_the_version_of_what_pages_show_if_that_changes(self, drink):
        note_all()
        before = get_snapshot("drink").version
        RollEntry.objects.create(election=drink, number=31, groups=["blue"])
        statistics_are_in()
        note_all(now=timezone.now() + LATER)
        assert (shown()["entitled"], get_snapshot("drink").version) == (31, before + 1)

    def test_counts_as_entitled_who_was_struck_only_after_voting(self, drink, redis):
        for number in (3, 6):
            vote(redis, drink, number)
        note_all()
        RollEntry.objects.filter(number__in=[3, 5]).update(struck_at=timezone.now())
        statistics_are_in()
        note_all(now=timezone.now() + LATER)
        assert (shown()["voted"], shown()["entitled"]) == (2, 29)

    def test_never_shows_more_voters_than_entitled(self, drink, redis):
        for number in (3, 6):
            vote(redis, drink, number)
        # Struck before their flags were noted.
        RollEntry.objects.exclude(number=9).update(struck_at=timezone.now())
        note_all()
        assert shown()["entitled"] >= shown()["voted"] == 2

    def test_goes_in_turns_and_on_where_it_was(self, drink, redis, monkeypatch):
        monkeypatch.setattr(turnout, "CHUNK", 7)
        monkeypatch.setattr(turnout, "TURN_S", 0)
        for number in (2, 29):
            vote(redis, drink, number)
        found = []
        for _ in range(6):
            note_all()
            found.append((Turnout.objects.get().after, flagged()))
        assert found == [(7, [2]), (14, [2]), (21, [2]), (28, [2]), (30, [2, 29]), (None, [2, 29])]
        assert shown()["voted"] == 2

    def test_leaves_to_one_worker_what_another_one_is_at(self, drink):
        with turnout.store.alone(turnout.TURNOUT_LOCK, drink.pk):
            assert beside(lambda: note(drink)).result() is None
        assert note(drink) is not None

    @pytest.mark.expects_logged_exceptions
    def test_goes_on_with_the_others_if_one_election_fails(self, drink, make_election, monkeypatch, caplog):
        tea = make_election("tea", eligibility="roll")
        derive = turnout.derive_voter

        def fail_for_drink(definition: Any, text: str) -> Any:
            if definition.slug == "drink":
                raise RuntimeError("no key")
            return derive(definition, text)

        monkeypatch.setattr(turnout, "derive_voter", fail_for_drink)
        note_all()
        assert "ALARM drink: its turnout cannot be noted" in caplog.text
        assert Turnout.objects.get(is_known=True).election == tea

    def test_is_not_for_open_elections(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        note_all()
        assert not Turnout.objects.exists()
        assert (shown(), get_snapshot("drink").weight) == (None, None)

    def test_leaves_alone_what_is_certified(self, drink):
        Election.objects.filter(pk=drink.pk).update(
            state="certified",
            sealed_at=timezone.now(),
            final_at=timezone.now(),
            closes_at=timezone.now(),
            certified_at=timezone.now(),
        )
        note_all()
        assert not Turnout.objects.exists()

    def test_follows_a_paper_that_is_edited_before_the_opening(self, make_election):
        drink = make_election(eligibility="roll", opens_at=timezone.now() + LATER)
        fill(drink, 30)
        note_all()
        version = get_snapshot("drink").version
        contest = drink.contests.get()
        contest.groups = ["red"]
        contest.save()
        publish_election(drink)
        keep_box()
        outcomes.catch_up()
        note_all()
        assert get_snapshot("drink").contests[0].entitled == 10
        assert get_snapshot("drink").version > version


class TestContestOfGroups:
    @pytest.fixture
    def meeting(self, make_election) -> Election:
        """A motion of which those in blue have an own one; half of all who are entitled carry it."""
        rules = {"majority": "absolute", "basis": "entitled"}
        election: Election = make_election(
            options=("yes", "no"), method="motion", rules=rules, contests=2, eligibility="roll",
            opens_at=timezone.now() + dt.timedelta(minutes=5),
        )  # fmt: skip
        election.contests.filter(key="q2").update(groups=["blue"])
        Election.objects.filter(pk=election.pk).update(opens_at=timezone.now() - dt.timedelta(minutes=1))
        election.refresh_from_db()
        publish_election(election)
        keep_box()
        fill(election, 30)
        election.refresh_from_db()
        return election

    def test_is_measured_by_those_who_have_it(self, meeting, redis):
        note_all()
        vote(redis, meeting, 1, "q1=yes;q2=yes", weight=12)
        vote(redis, meeting, 2, "q1=no")
        first, second = get_snapshot("drink").contests
        assert (first.ballots, first.entitled, first.outcome.reason) == (13, 41, "not-carried")
        assert (second.ballots, second.entitled, second.outcome.reason) == (12, 21, "carried")

    def test_cannot_be_decided_before_it_is_known_who_is_entitled(self, meeting, redis):
        vote(redis, meeting, 1, "q1=yes;q2=yes", weight=12)
        assert [one.outcome.reason for one in get_snapshot("drink").contests] == ["entitled-unknown"] * 2
        note_all()
        assert [one.outcome.reason for one in get_snapshot("drink").contests] == ["not-carried", "carried"]


class TestClose:
    def test_notes_the_last_ones_before_the_result_is_final(self, drink, redis):
        note_all()
        vote(redis, drink, 3)
        RollEntry.objects.create(election=drink, number=31)
        close_election(drink)
        turn_phases()
        drink.refresh_from_db()
        assert (drink.state, flagged()) == ("final", [3])
        assert (shown()["voted"], shown()["entitled"]) == (1, 31)

    def test_waits_for_a_long_roll_without_keeping_others_waiting(self, drink, redis, monkeypatch):
        monkeypatch.setattr(turnout, "CHUNK", 20)
        monkeypatch.setattr(turnout, "TURN_S", 0)
        vote(redis, drink, 29)
        close_election(drink)
        states = []
        for _ in range(3):
            turn_phases()
            drink.refresh_from_db()
            states.append(drink.state)
        assert states == ["closed", "closed", "final"]
        assert (flagged(), shown()["voted"]) == ([29], 1)

    def test_changes_nothing_any_more_once_it_is_final(self, drink, redis):
        vote(redis, drink, 3)
        close_election(drink)
        turn_phases()
        version = StoredOutcome.objects.get().version
        note_all(now=timezone.now() + LATER)
        note_all(now=timezone.now() + 2 * LATER)
        assert StoredOutcome.objects.get().version == version

    def test_begins_anew_where_a_pass_was_under_way_before(self, drink, redis, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(turnout, "CHUNK", 20)
            patch.setattr(turnout, "TURN_S", 0)
            note_all()
        vote(redis, drink, 3)
        close_election(drink)
        turn_phases()
        assert flagged() == [3]
