"""Give all voters new codes."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from office.roll_acts import ReissueAllCodes
from office.voter_command import RollCommand, write_codes
from polls.models import Election


class Command(RollCommand):
    help = "Give every voter on the roll of an election a new code, and write them to a new file with their names."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("codes", type=Path, help="the new file, which its owner alone may read")
        parser.add_argument("--only-missing", action="store_true", help="only to those who have none")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with write_codes(options["codes"]) as self.take_code:
                super().handle(*args, **options)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}. No code was made.") from error
        self.stdout.write(f"They are in {options['codes']}, and nowhere else. Delete it once they are sent.")

    def make_act(self, election: Election, options: dict[str, Any]) -> ReissueAllCodes:
        assert self.take_code
        return ReissueAllCodes(election, self.take_code, reason=options["reason"], only_missing=options["only_missing"])

    def describe(self, election: Election, result: int) -> str:
        return f"{election.slug}: {result} voters have a new code."
