"""Publish an election."""

from office.act_command import ActCommand, describe_publication
from office.acts import Publish


class Command(ActCommand):
    help = "Let voters see an election as it is saved, or an edit of it."
    act = Publish
    describe = staticmethod(describe_publication)
