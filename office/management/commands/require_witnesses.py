"""Say how many witnesses of its record an election requires before its result is certified."""

from argparse import ArgumentParser
from typing import Any

from office.act_command import ActCommand
from office.witness_acts import RequireWitnesses
from polls.models import Election


class Command(ActCommand):
    help = "Have a result certified only once as many witnesses have cosigned the last head of its record."
    act = RequireWitnesses

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("number", type=int, help="how many of its witnesses; 0 for none")

    def make_act(self, election: Election, options: dict[str, Any]) -> RequireWitnesses:
        return RequireWitnesses(election, options["number"])

    def describe(self, election: Election, result: int) -> str:
        if not result:
            return f"{election.slug} can be certified without a witness."
        return f"{election.slug} is certified only once {result} of its witnesses have cosigned the last head."
