"""Ballots to count in tests, and what has to hold of any rule whose count keys are options."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

from tabulation.contest import Contest

OPTIONS = ("ant", "bee", "cat", "dog", "eel")


@dataclass(frozen=True)
class Paper:
    """A ballot: the options that it marks, none if it is blank, and its weight."""

    marks: tuple[str, ...]
    weight: int = 1


def papers(options: Iterable[str] = OPTIONS, *, choices: int) -> st.SearchStrategy[list[Paper]]:
    """Draw ballots that mark up to so many options."""
    marks = st.lists(st.sampled_from([*options]), max_size=choices, unique=True).map(tuple)
    return st.lists(st.builds(Paper, marks, st.integers(1, 4)), max_size=30)


def count(ballots: Iterable[Paper], *, options: tuple[str, ...] = OPTIONS, **fields: object) -> tuple[Contest, Counter]:
    """Count ballots one by one; return the contest and its counts, which any rule takes."""
    counts: Counter[str] = Counter()
    cast = blank = 0
    for ballot in ballots:
        cast += ballot.weight
        blank += 0 if ballot.marks else ballot.weight
        for key in ballot.marks:
            counts[key] += ballot.weight
    return Contest(options, ballots=cast, blank=blank, **fields), counts
