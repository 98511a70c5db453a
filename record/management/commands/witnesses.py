"""Tell how far the witnesses of a record are."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from polls.models import Election
from record.models import Log, Witness


class Command(BaseCommand):
    help = "Tell of each witness of an election's record what it has cosigned, and what is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the address of the election")

    def handle(self, *args: Any, **options: Any) -> None:
        election = Election.objects.published().filter(slug=options["slug"]).only("pk", "slug").first()
        if election is None:
            raise CommandError(f"There is no published election {options['slug']}. See the list in the administration.")
        size = Log.objects.filter(election=election).values_list("size", flat=True).first()
        witnesses = list(Witness.objects.filter(election=election).order_by("pk"))
        if not witnesses:
            self.stdout.write(f"{election.slug} has no witnesses.")
        for witness in witnesses:
            self.stdout.write(f"{witness.name} at {witness.address}: {_describe(witness, size)}")


def _describe(witness: Witness, size: int | None) -> str:
    """Say how far a witness of a record of this size is, which is None before it has begun."""
    if size is None:
        return "not asked yet, since the record begins when the election opens."
    if witness.cosigned_at is None:
        said = "has cosigned nothing yet"
    else:
        newest = "the newest head" if witness.size == size else f"an older head, the newest one has {size} entries"
        when = timezone.localtime(witness.cosigned_at)
        said = f"has cosigned {witness.size} entries at {when:%Y-%m-%d %H:%M:%S %Z}, {newest}"
    if witness.contradicts:
        said += ". IT CONTRADICTS THE RECORD, see docs/guarantees.md"
    if witness.problem:
        again = timezone.localtime(witness.try_at)
        times = "once" if witness.failures == 1 else f"{witness.failures} times in a row"
        said += f". Failed {times}: {witness.problem}. Asked again at {again:%H:%M:%S}"
    return f"{said}."
