"""Add a witness of the record of an election."""

from argparse import ArgumentParser
from typing import Any

from office.act_command import ActCommand
from office.witness_acts import AddWitness
from polls.models import Election
from record.models import Log, Witness


class Command(ActCommand):
    help = "Have a witness cosign the heads of an election's record, so that nobody can be shown another record."
    act = AddWitness

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("key", help="the verifier key of the witness, as in witness.example/w1+ea2ad007+BNYv…")
        parser.add_argument("url", help="its address, to which /add-checkpoint is added")

    def make_act(self, election: Election, options: dict[str, Any]) -> AddWitness:
        return AddWitness(election, options["key"], options["url"])

    def describe(self, election: Election, result: Witness) -> str:
        said = f"{result.name} is a witness of {election.slug} now."
        key = Log.objects.filter(election=election).values_list("verifier_key", flat=True).first()
        if key is None:
            return f"{said} It has to know the key of the record, which is made when the election opens."
        return f"{said} It has to know the key of the record:\n{key}"
