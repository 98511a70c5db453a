"""ABIF, the Aggregated Ballot Information Format of electorama.com/abif.

A line is a number of equal ballots and what they have: `27:A>B=C` ranks, `27:A/5,B/3` scores. `=A:[Ana Gómez]` names
what a token stands for, `{title: "Board"}` gives facts about the election, and `#` begins a comment. Tokens with other
characters than letters, digits and `_` stand in square brackets or quotation marks.

A line without options is a blank ballot. `ballotcount` is checked where it is given. If there are names, each token
needs one.
"""

import json
import operator
import re
from collections.abc import Iterable, Iterator, Sequence

from ..sentences import gettext_noop as _
from .content import (
    MOST_SEATS,
    Ballots,
    Content,
    Kind,
    Marking,
    Pile,
    as_ranking,
    as_scores,
    read_name,
    read_once,
    read_score,
    read_weight,
    require_different,
    require_options,
)
from .sentences import InvalidFile

# Possessive, as all that follows: a file cannot make a search long by what nearly fits.
_TOKEN = r'\[[^\[\]]*+\]|"(?:[^"\\]|\\.)*+"|[^\s\[\]{}"#>=,:/*][^\[\]{}"#>=,:/*]*+'
_DECLARED = re.compile(rf"=?\s*+({_TOKEN})\s*+:\s*+({_TOKEN})\s*+(?:#.*)?")
_VOTES = re.compile(r"([^\s:]++)\s*+:(.*)")
# What may follow a ballot: facts about it, or a comment.
_AFTER = re.compile(r"\s*+(?:#|:\s*+\{|$)")
_MARK = re.compile(rf"\s*+({_TOKEN})\s*+(?:([/*])\s*+([^\s>=,{{#:]*+))?\s*+(?:([>=,])|(?={_AFTER.pattern}))")
_ORDERS = {">": operator.gt, "=": operator.eq}
_FACT = re.compile(r'\s*+"?(\w++)"?\s*+:\s*+("(?:[^"\\]|\\.)*+"\s*+|[^,}"]*+)([,}])')


def read(lines: Iterable[str]) -> Content:
    """Read a file; raises InvalidFile."""
    reader = _Reader()
    return reader.finish(read_once(enumerate(lines, 1), reader.read, reader.pile))


def looks_like(line: str) -> bool:
    """Tell whether a line that is not empty and no comment could be the first one of a file."""
    text = line.strip()
    return bool(re.match(r"ABIF\b|\{\s*\"?\w+\"?\s*:|=\s*\S+\s*:|\d+\s*:", text))


class _Reader:
    def __init__(self) -> None:
        self._title = ""
        self._seats: int | None = None
        self._expected: tuple[int, int] | None = None
        # Names by token, with the line of each, as far as they are given.
        self._names: dict[str, tuple[str, int]] = {}
        self._numbers: dict[str, int] = {}
        self._kind: Kind | None = None
        self.pile = Pile()

    def read(self, line: str, number: int) -> list[Ballots]:
        """Read a line; return its ballots."""
        text = line.strip()
        if not text or text.startswith("#") or (number == 1 and re.fullmatch(r"ABIF(\s+[\d.]+)?", text)):
            return []
        if text.startswith("{"):
            self._read_facts(text, number)
            return []
        match = _DECLARED.fullmatch(text)
        if match and (text.startswith("=") or (match[2].startswith("[") and not match[1].isdecimal())):
            self._declare(match[1], match[2], number)
            return []
        if match := _VOTES.fullmatch(text):
            return [Ballots(self._read_votes(match[2], number), read_weight(match[1], number), number)]
        raise InvalidFile(_("%(text)s is no line of ABIF: ballots are written as 27:A>B"), number, text=repr(text[:40]))

    def _read_facts(self, text: str, number: int) -> None:
        """Read a line like {title: "Board"}."""
        place, sign = 1, ","
        while sign == ",":
            match = _FACT.match(text, place)
            if not match:
                raise InvalidFile(_('%(text)s is no fact, as in {title: "Board"}'), number, text=repr(text[:40]))
            self._take_fact(match[1], match[2].strip(), number)
            place, sign = match.end(), match[3]
        if not re.match(r"\s*(#|$)", text[place:]):
            raise InvalidFile(_('%(text)s is no fact, as in {title: "Board"}'), number, text=repr(text[:40]))

    def _take_fact(self, name: str, value: str, number: int) -> None:
        if name == "title" and value not in ('""', ""):
            self._title = read_name(_unquote(value, number), number)
        elif name == "seats":
            seats = int(value) if re.fullmatch(r"\d{1,6}", value, re.ASCII) else 0
            if not 1 <= seats <= MOST_SEATS:
                raise InvalidFile(
                    _("there are %(seats)s seats, and there have to be from 1 to %(most)s"),
                    number,
                    seats=value[:20],
                    most=MOST_SEATS,
                )
            self._seats = seats
        elif name == "ballotcount":
            self._expected = (int(value) if re.fullmatch(r"\d{1,18}", value, re.ASCII) else -1, number)

    def _declare(self, token: str, name: str, number: int) -> None:
        """Read a line like =A:[Ana Gómez]."""
        token = read_name(_unquote(token, number), number)
        if token in self._names:
            raise InvalidFile(_("the name %(name)s is there twice"), number, name=token)
        self._names[token] = (read_name(_unquote(name, number), number), number)
        self._numbers.setdefault(token, len(self._numbers))
        require_options(len(self._numbers), number)

    def _read_votes(self, text: str, number: int) -> Marking:
        """Read what follows the number of ballots, as A>B=C."""
        groups: list[list[int]] = [[]]
        seen: set[int] = set()
        scores: dict[int, int] = {}
        marks = _split_marks(text, number)
        before = ""
        for token, score, after in marks:
            option = self._number(token, number)
            if option in seen:
                raise InvalidFile(_("%(token)s is on the ballot twice"), number, token=token)
            seen.add(option)
            if score is not None:
                if scores and before in _ORDERS and not _ORDERS[before](next(reversed(scores.values())), score):
                    raise InvalidFile(_("order and scores contradict each other"), number)
                scores[option] = score
            if before == ">":
                groups.append([])
            groups[-1].append(option)
            before = after
        if marks:
            self._require_kind(len(scores), len(marks), number)
        if scores:
            return as_scores(scores.get(option) for option in range(max(scores) + 1))
        return as_ranking(groups)

    def _require_kind(self, scored: int, marked: int, number: int) -> None:
        kind = Kind.SCORES if scored else Kind.RANKINGS
        if 0 < scored < marked or self._kind not in (None, kind):
            raise InvalidFile(_("some options have a score, and some have none"), number)
        self._kind = kind

    def _number(self, token: str, number: int) -> int:
        if token not in self._numbers:
            if self._names:
                raise InvalidFile(_("there is no candidate %(token)s among those with a name"), number, token=token)
            self._numbers[token] = len(self._numbers)
            require_options(len(self._numbers), number)
        return self._numbers[token]

    def finish(self, last: int) -> Content:
        """Return what was read; raises InvalidFile if something is missing."""
        if not self._numbers:
            raise InvalidFile(_("the file is empty") if not last else _("the file names no option"))
        require_options(len(self._numbers), last)
        total = sum(self.pile.ballots.values())
        if self._expected and self._expected[0] != total:
            raise InvalidFile(
                _("“ballotcount” is not %(total)s, the number of ballots: the file is not complete"),
                self._expected[1],
                total=total,
            )
        if self._names and (without := self._numbers.keys() - self._names):
            raise InvalidFile(_("there is no candidate %(token)s among those with a name"), last, token=min(without))
        # Without names the order in which options come is chance, since ballots can be in any order.
        tokens = list(self._names) or sorted(self._numbers)
        named = {token: self._names.get(token, (token, last)) for token in self._numbers}
        require_different((name for name, _line in named.values()), (line for _name, line in named.values()))
        content = Content(
            names=tuple(name for name, _line in named.values()),
            kind=self._kind or Kind.RANKINGS,
            ballots=self.pile.ballots,
            title=self._title,
            seats=self._seats,
            lines=self.pile.lines,
        )
        return content.only([self._numbers[token] for token in tokens])


