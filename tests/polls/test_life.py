"""The life of an election: one table says what may follow what."""

import datetime as dt
import itertools
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from polls.life import TRANSITIONS, NotAllowed, Phase, State, describe, enter, phase_of
from polls.models import Election

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
EARLIER, LATER = NOW - dt.timedelta(hours=1), NOW + dt.timedelta(hours=1)


def election(state: State, **fields: Any) -> Election:
    return Election(title="Drink?", state=state, opens_at=EARLIER, **fields)


class TestEnter:
    @pytest.mark.parametrize(("state", "following"), list(itertools.product(State, State)))
    def test_goes_by_the_table(self, state, following):
        drink = election(state)
        if following in TRANSITIONS[state]:
            assert "state" in enter(drink, following, now=NOW)
            assert drink.state == following
        else:
            with pytest.raises(NotAllowed, match="Drink"):
                enter(drink, following, now=NOW)
            assert drink.state == state

    @pytest.mark.parametrize(
        ("state", "following", "time"),
        [
            (State.PUBLISHED, State.CLOSED, "sealed_at"),
            (State.CLOSED, State.FINAL, "final_at"),
            (State.PUBLISHED, State.CANCELLED, "cancelled_at"),
        ],
    )
    def test_notes_the_time(self, state, following, time):
        drink = election(state)
        assert enter(drink, following, now=NOW) == ["state", time]
        assert getattr(drink, time) == NOW

    def test_every_state_stands_in_the_table(self):
        assert TRANSITIONS.keys() == set(State)


class TestPhaseOf:
    @pytest.mark.parametrize("state", [State.DRAFT, State.PUBLISHED])
    @pytest.mark.parametrize(
        ("opens", "closes", "phase"),
        [
            (LATER, None, Phase.SCHEDULED),
            (NOW, None, Phase.OPEN),
            (EARLIER, LATER, Phase.OPEN),
            (EARLIER, NOW, Phase.CLOSED),
        ],
    )
    def test_goes_by_the_clock_until_there_is_a_seal(self, state, opens, closes, phase):
        assert phase_of(state, opens, closes, NOW) == phase

    @pytest.mark.parametrize("state", [State.CLOSED, State.FINAL, State.CERTIFIED])
    def test_a_seal_counts_more_than_the_clock(self, state):
        assert phase_of(state, LATER, None, NOW) == Phase.CLOSED

    @pytest.mark.parametrize("opens", [EARLIER, LATER])
    def test_what_is_cancelled_never_opens(self, opens):
        assert phase_of(State.CANCELLED, opens, LATER, NOW) == Phase.CANCELLED

    def test_takes_milliseconds_as_well(self):
        assert phase_of(State.PUBLISHED, 5, 9, 5) == Phase.OPEN


class TestDescribe:
    @pytest.mark.parametrize(
        ("state", "fields", "word"),
        [
            (State.DRAFT, {}, "draft"),
            (State.PUBLISHED, {}, "open"),
            (State.CLOSED, {}, "closed"),
            (State.FINAL, {}, "final"),
            (State.CANCELLED, {}, "cancelled"),
            (State.FINAL, {"archived_at": NOW}, "archived"),
        ],
    )
    def test_says_it_in_a_word(self, state, fields, word):
        assert describe(election(state, **fields), NOW) == word


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"sealed_at": timezone.now()},
        {"state": "closed"},
        {"state": "final", "sealed_at": timezone.now()},
        {"state": "cancelled"},
        {"state": "published", "cancelled_at": timezone.now()},
        {"state": "published", "archived_at": timezone.now()},
    ],
)
def test_postgresql_keeps_state_and_times_together(fields):
    with pytest.raises(IntegrityError, match="agrees_with_its_state"), transaction.atomic():
        Election.objects.create(title="Drink?", slug="drink", opens_at=timezone.now(), **fields)


@pytest.mark.django_db
def test_postgresql_keeps_an_opening_of_each_election_but_drafts():
    Election.objects.create(title="Draft", slug="draft")
    with pytest.raises(IntegrityError, match="opens_unless_it_is_a_draft"), transaction.atomic():
        Election.objects.create(title="Drink?", slug="drink", state="published")
