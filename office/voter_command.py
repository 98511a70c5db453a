"""The commands that do an act with the roll of an election, or with one voter on it."""

import csv
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from pages.spreadsheet_cells import write_cell
from polls.models import Election, RollEntry

from .act_command import ActCommand
from .roll_rows import TakeCode


class RollCommand(ActCommand):
    """Does an act with the roll of an election; from the opening on it takes a reason, which the log keeps."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--reason", default="", help="why; needed once people vote, and kept in the log")


class VoterCommand(RollCommand):
    """Does an act with one voter on a roll."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", type=int, help="the number of the voter in the list of the administration")

    def find_entry(self, election: Election, options: dict[str, Any]) -> RollEntry:
        """Return the entry that the arguments name; raises CommandError."""
        entry = RollEntry.objects.filter(election=election, number=options["number"]).first()
        if entry is None:
            raise CommandError(f"There is no voter {options['number']} on the roll of {election.slug}.")
        # An act asks the election of its entry.
        entry.election = election
        return entry


def add_values(parser: ArgumentParser) -> None:
    """Let a command take what stands on a roll of a voter."""
    parser.add_argument("--name")
    parser.add_argument("--group", action="append", dest="groups", help="may be given several times")
    parser.add_argument("--weight", type=int, help="how many votes the voter has")
    parser.add_argument("--email")
    parser.add_argument("--member-number")


def read_values(options: dict[str, Any]) -> dict[str, Any]:
    """Return what was given of a voter."""
    names = ("name", "groups", "weight", "email", "member_number")
    return {name: options[name] for name in names if options[name] is not None}


@contextmanager
def write_codes(path: Path | None) -> Iterator[TakeCode | None]:
    """Open a new file for codes, which its owner alone may read; it goes again if the block fails. Raises OSError."""
    if path is None:
        yield None
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("name", "code"))
            yield lambda entry, code: rows.writerow((write_cell(str(entry)), code))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise
