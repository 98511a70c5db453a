"""The verifier's own reading of markings beside that of the server, on good ones, damaged ones and any text."""

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polls import markings as of_server
from polls import methods
from polls.methods import ContestOnBallot, InvalidMarking
from tests.conftest import contest
from tests.verifier.folders import ANIMALS, PAPER
from verifier import markings
from verifier.paper import Contest, read_paper
from verifier.report import Malformed

VARIANTS: list[ContestOnBallot] = [
    *PAPER.contests,
    contest("q1", ANIMALS, method="schulze", rules={"equal_ranks": "refused", "blank": True}),
    contest("q2", ANIMALS, method="approval"),
    contest("q3", ANIMALS, method="approval", rules={"min_choices": 2}),
    contest("q4", ANIMALS, method="approval-committee", rules={"max_choices": 2}),
    contest("q5", ANIMALS, method="star", rules={"max_score": 1}),
    contest("q6", ANIMALS, method="score"),
]
KEYS = ("ant", "bee", "cat", "dog", "eel", "", "5", "0", "10", "11", "05", "-blank")
ANY = st.lists(st.sampled_from([*KEYS, ">", "=", ",", ":"]), max_size=9).map("".join)
ALIKE = st.one_of(
    st.permutations(ANIMALS).map(">".join),
    st.permutations(ANIMALS).map(",".join),
    st.lists(st.sampled_from(ANIMALS), max_size=4).map(",".join),
    st.lists(st.lists(st.sampled_from(ANIMALS), min_size=1, max_size=3, unique=True).map("=".join)).map(">".join),
    st.lists(st.tuples(st.sampled_from(ANIMALS), st.integers(0, 11)), max_size=4).map(
        lambda pairs: ",".join(f"{key}:{number}" for key, number in pairs)
    ),
    ANY,
)


def read(one: ContestOnBallot) -> Contest:
    """Return a contest as the verifier reads it from its paper."""
    paper = replace(PAPER, contests=(one,))
    return read_paper(json.loads(paper.write())).contests[0]


def by_server(marking: str, one: ContestOnBallot) -> Any:
    try:
        return sorted(methods.get(one.method).count_keys(marking, one))
    except InvalidMarking:
        return None


def by_verifier(marking: str, one: Contest) -> Any:
    try:
        return sorted(markings.count_keys(marking, one))
    except Malformed:
        return None


@pytest.mark.parametrize("one", VARIANTS, ids=lambda one: f"{one.key}-{one.method}")
class TestMarkings:
    def test_that_people_make_add_to_the_same_counts(self, one):
        mine, chance = read(one), Random(one.key)
        for _ in range(300):
            marking = methods.get(one.method).invent(one, chance)
            assert by_verifier(marking, mine) == by_server(marking, one) is not None

    @given(marking=ALIKE)
    def test_of_any_kind_are_taken_or_refused_alike(self, one, marking):
        assert by_verifier(marking, read(one)) == by_server(marking, one)

    @given(marking=ALIKE, option=st.sampled_from(ANIMALS))
    def test_lose_an_option_alike(self, one, marking, option):
        if by_server(marking, one) is not None:
            assert markings.strike(marking, option, read(one)) == methods.get(one.method).strike(marking, option, one)


class TestMarkingsOfPapers:
    @given(st.lists(st.sampled_from(["q1=ant", "q1=", "q1", "q2=ant>bee", "q2=ant=bee", "q3=ant:5", "", "q4=x"])))
    def test_are_split_where_the_server_counts_them(self, parts):
        on_paper = (
            contest("q1", ANIMALS, rules={"blank": True}),
            contest("q2", ANIMALS, method="schulze", groups=("staff",)),
            contest("q3", ANIMALS, method="score", groups=("staff",)),
        )
        marking = ";".join(parts)
        mine = read_paper(json.loads(replace(PAPER, contests=on_paper).write())).contests
        try:
            list(of_server.count_keys(marking, on_paper))
        except InvalidMarking:
            return
        assert markings.split_paper(marking, mine) == dict(part.split("=", 1) for part in parts)

    def test_that_lack_a_contest_or_have_one_twice_are_refused(self):
        mine = read_paper(json.loads(replace(PAPER, contests=(contest("q1", ANIMALS),)).write())).contests
        for marking in ("", "q1", "q2=ant", "q1=ant;q1=bee", "q1=ant;"):
            with pytest.raises(Malformed, match="does not have each contest of the paper once, in order"):
                markings.split_paper(marking, mine)

    def test_of_a_method_that_is_not_known_are_refused(self):
        with pytest.raises(Malformed, match="which is not known here"):
            markings.count_keys("ant", replace(read(contest("q1", ANIMALS)), method="lottery"))
