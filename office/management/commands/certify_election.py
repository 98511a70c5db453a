"""Certify the result of an election."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from office.act_command import ActCommand
from office.acts import Act
from office.certify_acts import Certify
from polls.models import Election
from tally.models import Certification, CertifiedResult


class Command(ActCommand):
    help = (
        "Count a final election again, fix its result with its hash, and destroy what links ballots to voters."
        " It cannot be undone."
    )
    act = Certify

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--set-aside",
            type=int,
            default=0,
            metavar="N",
            help="you know that N ballots are set aside, and do not count",
        )

    def make_act(self, election: Election, options: dict[str, Any]) -> Act[Certification]:
        return Certify(election, options["set_aside"])

    def describe(self, election: Election, result: Certification) -> str:
        if result.step == Certification.Step.DONE:
            certified = CertifiedResult.objects.get(election=election)
            return f"{election.slug} is certified. SHA-256 of its result: {certified.hash}"
        if result.step == Certification.Step.WAITING:
            return f"{election.slug} waits for another manager, who has to confirm it."
        if result.step == Certification.Step.REFUSED:
            raise CommandError(" ".join([str(Certification.Problem(result.problem).label), *result.details]))
        return f"{election.slug} is being certified by a worker."
