"""Put one voter on a roll."""

from argparse import ArgumentParser
from typing import Any

from office.roll_acts import AddEntry
from office.voter_command import RollCommand, add_values, read_values
from polls.models import Election, RollEntry


class Command(RollCommand):
    help = "Put one voter on the roll of an election, and print the number and the code; it is shown this once."
    made: AddEntry

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_values(parser)

    def make_act(self, election: Election, options: dict[str, Any]) -> AddEntry:
        self.made = AddEntry(election, read_values(options), reason=options["reason"])
        return self.made

    def describe(self, election: Election, result: RollEntry) -> str:
        return f"{election.slug}: {result} is voter {result.number}. Code: {self.made.code}"
