"""Count a file of ballots, without any server."""

import io
import json
import os
import shutil
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from polls.offline import report
from polls.offline.count import Result, Rule, Unknown, count, find_options
from polls.offline.progress import Progress
from polls.offline.sentences import explain
from polls.offline.writing import WRITERS, write
from polls.sentences import translate
from tabulation import grades, schulze, stv
from tabulation.contest import InvalidContest
from tabulation.draw import Draw, Lot, PublicLots, SecretDraw
from tabulation.files import formats
from tabulation.files.content import MOST_SEATS, Kind
from tabulation.files.counting import METHODS, OF_SCORES
from tabulation.files.sentences import InvalidFile, NotWritable
from tabulation.files.table_layout import Cells, Layout

# Rules that are options of the command, and the methods that have them.
RULES = {"variant": ("stv",), "strength": ("schulze",), "max_score": OF_SCORES}
WIDEST = 120


class Command(BaseCommand):
    help = "Count a file of ballots (BLT, ABIF, CSV, PrefLib) by any method, or write it in another format."
    # It needs neither database nor Redis.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the ballots; docs/tabulate.md says what a file may have")
        parser.add_argument("--method", choices=METHODS, help="the voting method; needed unless there is --write")
        parser.add_argument("--seats", type=_whole(MOST_SEATS), help="seats to fill; those of the file otherwise, or 1")
        ties = parser.add_mutually_exclusive_group()
        ties.add_argument("--draw", metavar="SECRET", help="break ties by the draw from this secret")
        ties.add_argument(
            "--lot", action="append", default=[], type=_lot, metavar="ROUND:KEY,KEY",
            help="break the tie of a round by a lot: the keys of the tied options, as a lot has put them in order",
        )  # fmt: skip
        parser.add_argument(
            "--contest", default="q1", metavar="KEY", help="the contest that the draw is for; q1 otherwise"
        )
        parser.add_argument(
            "--withdraw", action="append", default=[], metavar="NAME", help="count again without this option"
        )
        parser.add_argument("--variant", choices=stv.VARIANTS, help="the rule of stv; scottish otherwise")
        parser.add_argument("--strength", choices=schulze.STRENGTHS, help="what makes a victory strong in schulze")
        parser.add_argument(
            "--max-score", type=_whole(grades.LARGEST), metavar="N", help="the best score; 5 or 10 otherwise"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object with winners and working")
        languages = [code for code, _name in settings.MENU_LANGUAGES]
        parser.add_argument("--language", choices=languages, help="of the text; as LANG says otherwise")
        parser.add_argument(
            "--write", action="append", default=[], nargs=2, metavar=("FORMAT", "NEWFILE"),
            help=f"write the ballots into a new file: {', '.join(WRITERS)}",
        )  # fmt: skip
        reading = parser.add_argument_group("how the file is read, where it does not show it")
        reading.add_argument("--format", choices=formats.FORMATS, default="")
        reading.add_argument(
            "--column", action="append", default=[], metavar="HEADER", help="a column, or the question of a grid"
        )
        reading.add_argument("--cells", choices=[cells.value for cells in Cells], help="what stands in the columns")
        reading.add_argument(
            "--map", action="append", default=[], type=_word, metavar="WORD=N", help="the number of a word in cells"
        )
        reading.add_argument(
            "--weight", default="", metavar="HEADER", help="the column with the number of equal ballots"
        )
        reading.add_argument("--delimiter", choices=(",", ";", "tab"), help="between the columns")

    def handle(self, *args: Any, **options: Any) -> None:
        # A name that the terminal's encoding does not have must not end the count.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        with translation.override(options["language"] or _language_of_the_terminal()):
            self._handle(options)

    def _handle(self, options: dict[str, Any]) -> None:
        path, method = options["file"], options["method"]
        if not method and not options["write"]:
            raise CommandError(_("Name a method with --method, or a format with --write."))
        progress = Progress(sys.stderr)
        try:
            rule = _read_rule(options) if method else None
            found = formats.read(progress.blocks(path), format=options["format"], layout=_read_layout(options))
            for format, name in options["write"]:
                self._write(found, format, Path(name), quiet=options["json"])
            if not rule:
                return
            gone = find_options(found.content, options["withdraw"])
            progress.begin(_("counting %(ballots)d ballots") % {"ballots": found.content.total})
            result = count(found, rule)
            recount = count(found, rule, gone) if gone else None
        except OSError as error:
            raise CommandError(
                _("%(file)s: %(error)s") % {"file": error.filename or path, "error": error.strerror}
            ) from error
        except InvalidFile as problem:
            raise CommandError(f"{path.name}: {explain(problem)}") from problem
        except InvalidContest as problem:
            raise CommandError(translate(problem.reason)) from problem
        except Unknown as problem:
            raise CommandError(str(problem)) from problem
        finally:
            progress.end()
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(found, result, recount), sort_keys=True))
        else:
            self._print(path.name, found, result, recount)

    def _write(self, found: formats.Found, format: str, path: Path, *, quiet: bool) -> None:
        if format not in WRITERS:
            raise CommandError(
                _("There is no format %(format)s to write. There are: %(formats)s.")
                % {"format": format, "formats": ", ".join(WRITERS)}
            )
        try:
            missing = write(found.content, format, path, timezone.now())
        except FileExistsError as error:
            raise CommandError(_("%(file)s is there already, and nothing was written.") % {"file": path}) from error
        except NotWritable as problem:
            raise CommandError(translate(problem.reason)) from problem
        if not quiet:
            self.stdout.write(" ".join([_("%(file)s is written.") % {"file": path}, *missing]))

    def _print(self, name: str, found: formats.Found, result: Result, recount: Result | None) -> None:
        width = min(shutil.get_terminal_size((100, 24)).columns, WIDEST)
        lines = [*report.describe_file(name, found, width), "", *report.describe(result, width)]
        if recount:
            lines += ["", "=" * width, _("SECOND RESULT, after withdrawals").upper(), ""]
            lines += report.describe(recount, width)
        self.stdout.write("\n".join(lines))


