"""Remove a witness of the record of an election, or of the log of the installation."""

from argparse import ArgumentParser
from typing import Any

from office.act_command import LogCommand
from office.witness_acts import RemoveInstallationWitness, RemoveWitness, name_log
from polls.models import Election
from record.models import Witness


class Command(LogCommand):
    help = "Ask a witness no more to cosign a log; its cosignatures are not shown any more."
    act = RemoveWitness

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", help="its name, which is the first part of its key")

    def make_act(self, election: Election, options: dict[str, Any]) -> RemoveWitness:
        return RemoveWitness(election, options["name"])

    def make_installation_act(self, options: dict[str, Any]) -> RemoveInstallationWitness:
        return RemoveInstallationWitness(options["name"])

    def describe(self, election: Election | None, result: Witness) -> str:
        return f"{result.name} is no witness of {name_log(election)} any more."
