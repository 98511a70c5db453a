"""The stages of a count that transfers votes: as sentences and as a table. The figure of them is in flow.py."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from .telling import Cell, Row, Table, Teller, enumerate_texts

# Of a longer count the last stages are drawn and written as a table; all are told.
MOST_SHOWN = 40


class Stage(NamedTuple):
    """The votes at one stage, and how they came there from the stage before.

    `of` are the options whose votes moved, `moved` says to whom; both are empty at the first stage. `moved` is None
    where the rule computes all votes anew. `lost` could go to nobody, `exhausted` is the sum of that.
    """

    number: int
    votes: Mapping[str, int]
    exhausted: int
    elected: Sequence[str]
    of: Sequence[str]
    moved: Mapping[str, int] | None
    lost: int
    quota: int | None
    is_surplus: bool = False


def of_runoffs(working: Mapping[str, Any]) -> list[Stage]:
    """Read the rounds of instant runoff, which name the option that leaves at the end of a round."""
    stages = []
    of: Sequence[str] = ()
    moved: Mapping[str, int] = {}
    lost = 0
    for number, this in enumerate(working["rounds"], start=1):
        stages.append(Stage(number, this["votes"], this["exhausted"], this["elected"], of, moved, lost, None))
        of, moved, lost = this["excluded"], this["transfers"], this.get("lost", 0)
    return stages


def of_transfers(working: Mapping[str, Any]) -> list[Stage]:
    """Read the stages of a rule that moves papers, Scottish or Minneapolis: each begins with a move."""
    return [
        Stage(
            number, this["votes"], this["exhausted"], this["elected"], this["of"], this["transfers"], this["lost"],
            working["quota"], this["action"] == "surplus",
        )
        for number, this in enumerate(working["rounds"], start=1)
    ]  # fmt: skip


def of_meek(working: Mapping[str, Any]) -> list[Stage]:
    """Read the rounds of Meek's method, which name the option that leaves at the end of a round."""
    stages = []
    before: Sequence[str] = []
    for number, this in enumerate(working["rounds"], start=1):
        moved: dict[str, int] | None = None if number > 1 else {}
        stages.append(Stage(number, this["votes"], this["exhausted"], this["elected"], before, moved, 0, this["quota"]))
        before = this["of"]
    return stages


def shown(stages: Sequence[Stage]) -> Sequence[Stage]:
    """Return the stages that a figure and a table have."""
    return stages[-MOST_SHOWN:]


def notes(stages: Sequence[Stage]) -> list[str]:
    """Say what figure and table leave out."""
    if len(stages) <= MOST_SHOWN:
        return []
    return [_("Figure and table have the last %(number)d rounds.") % {"number": MOST_SHOWN}]


def table(teller: Teller, stages: Sequence[Stage]) -> Table:
    """Write the votes of each option at each stage."""
    stages = shown(stages)
    elected: set[str] = set()
    cells: dict[str, list[Cell]] = {key: [] for key in teller.labels}
    for stage in stages:
        elected.update(stage.elected)
        for key, written in cells.items():
            votes = stage.votes.get(key)
            kind = "elected" if key in elected else ""
            written.append(Cell("", "out") if votes is None else Cell(teller.number(votes), kind))
    rows = [Row(teller.labels[key], written) for key, written in cells.items() if any(cell.text for cell in written)]
    rows.append(Row(_("counts for nobody"), [Cell(teller.number(stage.exhausted), "sum") for stage in stages]))
    return Table(_("Votes at the end of each round"), [str(stage.number) for stage in stages], rows)


def tell_runoffs(teller: Teller, stages: Sequence[Stage]) -> Iterator[str]:
    """Tell an instant runoff, round by round."""
    for stage, following in zip(stages, [*stages[1:], None], strict=True):
        total = sum(stage.votes.values())
        values = {"number": stage.number, "needed": teller.votes(total // 2 + 1), "total": teller.votes(total)}
        if stage.elected:
            [winner] = stage.elected
            values |= {"option": teller.labels[winner], "votes": teller.number(stage.votes[winner])}
            told = _("Round %(number)d: %(option)s had %(votes)s of %(total)s, more than half, and is elected.")
            yield told % values
        elif following:
            [loser] = following.of
            values |= {"option": teller.labels[loser], "votes": teller.votes(stage.votes[loser])}
            told = _("Round %(number)d: nobody reached %(needed)s. %(option)s was last with %(votes)s and left.")
            yield " ".join([told % values, *_tell_moves(teller, following)])


def tell_transfers(teller: Teller, stages: Sequence[Stage]) -> Iterator[str]:
    """Tell a single transferable vote, round by round."""
    for before, stage in zip([None, *stages[:-1]], stages, strict=True):
        yield " ".join([_tell_begin(teller, before, stage), *_tell_moves(teller, stage), *_tell_elected(teller, stage)])


def _tell_begin(teller: Teller, before: Stage | None, stage: Stage) -> str:
    """Say what a round began with."""
    values = {"number": stage.number, "quota": teller.votes(stage.quota or 0), "options": teller.names(stage.of)}
    if before is None:
        told = _("Round %(number)d: each ballot counted for its first choice. The quota was %(quota)s.")
    elif stage.moved is None and not stage.of:
        told = _("Round %(number)d: what the elected had above the quota went on. The quota was %(quota)s.")
    elif stage.is_surplus:
        told = _("Round %(number)d: what %(options)s had above the quota went on.")
    elif len(stage.of) > 1:
        told = _("Round %(number)d: %(options)s could not be elected any more and left.")
    else:
        values["votes"] = teller.votes(before.votes[stage.of[0]])
        told = _("Round %(number)d: %(options)s had the fewest votes, %(votes)s, and left.")
        if stage.moved is None:
            told += " " + _("The quota was %(quota)s.")
    return told % values


def _tell_moves(teller: Teller, stage: Stage) -> Iterator[str]:
    """Say where votes went on to, the most first."""
    moves = sorted((stage.moved or {}).items(), key=lambda move: -move[1])
    told = [
        _("%(votes)s to %(option)s") % {"votes": teller.number(votes), "option": teller.labels[key]}
        for key, votes in moves
    ]
    if stage.lost:
        told.append(_("%(votes)s to nobody") % {"votes": teller.number(stage.lost)})
    if told:
        yield _("Votes that moved: %(moves)s.") % {"moves": enumerate_texts(told)}


def _tell_elected(teller: Teller, stage: Stage) -> Iterator[str]:
    """Say who is elected at a stage, and with how many votes."""
    reached = [key for key in stage.elected if stage.quota and stage.votes.get(key, 0) >= stage.quota]
    if reached:
        names = [
            _("%(option)s with %(votes)s") % {"option": teller.labels[key], "votes": teller.votes(stage.votes[key])}
            for key in reached
        ]
        yield _("Elected with the quota: %(options)s.") % {"options": enumerate_texts(names)}
    if rest := [key for key in stage.elected if key not in reached]:
        yield _("Elected to the seats that were left: %(options)s.") % {"options": teller.names(rest)}
