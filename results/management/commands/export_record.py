"""Write the public record of an election, or the log of the installation, into a folder."""

import os
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from polls.models import Election
from record import audit_file
from results.record_export import NotExported, export, export_installation


class Command(BaseCommand):
    help = "Write the public record of an election into a folder, which `./urna verify` checks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", help="the address of the election")
        parser.add_argument("folder", type=Path, help="a new or an empty folder")
        parser.add_argument(
            "--installation", action="store_true", help="write the log of the installation, and not that of an election"
        )
        parser.add_argument(
            "--audit",
            type=Path,
            metavar="FILE",
            help="also write what opens each entry, for auditors alone; only between the close and the certification",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["installation"] != (options["slug"] is None) or (options["installation"] and options["audit"]):
            raise CommandError("Name an election and a folder; or --installation and a folder, without --audit.")
        try:
            if options["installation"]:
                size = export_installation(options["folder"], self.stderr.write)
                self.stdout.write(f"{size} entries of the log of the installation are in {options['folder']}")
            else:
                self._export(options)
        except (NotExported, FileExistsError) as problem:
            raise CommandError(str(problem)) from problem
        except OSError as error:
            raise CommandError(f"The record cannot be written: {error}. What is there is not whole.") from error

    def _export(self, options: dict[str, Any]) -> None:
        election = Election.objects.published().filter(slug=options["slug"]).first()
        if election is None:
            raise CommandError(f"There is no published election {options['slug']}. See the list in the admin.")
        try:
            if options["audit"]:
                write_secretly(options["audit"], audit_file.write_lines(election))
        except audit_file.NotOpened as problem:
            raise CommandError(f"{election.slug} cannot be opened: {problem}") from problem
        size = export(election, options["folder"], self.stderr.write)
        if options["audit"]:
            self.stdout.write(f"{options['audit']} opens each of them: give it to auditors alone.")
        missing = "" if election.certified_at else ", without ballots and result: these come with certification"
        self.stdout.write(f"{size} entries of {election.slug} are in {options['folder']}{missing}")


def write_secretly(path: Path, lines: Iterator[str]) -> None:
    """Write a new file that its owner alone can read; raises FileExistsError, and leaves none that is not whole."""
    # Before the file is there, which would stay if nothing can be opened.
    first = next(lines, "")
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except FileExistsError as error:
        raise FileExistsError(f"{path} is there already: name another file.") from error
    try:
        with file:
            file.write(first)
            file.writelines(lines)
    except BaseException:
        path.unlink()
        raise
