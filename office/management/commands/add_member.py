"""Add a member to an organisation."""

from argparse import ArgumentParser
from typing import Any

from office.member_acts import AddMember
from office.member_command import MemberCommand, add_role
from office.models import MemberRole, Organisation


class Command(MemberCommand):
    help = "Make somebody a member of an organisation; who has no account yet gets one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_role(parser, "role")

    def make_act(self, organisation: Organisation, who: str, options: dict[str, Any]) -> AddMember:
        return AddMember(organisation, who, MemberRole(options["role"]))

    def describe(self, act: AddMember, name: str) -> str:
        said = f"{name} is a member of {act.organisation}."
        if act.is_new:
            said += f" The account is new: `password_link {name}` prints a link at which they choose a password."
        return said
