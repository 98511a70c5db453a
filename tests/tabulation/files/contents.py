"""Elections to write and to read again."""

import re
import unicodedata
from collections.abc import Callable, Iterable

import pytest
from hypothesis import strategies as st

from tabulation.files.content import Content, Kind, as_ranking, as_scores
from tabulation.files.sentences import InvalidFile

_LETTERS = st.characters(exclude_categories=("Cs", "Cc"))
TEXTS = st.text(_LETTERS, min_size=1, max_size=12)
NAMES = TEXTS.map(lambda text: " ".join(unicodedata.normalize("NFC", text).split())).filter(bool)


@st.composite
def contents(draw: st.DrawFn, kind: Kind = Kind.RANKINGS) -> Content:
    """Draw an election with any names, and ballots of any form."""
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    options = range(len(names))
    if kind is Kind.RANKINGS:
        marking = st.permutations(options).flatmap(lambda order: _groups(order)).map(as_ranking)
    else:
        score = st.one_of(st.none(), st.integers(0, 10))
        marking = st.lists(score, min_size=len(names), max_size=len(names)).map(as_scores)
    ballots = draw(st.dictionaries(marking, st.integers(1, 10**6), max_size=8))
    withdrawn = draw(st.sets(st.sampled_from(options)))
    return Content(tuple(names), kind, ballots, draw(NAMES), draw(st.integers(1, 9)), frozenset(withdrawn))


def _groups(order: list[int]) -> st.SearchStrategy[list[list[int]]]:
    """Draw ranks for some options: equal ones and skipped ones, and as many as there are options at most."""
    ranks = st.lists(st.integers(0, len(order) - 1), max_size=len(order))
    return ranks.map(
        lambda given: [
            [option for option, rank in zip(order, given, strict=False) if rank == place] for place in range(len(order))
        ]
    )


def lines(pieces: Iterable[str]) -> list[str]:
    """Return what was written as the lines that a reader gets."""
    return "".join(pieces).removesuffix("\n").split("\n")


def refused(read: Callable[[Iterable[str]], object], text: str) -> str:
    """Return why a file is refused."""
    with pytest.raises(InvalidFile) as problem:
        read(text.split("\n"))
    assert re.fullmatch(r"(line \d+: )?.+", str(problem.value))
    return str(problem.value)
