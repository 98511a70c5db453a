"""A result as text for a terminal, and as JSON for programs."""

import textwrap
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pages.templatetags.display import percent, whole
from tabulation.files.formats import Found
from tabulation.outcome import Reason

from ..methods import METHODS
from ..methods.telling import Teller, Told, enumerate_texts
from ..sentences import translate
from .count import Result
from .text_tables import write_table

FORMATS = {"blt": "BLT", "abif": "ABIF", "csv": "CSV", "preflib": "PrefLib"}
# What the number of an option says, by method; votes for the others.
_COUNTED = {
    "approval": gettext_lazy("approvals"),
    "approval-committee": gettext_lazy("approvals"),
    "score": gettext_lazy("points"),
    "star": gettext_lazy("points"),
    "borda": gettext_lazy("points"),
    "irv": gettext_lazy("first preferences"),
    "stv": gettext_lazy("first preferences"),
    "schulze": gettext_lazy("options beaten"),
    "majority-judgment": gettext_lazy("median or better"),
}


def describe_file(name: str, found: Found, width: int) -> Iterator[str]:
    """Yield what a file has, and how it was understood."""
    content = found.content
    if content.title:
        yield content.title
    blank = ngettext("%(blank)s of them is blank", "%(blank)s of them are blank", content.blank)
    options = ngettext("%(number)s option", "%(number)s options", len(content.names))
    ballots = ngettext("%(number)s ballot", "%(number)s ballots", content.total)
    parts = [
        f"{FORMATS[found.format]} ({found.encoding})",
        options % {"number": whole(len(content.names))},
        ballots % {"number": whole(content.total)},
        *([blank % {"blank": whole(content.blank)}] if content.blank else []),
    ]
    yield f"{name}: {', '.join(parts)}"
    for remark in content.remarks:
        yield from _wrap(translate(remark), width)


def describe(result: Result, width: int) -> Iterator[str]:
    """Yield a result: who is elected, the standings, how it came about in sentences, and the working in tables."""
    told = _tell(result)
    if result.withdrawn:
        yield from _wrap(_("Without %(names)s") % {"names": enumerate_texts(result.withdrawn)}, width)
    yield from _wrap(f"{told.rule}.", width)
    for remark in result.remarks:
        yield from _wrap(translate(remark), width)
    yield ""
    yield from _wrap(_headline(result), width)
    yield ""
    yield from _standings(result, width)
    if told.sentences:
        yield ""
    for sentence in told.sentences:
        yield from _wrap(sentence, width, "- ")
    for table in told.tables:
        yield ""
        yield from _wrap(table.caption, width)
        yield from write_table(
            ["", *table.head], [[row.head, *(cell.text for cell in row.cells)] for row in table.rows], width
        )
    if told.notes:
        yield ""
        yield from _wrap(_("The tables do not have everything: --json has all of the working."), width)


def _tell(result: Result) -> Told:
    ballot, method = result.on_ballot, METHODS.get(result.outcome.method)
    told = method.tell(ballot, result.outcome) if method else None
    if isinstance(told, Told):
        return told
    return Teller(ballot, result.outcome).told(str(method.label if method else result.outcome.method), [])


def _headline(result: Result) -> str:
    """Say who is elected, and which seats stay open."""
    outcome = result.outcome
    sentences = []
    if outcome.winners:
        names = enumerate_texts([result.labels[key] for key in outcome.winners])
        sentences.append(_("Elected: %(names)s.") % {"names": names})
    for tie in outcome.ties:
        seats = ngettext("Tie for %(seats)d seat: %(names)s.", "Tie for %(seats)d seats: %(names)s.", tie.seats)
        names = enumerate_texts([result.labels[key] for key in tie.keys])
        sentences.append(seats % {"seats": tie.seats, "names": names})
    if outcome.reason == Reason.SEATS_LEFT:
        left = result.contest.seats - len(outcome.winners)
        seats = ngettext("%(seats)d seat stays empty.", "%(seats)d seats stay empty.", left)
        sentences.append(seats % {"seats": left})
    return " ".join(sentences) or _("Nobody is elected: no ballot has marked an option.")


def _standings(result: Result, width: int) -> Iterator[str]:
    outcome = result.outcome
    standings = sorted(outcome.standings, key=lambda standing: -standing.count)
    rows = [[result.labels[one.key], whole(one.count), percent(one.permille)] for one in standings]
    head = ["", str(_COUNTED.get(outcome.method, _("votes"))), ""]
    if not any(row[2] for row in rows):
        rows, head = [row[:2] for row in rows], head[:2]
    yield from write_table(head, rows, width)


def _wrap(text: str, width: int, bullet: str = "") -> list[str]:
    return textwrap.wrap(text, width, initial_indent=bullet, subsequent_indent=" " * len(bullet))


def as_json(found: Found, result: Result, recount: Result | None) -> dict[str, Any]:
    """Return one object with the winners on its first level; the recount without those who withdrew is in `recount`."""
    content = found.content
    whole_file = {
        "title": content.title,
        "file": {
            "format": found.format,
            "encoding": found.encoding,
            "ballots": content.total,
            "blank": content.blank,
            "remarks": [str(remark) for remark in content.remarks],
        },
    }
    return whole_file | _result_as_json(result) | ({"recount": _result_as_json(recount)} if recount else {})


def _result_as_json(result: Result) -> dict[str, Any]:
    return {
        **result.outcome.as_dict(),
        "contest": result.contest.key,
        "seats": result.contest.seats,
        "names": dict(result.labels),
        "withdrawn": list(result.withdrawn),
        "remarks": [str(remark) for remark in result.remarks],
    }
