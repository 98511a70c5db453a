"""Rows as text, which PostgreSQL has to read as they were."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from polls.ballots import Ballot, new_ballot_id
from tally import store
from tally.counting import Counted
from tally.models import CastRecord, CountedBallot
from tally.rows import Rows
from tests.conftest import voter_key

MARKINGS = ["q1=nesquik", 'q1="{},\\', "q1=NULL", "q1=ant;q2=\n\ttab", "q1=¡año! 🎉", "q1= x ", "q1=it's %s"]


def ballots(*markings: str, **fields: Any) -> list[Ballot]:
    return [
        Ballot(voter_key(str(n)), str(new_ballot_id(n)), "d0", marking, "e0", n, 1795339000123 + n)._replace(**fields)
        for n, marking in enumerate(markings, 1)
    ]


def stored(election: Any) -> list[Any]:
    rows = CastRecord.objects.filter(election=election).order_by("pk")
    return [
        Ballot(
            one.voter_key, str(one.ballot_id), "d0", one.marking, one.epoch, one.serial,
            round(one.accepted_at.timestamp() * 1000), one.weight,
        )
        for one in rows
    ]  # fmt: skip


class TestCastRecords:
    def test_keeps_any_marking_as_it_is(self, make_election):
        drink = make_election()
        came = ballots(*MARKINGS)
        assert store.insert_new_cast_records(drink.pk, 0, Rows.of(came))
        assert stored(drink) == came

    def test_keeps_epochs_and_weights_where_they_differ(self, make_election):
        drink = make_election()
        first, second, third = ballots(*MARKINGS[:3])
        came = [first._replace(weight=5), second._replace(epoch="e1"), third]
        assert store.insert_new_cast_records(drink.pk, 0, Rows.of(came))
        assert stored(drink) == came

    def test_tells_which_are_new_where_some_are_not(self, make_election):
        drink = make_election()
        came = ballots(*MARKINGS)
        assert store.insert_cast_records(drink.pk, 0, Rows.of(came[:2])) == {one.place for one in came[:2]}
        assert store.insert_cast_records(drink.pk, 0, Rows.of(came[:2])) == set()
        again = [*came, came[3]._replace(serial=99)]
        assert store.insert_cast_records(drink.pk, 0, Rows.of(again)) == {one.place for one in came[2:]}
        assert stored(drink) == came

    def test_records_none_as_new_if_one_is_there(self, make_election):
        drink = make_election()
        came = ballots(*MARKINGS)
        store.insert_cast_records(drink.pk, 0, Rows.of(came[2:3]))
        assert not store.insert_new_cast_records(drink.pk, 0, Rows.of(came))
        assert stored(drink) == came[2:3]

    def test_takes_no_ballot_at_all(self, make_election):
        drink = make_election()
        assert store.insert_new_cast_records(drink.pk, 0, Rows.of([]))
        assert store.insert_cast_records(drink.pk, 0, Rows.of([])) == set()
        assert not CastRecord.objects.exists()


class TestCountedBallots:
    def test_keeps_any_marking_and_weight_and_changes_those_that_stand(self, make_election):
        drink = make_election()
        first = {one.voter_key: Counted(one.ballot_id, one.marking) for one in ballots(*MARKINGS)}
        store.save_counted(drink.pk, 0, first)
        assert store.load_counted(drink.pk, first) == first
        ana, eva, *_ = first
        new = Counted(str(new_ballot_id(90)), MARKINGS[1], 3)
        changed = {ana: Counted(str(new_ballot_id(91)), MARKINGS[4], 7), voter_key("late"): new}
        store.save_counted(drink.pk, 0, changed, {ana: first[ana], eva: first[eva]})
        assert store.load_counted(drink.pk, {*first, *changed}) == first | changed

    def test_refuses_a_second_ballot_of_a_voter_who_was_taken_for_a_new_one(self, make_election):
        drink = make_election()
        counted = {voter_key("ana"): Counted(str(new_ballot_id(1)), "q1=nesquik")}
        store.save_counted(drink.pk, 0, counted)
        with pytest.raises(IntegrityError, match="tally_countedballot_shared_once"), transaction.atomic():
            store.save_counted(drink.pk, 0, counted)
        assert CountedBallot.objects.count() == 1
