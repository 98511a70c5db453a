"""Delete the voters of a roll that nobody needs any more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from office.act_command import ActCommand
from office.retention_acts import DeleteRoll
from polls.models import Election


class Command(ActCommand):
    help = "Delete all voters from the roll of an election that is certified or cancelled, with the mails to them."
    act = DeleteRoll

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--for-good", action="store_true", help="without it nothing is deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["for_good"]:
            raise CommandError(
                "Nothing was deleted. If the protocol is signed and nobody needs the roll any more, add --for-good."
            )
        super().handle(*args, **options)

    def describe(self, election: Election, result: int) -> str:
        return f"{election.slug}: {result} voters were deleted from the roll."
