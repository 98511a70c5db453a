"""Check the accounting of an election: every ballot that the box accepted is somewhere, and only once.

For each epoch and shard: accepted (the last serial) = waiting + counted + replaced + duplicate + set aside, and the
serials from 1 on have no gap. Each quantity is read for itself, from the box and from the tables; none is
computed as what is left over from the others.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction

from polls import ballot_box
from polls.ballot_box import key, reaching
from polls.ballots import place_from_wire
from polls.models import Election

from . import inbox, store

READ_AT_ONCE = 10_000

# Every place (epoch, serial) of a shard that PostgreSQL knows, and why the ballot there is where it is. A record
# that neither counts nor has a reason not to is 'unaccounted'.
_PLACES = """
    SELECT record.serial, CASE
        WHEN counted.ballot_id = record.ballot_id THEN 'counted'
        WHEN rejected.id IS NOT NULL THEN 'set aside'
        WHEN NOT %(votes_final)s AND EXISTS (
            SELECT FROM tally_castrecord AS later
            WHERE later.election_id = record.election_id AND later.voter_key = record.voter_key
                AND later.ballot_id > record.ballot_id
        ) THEN 'replaced'
        ELSE 'unaccounted' END AS kind
    FROM tally_castrecord AS record
    LEFT JOIN tally_countedballot AS counted
        ON counted.election_id = record.election_id AND counted.voter_key = record.voter_key
    LEFT JOIN tally_rejectedballot AS rejected
        ON (rejected.election_id, rejected.epoch, rejected.shard, rejected.serial)
            = (record.election_id, record.epoch, record.shard, record.serial)
    WHERE record.election_id = %(election)s AND record.shard = %(shard)s AND record.epoch = %(epoch)s
    UNION ALL
    SELECT rejected.serial, CASE WHEN rejected.reason = 'duplicate' THEN 'duplicate' ELSE 'set aside' END
    FROM tally_rejectedballot AS rejected
    WHERE rejected.election_id = %(election)s AND rejected.shard = %(shard)s AND rejected.epoch = %(epoch)s
        AND rejected.serial IS NOT NULL AND NOT EXISTS (
            SELECT FROM tally_castrecord AS record
            WHERE (record.election_id, record.epoch, record.shard, record.serial)
                = (rejected.election_id, rejected.epoch, rejected.shard, rejected.serial)
        )
"""

_ACCOUNT = f"""
    WITH known AS ({_PLACES}),
    waiting AS (
        SELECT DISTINCT serial FROM unnest(%(waiting)s::bigint[]) AS serial
        WHERE serial NOT IN (SELECT serial FROM known)
    ),
    everything AS (SELECT serial, kind FROM known UNION ALL SELECT serial, 'waiting' FROM waiting)
"""

_EPOCHS = """
    SELECT epoch, max(serial) FROM (
        SELECT id, epoch, serial FROM tally_castrecord WHERE election_id = %(election)s AND shard = %(shard)s
        UNION ALL
        SELECT id, epoch, serial FROM tally_rejectedballot
        WHERE election_id = %(election)s AND shard = %(shard)s AND serial IS NOT NULL
    ) AS places GROUP BY epoch ORDER BY min(id)
"""


@dataclass
class Account:
    """The accounting of one election, epoch and shard; `problems` names the first ballot of each that fails."""

    election: str
    epoch: str
    shard: int
    accepted: int
    ballots: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def balances(self) -> bool:
        return not self.problems


def reconcile(election: Election) -> Iterator[Account]:
    """Yield the account of each epoch and shard of an election; raises Unavailable.

    Counting in a shard waits for the moment that it takes; voting does not.
    """
    for shard in range(election.shards):
        with transaction.atomic():
            store.lock(election.pk, shard)
            epoch, accepted, waiting = _read_box(election.pk, shard)
            accepted_in = dict(store.run(_EPOCHS, {"election": election.pk, "shard": shard}))
            for one in waiting:
                accepted_in.setdefault(one, max(waiting[one]))
            if epoch:
                # Of an earlier epoch nobody knows more than what arrived; of this one the box itself does.
                accepted_in[epoch] = accepted
            for one, number in accepted_in.items():
                yield _balance(election, one, shard, number, waiting.get(one, set()))


def _read_box(election: int, shard: int) -> tuple[str, int, dict[str, set[int]]]:
    """Return the box's epoch, the last serial in it, and the serials that wait, by epoch."""
    with reaching():
        epoch, serial = ballot_box.client().hmget(key(election, shard, "rules"), "epoch", "serial")
    accepted = int(serial or 0)
    current = epoch.decode() if epoch else ""
    waiting: dict[str, set[int]] = {}
    after: str | None = None
    while entries := inbox.read(election, shard, after=after, limit=READ_AT_ONCE):
        after = entries[-1].id
        for entry in entries:
            place = place_from_wire(entry.fields)
            # What was accepted after the first look belongs to the next check.
            if place and not (place[0] == current and place[1] > accepted):
                waiting.setdefault(place[0], set()).add(place[1])
    return current, accepted, waiting


def _balance(election: Election, epoch: str, shard: int, accepted: int, waiting: set[int]) -> Account:
    account = Account(election.slug, epoch, shard, accepted)
    parameters = {
        "election": election.pk,
        "shard": shard,
        "epoch": epoch,
        "votes_final": election.votes_final,
        "waiting": sorted(waiting),
        "accepted": accepted,
    }
    account.ballots.update(
        dict(store.run(f"{_ACCOUNT} SELECT kind, count(*) FROM everything GROUP BY kind", parameters))
    )
    total = account.ballots.total()
    if total != accepted:
        account.problems.append(f"{accepted} ballots were accepted, and {total} are known")
    for problem, query in _CHECKS.items():
        if found := store.run(f"{_ACCOUNT} {query}", parameters):
            account.problems.append(problem.format(*found[0]))
    return account


_CHECKS = {
    "ballot {0} is missing: it was accepted, and is neither waiting nor recorded": """
        SELECT candidate FROM (
            SELECT 1 AS candidate WHERE %(accepted)s > 0
            UNION SELECT serial + 1 FROM everything WHERE serial < %(accepted)s
        ) AS candidates WHERE candidate NOT IN (SELECT serial FROM everything) ORDER BY 1 LIMIT 1
    """,
    "ballot {0} is there {1} times": """
        SELECT serial, count(*) FROM everything GROUP BY serial HAVING count(*) > 1 ORDER BY 1 LIMIT 1
    """,
    "ballot {0} is recorded, though the box has given no such serial": """
        SELECT serial FROM everything WHERE serial > %(accepted)s ORDER BY 1 LIMIT 1
    """,
    "ballot {0} is recorded, but neither counts nor has a reason not to; `recount` shows the rest": """
        SELECT serial FROM everything WHERE kind = 'unaccounted' ORDER BY 1 LIMIT 1
    """,
}
