"""PrefLib's formats of orders: soc, soi, toc and toi.

Nicholas Mattei and Toby Walsh, "PrefLib: A Library of Preference Data", Algorithmic Decision Theory (2013), in the form
of 2022. Lines that begin with `#` say what the file is; then `3: 1,{2,4}` is an order that three voters have. The type
is complete or incomplete (c, i) strict or tied orders (so, to).
"""

import re
from collections.abc import Iterable, Iterator

from ..sentences import gettext_noop as _
from .content import (
    Ballots,
    Content,
    Kind,
    Pile,
    Ranking,
    as_ranking,
    read_name,
    read_once,
    read_option,
    read_weight,
    require_different,
    require_once,
    require_options,
)
from .sentences import InvalidFile, NotWritable

TYPES = ("soc", "soi", "toc", "toi")
_FACT = re.compile(r"#\s*([A-Z]+(?: [A-Z]+)*)(?: (\d{1,4}))?:\s*(.*)")
_ORDER = re.compile(r"(\d+|\{\s*\d+(?:\s*,\s*\d+)*\s*\})(?:\s*,\s*(\d+|\{\s*\d+(?:\s*,\s*\d+)*\s*\}))*", re.ASCII)


def read(lines: Iterable[str]) -> Content:
    """Read a file; raises InvalidFile."""
    reader = _Reader()
    return reader.finish(read_once(enumerate(lines, 1), reader.read, reader.pile))


def looks_like(line: str) -> bool:
    """Tell whether a line could be the first one of a file."""
    return bool(re.match(r"#\s*(FILE NAME|TITLE|DATA TYPE|NUMBER ALTERNATIVES)\s*:", line))


class _Reader:
    def __init__(self) -> None:
        self._facts: dict[str, tuple[str, int]] = {}
        self._names: dict[int, tuple[str, int]] = {}
        self._has_orders = False
        self.pile = Pile()

    def read(self, line: str, number: int) -> list[Ballots]:
        """Read a line; return its ballots."""
        text = line.strip()
        if text.startswith("#"):
            match = _FACT.fullmatch(text)
            if match and match[1] == "ALTERNATIVE NAME" and match[2] and not self._has_orders:
                self._names[int(match[2])] = (read_name(match[3], number), number)
            elif match and match[1] in ("TITLE", "NUMBER VOTERS"):
                self._facts[match[1]] = (match[3], number)
        if not text or text.startswith("#"):
            return []
        if not self._has_orders:
            self._require_names(number)
            self._has_orders = True
        weight, _colon, order = (part.strip() for part in text.partition(":"))
        if not _ORDER.fullmatch(order):
            raise InvalidFile(_("%(text)s is no order, as in 3: 1,{2,4}"), number, text=repr(text[:40]))
        return [Ballots(self._read_order(order, number), read_weight(weight, number), number)]

    def finish(self, last: int) -> Content:
        """Return what was read; raises InvalidFile if something is missing."""
        self._require_names(last or None)
        voters, line = self._facts.get("NUMBER VOTERS", ("", last))
        if voters and voters != str(sum(self.pile.ballots.values())):
            raise InvalidFile(_("the number of voters is not that of the orders: the file is not complete"), line)
        title = self._facts.get("TITLE", ("", last))
        return Content(
            names=tuple(self._names[place][0] for place in sorted(self._names)),
            kind=Kind.RANKINGS,
            ballots=self.pile.ballots,
            title=read_name(*title) if title[0] else "",
            lines=self.pile.lines,
        )

    def _require_names(self, number: int | None) -> None:
        require_options(len(self._names), number)
        if sorted(self._names) != list(range(1, len(self._names) + 1)):
            raise InvalidFile(
                _("the names of the alternatives have to be those of 1 to %(most)s"),
                number,
                most=len(self._names),
            )
        require_different((name for name, _ in self._names.values()), (line for _, line in self._names.values()))

    def _read_order(self, order: str, number: int) -> Ranking:
        groups = [
            [read_option(text, len(self._names), number) for text in re.findall(r"\d+", group)]
            for group in re.findall(r"\{[^}]*\}|\d+", order)
        ]
        require_once(groups, number)
        return as_ranking(groups)


def type_of(content: Content) -> str:
    """Return the type of the orders, which is also the ending of the file's name."""
    orders = [[group for group in ranking if group] for ranking, _ in content.rankings() if ranking]
    tied = any(len(group) > 1 for groups in orders for group in groups)
    complete = all(sum(map(len, groups)) == len(content.names) for groups in orders)
    return ("to" if tied else "so") + ("c" if complete else "i")


def write(content: Content, file_name: str = "", date: str = "") -> Iterator[str]:
    """Write rankings, without blank ballots and skipped ranks; raises NotWritable for scores.

    `file_name` and `date` are for the header.
    """
    if content.kind is not Kind.RANKINGS:
        raise NotWritable(_("PrefLib's orders are rankings, and the file has scores"))
    orders = [(ranking, weight) for ranking, weight in content.rankings() if ranking]
    written: dict[str, int] = {}
    for ranking, weight in orders:
        order = ",".join(_write_group(group) for group in ranking if group)
        written[order] = written.get(order, 0) + weight
    facts = {
        "FILE NAME": file_name,
        "TITLE": content.title,
        "DESCRIPTION": "",
        "DATA TYPE": type_of(content),
        "MODIFICATION TYPE": "original",
        "RELATES TO": "",
        "RELATED FILES": "",
        "PUBLICATION DATE": date,
        "MODIFICATION DATE": date,
        "NUMBER ALTERNATIVES": str(len(content.names)),
        "NUMBER VOTERS": str(sum(written.values())),
        "NUMBER UNIQUE ORDERS": str(len(written)),
    }
    facts |= {f"ALTERNATIVE NAME {number}": name for number, name in enumerate(content.names, 1)}
    for name, value in facts.items():
        yield f"# {name}: {value}".rstrip() + "\n"
    for order, weight in sorted(written.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"{weight}: {order}\n"


def _write_group(group: tuple[int, ...]) -> str:
    numbers = [str(option + 1) for option in group]
    return numbers[0] if len(numbers) == 1 else "{" + ",".join(numbers) + "}"
