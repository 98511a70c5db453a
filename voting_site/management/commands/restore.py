"""Restore a backup into a data folder, in which nothing may run."""

import os
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from voting_site.backup.archive import Archive
from voting_site.backup.checking import check
from voting_site.backup.restoring import restore
from voting_site.backup.sealed_files import read_identities
from voting_site.local.data_folder import DataFolder


class Command(BaseCommand):
    help = "Restores the newest backup of DIR, and all that was saved since. docs/backup.md tells more."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="folder of the backups")
        parser.add_argument("--data", metavar="DIR", help="folder to restore into (default: .urna in the project)")
        parser.add_argument("--backup", default="", metavar="NAME", help="another backup than the newest one")
        parser.add_argument("--identity", type=Path, metavar="FILE", help="file with the secret key of age")
        parser.add_argument("--replace", action="store_true", help="keep what is there under another name, beside")
        parser.add_argument("--another-installation", action="store_true", help="also over data of another one")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        identities = read_identities(options["identity"])
        archive = Archive(options["folder"])
        folder = DataFolder(Path(os.environ["URNA_DATA"]))
        with archive.reading():
            self._tell("checking the backup")
            plan = archive.plan(options["backup"])
            check(plan, identities)
            done = restore(
                plan,
                folder,
                identities,
                replace=options["replace"],
                another=options["another_installation"],
                told=self._tell,
            )
        self.stdout.write(
            f"backup {plan.manifest.name} is restored in {folder.path}, with all that was saved until"
            f" {plan.until[:19].replace('T', ' ')} UTC ({time.monotonic() - began:.0f} s)"
        )
        if done.waiting:
            self.stdout.write(
                f"{done.waiting} ballots that waited are in the ballot box, and are counted at the next start"
            )
        if done.before:
            self.stdout.write(f"what was there before is in {done.before}")
        self.stdout.write("start Urna with `./urna up`; what comes next is in docs/backup.md")

    def _tell(self, line: str) -> None:
        self.stderr.write(line)
