"""What a backup has beside the database: the secret key, and the state of each election, to compare with."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import Max

from polls.models import Election
from record.formats.note import Note
from record.models import Log
from tally.models import CastRecord, RejectedBallot


@dataclass(frozen=True)
class ElectionState:
    """How far an election has come: the ballots that are recorded or set aside, and the head of its record, as text.

    `log` is the name and the ID of the key of its record. `last` is when the last recorded ballot was accepted, in
    seconds since 1970.
    """

    slug: str
    ballots: int
    last: float
    log: str
    head: str


def read_elections() -> list[ElectionState]:
    """Return the state of each published election, by address."""
    logs = {log.election_id: log for log in Log.objects.only("election", "verifier_key", "checkpoint")}
    found = []
    for election in Election.objects.published().order_by("slug"):
        records = CastRecord.objects.filter(election=election)
        last = records.aggregate(last=Max("accepted_at"))["last"]
        log = logs.get(election.pk)
        # A ballot that was set aside may have a record as well.
        others = RejectedBallot.objects.filter(election=election).exclude(ballot_id__in=records.values("ballot_id"))
        found.append(
            ElectionState(
                slug=election.slug,
                ballots=records.count() + others.count(),
                last=last.timestamp() if last else 0.0,
                log=log.verifier_key.rpartition("+")[0] if log else "",
                head=Note.parse(log.checkpoint.encode()).text if log else "",
            )
        )
    return found


def write_contents(elections: list[ElectionState]) -> bytes:
    """Write what a backup has beside the database."""
    return json.dumps(
        {
            "secret_key": settings.SECRET_KEY,
            "elections": [asdict(one) for one in elections],
        }
    ).encode()


def read_contents(data: bytes) -> tuple[str, list[ElectionState]]:
    """Read back the secret key and the elections."""
    values: dict[str, Any] = json.loads(data)
    return values["secret_key"], [ElectionState(**one) for one in values["elections"]]


def applied_migrations() -> list[str]:
    """Return the migrations that the database has."""
    return sorted(f"{app}.{name}" for app, name in MigrationLoader(connection).applied_migrations)


def known_migrations() -> set[str]:
    """Return the migrations that this release knows; it asks no database."""
    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
