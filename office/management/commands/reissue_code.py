"""Give one voter a new code."""

from typing import Any

from office.roll_acts import ReissueCode
from office.voter_command import VoterCommand
from polls.models import Election


class Command(VoterCommand):
    help = "Give one voter a new code, and print it: it is shown this once. A vote that was cast stands."

    def make_act(self, election: Election, options: dict[str, Any]) -> ReissueCode:
        return ReissueCode(self.find_entry(election, options), reason=options["reason"])

    def describe(self, election: Election, result: str) -> str:
        return result
