"""Motions: yes, no, abstain; carried by a majority of a base, if the quorum is reached.

| majority         | carried with               |
|------------------|----------------------------|
| `simple`         | `yes > no`                 |
| `absolute`       | `2 * yes > base`           |
| `two-thirds`     | `3 * yes >= 2 * base`      |
| `three-quarters` | `4 * yes >= 3 * base`      |

| basis      | the base is                                                  |
|------------|--------------------------------------------------------------|
| `cast`     | yes and no; abstentions and blank ballots have no effect     |
| `ballots`  | all ballots, with abstentions and blank ones                 |
| `entitled` | all who were entitled to vote                                |

A motion without a yes is not carried, whatever the base. With as many yes as no it is lost. Blank ballots count for
the quorum.

Sources. Majority and two-thirds of the votes cast, without abstentions and blanks, and other bases where the bylaws
say so: Robert's Rules of Order (12th ed.), section 44; quorum: section 40. `simple`, `absolute` of `ballots`, and a
quorum of "1/3" are the general rules for Spanish associations: Ley Orgánica 1/2002, article 12 c and d.
`three-quarters` of `cast` is needed to change the statutes of a German association: BGB, section 33 (1).

Count keys are the options. Rules, all of which may be left out:

- `majority`: one of the above; `simple` by default.
- `basis`: one of the above; `cast` by default. A simple majority compares yes and no, and has no other basis.
- `quorum`: the least number of ballots, as a number; or the least share of those entitled, as a text like "1/3".
- `yes`, `no`, `abstain`: the keys of the options; these very words by default. There may be no option to abstain.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from .contest import NOT_AMONG, Contest, InvalidContest, is_whole
from .counts import votes_by_option
from .outcome import Outcome, Standing
from .sentences import gettext_noop as _
from .shares import permille

NAME = "motion"
VERSION = 1


class Majority(StrEnum):
    SIMPLE = "simple"
    ABSOLUTE = "absolute"
    TWO_THIRDS = "two-thirds"
    THREE_QUARTERS = "three-quarters"


class Basis(StrEnum):
    CAST = "cast"
    BALLOTS = "ballots"
    ENTITLED = "entitled"


Choice = TypeVar("Choice", bound=StrEnum)


class Reason(StrEnum):
    """Why a motion is decided, or why not."""

    CARRIED = "carried"
    NOT_CARRIED = "not-carried"
    NO_QUORUM = "no-quorum"
    # The rules refer to the entitled voters, and no roll says how many they are.
    ENTITLED_UNKNOWN = "entitled-unknown"


@dataclass(frozen=True)
class Rules:
    """The rules of a contest, read; `quorum` is a number of ballots, or a part of those entitled."""

    majority: Majority
    basis: Basis
    quorum: int | Fraction | None
    yes: str
    no: str
    abstain: str


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    _read_rules(contest)


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts. A motion that is carried has `yes` as its winner."""
    rules = _read_rules(contest)
    votes = votes_by_option(contest, counts, choices=1)
    yes, no, abstain = votes[rules.yes], votes[rules.no], votes.get(rules.abstain)
    base = _base(rules.basis, contest, yes + no)
    needed = None if base is None else _votes_needed(rules.majority, base, no)
    quorum = _ballots_needed(rules.quorum, contest.entitled)
    reason = _reason(yes, needed, contest.ballots, quorum)
    outside_base = {rules.abstain} if rules.basis == Basis.CAST else set()
    return Outcome(
        method=NAME,
        version=VERSION,
        decided=reason in (Reason.CARRIED, Reason.NOT_CARRIED),
        reason=reason,
        winners=(rules.yes,) if reason == Reason.CARRIED else (),
        ties=(),
        base=base,
        standings=tuple(
            Standing(key, count, None if base is None or key in outside_base else permille(count, base))
            for key, count in votes.items()
        ),
        working={
            "yes": yes,
            "no": no,
            "abstain": abstain,
            "blank": contest.blank,
            "ballots": contest.ballots,
            "entitled": contest.entitled,
            "majority": rules.majority,
            "basis": rules.basis,
            "base": base,
            "needed": needed,
            "quorum": quorum,
            "quorum_reached": None if quorum is None else contest.ballots >= quorum,
        },
    )


