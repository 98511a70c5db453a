"""The single transferable vote (STV): several seats, filled in proportion by rankings.

"STV" is many rules. Here are three, each with its arithmetic and its way to break ties in a module of its own:

| `variant`     | rule                                                      | module               |
|---------------|-----------------------------------------------------------|----------------------|
| `scottish`    | Scottish councils: SSI 2007/42 (the default)              | `stv_scottish.py`    |
| `meek`        | Meek, by the reference rule of the PR Foundation          | `stv_meek.py`        |
| `minneapolis` | Minneapolis Code of Ordinances, chapter 167               | `stv_minneapolis.py` |

With one seat each of them is much like instant-runoff voting.

Count keys are rankings, as in `ana>bea`. Rules are `variant`, and `none_of_the_above`, the key of the option with this
meaning. Votes in the working are whole numbers; `scale` says how many of them are one vote.
"""

from collections.abc import Mapping
from types import ModuleType

from . import stv_meek, stv_minneapolis, stv_scottish
from .canonical_json import Json
from .contest import NOT_AMONG, Contest, InvalidContest
from .outcome import Outcome
from .rankings import first_preferences, read_rankings
from .seats import conclude, read_none_of_the_above
from .tie_breaking import Record, TieBreaker, count_in_rounds

NAME = "stv"
VERSION = 1

VARIANTS: dict[str, ModuleType] = {"scottish": stv_scottish, "meek": stv_meek, "minneapolis": stv_minneapolis}


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    contest.require_rules_among("variant", "none_of_the_above")
    read_none_of_the_above(contest)
    _read_variant(contest)


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts. An option's count is its first preferences."""
    check_rules(contest)
    variant = _read_variant(contest)
    rule = VARIANTS[variant]
    ballots = read_rankings(contest, counts)
    # Known before the first tie, which may end the count.
    heading: dict[str, Json] = {"quota": rule.quota(contest, ballots)} if ballots else {}

    def count(record: Record, breaker: TieBreaker) -> None:
        if ballots:
            rule.count(contest, ballots, record, breaker)

    record, seating, ties = count_in_rounds(contest, NAME, count, keys=len(ballots))
    return conclude(
        contest,
        seating,
        method=NAME,
        version=VERSION,
        figures=first_preferences(contest, ballots),
        base=contest.ballots,
        working={"variant": variant, "scale": rule.SCALE, **heading, "rounds": record.rounds, **ties},
    )


def _read_variant(contest: Contest) -> str:
    variant = contest.rules.get("variant", "scottish")
    if not isinstance(variant, str) or variant not in VARIANTS:
        raise InvalidContest(NOT_AMONG, name="variant", value=repr(variant), known=", ".join(VARIANTS))
    return variant
