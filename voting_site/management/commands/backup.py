"""Make backups of PostgreSQL and of the ballots that wait, into a folder."""

import datetime as dt
import signal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from voting_site.backup.archive import Archive
from voting_site.backup.making import TROUBLE, Making
from voting_site.backup.sealed_files import read_recipients
from voting_site.backup.wal_stream import Interrupted
from voting_site.local.data_folder import MAKE_ROOM


class Command(BaseCommand):
    help = (
        "Makes a backup into DIR, also while people vote; with --follow it goes on, and saves each second what has come"
        " since. docs/backup.md tells more."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="folder of the backups")
        parser.add_argument("--data", metavar="DIR", help="folder of the data (default: .urna in the project)")
        parser.add_argument(
            "--recipient", action="append", default=[], metavar="age1...",
            help="encrypt to this public key of age; may be given several times",
        )  # fmt: skip
        parser.add_argument(
            "--keep", type=int, default=settings.BACKUPS_KEPT, metavar="N",
            help="keep the newest N backups (default: BACKUPS_KEPT, %(default)s)",
        )  # fmt: skip
        parser.add_argument("--follow", action="store_true", help="go on until told to stop")
        parser.add_argument(
            "--every", type=float, default=24, metavar="HOURS", help="with --follow, make another backup so often (24)"
        )
        parser.add_argument("--list", action="store_true", help="only show which backups there are")

    def handle(self, *args: Any, **options: Any) -> None:
        archive = Archive(options["folder"])
        if options["list"]:
            self._list(archive)
            return
        if options["keep"] < 1 or options["every"] <= 0:
            raise CommandError("--keep and --every have to be more than nothing")
        recipients = read_recipients([one for one in options["recipient"] if one])
        archive.create()
        every = dt.timedelta(hours=options["every"]) if options["follow"] else None
        making = Making(archive, recipients=recipients, keep=options["keep"], every=every)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: making.stopping.set())
        with archive.making():
            try:
                making.run()
            except (*TROUBLE, Interrupted) as error:
                text = str(error).strip().partition("\n")[0]
                room = f": {MAKE_ROOM}" if isinstance(error, OSError) else ""
                raise CommandError(f"No backup was made, and older ones are as they were: {text}{room}") from error
        if made := making.made:
            size = sum(one.size for one in made.files.values())
            self.stdout.write(f"backup {made.name}, {size / 1e6:.1f} MB, is in {archive.path}")
        elif every is None:
            raise CommandError("No backup was made: it was told to stop.")

    def _list(self, archive: Archive) -> None:
        for name in archive.names():
            made = archive.manifest(name)
            size = sum(one.size for one in made.files.values())
            sealed = ", encrypted" if made.encrypted else ""
            self.stdout.write(f"{name}  {size / 1e6:.1f} MB, of {made.ended_at[:19]} UTC{sealed}")
