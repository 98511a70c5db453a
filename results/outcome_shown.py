"""What results pages show of one outcome, read as far as it is needed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import orjson
from django.utils.safestring import SafeString

from polls.design import Paper
from tally.contests_shown import ContestShown, show_contests, write_json
from tally.outcomes import ContestOutcome, tabulate


class Source(NamedTuple):
    """What an outcome is shown from, as PostgreSQL holds it: texts, which are compared faster than they are read.

    `json` are the contests as snapshots have them, and `outcomes` what pages need to tell how they were counted. Both
    are None while nobody has voted. `json` is None as well where the last release has made the outcome, and `outcomes`
    where only a frame is wanted.
    """

    paper: str
    ballots: int
    json: str | None
    outcomes: str | None
    # The results rule that keeps the outcome back, "" for none. Then both texts are None.
    withheld: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether pages can be made of it, and not frames alone."""
        return self.json is None or self.outcomes is not None

    def shows_the_same_as(self, other: "Source") -> bool:
        """Tell whether both are the same outcome, whatever was read of it."""
        if self.json is None or other.json is None:
            return self == other
        return (*self[:3], self.withheld) == (*other[:3], other.withheld)


@dataclass(frozen=True)
class OutcomeShown:
    """The contests of a paper with their outcomes, made and encoded once for all pages and sockets that show them."""

    source: Source
    paper: Paper
    # The contests as HTML, by language, stage of the election, and whether all votes weigh the same
    # (templatetags/contests.py).
    html: dict[tuple[str, str, bool], SafeString] = field(default_factory=dict, compare=False, repr=False)

    def in_language(self, language: str) -> Self:
        """Return the same outcome with the texts of the paper as they read in one of its languages."""
        paper = self.paper.in_language(language)
        if paper is self.paper:
            return self
        if language not in self._read:
            self._read[language] = replace(self, paper=paper, html={})
        return self._read[language]

    @cached_property
    def _read(self) -> dict[str, Self]:
        return {}

    @cached_property
    def contests(self) -> Sequence[ContestShown]:
        """Return the contests with their outcomes, none while these are withheld.

        Raises ValueError where they are not such, or were not read.
        """
        if self.source.withheld:
            return ()
        if not self.source.is_whole:
            raise ValueError("only the frame of this outcome was read")
        if self.source.outcomes is None:
            outcomes = tabulate(self.paper, {}, 0)
        else:
            texts = orjson.loads(self.source.outcomes)
            outcomes = [ContestOutcome.from_dict(one, self.source.ballots) for one in texts]
        return show_contests(self.paper, outcomes)

    @cached_property
    def json(self) -> str:
        """Return the contests as a snapshot has them."""
        if self.source.json is not None:
            return self.source.json
        if self.source.withheld:
            return write_json(self.asked)
        return write_json([one.as_dict() for one in self.contests])

    @property
    def words(self) -> dict[str, Any]:
        """Return the title and all labels, by the keys that they have in a snapshot."""
        contests = {
            contest.key: {
                "title": contest.title or self.paper.title,
                "options": {option.key: option.label for option in contest.options},
            }
            for contest in self.paper.contests
        }
        return {"title": self.paper.title, "contests": contests}

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Return the contests without their outcomes, as the contract has them while results are withheld."""
        return [
            {
                "key": contest.key,
                "title": contest.title or self.paper.title,
                "method": contest.method,
                "seats": contest.seats,
                "options": [{"key": option.key, "label": option.label} for option in contest.options],
            }
            for contest in self.paper.contests
        ]
