"""Add a witness of the record of an election, or of the log of the installation."""

from argparse import ArgumentParser
from typing import Any

from office.act_command import LogCommand
from office.witness_acts import AddInstallationWitness, AddWitness, name_log
from polls.models import Election
from record.models import InstallationLog, Log, Witness


class Command(LogCommand):
    help = "Have a witness cosign the heads of a log, so that nobody can be shown another one."
    act = AddWitness

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("key", help="the verifier key of the witness, as in witness.example/w1+ea2ad007+BNYv…")
        parser.add_argument("url", help="its address, to which /add-checkpoint is added")

    def make_act(self, election: Election, options: dict[str, Any]) -> AddWitness:
        return AddWitness(election, options["key"], options["url"])

    def make_installation_act(self, options: dict[str, Any]) -> AddInstallationWitness:
        return AddInstallationWitness(options["key"], options["url"])

    def describe(self, election: Election | None, result: Witness) -> str:
        said = f"{result.name} is a witness of {name_log(election)} now."
        logs = Log.objects.filter(election=election) if election else InstallationLog.objects.all()
        key = logs.values_list("verifier_key", flat=True).first()
        what, begins = ("record", "election opens") if election else ("log", "worker first runs")
        if key is None:
            return f"{said} It has to know the key of the {what}, which is made when the {begins}."
        return f"{said} It has to know the key of the {what}:\n{key}"
