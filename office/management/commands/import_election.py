"""Make an election of a paper in JSON."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from office.act_command import describe_publication
from office.acts import Publish
from office.paper_pages import make_draft


class Command(BaseCommand):
    help = "Make an election of a paper in JSON, as a draft that nobody sees, or published at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the paper; docs/papers.md says what it may have")
        parser.add_argument("--publish", action="store_true", help="publish it; without an opening time it opens now")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            paper = json.loads(options["file"].read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}. Check the path.") from error
        except ValueError as error:
            raise CommandError(f"{options['file']} is no JSON in UTF-8: {error}. Nothing was imported.") from error
        try:
            with transaction.atomic():
                election = make_draft(paper)
                publication = Publish(election).perform(by=None) if options["publish"] else None
        except ValidationError as problem:
            raise CommandError(f"{' '.join(problem.messages)} Nothing was imported.") from problem
        if publication is None:
            self.stdout.write(f"{election.slug} is a draft; publish it with `publish_election {election.slug}`.")
        else:
            self.stdout.write(describe_publication(election, publication))
