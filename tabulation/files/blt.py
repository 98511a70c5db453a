"""BLT, the format of OpaVote, OpenSTV and the Scottish councils.

First described by Hill, Wichmann and Woodall, "Algorithm 123: Single Transferable Vote by Meek's Method", The Computer
Journal 30 (1987). After the numbers of candidates and seats come the ballots: a weight, the numbers of the candidates,
the best first, and a 0. A lone 0 ends them; names and title follow.

These dialects are read: withdrawn candidates as negative numbers, `=` between equals, `-` for a skipped rank, comments
after `#`, a ballot id in parentheses in place of the weight, several parts on one line, no 0 after any of the ballots,
no 0 before the names, names without quotation marks, a party beside each name, and more text after the title.

A ballot does not go on in the next line: where its 0 is missing, the two could not be told apart.
"""

import re
from collections.abc import Iterable, Iterator

from ..sentences import Sentence
from ..sentences import gettext_noop as _
from .content import (
    MOST_SEATS,
    Ballots,
    Content,
    Kind,
    Pile,
    Ranking,
    read_name,
    read_once,
    read_option,
    read_weight,
    require_different,
    require_once,
    require_options,
    without_end,
)
from .sentences import InvalidFile, NotWritable

# A text in quotation marks, in which a doubled one stands for one; several are apart by spaces or commas.
_QUOTED = r'"(?:[^"]|"")*+"'
_SEVERAL = re.compile(rf"{_QUOTED}(?:[\s,]++{_QUOTED})*+")
_BALLOT_ID = re.compile(r"\([^()]*\)")


def read(lines: Iterable[str]) -> Content:
    """Read a file; raises InvalidFile."""
    reader = _Reader()
    numbered = enumerate(lines, 1)
    last = read_once(numbered, reader.read_ballots, reader.pile)
    for last, line in numbered:
        reader.read_names(line, last)
    return reader.finish(last)


def looks_like(line: str) -> bool:
    """Tell whether a line that is not empty and no comment could be the first one of a file."""
    return bool(re.match(r"\d+\s+\d+\s*(#|-?\d|$)", line.strip(), re.ASCII))


