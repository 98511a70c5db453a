"""Begin the record of an election anew, after it has lost entries."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from office.act_command import ActCommand, find_election, told_why
from office.record_acts import BeginRecordAnew, require_lost
from polls.models import Election
from record.models import Log, Witness


class Command(ActCommand):
    help = "Begin the record of an election anew, after a backup: another key, and a reference to the one that ends."
    act = BeginRecordAnew

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--yes", action="store_true", help="do it; without this only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["yes"]:
            super().handle(*args, **options)
            return
        with told_why():
            log = require_lost(find_election(options["slug"]))
        raise CommandError(
            f"This ends the record {log.origin} with {log.size} entries for good, and begins another one under another "
            "key, with the same ballots. It cannot be undone. Save the data of both servers first; if there is a newer "
            "backup, bring that back instead. Then run this once more with --yes."
        )

    def describe(self, election: Election, result: Log) -> str:
        said = f"The record of {election.slug} has begun anew. Its key is:\n{result.verifier_key}"
        names = list(Witness.objects.filter(election=election).values_list("name", flat=True))
        return f"{said}\nIts witnesses have to know this key: {', '.join(names)}." if names else said
