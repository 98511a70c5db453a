"""Who gets the seats, and the outcome that says so: what all rules that elect options have in common."""

from collections.abc import Iterable, Mapping

from .canonical_json import Json
from .contest import Contest, InvalidContest
from .outcome import Outcome, Reason, Standing
from .sentences import gettext_noop as _
from .shares import permille
from .tie_breaking import TieBreaker
from .ties import Group, Seating, Tie, fill_seats


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
        raise InvalidContest(_("none_of_the_above is %(key)s, which is no option of the contest"), key=repr(key))
    return key


def seat(groups: Iterable[Group], seats: int, breaker: TieBreaker) -> Seating:
    """Fill the seats from groups of equals, the best first; a tie at the last seat goes to the draw, as round 1."""
    elected, tie = fill_seats(groups, seats)
    if tie and (order := breaker.order(1, tie.keys)):
        return Seating(elected + order[: tie.seats], None)
    return Seating(elected, tie)


def conclude(
    contest: Contest,
    seating: Seating,
    *,
    method: str,
    version: int,
    figures: Mapping[str, int],
    base: int | None,
    working: Mapping[str, Json],
) -> Outcome:
    """Return the outcome of a contest whose seats were filled.

    `figures` are what each option has, in ballot order, with shares of `base` if there is one. `working` is what the
    rule adds to the numbers of ballots and seats.
    """
    elected, tie = seating
    reason = _reason(contest, elected, tie)
    return Outcome(
        method=method,
        version=version,
        decided=reason not in (Reason.TIE, Reason.NO_VOTES),
        reason=reason,
        winners=elected,
        ties=(tie,) if tie else (),
        base=base,
        standings=tuple(
            Standing(key, number, None if base is None else permille(number, base)) for key, number in figures.items()
        ),
        working={"ballots": contest.ballots, "blank": contest.blank, "seats": contest.seats, **working},
    )


def _reason(contest: Contest, elected: tuple[str, ...], tie: Tie | None) -> Reason:
    """Say why the seats are filled, or why not all of them."""
    if tie:
        return Reason.TIE
    if not elected:
        return Reason.NO_VOTES
    if read_none_of_the_above(contest) in elected:
        return Reason.NONE_OF_THE_ABOVE
    return Reason.ELECTED if len(elected) == contest.seats else Reason.SEATS_LEFT
