"""Release the result of an election."""

from office.act_command import ActCommand
from office.acts import Release
from polls.models import Election


class Command(ActCommand):
    help = "Let everybody see the result of an election that is hidden until it is released."
    act = Release

    def describe(self, election: Election, result: None) -> str:
        return f"The result of {election.slug} is released; a running worker shows it within seconds."
