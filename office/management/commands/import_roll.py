"""Put the voters of a list on the roll of an election."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from office.roll_acts import ImportRoll
from office.roll_file import read_roll_file
from office.roll_files.records import Record
from office.voter_command import write_codes
from polls.models import Election, RollEntry

# Voters after which the command says how far it is.
STEP = 10_000


class Command(BaseCommand):
    help = "Put the voters of a CSV file on the roll of an election that has not opened: all of them, or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the address of the election")
        parser.add_argument("file", type=Path, help="the list; docs/rolls.md says what it may have")
        parser.add_argument("--codes", type=Path, help="make codes, and write them to this new file, with their names")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--add", action="store_true", help="add them to the voters who are on the roll already")
        how.add_argument("--replace", action="store_true", help="let them take the place of those")

    def handle(self, *args: Any, **options: Any) -> None:
        election = Election.objects.filter(slug=options["slug"]).first()
        if election is None:
            raise CommandError(f"There is no election {options['slug']}. See the list in the administration.")
        known = RollEntry.objects.filter(election=election).count()
        if known and not (options["add"] or options["replace"]):
            raise CommandError(f"The roll has {known} voters already. Say --add or --replace. Nothing was imported.")
        try:
            with options["file"].open("rb") as file, write_codes(options["codes"]) as take_code:
                records = self._tell_progress(read_roll_file(file))
                number = ImportRoll(election, records, replace=options["replace"], take_code=take_code).perform(by=None)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}. Nothing was imported.") from error
        except ValidationError as problem:
            raise CommandError(f"{' '.join(problem.messages)} Nothing was imported.") from problem
        self.stdout.write(f"{election.slug}: {number} voters are on the roll now.")
        if election.providers:
            self.stdout.write("They sign in, and need no codes.")
        elif options["codes"] is None:
            self.stdout.write("They have no codes yet: import with --codes, or make codes for all of them.")
        else:
            self.stdout.write(f"Their codes are in {options['codes']}, and nowhere else. Delete it once they are sent.")

    def _tell_progress(self, records: Iterator[Record]) -> Iterator[Record]:
        for number, record in enumerate(records, start=1):
            if number % STEP == 0:
                self.stderr.write(f"{number} voters read")
            yield record
