"""Ties in rounds: what breaks them, and what is certain whichever way they would be broken."""

import pytest

from tabulation.contest import Contest
from tabulation.draw import Lot, PublicLots
from tabulation.tie_breaking import Record, TieBreaker, Undecided, count_in_rounds
from tabulation.ties import Seating, Tie

TIED = ("ant", "bee", "cat")


class TestTieBreaker:
    LOTS = PublicLots({"q1": [Lot(2, ("cat", "ant", "bee"))]})

    def drawing(self) -> TieBreaker:
        return TieBreaker(Contest(TIED, key="q1", draw=self.LOTS), "stv")

    def test_takes_the_first_or_the_last_of_the_draw(self):
        assert self.drawing().first(2, TIED) == "cat"
        assert self.drawing().last(2, TIED) == "bee"

    def test_says_what_was_drawn(self):
        breaker = self.drawing()
        breaker.last(2, TIED)
        assert breaker.working == {"draws": [{"round": 2, "order": ["cat", "ant", "bee"], "by": "lot"}]}

    def test_asks_no_draw_where_it_does_not_matter_which_comes_first(self):
        breaker = self.drawing()
        assert breaker.first(2, TIED, matters=False) == "ant"
        assert breaker.working == {}

    def test_asks_no_draw_about_one_option(self):
        breaker = self.drawing()
        assert (breaker.first(2, ["bee"]), breaker.last(2, ["bee"]), breaker.working) == ("bee", "bee", {})

    @pytest.mark.parametrize("choose", [TieBreaker.first, TieBreaker.last])
    def test_stops_at_a_tie_without_a_draw(self, choose):
        breaker = TieBreaker(Contest(TIED), "stv")
        with pytest.raises(Undecided, match=r"^ant, cat tie in round 3$") as tie:
            choose(breaker, 3, ["ant", "cat"])
        assert (tie.value.round_number, tie.value.keys) == (3, ("ant", "cat"))
        assert breaker.working == {}

    def test_goes_the_way_that_it_is_told_tie_after_tie(self):
        breaker = TieBreaker(Contest(TIED), "stv", ["cat", "ant", "bee"])
        assert [breaker.first(1, TIED), breaker.last(1, ["ant", "bee"]), breaker.first(2, TIED)] == [
            "cat",
            "ant",
            "bee",
        ]
        assert breaker.working == {
            "ties_without_effect": [
                {"round": 1, "keys": ["ant", "bee", "cat"]},
                {"round": 1, "keys": ["ant", "bee"]},
                {"round": 2, "keys": ["ant", "bee", "cat"]},
            ]
        }
        with pytest.raises(Undecided):
            breaker.last(2, TIED)


def exclude_one(record: Record, breaker: TieBreaker) -> None:
    """Elect the first option, exclude one of all others, and elect no other."""
    record.elect(record.continuing[0])
    record.rounds.append("first")
    record.exclude(breaker.last(record.round_number, record.continuing))
    record.rounds.append("exclusion")


def elect_all(record: Record, breaker: TieBreaker) -> None:
    """Elect one option in each round, of which all have equal votes."""
    while record.continuing:
        record.elect(breaker.first(record.round_number, record.continuing))
        record.rounds.append("election")


def exclude_two_in_one_round(record: Record, breaker: TieBreaker) -> None:
    """Exclude one of the first two options and one of the last two, and elect the others."""
    record.exclude(breaker.last(1, ["ant", "bee"]))
    record.exclude(breaker.last(1, ["cat", "dog"]))
    for key in tuple(record.continuing):
        record.elect(key)


