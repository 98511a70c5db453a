"""The audit file of a final election: what opens each entry. It is for auditors alone, and never published.

It tells how each ballot was marked, in the order of the record, and nothing of voters. But whoever has a voter's
receipt as well learns how that voter voted.
"""

import json
from collections.abc import Iterator

from polls.models import Election

from .fates import commitments_in_order, read_ballots
from .models import Log, LogSecret
from .openings import Opener


class NotOpened(Exception):
    """The entries of an election cannot be opened; the message says why."""


def write_lines(election: Election) -> Iterator[str]:
    """Yield a line for each entry, in order: salt as hex, weight, marking as a JSON string. Raises NotOpened."""
    log = Log.objects.defer("frontier").filter(election=election).exclude(fates=None).first()
    if log is None:
        raise NotOpened("its record is not finished: that is some seconds after the result is final, and released.")
    secret = LogSecret.objects.filter(election=election).first()
    if secret is None:
        raise NotOpened("it is certified, and nobody can open its record any more.")
    opener = Opener(bytes(secret.salt_secret), log.slug, election.in_force)
    openings = {ballot.commitment: ballot.opening for ballot in read_ballots(election.pk, opener)}
    for commitment in commitments_in_order(election.pk):
        salt, weight, marking = openings[commitment]
        yield f"{salt.hex()} {weight} {json.dumps(marking, ensure_ascii=False)}\n"
