"""The commands that do an act with one election."""

from argparse import ArgumentParser
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from polls.delivery import Arrival
from polls.models import Election
from polls.publishing import Publication

from .acts import Act


class ActCommand(BaseCommand):
    """Does an act with the election at an address, and says so; exits 1 with the reason if it cannot be done."""

    act: ClassVar[type[Act[Any]]]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the address of the election, as in nesquik-vs-cola-cao")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            election = Election.objects.get(slug=options["slug"])
        except Election.DoesNotExist:
            raise CommandError(f"There is no election {options['slug']}. See the list in the administration.") from None
        try:
            result = self.make_act(election, options).perform(by=None)
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from problem
        self.stdout.write(self.describe(election, result))

    def make_act(self, election: Election, options: dict[str, Any]) -> Act[Any]:
        """Return what is to be done, as the arguments say."""
        return self.act(election)

    def describe(self, election: Election, result: Any) -> str:
        """Say what was done."""
        raise NotImplementedError


def describe_publication(election: Election, result: Publication) -> str:
    """Say how far a publication has come; raises CommandError if it was taken back."""
    if result.arrival is Arrival.TAKEN:
        return f"{election.slug} is published."
    if result.arrival is Arrival.REFUSED:
        raise CommandError(f"{election.slug} has begun meanwhile, and the edit was taken back.")
    return f"{election.slug} is saved, and will be published as soon as the ballot box answers."