class TestCountInRounds:
    @staticmethod
    def options(number: int) -> tuple[str, ...]:
        return tuple(f"o{one}" for one in range(number))

    def test_ends_with_the_record_where_nothing_ties(self):
        record, seating, working = count_in_rounds(Contest(("ant", "bee")), "stv", exclude_one, keys=2)
        assert (record.rounds, record.continuing) == (["first", "exclusion"], [])
        assert (seating, working) == (Seating(("ant",), None), {})

    def test_goes_on_past_a_tie_without_effect(self):
        record, seating, working = count_in_rounds(Contest(TIED), "stv", exclude_one, keys=3)
        assert (record.rounds, record.continuing) == (["first", "exclusion"], ["cat"])
        assert seating == Seating(("ant",), None)
        assert working == {"ties_without_effect": [{"round": 2, "keys": ["bee", "cat"]}]}

    # Each option that ties is a way, and the first count is one more.
    @pytest.mark.parametrize(
        ("keys", "most"), [(0, 1000), (1, 1000), (200, 1000), (201, 995), (3000, 66), (12_500, 16), (10**6, 16)]
    )
    def test_counts_so_many_ways_as_the_keys_allow(self, keys, most):
        options = self.options(most)
        _, seating, working = count_in_rounds(Contest(options, seats=2), "stv", exclude_one, keys=keys)
        assert seating == Seating(options[:1], None)
        assert working == {"ties_without_effect": [{"round": 2, "keys": list(options[1:])}]}

        options = self.options(most + 1)
        record, seating, working = count_in_rounds(Contest(options, seats=2), "stv", exclude_one, keys=keys)
        assert record.rounds == ["first"]
        assert seating == Seating(options[:1], Tie(options[1:], 1))
        assert working == {"tie": {"round": 2, "keys": list(options[1:])}}

    def test_counts_ways_that_meet_once(self):
        # Seven options come in 5,040 orders, and there are 128 sets of them.
        options = self.options(7)
        contest = Contest(options, seats=7)
        record, seating, _ = count_in_rounds(contest, "stv", elect_all, keys=1, ways_meet=True)
        assert (len(record.rounds), seating) == (7, Seating(options, None))
        record, seating, _ = count_in_rounds(contest, "stv", elect_all, keys=1)
        assert (record.rounds, seating) == ([], Seating((), Tie(options, 7)))

    def test_tells_ways_apart_by_the_ties_of_their_round(self):
        options = ("ant", "bee", "cat", "dog")
        contest = Contest(options, seats=2)
        record, seating, working = count_in_rounds(contest, "stv", exclude_two_in_one_round, keys=1, ways_meet=True)
        assert (record.rounds, record.elected, seating) == ([], [], Seating((), Tie(options, 2)))
        assert working == {"tie": {"round": 1, "keys": ["ant", "bee"]}}

    def test_elects_those_who_are_elected_in_every_way(self):
        def elect_one_more(record: Record, breaker: TieBreaker) -> None:
            record.elect(breaker.first(1, ["cat", "bee"]))
            record.elect("ant")

        _, seating, working = count_in_rounds(Contest(TIED, seats=2), "stv", elect_one_more, keys=1)
        assert seating == Seating(("ant",), Tie(("bee", "cat"), 1))
        assert working == {"tie": {"round": 1, "keys": ["cat", "bee"]}}

    def test_elects_them_in_the_order_of_the_first_way(self):
        def elect_the_others(record: Record, breaker: TieBreaker) -> None:
            first = breaker.first(1, ["ant", "bee"])
            record.elect(first)
            for key in ("cat", "dog") if first == "ant" else ("dog", "cat"):
                record.elect(key)

        contest = Contest(("dog", "cat", "bee", "ant"), seats=3)
        seating = count_in_rounds(contest, "stv", elect_the_others, keys=1).seating
        assert seating == Seating(("cat", "dog"), Tie(("bee", "ant"), 1))

    def test_leaves_all_tied_where_no_way_has_come_to_an_end(self):
        # Sixteen ways are counted, and each end is nineteen ties away.
        options = self.options(20)
        seating = count_in_rounds(Contest(options, seats=20), "stv", elect_all, keys=10**6).seating
        assert seating == Seating((), Tie(options, 20))
