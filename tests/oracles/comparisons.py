"""One comparison for each rule and oracle: the same random profile, counted by both.

Where no options tie, the winners have to be the same. Where some tie, ours have to be among those that the oracle, or
its random draw, can elect.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import Any, NamedTuple

from tabulation import (
    approval_committee,
    borda,
    grades,
    irv,
    majority_judgment,
    pairwise,
    schulze,
    score,
    star,
)
from tabulation import rankings as ranking_counts
from tabulation.files import blt
from tabulation.files.content import Content, Kind
from tabulation.outcome import Outcome

from .profiles import Profile, approvals, rankings, scores


class Compared(NamedTuple):
    """A profile, our outcome, and the sets of winners that the oracle finds possible; None if it cannot say."""

    profile: Profile[Any]
    ours: Outcome
    possible: list[frozenset[str]] | None

    @property
    def is_tied(self) -> bool:
        return self.possible is None or len(self.possible) > 1

    @property
    def agrees(self) -> bool:
        """Tell whether our winners are the oracle's, or, where options tie, can be completed to some of its sets."""
        ours = frozenset(self.ours.winners)
        if self.possible is None:
            return bool(self.ours.ties) or self.ours.decided or self.ours.reason == "no-votes"
        if len(self.possible) == 1:
            # No option without a vote is elected here; an oracle may fill the seats with them.
            return ours == self.possible[0] or (self.ours.reason == "seats-left" and ours < self.possible[0])
        return ours <= frozenset.intersection(*self.possible) or (self.ours.decided and ours in self.possible)


def score_votelib(chance: Random) -> Compared:
    from votelib.evaluate.cardinal import ScoreVoting

    profile = scores(chance, seats=True)
    ours = score.tabulate(profile.contest(), profile.count(grades.count_keys))
    votes = {frozenset(ballot.items()): 0 for ballot, _ in profile.ballots}
    for ballot, number in profile.ballots:
        votes[frozenset(ballot.items())] += number
    return Compared(profile, ours, _sets_of_votelib(ScoreVoting("sum").evaluate(votes, profile.seats)))


def star_starvote(chance: Random) -> Compared:
    import starvote

    profile = scores(chance, seats=True)
    counts = profile.count(lambda ballot: star.count_keys(ballot, profile.options))
    ours = star.tabulate(profile.contest(), counts)
    ballots = [dict(ballot) for ballot in profile.singly]
    try:
        if profile.seats == 1:
            winners = starvote.star_voting(ballots, maximum_score=5, tiebreaker=None)
        else:
            winners = starvote.bloc_star_voting(ballots, seats=profile.seats, maximum_score=5, tiebreaker=None)
    except starvote.UnbreakableTieError:
        return Compared(profile, ours, None)
    return Compared(profile, ours, [frozenset(winners)])


def borda_votelib(chance: Random) -> Compared:
    from votelib.component.rankscore import Borda
    from votelib.convert import RankedToPositionalVotes
    from votelib.evaluate.core import Plurality

    profile = rankings(chance, seats=True, complete=True)
    ours = borda.tabulate(profile.contest(), profile.count(borda.count_keys))
    votes = RankedToPositionalVotes(Borda(base=1)).convert(_ranked_votes(profile))
    return Compared(profile, ours, _sets_of_votelib(Plurality().evaluate(votes, profile.seats)))


def irv_pref_voting(chance: Random) -> Compared:
    from pref_voting.iterative_methods import instant_runoff_put
    from pref_voting.profiles import Profile as Theirs

    profile = rankings(chance, complete=True)
    ours = irv.tabulate(profile.contest(), profile.count(ranking_counts.count_keys))
    numbers = [[profile.options.index(key) for key in ballot] for ballot, _ in profile.ballots]
    winners = instant_runoff_put(Theirs(numbers, [number for _, number in profile.ballots]))
    return Compared(profile, ours, [frozenset([profile.options[winner]]) for winner in winners])


def irv_stvpoll(chance: Random) -> Compared:
    from stvpoll.irv import calculate_irv

    profile = rankings(chance)
    ours = irv.tabulate(profile.contest(), profile.count(ranking_counts.count_keys))
    result = calculate_irv(profile.options, list(profile.ballots))
    # It asks for more than half of all ballots cast, and has no winner where some of them are exhausted.
    if result.randomized or not ours.decided or not result:
        return Compared(profile, ours, None)
    return Compared(profile, ours, [frozenset(result)])


def irv_blt_votelib_stvpoll(chance: Random) -> Compared:
    """Have our BLT file read by one program, and what that has read be counted by another one."""
    from stvpoll.irv import calculate_irv
    from votelib.io.blt import load_lines

    profile = rankings(chance)
    title, names = "Who leads?", tuple(f"Option {key}" for key in profile.options)
    numbers = {key: ((number,),) for number, key in enumerate(profile.options)}
    ballots: Counter[Any] = Counter()
    for ballot, number in profile.ballots:
        ballots[sum((numbers[key] for key in ballot), ())] += number
    lines = blt.write(Content(names, Kind.RANKINGS, ballots, title=title, seats=profile.seats))
    votes, seats, candidates, read_title = load_lines(iter("".join(lines).splitlines()))
    keys = {candidate: profile.options[candidate.number - 1] for candidate in candidates}
    read = {tuple(keys[one] for one in vote): int(number) for vote, number in votes.items()}
    assert read == _ranked_votes(profile), (profile, read)
    named = read_title, seats, tuple(one.name for one in candidates)
    assert named == (title, profile.seats, names), (profile, named)
    ours = irv.tabulate(profile.contest(), profile.count(ranking_counts.count_keys))
    result = calculate_irv(profile.options, list(read.items()))
    if result.randomized or not ours.decided or not result:
        return Compared(profile, ours, None)
    return Compared(profile, ours, [frozenset(result)])


