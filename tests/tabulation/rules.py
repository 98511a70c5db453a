"""What the tests of all rules share: each rule with ballots for it, and how these are counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

from tabulation import (
    approval,
    approval_committee,
    borda,
    grades,
    irv,
    majority_judgment,
    pairwise,
    plurality,
    rankings,
    schulze,
    score,
    star,
    stv,
)
from tabulation.contest import Contest

OPTIONS = ("ant", "bee", "cat", "dog")
RANKINGS = st.lists(st.sampled_from(OPTIONS), min_size=1, unique=True).map(tuple)
SCORES = st.fixed_dictionaries({}, optional=dict.fromkeys(OPTIONS, st.integers(0, 5))).filter(bool)
SETS = st.sets(st.sampled_from(OPTIONS), min_size=1).map(lambda keys: tuple(sorted(keys)))


@dataclass(frozen=True)
class Rule:
    """A rule with its settings, the ballots that it takes, and how one of them is counted."""

    name: str
    module: ModuleType
    ballots: st.SearchStrategy[Any]
    count_keys: Callable[[Any], Iterable[str]]
    rules: Mapping[str, Any] = field(default_factory=dict)
    most_seats: int = 4

    def count(self, papers: Iterable[tuple[Any, int]], options: Sequence[str] = OPTIONS, **contest: Any) -> Any:
        """Return the outcome of ballots, each with its weight; `contest` has what differs from an ordinary contest."""
        counts: Counter[str] = Counter()
        cast = 0
        for ballot, weight in papers:
            cast += weight
            for key in self.count_keys(ballot):
                counts[key] += weight
        given = {"rules": self.rules, "ballots": cast, **contest}
        return self.module.tabulate(Contest(tuple(options), **given), counts)


def count_pairs(ranking: Sequence[str]) -> list[str]:
    return pairwise.count_keys([[key] for key in ranking], OPTIONS)


RULES = (
    Rule("plurality", plurality, st.sampled_from(OPTIONS), lambda key: [key]),
    Rule("approval", approval, SETS, lambda keys: keys),
    Rule("score", score, SCORES, grades.count_keys),
    Rule("star", star, SCORES, lambda scores: star.count_keys(scores, OPTIONS)),
    Rule("majority judgment", majority_judgment, SCORES, grades.count_keys),
    Rule("borda", borda, RANKINGS, borda.count_keys),
    Rule("irv", irv, RANKINGS, rankings.count_keys, most_seats=1),
    Rule("scottish stv", stv, RANKINGS, rankings.count_keys),
    Rule("meek stv", stv, RANKINGS, rankings.count_keys, {"variant": "meek"}),
    Rule("minneapolis stv", stv, RANKINGS, rankings.count_keys, {"variant": "minneapolis"}),
    Rule("schulze", schulze, RANKINGS, count_pairs),
    Rule("schulze by margins", schulze, RANKINGS, count_pairs, {"strength": "margins"}),
    Rule("approval committee", approval_committee, SETS, lambda keys: approval_committee.count_keys(keys, OPTIONS)),
)
