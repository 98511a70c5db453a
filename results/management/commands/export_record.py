"""Write the public record of an election into a folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from polls.models import Election
from results.record_export import NotExported, export


class Command(BaseCommand):
    help = "Write the public record of an election into a folder, which `./urna verify` checks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the address of the election")
        parser.add_argument("folder", type=Path, help="a new or an empty folder")

    def handle(self, *args: Any, **options: Any) -> None:
        election = Election.objects.published().filter(slug=options["slug"]).first()
        if election is None:
            raise CommandError(f"There is no published election {options['slug']}. See the list in the admin.")
        try:
            size = export(election, options["folder"], self.stderr.write)
        except NotExported as problem:
            raise CommandError(str(problem)) from problem
        except OSError as error:
            raise CommandError(f"The record cannot be written: {error}. What is there is not whole.") from error
        missing = "" if election.certified_at else ", without ballots and result: these come with certification"
        self.stdout.write(f"{size} entries of {election.slug} are in {options['folder']}{missing}")
