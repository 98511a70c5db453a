"""A sample of an audit as its page and its command show it: each entry that was opened, beside what is published."""

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from polls.design import Paper
from record.ballot_piles import split_by_contest
from record.models import OpenedEntry, Sample
from record.sampling.picks import draw, write_seed
from record.sampling.sample_size import risk_after, share_found

from .marking_words import tell_marking
from .sample_margins import Margin

# What is said of a share of wrong entries is said with this chance of being missed.
MISSED = 0.05
# Characters of a commitment by which an entry is found on the lists of observers.
SHORT = 12


@dataclass(frozen=True)
class OpenedContest:
    """One question of an entry: what the entry says, and what the ballot says that is published for it."""

    title: str
    said: str
    number: int | None
    published: str
    is_equal: bool


@dataclass(frozen=True)
class OpenedShown:
    """An entry that was opened; `draws` are the numbers of the draws that have met it."""

    entry: int
    draws: list[int]
    commitment: str
    fate: str
    counts: bool
    weight: int
    is_equal: bool
    contests: list[OpenedContest]


def show_opened(sample: Sample, paper: Paper, entries: int) -> list[OpenedShown]:
    """Return the entries of a sample in the order in which they were drawn first."""
    met: dict[int, list[int]] = defaultdict(list)
    drawn = draw(write_seed(sample.audit.manifest_text, sample.dice), sample.draws, entries)
    for number, entry in enumerate(drawn, start=1):
        met[entry].append(number)
    return [_show(row, met[row.entry], paper) for row in sample.opened.order_by("pk")]


def _show(row: OpenedEntry, draws: list[int], paper: Paper) -> OpenedShown:
    told = row.opening
    counts = told["link"]["ballots"] is not None
    published = {one["contest"]: one for one in told["ballots"]}
    said = dict(split_by_contest(told["marking"]))
    contests = [
        _compare(contest, said.get(contest.key), published.get(contest.key), paper, told["weight"], counts=counts)
        for contest in paper.contests
        if contest.key in said or contest.key in published
    ]
    return OpenedShown(
        entry=row.entry,
        draws=draws,
        commitment=bytes(row.commitment).hex()[:SHORT],
        fate=told["fate"],
        counts=counts,
        weight=told["weight"],
        is_equal=row.is_equal,
        contests=contests,
    )


def _compare(
    contest: Any, said: str | None, ballot: dict[str, Any] | None, paper: Paper, weight: int, *, counts: bool
) -> OpenedContest:
    return OpenedContest(
        title=contest.title or paper.title,
        said="–" if said is None else tell_marking(said, contest),
        number=ballot["number"] if ballot else None,
        published=tell_marking(ballot["marking"], contest) if ballot else "–",
        is_equal=not counts or (ballot is not None and (said, weight) == (ballot["marking"], ballot["weight"])),
    )


@dataclass(frozen=True)
class Finding:
    """What a sample without a difference shows, in per cent that are on the safe side.

    `sure` is the least chance with which a wrong outcome would have been noticed, None where a margin is not known.
    `share` is the share of wrong entries that would have been noticed with a chance of 95 %.
    """

    opens_all: bool
    sure: str | None
    share: str


def judge(sample: Sample, margins: list[Margin], entries: int) -> Finding:
    """Say what a sample shows if all its entries are what is published."""
    votes = [one.votes for one in margins]
    known = [one for one in votes if one is not None]
    sure = None
    if known and len(known) == len(votes):
        risk = risk_after(sample.draws, min(min(known) / entries, 1)) if min(known) else 1.0
        sure = _round(100 * (1 - risk), math.floor)
    return Finding(sample.draws >= entries, sure, _round(100 * share_found(sample.draws, MISSED), math.ceil))


def _round(percent: float, to_safe: Any) -> str:
    return f"{to_safe(percent * 10) / 10:.1f}"
