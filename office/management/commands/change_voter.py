"""Change a voter on a roll."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from office.roll_acts import ChangeEntry
from office.voter_command import VoterCommand, add_values, read_values
from polls.models import Election, RollEntry


class Command(VoterCommand):
    help = "Change what stands on the roll of one voter; what is not given stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_values(parser)

    def make_act(self, election: Election, options: dict[str, Any]) -> ChangeEntry:
        values = read_values(options)
        if not values:
            raise CommandError("Say what is to be changed: --name, --group, --weight, --email or --member-number.")
        return ChangeEntry(self.find_entry(election, options), values, reason=options["reason"])

    def describe(self, election: Election, result: RollEntry) -> str:
        return f"{election.slug}: voter {result.number}, {result}, is changed."
