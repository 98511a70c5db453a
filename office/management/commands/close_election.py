"""Close an election."""

from office.act_command import ActCommand
from office.acts import Close
from polls.ballot_box import Seal
from polls.models import Election


class Command(ActCommand):
    help = "Close an open election at this moment, for good."
    act = Close

    def describe(self, election: Election, result: Seal) -> str:
        if not result.waiting:
            return f"{election.slug} is closed. Every ballot is counted."
        return f"{election.slug} is closed. {result.waiting} ballots still wait to be counted, and will count."
