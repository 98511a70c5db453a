"""Committees by approval: sequential proportional approval voting (sequential PAV).

Each ballot approves of options as in approval voting. The seats are filled one after the other: a ballot that has
elected n of its options so far counts 1/(n + 1) for each of the others, and the highest sum gets the next seat. So a
group of voters gets seats in proportion to its size. Thorvald N. Thiele, "Om Flerfoldsvalg", Oversigt over det
Kongelige Danske Videnskabernes Selskabs Forhandlinger (1895); "sequential PAV" in Lackner and Skowron, "Multi-Winner
Voting with Approval Preferences" (2023). Sums are compared as exact fractions. Equal sums go to the draw. An option
without an approval is not elected.

Count keys are the sets of options that are approved of together, in ballot order, as in `ana,bea`. There are no rules
but `max_choices`, `min_choices` and `none_of_the_above`, as in approval.
"""

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from math import lcm

from . import approval
from .canonical_json import Json
from .contest import Contest, is_whole
from .counts import InvalidCounts, require_number
from .outcome import Outcome
from .seats import conclude
from .tie_breaking import Record, TieBreaker, count_in_rounds

NAME = "approval-committee"
VERSION = 1


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    approval.check_rules(contest)


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts. An option's count is its approvals."""
    check_rules(contest)
    ballots = _read_ballots(contest, counts)
    approvals = dict.fromkeys(contest.options, 0)
    for options, number in ballots:
        for key in options:
            approvals[key] += number

    def count(record: Record, breaker: TieBreaker) -> None:
        _fill_seats(contest, ballots, record, breaker)

    record, seating, ties = count_in_rounds(contest, NAME, count, keys=len(ballots), ways_meet=True)
    return conclude(
        contest,
        seating,
        method=NAME,
        version=VERSION,
        figures=approvals,
        base=contest.ballots,
        working={"rounds": record.rounds, **ties},
    )


def count_keys(choices: Collection[str], options: Sequence[str]) -> list[str]:
    """Return the count key of a ballot that approves of these options; all options are in ballot order."""
    return [",".join(key for key in options if key in choices)]


def _fill_seats(
    contest: Contest, ballots: list[tuple[tuple[str, ...], int]], record: Record, breaker: TieBreaker
) -> None:
    # All fractions as whole numbers of the same part.
    whole = lcm(*range(1, min(contest.seats, len(contest.options)) + 1))
    won = [0] * len(ballots)
    while len(record.elected) < contest.seats:
        sums = dict.fromkeys(record.continuing, 0)
        for number, (options, count) in enumerate(ballots):
            for key in options:
                if key in sums:
                    sums[key] += count * whole // (won[number] + 1)
        highest = max(sums.values(), default=0)
        if not highest:
            break
        tied = [key for key, n in sums.items() if n == highest]
        # Where all who have an approval get a seat, the order has no effect.
        all_fit = sum(map(bool, sums.values())) <= contest.seats - len(record.elected)
        winner = breaker.first(record.round_number, tied, matters=not all_fit)
        record.rounds.append(
            {"sums": {key: _write_fraction(Fraction(n, whole)) for key, n in sums.items()}, "elected": winner}
        )
        record.elect(winner)
        for number, (options, _count) in enumerate(ballots):
            won[number] += winner in options


def _write_fraction(number: Fraction) -> Json:
    """Write an exact number as a whole number, or as a text like "7/2"."""
    return number.numerator if number.denominator == 1 else str(number)


def _read_ballots(contest: Contest, counts: Mapping[str, int]) -> list[tuple[tuple[str, ...], int]]:
    """Return the sets of options with how many ballots approve of just these, in a fixed order."""
    known = set(contest.options)
    most = contest.rules.get("max_choices")
    ballots = []
    for key, count in sorted(counts.items()):
        options = tuple(key.split(","))
        if len(set(options)) < len(options) or not known.issuperset(options):
            raise InvalidCounts(f"{key!r} is no set of options of this contest")
        require_number(key, count)
        if is_whole(most) and len(options) > most:
            raise InvalidCounts(f"{key!r} has more than {most} options")
        if count:
            ballots.append((options, count))
    if sum(count for _, count in ballots) > contest.marked:
        raise InvalidCounts(f"{contest.marked} marked ballots cannot approve {sum(n for _, n in ballots)} times")
    return ballots