def _base(basis: Basis, contest: Contest, cast: int) -> int | None:
    """Return the number of which the majority is a part; None if it is the entitled voters and they are not known."""
    return {Basis.CAST: cast, Basis.BALLOTS: contest.ballots, Basis.ENTITLED: contest.entitled}[basis]


def _votes_needed(majority: Majority, base: int, no: int) -> int:
    """Return the least number of yes, at least 1, with which the inequality of the majority holds."""
    match majority:
        case Majority.SIMPLE:
            return no + 1
        case Majority.ABSOLUTE:
            return base // 2 + 1
        case Majority.TWO_THIRDS:
            return max(_divide_up(2 * base, 3), 1)
        case Majority.THREE_QUARTERS:
            return max(_divide_up(3 * base, 4), 1)


def _ballots_needed(quorum: int | Fraction | None, entitled: int | None) -> int | None:
    """Return the ballots that make the quorum: 0 without a quorum, None if it depends on a number that is not known."""
    match quorum:
        case None:
            return 0
        case int():
            return quorum
    return None if entitled is None else _divide_up(quorum.numerator * entitled, quorum.denominator)


def _divide_up(number: int, divisor: int) -> int:
    return -(-number // divisor)


def _reason(yes: int, needed: int | None, ballots: int, quorum: int | None) -> Reason:
    # A quorum that is known to be missed decides, even if other numbers are not known.
    if quorum is not None and ballots < quorum:
        return Reason.NO_QUORUM
    if quorum is None or needed is None:
        return Reason.ENTITLED_UNKNOWN
    return Reason.CARRIED if yes >= needed else Reason.NOT_CARRIED


def _read_rules(contest: Contest) -> Rules:
    contest.require_rules_among("majority", "basis", "quorum", "yes", "no", "abstain")
    majority = _read_choice(contest, "majority", Majority, Majority.SIMPLE)
    basis = _read_choice(contest, "basis", Basis, Basis.CAST)
    if majority == Majority.SIMPLE and basis != Basis.CAST:
        raise InvalidContest(
            _("a simple majority compares yes and no: for more than half of %(basis)s say absolute"), basis=basis.value
        )
    yes, no, abstain = (_read_word(contest, name, name) for name in ("yes", "no", "abstain"))
    if len({yes, no, abstain}) < 3 or not {yes, no} <= set(contest.options) <= {yes, no, abstain}:
        raise InvalidContest(
            _("the options of a motion are %(yes)s, %(no)s and perhaps %(abstain)s, not %(options)s"),
            yes=yes,
            no=no,
            abstain=abstain,
            options=", ".join(contest.options),
        )
    if contest.seats != 1:
        raise InvalidContest(_("a motion is carried or not, and cannot have %(seats)d seats"), seats=contest.seats)
    return Rules(majority, basis, _read_quorum(contest), yes, no, abstain)


def _read_choice(contest: Contest, name: str, choices: type[Choice], default: Choice) -> Choice:
    word = _read_word(contest, name, default)
    try:
        return choices(word)
    except ValueError:
        raise InvalidContest(NOT_AMONG, name=name, value=repr(word), known=", ".join(choices)) from None


def _read_word(contest: Contest, name: str, default: str) -> str:
    word = contest.rules.get(name, default)
    if not isinstance(word, str):
        raise InvalidContest(_("%(name)s is %(value)s, and has to be a text, or left out"), name=name, value=repr(word))
    return word


def _read_quorum(contest: Contest) -> int | Fraction | None:
    match contest.rules.get("quorum"):
        case None:
            return None
        case str(text) if found := re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", text):
            if (part := Fraction(int(found[1]), int(found[2]))) <= 1:
                return part
        case number if is_whole(number) and number > 0:
            return number
    raise InvalidContest(
        _("quorum is %(value)s, and has to be a number of ballots from 1 on, or a part of those entitled, as “1/3”"),
        value=repr(contest.rules["quorum"]),
    )
