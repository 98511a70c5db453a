"""What plurality and approval have in common: as many winners as seats, most votes first."""

from collections.abc import Mapping

from .contest import Contest, InvalidContest
from .outcome import Outcome, Reason, Standing
from .shares import permille
from .ties import Tie, fill_seats, group_by_votes


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


def elect(contest: Contest, votes: Mapping[str, int], *, method: str, version: int) -> Outcome:
    """Fill the seats with the options of most votes (`votes` is in ballot order); shares are of the ballots cast.

    No option without a vote is elected. Options with equal votes at the last seat tie, and none of them is elected.
    """
    groups = group_by_votes(votes)
    elected, tie = fill_seats(groups, contest.seats)
    reason = _reason(contest, elected, tie)
    return Outcome(
        method=method,
        version=version,
        decided=reason not in (Reason.TIE, Reason.NO_VOTES),
        reason=reason,
        winners=elected,
        ties=(tie,) if tie else (),
        base=contest.ballots,
        standings=tuple(Standing(key, count, permille(count, contest.ballots)) for key, count in votes.items()),
        working={
            "ballots": contest.ballots,
            "blank": contest.blank,
            "seats": contest.seats,
            "ranking": [{"votes": group.votes, "keys": list(group.keys)} for group in groups],
        },
    )


def _reason(contest: Contest, elected: tuple[str, ...], tie: Tie | None) -> Reason:
    if tie:
        return Reason.TIE
    if not elected:
        return Reason.NO_VOTES
    if read_none_of_the_above(contest) in elected:
        return Reason.NONE_OF_THE_ABOVE
    return Reason.ELECTED if len(elected) == contest.seats else Reason.SEATS_LEFT
