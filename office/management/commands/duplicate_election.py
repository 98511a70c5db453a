"""Duplicate an election."""

from office.act_command import ActCommand
from office.acts import Duplicate
from polls.models import Election


class Command(ActCommand):
    help = "Make a draft with the paper of an election."
    act = Duplicate

    def describe(self, election: Election, result: Election) -> str:
        return f"{result.slug} is a draft with the paper of {election.slug}."
