"""Instant-runoff voting, also called the alternative vote: one seat, filled by rankings.

Each ballot counts for its first continuing option. If one has more than half of the votes that count for continuing
options, it is elected. Otherwise the one with the fewest is excluded, and its ballots go to their next continuing one:
Robert's Rules of Order (12th ed.), section 45:62 to 45:69, "preferential voting"; W. R. Ware (1871). A tie for the
exclusion looks back, as rule 51 of SSI 2007/42 does: that option goes which had fewer votes at the last round in which
they differed. If there was none, the draw decides.

Count keys are rankings, as in `ana>bea`. The only rule is `none_of_the_above`, the key of the option with this meaning.
"""

from collections.abc import Mapping, Sequence

from .canonical_json import Json
from .contest import Contest, InvalidContest
from .outcome import Outcome
from .papers import Papers, look_back, pick_for_exclusion
from .rankings import first_preferences, read_rankings
from .seats import conclude, read_none_of_the_above
from .sentences import gettext_noop as _
from .tie_breaking import Record, TieBreaker, count_in_rounds

NAME = "irv"
VERSION = 1


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    contest.require_rules_among("none_of_the_above")
    read_none_of_the_above(contest)
    if contest.seats != 1:
        raise InvalidContest(
            _("instant-runoff voting fills one seat, not %(seats)d: take stv for several"), seats=contest.seats
        )


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts. An option's count is its first preferences."""
    check_rules(contest)
    ballots = read_rankings(contest, counts)

    def count(record: Record, breaker: TieBreaker) -> None:
        if ballots:
            _count(record, breaker, Papers(contest.options, ballots, 1))

    record, seating, ties = count_in_rounds(contest, NAME, count, keys=len(ballots))
    return conclude(
        contest,
        seating,
        method=NAME,
        version=VERSION,
        figures=first_preferences(contest, ballots),
        base=contest.ballots,
        working={"rounds": record.rounds, **ties},
    )


def _count(record: Record, breaker: TieBreaker, papers: Papers) -> None:
    earlier: list[dict[str, int]] = []

    def tied(keys: Sequence[str]) -> str:
        return breaker.last(record.round_number, look_back(keys, earlier, highest=False))

    while True:
        votes = {key: papers.votes[key] for key in record.continuing}
        this: dict[str, Json] = {"votes": votes, "exhausted": papers.exhausted}
        leader = max(votes, key=votes.__getitem__)
        if 2 * votes[leader] > sum(votes.values()):
            record.rounds.append(this | {"elected": [leader], "excluded": [], "transfers": {}})
            record.elect(leader)
            return
        loser = pick_for_exclusion(record.continuing, votes, len(votes) - 1, tied)
        record.exclude(loser)
        transfer = papers.move([loser], record.continuing)
        record.rounds.append(
            this | {"elected": [], "excluded": [loser], "transfers": transfer.moved, "lost": transfer.exhausted}
        )
        earlier.append(votes)
