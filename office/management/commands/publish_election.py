"""Publish an election."""

from django.core.management.base import CommandError

from office.act_command import ActCommand
from office.acts import Publish
from polls.models import Election
from polls.publishing import Arrival, Publication


class Command(ActCommand):
    help = "Let voters see an election as it is saved, or an edit of it."
    act = Publish

    def describe(self, election: Election, result: Publication) -> str:
        if result.arrival is Arrival.TAKEN:
            return f"{election.slug} is published."
        if result.arrival is Arrival.REFUSED:
            raise CommandError(f"{election.slug} has begun meanwhile, and the edit was taken back.")
        return f"{election.slug} is saved, and will be published as soon as the ballot box answers."
