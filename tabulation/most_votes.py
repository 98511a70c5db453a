"""What plurality, approval, score and Borda have in common: as many winners as seats, most votes (or points) first."""

from collections.abc import Mapping

from .canonical_json import Json
from .contest import Contest
from .outcome import Outcome
from .seats import conclude, seat
from .tie_breaking import TieBreaker
from .ties import group_by_votes


def elect(
    contest: Contest,
    votes: Mapping[str, int],
    *,
    method: str,
    version: int,
    most: int = 1,
    working: Mapping[str, Json] | None = None,
) -> Outcome:
    """Fill the seats with the options of most votes (`votes` is in ballot order).

    Shares are of what all ballots cast could give, of which each gives `most` votes at most to one option. No option
    without a vote is elected. Options with equal votes at the last seat tie, until a draw puts them in order.
    """
    groups = group_by_votes(votes)
    breaker = TieBreaker(contest, method)
    return conclude(
        contest,
        seat(groups, contest.seats, breaker),
        method=method,
        version=version,
        figures=votes,
        base=most * contest.ballots,
        working={
            "ranking": [{"votes": group.votes, "keys": list(group.keys)} for group in groups],
            **breaker.working,
            **(working or {}),
        },
    )
