"""Writing the ballots of a file in another format, into a new file."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from tabulation.files import abif, blt, nist_cvr, preflib
from tabulation.files.content import Content, Kind


def _write_preflib(content: Content, path: Path, now: dt.datetime) -> Iterator[str]:
    return preflib.write(content, path.name, now.date().isoformat())


def _write_nist_cvr(content: Content, _path: Path, now: dt.datetime) -> Iterator[str]:
    return nist_cvr.write(content, now.isoformat(timespec="seconds"))


WRITERS: dict[str, Callable[[Content, Path, dt.datetime], Iterator[str]]] = {
    "blt": lambda content, _path, _now: blt.write(content),
    "abif": lambda content, _path, _now: abif.write(content),
    "preflib": _write_preflib,
    "nist-cvr": _write_nist_cvr,
}


def write(content: Content, format: str, path: Path, now: dt.datetime) -> list[str]:
    """Write a file that is not there yet; return sentences on what the format cannot hold.

    Raises NotWritable, and OSError: then there is no new file.
    """
    missing = _missing(content, format)
    if format != "blt":
        content = content.without(())
    # An existing file may be the only one with these ballots.
    with path.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.writelines(WRITERS[format](content, path, now))
        except BaseException:
            path.unlink()
            raise
    return missing


def _missing(content: Content, format: str) -> list[str]:
    said = []
    if content.withdrawn and format != "blt":
        said.append(_("Options that have withdrawn are left out: the format does not know them."))
    if (
        content.kind is Kind.RANKINGS
        and format in ("abif", "preflib")
        and any(() in marking for marking in content.ballots)
    ):
        said.append(_("Ranks that were skipped are left out: later options move up."))
    if content.blank and format == "preflib":
        said.append(_("Blank ballots are left out: the format does not know them."))
    return said