def schulze_belenios(chance: Random) -> Compared:
    profile = rankings(chance)
    counts = profile.count(lambda ballot: pairwise.count_keys([[key] for key in ballot], profile.options))
    ours = schulze.tabulate(profile.contest(), counts)
    ballots = [[_rank(key, ballot) for key in profile.options] for ballot in profile.singly]
    result = _belenios(ballots, "schulze", f"--nchoices={len(profile.options)}")
    levels = [[profile.options[number] for number in level] for level in result["winners"]]
    assert ours.working["ranking"] == levels, (profile, ours, levels)
    return Compared(profile, ours, [frozenset([key]) for key in levels[0]])


def schulze_pref_voting(chance: Random) -> Compared:
    from pref_voting.margin_based_methods import beat_path
    from pref_voting.profiles_with_ties import ProfileWithTies

    profile = rankings(chance)
    counts = profile.count(lambda ballot: pairwise.count_keys([[key] for key in ballot], profile.options))
    ours = schulze.tabulate(profile.contest(strength="margins"), counts)
    ranks = [{profile.options.index(key): rank for rank, key in enumerate(ballot)} for ballot, _ in profile.ballots]
    theirs = ProfileWithTies(
        ranks, [number for _, number in profile.ballots], candidates=list(range(len(profile.options)))
    )
    theirs.use_extended_strict_preference()
    return Compared(profile, ours, [frozenset([profile.options[winner]]) for winner in beat_path(theirs)])


def majority_judgment_belenios(chance: Random) -> Compared:
    profile = scores(chance)
    ours = majority_judgment.tabulate(profile.contest(), profile.count(grades.count_keys))
    # Of an even number of grades Belenios takes the better one in the middle, the literature the worse one. So it gets
    # the grades upside down, 1 for the worst, and its order is ours from the last to the first.
    ballots = [[ballot[key] + 1 for key in profile.options] for ballot in profile.singly]
    result = _belenios(ballots, "majority-judgment", f"--nchoices={len(profile.options)}", "--ngrades=6")
    levels = [sorted(profile.options[number] for number in level) for level in reversed(result["winners"])]
    assert [sorted(level) for level in _lists(ours.working["ranking"])] == levels, (profile, ours, levels)
    return Compared(profile, ours, [frozenset([key]) for key in levels[0]])


def approval_committee_abcvoting(chance: Random) -> Compared:
    from abcvoting.abcrules import compute_seqpav
    from abcvoting.preferences import Profile as Theirs

    profile = approvals(chance)
    counts = profile.count(lambda ballot: approval_committee.count_keys(ballot, profile.options))
    ours = approval_committee.tabulate(profile.contest(), counts)
    theirs = Theirs(len(profile.options))
    for ballot in profile.singly:
        theirs.add_voter([profile.options.index(key) for key in ballot])
    committees = compute_seqpav(theirs, committeesize=profile.seats, resolute=False)
    return Compared(profile, ours, [frozenset(profile.options[number] for number in one) for one in committees])


# By name: the comparison, and what has to be installed for it.
COMPARISONS: dict[str, tuple[Callable[[Random], Compared], str]] = {
    "score votelib": (score_votelib, "votelib"),
    "star starvote": (star_starvote, "starvote"),
    "borda votelib": (borda_votelib, "votelib"),
    "irv stvpoll": (irv_stvpoll, "stvpoll"),
    "irv by a BLT file, votelib and stvpoll": (irv_blt_votelib_stvpoll, "stvpoll"),
    "irv pref_voting": (irv_pref_voting, "pref_voting"),
    "schulze belenios": (schulze_belenios, "belenios-tool"),
    "schulze pref_voting": (schulze_pref_voting, "pref_voting"),
    "majority-judgment belenios": (majority_judgment_belenios, "belenios-tool"),
    "approval-committee abcvoting": (approval_committee_abcvoting, "abcvoting"),
}


def _ranked_votes(profile: Profile[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    return dict(profile.count(lambda ballot: [ballot]))  # type: ignore[list-item]


def _sets_of_votelib(elected: Iterable[Any]) -> list[frozenset[str]]:
    """Return the possible sets of a selection in which ties stand as sets, one for each seat that they share."""
    from itertools import combinations

    certain = frozenset(one for one in elected if isinstance(one, str))
    tied = [one for one in elected if not isinstance(one, str)]
    if not tied:
        return [certain]
    return [certain | frozenset(some) for some in combinations(sorted(tied[0]), len(tied))]


def _rank(key: str, ballot: tuple[str, ...]) -> int:
    """Return the rank of an option from 1 on; 0 if it is not ranked."""
    return ballot.index(key) + 1 if key in ballot else 0


def _belenios(ballots: list[list[int]], method: str, *options: str) -> dict[str, Any]:
    command = ["belenios-tool", "method", method, "--blank-allowed=false", *options]
    done = subprocess.run(command, input=json.dumps(ballots), capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _lists(value: Any) -> list[list[str]]:
    return list(value)
