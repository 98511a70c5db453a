"""Strike a voter off a roll."""

from typing import Any

from office.roll_acts import StrikeEntry
from office.voter_command import VoterCommand
from polls.models import Election


class Command(VoterCommand):
    help = "Take one voter off the roll of an election; a ballot that was accepted stands."
    number: int

    def make_act(self, election: Election, options: dict[str, Any]) -> StrikeEntry:
        self.number = options["number"]
        return StrikeEntry(self.find_entry(election, options), reason=options["reason"])

    def describe(self, election: Election, result: None) -> str:
        return f"{election.slug}: voter {self.number} is struck off the roll."
