"""What plurality, approval, score and Borda have in common: as many winners as seats, most votes (or points) first."""

from collections.abc import Iterable, Mapping

from .canonical_json import Json
from .contest import Contest, InvalidContest
from .outcome import Outcome, Reason, Standing
from .shares import permille
from .tie_breaking import TieBreaker
from .ties import Group, Seating, Tie, fill_seats, group_by_votes


def read_none_of_the_above(contest: Contest) -> str | None:
    """Return the key of "none of the above", None if there is none; raises InvalidContest if it is no option.

    It is an option like any other: it can win, and only an option with more votes comes before it. The seat that it
    wins stays empty, as with "re-open nominations" in British students' unions. This is not the rule of Nevada
    (NRS 293.269), where it is counted and cannot win.
    """
    key = contest.rules.get("none_of_the_above")
    if key is None:
        return None
    if not isinstance(key, str) or key not in contest.options:
        raise InvalidContest(f"none_of_the_above is {key!r}, which is no option of the contest")
    return key


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
    elected, tie = seat(groups, contest.seats, breaker)
    reason = reason_of(contest, elected, tie)
    base = most * contest.ballots
    return Outcome(
        method=method,
        version=version,
        decided=reason not in (Reason.TIE, Reason.NO_VOTES),
        reason=reason,
        winners=elected,
        ties=(tie,) if tie else (),
        base=base,
        standings=tuple(Standing(key, count, permille(count, base)) for key, count in votes.items()),
        working={
            "ballots": contest.ballots,
            "blank": contest.blank,
            "seats": contest.seats,
            "ranking": [{"votes": group.votes, "keys": list(group.keys)} for group in groups],
            **breaker.working,
            **(working or {}),
        },
    )


def seat(groups: Iterable[Group], seats: int, breaker: TieBreaker) -> Seating:
    """Fill the seats from groups of equals, the best first; a tie at the last seat goes to the draw, as round 1."""
    elected, tie = fill_seats(groups, seats)
    if tie and (order := breaker.order(1, tie.keys)):
        return Seating(elected + order[: tie.seats], None)
    return Seating(elected, tie)


def reason_of(contest: Contest, elected: tuple[str, ...], tie: Tie | None) -> Reason:
    """Say why the seats are filled, or why not all of them."""
    if tie:
        return Reason.TIE
    if not elected:
        return Reason.NO_VOTES
    if read_none_of_the_above(contest) in elected:
        return Reason.NONE_OF_THE_ABOVE
    return Reason.ELECTED if len(elected) == contest.seats else Reason.SEATS_LEFT
