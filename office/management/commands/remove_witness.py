"""Remove a witness of the record of an election."""

from argparse import ArgumentParser
from typing import Any

from office.act_command import ActCommand
from office.witness_acts import RemoveWitness
from polls.models import Election
from record.models import Witness


class Command(ActCommand):
    help = "Ask a witness no more to cosign an election's record; its cosignatures are not shown any more."
    act = RemoveWitness

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", help="its name, which is the first part of its key")

    def make_act(self, election: Election, options: dict[str, Any]) -> RemoveWitness:
        return RemoveWitness(election, options["name"])

    def describe(self, election: Election, result: Witness) -> str:
        return f"{result.name} is no witness of {election.slug} any more."
