"""Committees by approval: seats in proportion, with exact fractions."""

from collections import Counter

import pytest

from tabulation import approval_committee
from tabulation.contest import Contest, InvalidContest
from tabulation.counts import InvalidCounts
from tabulation.ties import Tie

OPTIONS = ("ant", "bee", "cat", "dog")


def count(*papers, options=OPTIONS, seats=3, **contest):
    """Count sets of options that are written as texts."""
    counts = Counter()
    for text, number in papers:
        for key in approval_committee.count_keys(text.split(), options):
            counts[key] += number
    given = Contest(tuple(options), seats=seats, ballots=sum(n for _, n in papers), **contest)
    return approval_committee.tabulate(given, counts)


def test_a_group_gets_seats_by_its_size():
    # Seven approve of ant, bee and cat, and three of dog. Approval alone would leave the three without a seat.
    outcome = count(("ant bee cat", 7), ("dog", 3), draw=None, options=OPTIONS, seats=3)
    assert set(outcome.winners) | {key for tie in outcome.ties for key in tie.keys} == set(OPTIONS)
    # After two seats the seven count 7/3 for a third, and dog has 3.
    assert "dog" in outcome.winners


def test_the_working_has_the_exact_sums():
    outcome = count(("ant bee", 4), ("ant cat", 3), ("dog", 2), seats=3)
    assert outcome.working["rounds"] == [
        {"sums": {"ant": 7, "bee": 4, "cat": 3, "dog": 2}, "elected": "ant"},
        {"sums": {"bee": 2, "cat": "3/2", "dog": 2}, "elected": "bee"},
        {"sums": {"cat": "3/2", "dog": 2}, "elected": "dog"},
    ]
    assert outcome.winners == ("ant", "bee", "dog")
    assert outcome.working["ties_without_effect"] == [{"round": 2, "keys": ["bee", "dog"]}]


def test_the_example_of_the_book_is_counted_as_there():
    # Martin Lackner and Piotr Skowron, "Multi-Winner Voting with Approval Preferences" (2023), example 2.5: sequential
    # PAV elects d and then c, where a and c would have the highest PAV score together.
    papers = [("a b", 3), ("a d", 6), ("b", 4), ("c", 5), ("c d", 5)]
    outcome = count(*papers, options=("a", "b", "c", "d"), seats=2)
    assert outcome.winners == ("d", "c")
    assert [this["sums"][this["elected"]] for this in outcome.working["rounds"]] == [11, "15/2"]


def test_a_tie_for_the_last_seat_is_shown():
    outcome = count(("ant", 3), ("bee", 2), ("cat", 2), seats=2)
    assert (outcome.winners, outcome.ties) == (("ant",), (Tie(("bee", "cat"), 1),))


def test_nobody_is_elected_without_an_approval():
    outcome = count(("ant", 2), seats=3)
    assert (outcome.winners, outcome.reason) == (("ant",), "seats-left")


def test_many_equal_options_that_all_have_a_seat_are_decided():
    options = tuple(f"o{number}" for number in range(9))
    outcome = count((" ".join(options), 4), options=options, seats=9)
    assert set(outcome.winners) == set(options)
    assert outcome.decided


@pytest.mark.parametrize("key", ["ant,ant", "emu", "", "ant,", "ant;bee"])
def test_a_key_that_is_no_set_is_refused(key):
    with pytest.raises(InvalidCounts, match="is no set of options of this contest"):
        approval_committee.tabulate(Contest(OPTIONS, ballots=3), {key: 1})


def test_a_set_of_too_many_is_refused():
    contest = Contest(OPTIONS, ballots=3, rules={"max_choices": 2})
    with pytest.raises(InvalidCounts, match="'ant,bee,cat' has more than 2 options"):
        approval_committee.tabulate(contest, {"ant,bee,cat": 1})
    with pytest.raises(InvalidContest):
        approval_committee.check_rules(Contest(OPTIONS, rules={"max_choices": 0}))
