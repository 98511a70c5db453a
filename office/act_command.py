"""The commands that do an act with one election, or with the installation."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from polls.delivery import Arrival
from polls.models import Election
from polls.publishing import Publication

from .acts import Act
from .installation_acts import InstallationAct


class ActCommand(BaseCommand):
    """Does an act with the election at an address, and says so; exits 1 with the reason if it cannot be done."""

    act: ClassVar[type[Act[Any]]]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the address of the election, as in nesquik-vs-cola-cao")

    def handle(self, *args: Any, **options: Any) -> None:
        election = find_election(options["slug"])
        with told_why():
            result = self.make_act(election, options).perform(by=None)
        self.stdout.write(self.describe(election, result))

    def make_act(self, election: Election, options: dict[str, Any]) -> Act[Any]:
        """Return what is to be done, as the arguments say."""
        return self.act(election)

    def describe(self, election: Election, result: Any) -> str:
        """Say what was done."""
        raise NotImplementedError


class LogCommand(ActCommand):
    """Does an act with the log of an election or, with `--installation`, with that of the installation."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", help="the address of the election, as in nesquik-vs-cola-cao")
        parser.add_argument("--installation", action="store_true", help="in place of an election: of the whole site")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["installation"] != (options["slug"] is None):
            raise CommandError("Name an election, or --installation, and not both.")
        if not options["installation"]:
            super().handle(*args, **options)
            return
        with told_why():
            result = self.make_installation_act(options).perform()
        self.stdout.write(self.describe(None, result))

    def make_installation_act(self, options: dict[str, Any]) -> InstallationAct[Any]:
        """Return what is to be done with the log of the installation, as the arguments say."""
        raise NotImplementedError

    def describe(self, election: Election | None, result: Any) -> str:
        raise NotImplementedError


def find_election(slug: str) -> Election:
    """Return the election at an address; raises CommandError."""
    try:
        return Election.objects.get(slug=slug)
    except Election.DoesNotExist:
        raise CommandError(f"There is no election {slug}. See the list in the administration.") from None


@contextmanager
def told_why() -> Iterator[None]:
    """Raise CommandError with the reason for which an act cannot be done."""
    try:
        yield
    except ValidationError as problem:
        raise CommandError(" ".join(problem.messages)) from problem


def describe_publication(election: Election, result: Publication) -> str:
    """Say how far a publication has come; raises CommandError if it was taken back."""
    if result.arrival is Arrival.TAKEN:
        return f"{election.slug} is published."
    if result.arrival is Arrival.REFUSED:
        raise CommandError(f"{election.slug} has begun meanwhile, and the edit was taken back.")
    return f"{election.slug} is saved, and will be published as soon as the ballot box answers."