def _read_rule(options: dict[str, Any]) -> Rule:
    """Return how the file is to be counted; raises CommandError for a rule that the method does not have."""
    rules = {}
    for name, methods in RULES.items():
        value = options[name]
        if value is not None and options["method"] not in methods:
            raise CommandError(
                _("--%(option)s is for other methods: %(methods)s.")
                % {"option": name.replace("_", "-"), "methods": ", ".join(methods)}
            )
        if value is not None:
            rules[name] = value
    draw: Draw | None = SecretDraw(options["draw"]) if options["draw"] is not None else None
    if options["lot"]:
        draw = PublicLots({options["contest"]: options["lot"]})
    return Rule(options["method"], options["seats"], rules, draw, options["contest"])


def _lot(text: str) -> Lot:
    """Read the argument of `--lot`."""
    number, colon, keys = text.partition(":")
    order = tuple(key.strip() for key in keys.split(","))
    if not (colon and number.isdecimal() and all(order) and len(set(order)) == len(order) > 1):
        raise ArgumentTypeError(_("write the round and the keys of the tied options in order, as 1:bea,ana"))
    return Lot(int(number), order)


def _read_layout(options: dict[str, Any]) -> Layout:
    return Layout(
        columns=tuple(options["column"]),
        cells=Cells(options["cells"]) if options["cells"] else None,
        words=dict(options["map"]),
        weight=options["weight"],
        delimiter={"tab": "\t"}.get(options["delimiter"], options["delimiter"] or ""),
        prefers=Kind.SCORES if options["method"] in OF_SCORES else Kind.RANKINGS,
    )


def _language_of_the_terminal() -> str:
    """Return the language that the environment names, as POSIX has it; English for one that there is not."""
    named = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    try:
        return translation.get_supported_language_variant(named.partition(".")[0].replace("_", "-"))
    except LookupError:
        return settings.LANGUAGE_CODE


def _whole(most: int) -> Any:
    """Return a type of argument: a whole number from 1 to `most`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
            raise ArgumentTypeError(f"{text!r} is no whole number from 1 to {most}")
        return int(text)

    return read


def _word(text: str) -> tuple[str, int]:
    """Read a word and its number, as in Good=4."""
    word, _sign, number = text.rpartition("=")
    if not word or not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise ArgumentTypeError(f"{text!r} is no word with its number, as in Good=4")
    return word, int(number)
