"""Copy a roll to another election."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from office.roll_acts import CopyRoll
from office.voter_command import RollCommand
from polls.models import Election


class Command(RollCommand):
    help = "Put those on the roll of an election who are on that of another one; their codes are not copied."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("source", help="the address of the election whose roll is copied")

    def make_act(self, election: Election, options: dict[str, Any]) -> CopyRoll:
        source = Election.objects.filter(slug=options["source"]).first()
        if source is None:
            raise CommandError(f"There is no election {options['source']}. See the list in the administration.")
        return CopyRoll(election, source, reason=options["reason"])

    def describe(self, election: Election, result: int) -> str:
        return f"{election.slug}: {result} voters are on the roll, without codes."
