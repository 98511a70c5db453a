"""The commands that do an act with the members of an organisation."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from .member_acts import LastManager, find_person
from .models import MemberRole, Membership, Organisation
from .organisation_acts import OrganisationAct


class MemberCommand(BaseCommand):
    """Does an act with one person in one organisation, and says so; exits 1 with the reason if it cannot be done."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("who", help="the user name or the e-mail address of the person")
        parser.add_argument("--organisation", help="its name; needed only if there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            act = self.make_act(find_organisation(options["organisation"]), options["who"], options)
            person = act.perform(by=None)
        except LastManager as problem:
            raise CommandError(f"{describe(problem)} Say --leave-no-manager if that is meant.") from problem
        except ValidationError as problem:
            raise CommandError(describe(problem)) from problem
        self.stdout.write(self.describe(act, person.username))

    def make_act(self, organisation: Organisation, who: str, options: dict[str, Any]) -> OrganisationAct[User]:
        """Return what is to be done; raises ValidationError or CommandError if it cannot be done."""
        raise NotImplementedError

    def describe(self, act: Any, name: str) -> str:
        """Say what was done with the person of a user name."""
        raise NotImplementedError


def add_role(parser: ArgumentParser, name: str, **more: Any) -> None:
    """Let a command take a role."""
    parser.add_argument(name, choices=MemberRole.values, help="what they are in the organisation", **more)


def add_knowing_last(parser: ArgumentParser) -> None:
    """Let a command be told that an organisation is to have no manager."""
    parser.add_argument("--leave-no-manager", action="store_true", help="also if nobody manages the organisation then")


def find_organisation(name: str | None) -> Organisation:
    """Return the organisation of a name, or the only one; raises CommandError."""
    found = Organisation.objects.filter(name=name) if name else Organisation.objects.all()
    try:
        return found.get()
    except (Organisation.DoesNotExist, Organisation.MultipleObjectsReturned):
        names = ", ".join(Organisation.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"Say which organisation with --organisation NAME; there are: {names}") from None


def find_member(organisation: Organisation, who: str) -> Membership:
    """Return somebody's membership; raises CommandError if there is none, and ValidationError if several fit."""
    person = find_person(who)
    found = organisation.memberships.filter(user=person).first() if person else None
    if found is None:
        members = ", ".join(organisation.memberships.values_list("user__username", flat=True)) or "nobody"
        raise CommandError(f"{who} is no member of {organisation}; members are: {members}")
    return found


def describe(problem: ValidationError) -> str:
    """Return why an act could not be done."""
    return " ".join(problem.messages)
