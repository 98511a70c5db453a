"""Cancel an election."""

from office.act_command import ActCommand
from office.acts import Cancel
from polls.delivery import Arrival
from polls.models import Election
from polls.publishing import Publication


class Command(ActCommand):
    help = "Call off an election that has not opened yet; its address says so."
    act = Cancel

    def describe(self, election: Election, result: Publication) -> str:
        if result.arrival is Arrival.TAKEN:
            return f"{election.slug} is cancelled."
        return f"{election.slug} will be cancelled as soon as the ballot box answers, unless it has opened by then."
