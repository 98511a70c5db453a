"""Archive an election."""

from office.act_command import ActCommand
from office.acts import Archive
from polls.models import Election


class Command(ActCommand):
    help = "Take an election that is final or cancelled off the lists; it stays at its address."
    act = Archive

    def describe(self, election: Election, result: None) -> str:
        return f"{election.slug} is archived."
