"""Check the accounting of an election: every ballot that the box accepted is somewhere, and only once.

For each epoch and shard: accepted (the last serial) = waiting + counted + replaced + duplicate + set aside, and the
serials from 1 on have no gap. Each quantity is read by itself, from the box or from the tables; none is computed from
the others.

Neither voting nor counting waits for this check, because it reads in a certain order: the last serial, what waits in
the box, then the tables as of one moment. A ballot that has left the box before the second step is committed, so that
the tables have it. Only serials up to the one from the first step are judged.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from polls import ballot_box
from polls.ballot_box import inbox
from polls.ballots import place_from_wire
from polls.life import State
from polls.models import Election, Epoch

from .. import store
from ..models import AnonymousBallots, Reconciliation

READ_AT_ONCE = 10_000

KINDS = ("waiting", "counted", "replaced", "duplicate", "set aside")

# Every serial of a shard and epoch that PostgreSQL knows, and what became of the ballot there. A record that does not
# count, and has no reason for that, is 'unaccounted'.
_PLACES = """
    SELECT record.serial, CASE
        WHEN counted.ballot_id = record.ballot_id THEN 'counted'
        WHEN rejected.id IS NOT NULL THEN 'set aside'
        WHEN NOT %(votes_final)s AND EXISTS (
            SELECT FROM tally_castrecord AS later
            WHERE later.election_id = %(election)s AND later.voter_key = record.voter_key
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

# One row: for each kind of problem the first serial and the number of ballots.
_ACCOUNT = f"""
    WITH known AS MATERIALIZED ({_PLACES}),
    everything AS MATERIALIZED (
        SELECT serial, kind FROM known WHERE serial <= %(accepted)s
        UNION ALL
        SELECT DISTINCT serial, 'waiting' FROM unnest(%(waiting)s::bigint[]) AS serial
        WHERE serial <= %(accepted)s AND serial NOT IN (SELECT serial FROM known)
    ),
    places AS MATERIALIZED (SELECT serial, count(*) AS times FROM everything GROUP BY serial)
    SELECT
        (SELECT json_object_agg(kind, n) FROM (SELECT kind, count(*) AS n FROM everything GROUP BY kind) AS kinds),
        (SELECT count(*) FROM places),
        -- In a row without a gap each serial is its own number.
        (SELECT min(number) FROM (SELECT serial, row_number() OVER (ORDER BY serial) AS number FROM places) AS row
            WHERE serial <> number),
        (SELECT ARRAY[serial, times] FROM places WHERE times > 1 ORDER BY serial LIMIT 1),
        (SELECT ARRAY[min(serial), count(*)] FROM known WHERE serial > %(given)s),
        (SELECT ARRAY[min(serial), count(*)] FROM everything WHERE kind = 'unaccounted')
"""

_LAST_SERIALS = """
    SELECT epoch, max(serial) FROM (
        SELECT epoch, serial FROM tally_castrecord WHERE election_id = %(election)s AND shard = %(shard)s
        UNION ALL
        SELECT epoch, serial FROM tally_rejectedballot
        WHERE election_id = %(election)s AND shard = %(shard)s AND serial IS NOT NULL
    ) AS places GROUP BY epoch
"""


@dataclass
class Account:
    """The accounting of one election, epoch and shard; each of `problems` names the first ballot that it is about."""

    election: str
    epoch: str
    shard: int
    accepted: int
    ballots: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def balances(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class _Box:
    """What is read from the box of a shard first: epoch, last serial, and the serials that wait, by epoch."""

    epoch: str
    last: int
    waiting: dict[str, set[int]]


def reconcile(election: Election) -> Iterator[Account]:
    """Yield the account of each epoch and shard of an election, oldest epochs first; raises Unavailable.

    That of a certified election is closed: its serials are gone.
    """
    if election.state == State.CERTIFIED:
        yield from _read_closed(election)
        return
    for shard in range(election.shards):
        yield from reconcile_shard(election, shard)


def _read_closed(election: Election) -> Iterator[Account]:
    """Yield the accounts as they were certified; the first one has a problem if ballots are lost or added since."""
    rows = list(Reconciliation.objects.filter(election=election).order_by("shard", "pk"))
    counted = sum(Counter(row.ballots)["counted"] for row in rows)
    kept = sum(AnonymousBallots.objects.filter(election=election).values_list("number", flat=True))
    lost = [f"{counted} ballots were counted when it was certified, and {kept} are kept"] if kept != counted else []
    for row in rows:
        yield Account(election.slug, row.epoch, row.shard, row.accepted, Counter(row.ballots), [*lost, *row.problems])
        lost = []


def reconcile_shard(election: Election, shard: int) -> list[Account]:
    """Return the account of each epoch of one shard; raises Unavailable. Not within a transaction."""
    kept = Reconciliation.objects.filter(election=election, shard=shard).values_list("epoch", "given")
    given_before = dict(kept)
    box = _read_box(election.pk, shard)
    with transaction.atomic(durable=True):
        store.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", [])
        store.keep_partitions()
        # The first statement that reads fixes the moment; the last serial that is judged by it is read after it.
        arrived = dict(store.run(_LAST_SERIALS, {"election": election.pk, "shard": shard}))
        epoch_now, last_now = _read_last(election.pk, shard)
        order = {name: number for number, name in enumerate(Epoch.objects.values_list("name", flat=True))}
        accounts = []
        for epoch in sorted({*arrived, *box.waiting, *given_before}, key=lambda name: order.get(name, -1)):
            if epoch == box.epoch:
                continue
            # Of an earlier epoch only this is known: what arrived, and the serials that earlier looks saw.
            accepted = max(arrived.get(epoch, 0), given_before.get(epoch, 0), *box.waiting.get(epoch, ()))
            accounts.append(_balance(election, epoch, shard, accepted, accepted, box.waiting.get(epoch, set())))
        if box.epoch:
            given = last_now if epoch_now == box.epoch else max(arrived.get(box.epoch, 0), box.last)
            waiting = box.waiting.get(box.epoch, set())
            account = _balance(election, box.epoch, shard, box.last, given, waiting)
            if (before := given_before.get(box.epoch, 0)) > box.last:
                account.problems.append(
                    f"the box had given serials up to {before}, and is behind that now: it came back with older data"
                )
            accounts.append(account)
    return accounts


def _read_box(election: int, shard: int) -> _Box:
    epoch, last = _read_last(election, shard)
    waiting: dict[str, set[int]] = {}
    after: str | None = None
    while entries := inbox.read(election, shard, after=after, limit=READ_AT_ONCE):
        after = entries[-1].id
        for place in _places(entries):
            # A ballot that was accepted after the first step belongs to the next check.
            if not (place[0] == epoch and place[1] > last):
                waiting.setdefault(place[0], set()).add(place[1])
    return _Box(epoch, last, waiting)


def _places(entries: Iterable[inbox.Entry]) -> Iterator[tuple[str, int]]:
    yield from (place for entry in entries if (place := place_from_wire(entry.fields)))


def _read_last(election: int, shard: int) -> tuple[str, int]:
    """Return the epoch of a box, '' if it has none, and the last serial that it has given, as replicas confirm."""
    [(epoch, serial)] = ballot_box.read_rules([(election, shard)], "epoch", "serial", confirmed=True)
    return epoch.decode() if epoch else "", int(serial or 0)


def _balance(election: Election, epoch: str, shard: int, accepted: int, given: int, waiting: set[int]) -> Account:
    parameters: dict[str, Any] = {
        "election": election.pk,
        "shard": shard,
        "epoch": epoch,
        "votes_final": election.votes_final,
        "waiting": sorted(waiting),
        "accepted": accepted,
        "given": given,
    }
    [(kinds, places, gap, doubled, beyond, unaccounted)] = store.run(_ACCOUNT, parameters)
    account = Account(election.slug, epoch, shard, accepted, Counter(kinds or {}))
    if missing := accepted - places:
        account.problems.append(
            f"ballot {gap or places + 1} is missing: it was accepted, and is neither waiting nor recorded"
            f" ({missing} in all)"
        )
    if doubled:
        account.problems.append(f"ballot {doubled[0]} is there {doubled[1]} times")
    if beyond[1]:
        account.problems.append(f"ballot {beyond[0]} is recorded, though the box has given no such serial")
    if unaccounted[1]:
        account.problems.append(
            f"ballot {unaccounted[0]} is recorded, but neither counts nor has a reason not to"
            f" ({unaccounted[1]} in all); `recount` shows the rest"
        )
    return account
