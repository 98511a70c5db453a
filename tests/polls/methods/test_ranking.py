"""Ballots that put options in an order, in all methods that have them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polls import methods
from polls.methods import InvalidMarking, InvalidRules
from polls.methods.ranking import Ranked, group

from .marks import ANIMALS, ask, count_keys, parse, show

RANKED = sorted(name for name, method in methods.METHODS.items() if isinstance(method, Ranked))
STRICT = sorted(set(RANKED) - {"schulze"})
RANKS = st.dictionaries(st.sampled_from(ANIMALS), st.integers(1, 4), min_size=1)
ORDERS = st.permutations(ANIMALS).flatmap(lambda order: st.integers(1, 4).map(lambda number: order[:number]))


def in_order(order: list[str]) -> dict[str, object]:
    return {key: rank for rank, key in enumerate(order, start=1)}


@pytest.mark.parametrize("method", RANKED)
class TestEachMethod:
    @given(order=ORDERS)
    def test_takes_any_ranking_and_gives_it_back(self, method, order):
        asked = ask(method)
        marking = parse(asked, in_order(order))
        assert marking == ">".join(order)
        assert dict(show(asked, in_order(order)).ranks) == in_order(order)
        assert count_keys(asked, marking)

    @given(order=ORDERS, text=st.text(max_size=30))
    def test_refuses_what_is_no_rank_and_shows_the_rest_again(self, method, order, text):
        asked = ask(method)
        marks = in_order(order) | {"dog": text}
        if text.strip() in ("", "1", "2", "3", "4"):
            return
        with pytest.raises(InvalidMarking, match=r"is no rank for Dog"):
            parse(asked, marks)
        kept = {key: rank for key, rank in in_order(order).items() if key != "dog"}
        assert dict(show(asked, marks).ranks) == kept

    @pytest.mark.parametrize(
        "form", ["q1:eel=1", "q1:ant=1&q1:=2", "q1=ant", "q1:ant=1&q1:ant=2", "q1:ant=0", "q1:ant=5", "q1:ant=1.0"]
    )
    def test_refuses_what_is_no_ballot_with_a_sentence(self, method, form):
        with pytest.raises(InvalidMarking, match=r"[.]$"):
            parse(ask(method), form)

    def test_shortens_in_its_sentence_what_is_much_too_long(self, method):
        with pytest.raises(InvalidMarking, match=r"^“1{20}…” is no rank"):
            parse(ask(method), {"ant": "1" * 10_000})

    def test_asks_for_a_rank_unless_it_may_be_blank(self, method):
        with pytest.raises(InvalidMarking, match="Nothing is ranked yet"):
            parse(ask(method), {"ant": ""})
        assert parse(ask(method, rules={"blank": True}), {"ant": ""}) == ""

    @pytest.mark.parametrize(
        "marking", ["ant>ant", "ant>eel", "ant>", ">ant", "ant,bee", "ant>bee=ant", "bee=ant", "="]
    )
    def test_counts_no_marking_that_is_not_canonical(self, method, marking):
        with pytest.raises(InvalidMarking):
            count_keys(ask(method), marking)

    def test_says_in_words_what_is_ranked(self, method):
        asked = ask(method)
        assert show(asked, {"bee": 1, "ant": 2}).summary == "1 Bee, 2 Ant; Cat, Dog are not ranked."
        assert show(asked, in_order(["ant", "bee", "cat"])).summary == "1 Ant, 2 Bee, 3 Cat; Dog is not ranked."
        assert show(asked, in_order(list(ANIMALS))).summary == "1 Ant, 2 Bee, 3 Cat, 4 Dog."
        assert show(asked, {}).summary == ""

    def test_offers_all_ranks_to_each_option_with_its_own_chosen(self, method):
        choices = show(ask(method), {"bee": 1}).choices
        assert choices["bee"] == "<option selected>1</option><option>2</option><option>3</option><option>4</option>"
        assert choices["ant"] == "<option>1</option><option>2</option><option>3</option><option>4</option>"

    def test_takes_no_more_options_than_people_can_rank(self, method):
        options = tuple(f"o{number}" for number in range(101))
        methods.get(method).check(ask(method, options[:100]))
        with pytest.raises(InvalidRules, match="at most 100 options, and there are 101"):
            methods.get(method).check(ask(method, options))


@pytest.mark.parametrize("method", STRICT)
class TestRanksOfTheirOwn:
    @given(ranks=RANKS)
    def test_are_asked_for_without_a_gap(self, method, ranks):
        asked = ask(method)
        if sorted(ranks.values()) == list(range(1, len(ranks) + 1)):
            assert parse(asked, ranks) == ">".join(sorted(ranks, key=ranks.__getitem__))
        else:
            with pytest.raises(InvalidMarking, match=r"both have rank|no option has rank"):
                parse(asked, ranks)

    def test_are_asked_for_by_name(self, method):
        with pytest.raises(InvalidMarking, match="“Ant” and “Cat” both have rank 1"):
            parse(ask(method), {"ant": 1, "cat": 1, "bee": 2})
        with pytest.raises(InvalidMarking, match="“Cat” has rank 3, but no option has rank 2"):
            parse(ask(method), {"ant": 1, "cat": 3})

    def test_cannot_come_by_a_marking_either(self, method):
        with pytest.raises(InvalidMarking, match="share a rank"):
            count_keys(ask(method), "ant=bee>cat")


class TestEqualRanks:
    @given(ranks=RANKS)
    def test_are_read_in_their_order_whatever_the_numbers(self, ranks):
        asked = ask("schulze")
        marking = parse(asked, ranks)
        assert [set(part.split("=")) for part in marking.split(">")] == [set(keys) for keys in group(ranks)]
        assert parse(asked, {key: rank for rank, keys in enumerate(group(ranks), 1) for key in keys}) == marking

    def test_are_written_in_ballot_order(self):
        assert parse(ask("schulze"), {"dog": 1, "bee": 1, "cat": 4}) == "bee=dog>cat"

    def test_add_nothing_for_each_other(self):
        assert count_keys(ask("schulze", ("ant", "bee", "cat")), "ant=bee>cat") == ["ant>cat", "bee>cat"]

    def test_can_be_refused_by_a_rule(self):
        asked = ask("schulze", rules={"equal_ranks": "refused", "strength": "margins"})
        methods.get("schulze").check(asked)
        with pytest.raises(InvalidMarking, match="both have rank 1"):
            parse(asked, {"ant": 1, "bee": 1})
        with pytest.raises(InvalidRules):
            methods.get("schulze").check(ask("schulze", rules={"equal_ranks": "perhaps"}))


class TestCountKeys:
    @pytest.mark.parametrize("method", ["irv", "stv"])
    def test_are_whole_rankings(self, method):
        assert count_keys(ask(method), "cat>ant") == ["cat>ant"]

    @pytest.mark.parametrize("method", ["irv", "stv"])
    def test_are_never_too_long_for_the_index(self, method):
        # Each key has 36 characters; with its sign 37.
        options = tuple(f"{number:02d}" + "x" * 34 for number in range(65))
        check = methods.get(method).check
        check(ask(method, options[:64]))
        [key] = count_keys(ask(method, options[:64]), ">".join(options[:64]))
        assert len(f"q1:{key}".encode()) <= 2400
        with pytest.raises(InvalidRules, match="too long to be counted"):
            check(ask(method, options))


class TestRules:
    def test_of_instant_runoff_have_one_seat(self):
        with pytest.raises(InvalidRules, match="fills one seat"):
            methods.get("irv").check(ask("irv", seats=2))

    @pytest.mark.parametrize("variant", ["scottish", "meek", "minneapolis"])
    def test_of_stv_name_one_of_three(self, variant):
        assert variant in dict(methods.get("stv").rule_fields()["variant"].choices)
        methods.get("stv").check(ask("stv", seats=2, rules={"variant": variant}))

    def test_that_nobody_knows_are_refused(self):
        with pytest.raises(InvalidRules):
            methods.get("stv").check(ask("stv", rules={"variant": "irish"}))


@pytest.mark.parametrize("method", RANKED)
def test_a_preview_has_ballots_of_each_length(method):
    asked = ask(method)
    invented = {methods.get(method).invent(asked, random.Random(seed)) for seed in range(60)}
    assert {marking.count(">") for marking in invented} == {0, 1, 2, 3}
    assert all(count_keys(asked, marking) for marking in invented)
