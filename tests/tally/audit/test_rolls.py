"""Rolls in the ballot box beside the database: what a hand in Redis changes is found, and written anew."""

import datetime as dt
import logging

import pytest
from django.utils import timezone

from polls import ballot_box
from polls.ballot_box import Verdict
from polls.models import Election, RollEntry
from tally.audit import rolls
from tally.audit.rolls import check_rolls, compare
from tally.models import RollComparison
from tally.rolls import bring_roll
from tests.polls.roll.people import change, define, enrol, vote, voter_of

PEOPLE = [f"v{number}" for number in range(40)]


@pytest.fixture(params=[1, 3], ids=["one shard", "three shards"])
def drink(request, make_election, settings) -> Election:
    settings.BALLOT_BOX_SHARDS = request.param
    election: Election = make_election(eligibility="roll")
    enrol(election, PEOPLE)
    bring_roll(election)
    return election


def place_of(election: Election, name: str) -> tuple[str, str]:
    """Return the key and the field of somebody's line."""
    voter = voter_of(election, name)
    return ballot_box.key(election.pk, voter.shard, "roll"), voter.key


class TestCompare:
    def test_finds_nothing_in_a_roll_as_it_was_written_and_changed(self, drink):
        assert compare(drink) == []
        change(RollEntry.objects.get(name="v1"), struck_at="2026-11-28T12:00:00Z")
        change(RollEntry.objects.get(name="v2"), weight=3, groups=["Board"], code_hash="n" * 22, issue=2)
        bring_roll(drink)
        assert compare(drink) == []

    @pytest.mark.parametrize("value", ["2 1 ", "1 2 ", "1 1 Board"], ids=["issue", "weight", "groups"])
    def test_finds_a_changed_line(self, drink, redis, value):
        redis.hset(*place_of(drink, "v7"), value)
        assert compare(drink) == [voter_of(drink, "v7").shard]

    def test_finds_a_stranger_in_the_place_of_somebody(self, drink, redis):
        """The number of lines stays, so that nothing else notices it."""
        place, voter = place_of(drink, "v7")
        redis.hdel(place, voter)
        redis.hset(place, "x" * 22, "1 1 ")
        bring_roll(drink)
        assert redis.hexists(place, "x" * 22)
        assert compare(drink) == [voter_of(drink, "v7").shard]

    def test_finds_a_code_that_leads_to_somebody_else(self, drink, redis):
        for shard in range(drink.shards):
            codes = ballot_box.key(drink.pk, shard, "codes")
            for code in redis.hkeys(codes):
                redis.hset(codes, code, "1 1")
        assert compare(drink) == list(range(drink.shards))

    def test_says_nothing_of_a_roll_that_the_box_does_not_have_yet(self, drink):
        change(RollEntry.objects.get(name="v1"), weight=2)
        assert compare(drink) == []
        assert not RollComparison.objects.exists()

    def test_says_nothing_of_a_roll_that_changes_meanwhile(self, drink, redis, monkeypatch):
        redis.hset(*place_of(drink, "v7"), "1 2 ")
        find = rolls.find_differing_shards

        def change_meanwhile(definition):
            change(RollEntry.objects.get(name="v1"), weight=2)
            return find(definition)

        monkeypatch.setattr(rolls, "find_differing_shards", change_meanwhile)
        assert compare(drink) == []

    def test_says_nothing_of_a_box_that_is_emptied_meanwhile(self, drink, redis, monkeypatch):
        """What an empty Redis lacks was not changed by anybody, and comes back with the rest."""
        find = rolls.find_differing_shards

        def empty_before(definition):
            redis.flushdb()
            return find(definition)

        monkeypatch.setattr(rolls, "find_differing_shards", empty_before)
        assert compare(drink) == []


class TestCheckRolls:
    def test_writes_anew_what_differs_and_raises_an_alarm(self, drink, redis, caplog):
        redis.hset(*place_of(drink, "v7"), "9 1 ")
        assert vote(drink, "v7").verdict is Verdict.NOT_ELIGIBLE
        with caplog.at_level(logging.ERROR, "tally.audit.rolls"):
            check_rolls()
        [message] = [record.getMessage() for record in caplog.records]
        assert message.startswith(f"ALARM {drink.slug}: the roll in the ballot box was not that of the database")
        assert vote(drink, "v7").verdict is Verdict.ACCEPTED
        assert compare(drink) == []

    def test_waits_until_a_comparison_is_due(self, drink, redis):
        check_rolls()
        redis.hset(*place_of(drink, "v7"), "9 1 ")
        check_rolls()
        assert vote(drink, "v7").verdict is Verdict.NOT_ELIGIBLE
        RollComparison.objects.update(compared_at=timezone.now() - rolls.AGAIN)
        check_rolls()
        assert vote(drink, "v7").verdict is Verdict.ACCEPTED

    def test_waits_less_after_a_change_and_longer_for_a_large_roll(self, drink):
        def is_due(revision: int, minutes: float, seconds: float) -> bool:
            moment = timezone.now() - dt.timedelta(minutes=minutes)
            return rolls._is_due(RollComparison(revision=1, compared_at=moment, seconds=seconds), revision)

        assert [is_due(1, 2, 0), is_due(1, 11, 0)] == [False, True]
        assert [is_due(2, 0.5, 0), is_due(2, 2, 0)] == [False, True]
        assert [is_due(2, 20, 30), is_due(2, 26, 30)] == [False, True]

    def test_leaves_out_elections_that_take_no_votes_and_have_no_secret(self, drink, redis):
        Election.objects.update(state="closed", sealed_at=timezone.now())
        redis.hset(*place_of(drink, "v7"), "9 1 ")
        check_rolls()
        assert not RollComparison.objects.exists()
        assert define(drink).has_roll
