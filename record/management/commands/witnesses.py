"""Tell how far the witnesses of a log are."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from polls.models import Election
from record.models import InstallationLog, Log, Witness


class Command(BaseCommand):
    help = "Tell of each witness of a log what it has cosigned, and what is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", help="the address of the election")
        parser.add_argument("--installation", action="store_true", help="in place of an election: of the whole site")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["installation"] != (options["slug"] is None):
            raise CommandError("Name an election, or --installation, and not both.")
        election = None if options["installation"] else find_published(options["slug"])
        logs = Log.objects.filter(election=election) if election else InstallationLog.objects.all()
        size = logs.values_list("size", flat=True).first()
        witnesses = list(Witness.objects.filter(election=election).order_by("pk"))
        if not witnesses:
            self.stdout.write(f"{election.slug if election else 'The installation'} has no witnesses.")
        for witness in witnesses:
            self.stdout.write(f"{witness.name} at {witness.address}: {_describe(witness, size)}")


def find_published(slug: str) -> Election:
    """Return the published election at an address; raises CommandError."""
    election = Election.objects.published().filter(slug=slug).only("pk", "slug").first()
    if election is None:
        raise CommandError(f"There is no published election {slug}. See the list in the administration.")
    return election


def _describe(witness: Witness, size: int | None) -> str:
    """Say how far a witness of a record of this size is, which is None before it has begun."""
    if size is None:
        begins = "the record begins when the election opens" if witness.election_id else "no worker has begun the log"
        return f"not asked yet, since {begins}."
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