def _split_marks(text: str, number: int) -> list[tuple[str, int | None, str]]:
    """Return the options of a ballot, each with its score, if it has one, and with the sign that follows."""
    marks: list[tuple[str, int | None, str]] = []
    place = 0
    while not _AFTER.match(text, place):
        match = _MARK.match(text, place)
        if not match or match[2] == "*":
            raise InvalidFile(_("%(text)s is no ballot: write A>B=C, or A/5,B/3"), number, text=repr(text.strip()[:40]))
        marks.append((read_name(_unquote(match[1], number), number), _read_score(match, number), match[4]))
        place = match.end()
    if marks and marks[-1][2]:
        raise InvalidFile(_("the ballot ends with %(sign)s: it is not complete"), number, sign=marks[-1][2])
    return marks


def _read_score(match: re.Match[str], number: int) -> int | None:
    return read_score(match[3], number) if match[2] else None


def _unquote(text: str, number: int) -> str:
    """Return what a token or a value says."""
    if text.startswith("["):
        return text[1:-1]
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text, strict=False))
    except ValueError as error:
        raise InvalidFile(_("%(text)s is no text in quotation marks"), number, text=text[:40]) from error


def write(content: Content) -> Iterator[str]:
    """Write rankings or scores; skipped ranks are left out."""
    if content.title:
        quoted = json.dumps(content.title, ensure_ascii=False)
        yield f"{{title: {quoted}}}\n"
    if content.seats:
        yield f"{{seats: {content.seats}}}\n"
    yield f"{{ballotcount: {content.total}}}\n"
    tokens = _make_tokens(content.names)
    for token, name in zip(tokens, content.names, strict=True):
        quoted = json.dumps(name, ensure_ascii=False) if {"[", "]"} & set(name) else f"[{name}]"
        yield f"={token}:{quoted}\n"
    for marking, weight in content.in_order():
        yield f"{weight}:{_write_marking(marking, tokens)}\n"


def _write_marking(marking: Marking, tokens: Sequence[str]) -> str:
    groups = ["=".join(tokens[option] for option in group) for group in marking if isinstance(group, tuple) and group]
    scores = [f"{token}/{score}" for token, score in zip(tokens, marking, strict=False) if isinstance(score, int)]
    return ">".join(groups) or ",".join(scores)


def _make_tokens(names: Iterable[str]) -> list[str]:
    """Return a token for each name: the name itself where it is one."""
    names = list(names)
    plain = [name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name, re.ASCII) else "" for name in names]
    return [token or f"c{number}" + "_" * (f"c{number}" in plain) for number, token in enumerate(plain, 1)]
