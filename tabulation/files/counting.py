"""The counts that each method needs, from the ballots of a file; and what can be counted from which kind of ballots.

| method                         | from rankings                                | from scores                         |
|--------------------------------|----------------------------------------------|-------------------------------------|
| plurality                      | the first preference                         | the highest score                   |
| approval, approval-committee   | all options that are ranked                  | if scores are 0 and 1 alone         |
| borda, irv, stv                | strict rankings, without skipped ranks       | no                                  |
| schulze                        | rankings                                     | the order of the scores             |
| score, star, majority-judgment | no                                           | scores                              |
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

from .. import (
    approval,
    approval_committee,
    borda,
    irv,
    majority_judgment,
    plurality,
    rankings,
    schulze,
    score,
    star,
    stv,
)
from .. import grades as graded
from ..canonical_json import Json
from ..contest import Contest
from ..draw import Draw
from ..outcome import Outcome
from ..sentences import Sentence
from ..sentences import gettext_noop as _
from .content import Content, Kind, Marking, Ranking, Scores
from .sentences import InvalidFile

# More options than this are not compared in pairs.
MOST_PAIRED = 500


class Counted(NamedTuple):
    """The outcome of a file, with the contest it is of, and remarks on how ballots were read."""

    contest: Contest
    outcome: Outcome
    remarks: tuple[Sentence, ...]


def count(
    content: Content,
    method: str,
    *,
    keys: Sequence[str],
    seats: int | None = None,
    rules: Mapping[str, Json] | None = None,
    draw: Draw | None = None,
    contest: str = "q1",
) -> Counted:
    """Count a file without options that have withdrawn; `keys` are those of its options.

    `seats` are those of the file unless given. `contest` is the key of the contest, which the draw depends on. Raises
    InvalidFile, where the method cannot be counted from these ballots, and InvalidContest.
    """
    rule, needs = METHODS[method]
    ballots = _Ballots(content, keys, dict(rules or {}))
    if not keys:
        raise InvalidFile(_("no option is left"))
    if seats is None and rule is irv and (content.seats or 1) > 1:
        ballots.remark(_("The file has %(seats)s seats; instant-runoff voting fills one."), seats=content.seats)
        seats = 1
    counts = needs(ballots)
    made = Contest(
        tuple(keys),
        seats or content.seats or 1,
        rules=ballots.rules,
        ballots=content.total,
        blank=content.blank,
        key=contest,
        draw=draw,
    )
    return Counted(made, rule.tabulate(made, counts), tuple(ballots.remarks))


class _Ballots:
    """The ballots that are not blank, as the methods need them; lines are those on which such a ballot came first."""

    def __init__(self, content: Content, keys: Sequence[str], rules: dict[str, Json]) -> None:
        self._content = content
        self.keys = keys
        self.rules = rules
        self.remarks: list[Sentence] = []

    def remark(self, template: str, **values: object) -> None:
        """Tell how ballots were read."""
        self.remarks.append(Sentence(template, **values))

    @property
    def has_scores(self) -> bool:
        """Whether the ballots have scores, and not rankings."""
        return self._content.kind is Kind.SCORES

    def rankings(self) -> Iterator[tuple[Ranking, int, int | None]]:
        """Yield rankings, their numbers and lines; ranks that were skipped are left out, and remarked."""
        skipped = 0
        for ranking, number in self._content.rankings():
            groups = tuple(group for group in ranking if group)
            skipped += number * (len(groups) < len(ranking))
            if groups:
                yield groups, number, self._line(ranking)
        if skipped:
            self.remark(_("Ballots on which a rank is skipped: %(number)s. The next rank moves up."), number=skipped)

    def strict_rankings(self) -> Iterator[tuple[list[str], int]]:
        """Yield rankings as keys; raises InvalidFile where options are equal."""
        if self.has_scores:
            raise InvalidFile(_("the ballots have scores, and this method counts rankings"))
        for ranking, number, line in self.rankings():
            if any(len(group) > 1 for group in ranking):
                raise InvalidFile(_("options are ranked equal, which this method cannot count"), line)
            yield [self.keys[group[0]] for group in ranking], number

    def orders(self) -> Iterator[tuple[Ranking, int, int | None]]:
        """Yield rankings, also where the ballots have scores, which is remarked."""
        if not self.has_scores:
            return self.rankings()
        self.remark(_("Options are ranked by their scores; equal scores are equal ranks, and no score is 0."))
        return self.orders_of_scores()

    def orders_of_scores(self) -> Iterator[tuple[Ranking, int, int | None]]:
        """Yield the rankings that scores make; an option without a score has 0."""
        for scores, number in self._content.scores():
            by_score: dict[int, list[int]] = {}
            for option in range(len(self.keys)) if scores else ():
                by_score.setdefault(scores[option] or 0, []).append(option)
            groups = tuple(tuple(options) for _score, options in sorted(by_score.items(), reverse=True))
            if groups:
                yield groups, number, self._line(scores)

    def scores(self, best: int) -> Iterator[tuple[Scores, int]]:
        """Yield scores; raises InvalidFile if the ballots have none, or one is above the best."""
        if not self.has_scores:
            raise InvalidFile(_("the ballots have rankings, and this method counts scores"))
        for scores, number in self._content.scores():
            if scores and max(score for score in scores if score is not None) > best:
                raise InvalidFile(_("a score is above the best one, which is %(best)s"), self._line(scores), best=best)
            if scores:
                yield scores, number

    def highest_score(self) -> int:
        """Return the highest score on any ballot."""
        return max((score or 0 for scores, _number in self._content.scores() for score in scores), default=0)

    def require_few_options(self) -> None:
        """Raise InvalidFile if there are too many options to compare each two of them."""
        if len(self.keys) > MOST_PAIRED:
            raise InvalidFile(_("this method compares each two options, of %(most)s at most"), most=MOST_PAIRED)

    def _line(self, marking: Marking) -> int | None:
        return self._content.lines.get(marking)


def _first_preferences(ballots: _Ballots) -> Counter[str]:
    counts: Counter[str] = Counter()
    for ranking, number, line in ballots.orders():
        if len(ranking[0]) > 1:
            raise InvalidFile(_("several options come first, and plurality counts one"), line)
        counts[ballots.keys[ranking[0][0]]] += number
    return counts


def _approved(ballots: _Ballots) -> Iterator[tuple[list[int], int]]:
    """Yield the options that are approved of together."""
    if ballots.has_scores:
        if ballots.highest_score() > 1:
            raise InvalidFile(_("the ballots have scores above 1, and these do not say what is approved of"))
        for scores, number in ballots.scores(best=1):
            yield [option for option, score in enumerate(scores) if score], number
        return
    ranked = False
    for ranking, number, _line in ballots.rankings():
        ranked = ranked or len(ranking) > 1
        yield sorted(option for group in ranking for option in group), number
    if ranked:
        ballots.remark(_("Each option that a ballot ranks is counted as approved of, whatever its rank."))


def _approvals(ballots: _Ballots) -> Counter[str]:
    counts: Counter[str] = Counter()
    for approved, number in _approved(ballots):
        for option in approved:
            counts[ballots.keys[option]] += number
    return counts


def _sets(ballots: _Ballots) -> Counter[str]:
    counts: Counter[str] = Counter()
    for approved, number in _approved(ballots):
        if approved:
            counts[",".join(ballots.keys[option] for option in approved)] += number
    return counts


def _rankings(ballots: _Ballots) -> Counter[str]:
    return _add_up((rankings.count_keys(ranking), number) for ranking, number in ballots.strict_rankings())


def _places(ballots: _Ballots) -> Counter[str]:
    return _add_up((borda.count_keys(ranking), number) for ranking, number in ballots.strict_rankings())


def _scores(ballots: _Ballots) -> Counter[str]:
    best = _settle_best(ballots)
    given = (
        ({key: score for key, score in zip(ballots.keys, scores, strict=True) if score is not None}, number)
        for scores, number in ballots.scores(best)
    )
    return _add_up((graded.count_keys(scores), number) for scores, number in given)


def _scores_and_pairs(ballots: _Ballots) -> Counter[str]:
    ballots.require_few_options()
    return _scores(ballots) + _count_pairs(ballots.keys, ballots.orders_of_scores())


def _pairs(ballots: _Ballots) -> Counter[str]:
    ballots.require_few_options()
    return _count_pairs(ballots.keys, ballots.orders())


def _add_up(ballots: Iterable[tuple[Iterable[str], int]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for keys, number in ballots:
        for key in keys:
            counts[key] += number
    return counts


def _settle_best(ballots: _Ballots) -> int:
    """Return the best score; where nobody has given it, it is 5, or 10 if a ballot has more than 5.

    Raises InvalidContest if the one that was given cannot be.
    """
    if ballots.has_scores and "max_score" not in ballots.rules:
        ballots.rules["max_score"] = best = 5 if ballots.highest_score() <= 5 else graded.LARGEST
        ballots.remark(_("The best score is taken to be %(best)s."), best=best)
    return graded.read_max_score(Contest(tuple(ballots.keys), rules=ballots.rules))


def _count_pairs(keys: Sequence[str], ballots: Iterable[tuple[Ranking, int, int | None]]) -> Counter[str]:
    """Count for each two options how many ballots prefer the one to the other.

    All options below one are counted in one step: a row of the matrix is one large number, with 64 bits for each
    option, and a ballot adds one number to it. So a ballot costs as many steps as it ranks options, and not the square
    of that.
    """
    bits = 64
    places = [1 << (bits * option) for option in range(len(keys))]
    rows = [0] * len(keys)
    for ranking, number, _line in ballots:
        below = sum(places)
        for group in ranking:
            for option in group:
                below -= places[option]
            for option in group:
                rows[option] += below * number
    counts: Counter[str] = Counter()
    for first, row in zip(keys, rows, strict=True):
        for option, second in enumerate(keys):
            if preferring := row >> (bits * option) & ((1 << bits) - 1):
                counts[f"{first}>{second}"] = preferring
    return counts


# By name: the rule, and what counts its ballots.
METHODS: dict[str, tuple[ModuleType, Callable[[_Ballots], Counter[str]]]] = {
    plurality.NAME: (plurality, _first_preferences),
    approval.NAME: (approval, _approvals),
    score.NAME: (score, _scores),
    star.NAME: (star, _scores_and_pairs),
    borda.NAME: (borda, _places),
    irv.NAME: (irv, _rankings),
    stv.NAME: (stv, _rankings),
    schulze.NAME: (schulze, _pairs),
    majority_judgment.NAME: (majority_judgment, _scores),
    approval_committee.NAME: (approval_committee, _sets),
}
# Methods that count scores, where the numbers of a table could be either.
OF_SCORES = (score.NAME, star.NAME, majority_judgment.NAME)
