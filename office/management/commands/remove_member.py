"""Remove a member of an organisation."""

from argparse import ArgumentParser
from typing import Any

from office.member_acts import RemoveMember
from office.member_command import MemberCommand, add_knowing_last, find_member
from office.models import Organisation


class Command(MemberCommand):
    help = "End a membership; the account stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_knowing_last(parser)

    def make_act(self, organisation: Organisation, who: str, options: dict[str, Any]) -> RemoveMember:
        return RemoveMember(find_member(organisation, who), knowing_last=options["leave_no_manager"])

    def describe(self, act: RemoveMember, name: str) -> str:
        return f"{name} is no member of {act.organisation} any more."