class _Reader:
    def __init__(self) -> None:
        self._seats = 0
        self._options = 0
        self.pile = Pile()
        self._withdrawn: set[int] = set()
        self._groups: dict[str, tuple[int, ...]] = {"-": ()}
        # Whether ballots end with a 0: all of them do, or none.
        self._zeros: bool | None = None
        self._in_names = False
        self._names: list[tuple[int, list[str]]] = []
        self._more = False

    def read_ballots(self, line: str, number: int) -> list[Ballots] | None:
        """Return the ballots of a line; None if it ends them."""
        head, quote, tail = line.partition('"')
        head, sign, _comment = head.partition("#")
        if "[" in head:
            raise InvalidFile(_("options in square brackets are a dialect that is not read"), number)
        tokens = "=".join(part.strip() for part in _BALLOT_ID.sub(" (id) ", head).split("=")).split()
        if (tokens or quote) and not self._options:
            tokens = self._read_header(tokens, number)
        while tokens and tokens[0].startswith("-") and self._zeros is None:
            self._withdraw(tokens.pop(0), number)
        ballots, ended = self._split(tokens, number)
        if quote and not sign:
            self.read_names(quote + tail, number)
            ended = True
        if not ended:
            return ballots
        self._in_names = True
        for one in ballots:
            self.pile.add(*one)
        return None

    def finish(self, last: int) -> Content:
        """Return what was read; raises InvalidFile if something is missing at the end."""
        if not self._options:
            raise InvalidFile(_("the file is empty"))
        if not self._in_names:
            raise InvalidFile(_("the file ends before the names of the candidates: it is not complete"), last)
        names, lines, title, remarks = self._settle_names(last)
        require_different(names, lines)
        return Content(
            names=tuple(names),
            kind=Kind.RANKINGS,
            ballots=self.pile.ballots,
            title=title,
            seats=self._seats,
            withdrawn=frozenset(self._withdrawn),
            lines=self.pile.lines,
            remarks=remarks,
        )

    def _read_header(self, tokens: list[str], number: int) -> list[str]:
        """Read the numbers of candidates and seats; return what follows on the same line."""
        if len(tokens) < 2 or not all(re.fullmatch(r"\d{1,9}", token, re.ASCII) for token in tokens[:2]):
            raise InvalidFile(_NO_HEADER, number)
        options, self._seats = int(tokens[0]), int(tokens[1])
        require_options(options, number)
        if not 1 <= self._seats <= MOST_SEATS:
            raise InvalidFile(
                _("there are %(seats)s seats, and there have to be from 1 to %(most)s"),
                number,
                seats=self._seats,
                most=MOST_SEATS,
            )
        self._options = options
        return tokens[2:]

    def _withdraw(self, token: str, number: int) -> None:
        options = self._read_group(token[1:], number)
        if len(options) > 1 or self._withdrawn.issuperset(options):
            raise InvalidFile(
                _("%(token)s is no candidate who has withdrawn: write each once, as -2"),
                number,
                token=token[:40],
            )
        self._withdrawn.update(options)

    def _split(self, tokens: list[str], number: int) -> tuple[list[Ballots], bool]:
        """Return the ballots of a line, and whether the 0 follows that ends all of them."""
        ballots = []
        while tokens and tokens[0] != "0":
            ends = "0" in tokens
            if self._zeros not in (None, ends):
                raise InvalidFile(_("some ballots end with 0 and some do not: each needs one, on its own line"), number)
            self._zeros = ends
            end = tokens.index("0") if ends else len(tokens)
            weight = 1 if tokens[0] == "(id)" else read_weight(tokens[0], number)
            ballots.append(Ballots(self._read_ranking(tokens[1:end], number), weight, number))
            tokens = tokens[end + 1 :]
        if len(tokens) > 1:
            raise InvalidFile(
                _("after the 0 that ends the ballots there is %(text)s, and no name"),
                number,
                text=repr(" ".join(tokens[1:])[:40]),
            )
        return ballots, bool(tokens)

    def _read_ranking(self, tokens: list[str], number: int) -> Ranking:
        known = self._groups
        ranking = without_end([known[token] if token in known else self._read_group(token, number) for token in tokens])
        require_once(ranking, number)
        if len(ranking) > self._options:
            raise InvalidFile(
                _("there are %(ranks)s ranks for %(options)s candidates"),
                number,
                ranks=len(ranking),
                options=self._options,
            )
        return ranking

    def _read_group(self, token: str, number: int) -> tuple[int, ...]:
        """Return the candidates of a rank, as in 2=3."""
        group = tuple(sorted(read_option(text, self._options, number) for text in token.split("=")))
        self._groups[token] = group
        return group

    def read_names(self, line: str, number: int) -> None:
        """Read a line after the ballots."""
        # Names and title; some programs write sources or figures after them.
        if len(self._names) > self._options:
            self._more = True
        elif texts := _read_texts(line.strip(), number):
            self._names.append((number, texts))

    def _settle_names(self, last: int) -> tuple[list[str], list[int], str, tuple[Sentence, ...]]:
        """Return names, their lines, the title, and what is to be said of them."""
        remarks = []
        rows = self._names[: self._options]
        if len(rows) == self._options and all(len(texts) > 1 for _, texts in rows):
            remarks.append(Sentence(_("Each candidate has several texts: the first is read as the name.")))
            listed = [(texts[0], number) for number, texts in self._names]
        else:
            listed = [(text, number) for number, texts in self._names for text in texts]
        if len(listed) < self._options:
            raise InvalidFile(
                _("the file ends after %(names)s names of %(options)s candidates: it is not complete"),
                last,
                names=len(listed),
                options=self._options,
            )
        names = [read_name(text, number) for text, number in listed[: self._options]]
        title = ""
        if len(listed) > self._options:
            text, number = listed[self._options]
            title = read_name(text, number) if text.strip() else ""
        if self._more or len(listed) > self._options + 1:
            remarks.append(Sentence(_("What follows the title “%(title)s” is not read."), title=title))
        return names, [number for _, number in listed[: self._options]], title, tuple(remarks)


_NO_HEADER = _("a BLT file begins with the number of candidates and the number of seats, as in “4 2”")


def _read_texts(line: str, number: int) -> list[str]:
    """Return the texts of a line, without a comment; raises InvalidFile where a quotation mark has no end."""
    sign = -1
    while (sign := line.find("#", sign + 1)) >= 0:
        if line.count('"', 0, sign) % 2 == 0:
            line = line[:sign].strip()
            break
    if not line.startswith('"'):
        return [line] if line else []
    if _SEVERAL.fullmatch(line):
        return [text[1:-1].replace('""', '"') for text in re.findall(_QUOTED, line)]
    if len(line) < 2 or not line.endswith('"'):
        raise InvalidFile(_("a quotation mark has no end"), number)
    # Quotation marks inside a name, neither doubled nor marked.
    return [line[1:-1].replace('\\"', '"')]


def write(content: Content) -> Iterator[str]:
    """Write rankings; raises NotWritable for scores."""
    if content.kind is not Kind.RANKINGS:
        raise NotWritable(_("BLT has rankings, and the file has scores"))
    yield f"{len(content.names)} {content.seats or 1}\n"
    if content.withdrawn:
        yield " ".join(f"-{option + 1}" for option in sorted(content.withdrawn)) + "\n"
    for ranking, weight in sorted(content.rankings()):
        yield " ".join([str(weight), *map(_write_group, ranking), "0"]) + "\n"
    yield "0\n"
    for name in (*content.names, content.title):
        doubled = name.replace('"', '""')
        yield f'"{doubled}"\n'


def _write_group(group: tuple[int, ...]) -> str:
    return "=".join(str(option + 1) for option in group) or "-"
