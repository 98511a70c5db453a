"""Give a member another role."""

from argparse import ArgumentParser
from typing import Any

from office.member_acts import ChangeRole
from office.member_command import MemberCommand, add_knowing_last, add_role, find_member
from office.models import MemberRole, Organisation


class Command(MemberCommand):
    help = "Give a member of an organisation another role."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_role(parser, "role")
        add_knowing_last(parser)

    def make_act(self, organisation: Organisation, who: str, options: dict[str, Any]) -> ChangeRole:
        member = find_member(organisation, who)
        return ChangeRole(member, MemberRole(options["role"]), knowing_last=options["leave_no_manager"])

    def describe(self, act: ChangeRole, name: str) -> str:
        return f"{name} is {act.role} of {act.organisation}."
