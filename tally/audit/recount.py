"""Count an election again from its cast records, by other means than the running count, and compare."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from polls.definition import Definition
from polls.life import State
from polls.models import Election

from .. import store
from ..announce import announce
from ..models import AnonymousBallots, CertifiedResult, Count, CountedBallot, Tally
from ..outcomes import decide, make_outcome, read

Progress = Callable[[str], None]

# Which record of a voter counts. A later form has the higher id; where votes are final, the first record stays.
_DECIDING = {False: "ballot_id DESC", True: "id ASC"}


class RecordsMissing(Exception):
    """The cast records are not complete, so that the count cannot be rebuilt from them; says what to do."""


@dataclass
class Recount:
    """The count from the cast records, and its differences from the running count."""

    counts: Counter[tuple[int, str]] = field(default_factory=Counter)  # (shard, key)
    ballots: Counter[int] = field(default_factory=Counter)  # shard
    extra_weight: Counter[int] = field(default_factory=Counter)  # shard
    differences: list[str] = field(default_factory=list)

    @property
    def totals(self) -> Counter[str]:
        """The counts of all shards together, by key."""
        totals: Counter[str] = Counter()
        for (_shard, key), n in self.counts.items():
            totals[key] += n
        return totals


@contextmanager
def standing_still() -> Iterator[None]:
    """Read everything inside the block as of one moment, while counting goes on."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        store.keep_partitions()
        yield


def recount(election: Election, progress: Progress) -> Recount:
    """Compare the running count with the cast records, as of one moment; must run inside `standing_still`.

    Of a certified election the anonymous ballots are counted instead, and its result is compared as well.
    """
    result = Recount()
    definition = Definition.of(election)
    progress(f"{election.slug}: reading cast records")
    rows = _read_anonymous(election) if election.state == State.CERTIFIED else _read_deciding(election)
    for number, (shard, marking, times, weight) in enumerate(rows, start=1):
        result.ballots[shard] += times
        result.extra_weight[shard] += weight - times
        for key in definition.count_keys(marking):
            result.counts[shard, key] += weight
        if number % 10_000 == 0:
            progress(f"{election.slug}: {number} of {len(rows)} different markings counted")
    progress(f"{election.slug}: {result.ballots.total()} ballots counted, comparing")
    _compare_counts(election, result)
    _compare_counted_ballots(election, result)
    if election.state == State.CERTIFIED:
        _compare_certified(election, result)
    return result


def _read_deciding(election: Election) -> list[tuple[Any, ...]]:
    """Return how often each marking counts in each shard, by the cast records."""
    return store.run(
        f"""
        SELECT shard, marking, count(*), sum(weight)::bigint FROM (
            SELECT DISTINCT ON (voter_key) shard, marking, weight FROM tally_castrecord
            WHERE election_id = %s ORDER BY voter_key, {_DECIDING[election.votes_final]}
        ) AS deciding GROUP BY shard, marking
        """,
        [election.pk],
    )


def _read_anonymous(election: Election) -> list[tuple[Any, ...]]:
    rows = AnonymousBallots.objects.filter(election=election).values_list("marking", "number", "weight")
    return [(0, marking, number, number * weight) for marking, number, weight in rows]


def _compare_certified(election: Election, result: Recount) -> None:
    certified = CertifiedResult.objects.get(election=election)
    if hashlib.sha256(certified.text.encode()).hexdigest() != certified.hash:
        result.differences.append(f"the certified result has another hash than {certified.hash}")
    stored = json.loads(certified.text)
    if (total := result.ballots.total()) != stored["ballots"]:
        result.differences.append(f"{stored['ballots']} ballots were certified, and {total} are kept")
        return
    outcomes = decide(read(election.pk), result.totals)
    again = json.loads(json.dumps([one.as_dict() for one in outcomes]))
    if stored["contests"] != again:
        result.differences.append("the anonymous ballots give another result than the certified one")


def _compare_counts(election: Election, result: Recount) -> None:
    kept = {(one.shard, one.key): one.n for one in Count.objects.filter(election=election)}
    for place in sorted(kept.keys() | result.counts.keys()):
        if kept.get(place, 0) != result.counts[place]:
            shard, key = place
            result.differences.append(
                f"shard {shard}, {key}: {kept.get(place, 0)} kept, {result.counts[place]} by the cast records"
            )
    for name, by_records in (("ballots", result.ballots), ("extra_weight", result.extra_weight)):
        tallies = dict(Tally.objects.filter(election=election).values_list("shard", name))
        for shard in sorted(tallies.keys() | by_records.keys()):
            if tallies.get(shard, 0) != by_records[shard]:
                result.differences.append(
                    f"shard {shard}, {name}: {tallies.get(shard, 0)} kept, {by_records[shard]} by the cast records"
                )


def _compare_counted_ballots(election: Election, result: Recount) -> None:
    for voter_key, kept, by_records in store.run(
        f"""
        SELECT coalesce(kept.voter_key, deciding.voter_key), kept.ballot_id, deciding.ballot_id
        FROM (SELECT * FROM tally_countedballot WHERE election_id = %(election)s) AS kept
        FULL JOIN (
            SELECT DISTINCT ON (voter_key) * FROM tally_castrecord
            WHERE election_id = %(election)s ORDER BY voter_key, {_DECIDING[election.votes_final]}
        ) AS deciding USING (voter_key)
        WHERE (kept.ballot_id, kept.marking, kept.shard, kept.weight)
            IS DISTINCT FROM (deciding.ballot_id, deciding.marking, deciding.shard, deciding.weight)
        ORDER BY 1 LIMIT 20
        """,
        {"election": election.pk},
    ):
        result.differences.append(f"voter {voter_key}: ballot {kept} counts, by the cast records {by_records}")


def repair(election: Election, progress: Progress) -> Recount:
    """Rebuild the running count from the cast records, while counting waits; return what was different.

    Raises RecordsMissing if a counted ballot has no cast record, because the rebuilt count would lose it, or if the
    election is certified, because then its result is fixed.
    """
    if election.state == State.CERTIFIED:
        raise RecordsMissing(f"{election.slug} is certified, and its count stays as it is. Nothing was changed.")
    with transaction.atomic():
        for shard in range(election.shards):
            store.lock(election.pk, shard)
        if missing := _count_unrecorded(election):
            raise RecordsMissing(
                f"{election.slug}: {missing} counted ballots have no cast record, and a repair would lose them."
                " Nothing was changed. Restore the records from a backup, then run this again."
            )
        result = recount(election, progress)
        if result.differences:
            _rebuild(election, result)
            make_outcome(election.pk)
    if result.differences:
        announce(election.pk)
    return result


def _count_unrecorded(election: Election) -> int:
    [(missing,)] = store.run(
        """
        SELECT count(*) FROM tally_countedballot AS counted
        WHERE election_id = %s AND NOT EXISTS (
            SELECT FROM tally_castrecord AS record
            WHERE (record.election_id, record.voter_key, record.ballot_id)
                = (counted.election_id, counted.voter_key, counted.ballot_id)
        )
        """,
        [election.pk],
    )
    return missing


def _rebuild(election: Election, result: Recount) -> None:
    CountedBallot.objects.filter(election=election).delete()
    store.run(
        f"""
        INSERT INTO tally_countedballot (election_id, shard, voter_key, ballot_id, marking, weight)
        SELECT DISTINCT ON (voter_key) election_id, shard, voter_key, ballot_id, marking, weight FROM tally_castrecord
        WHERE election_id = %s ORDER BY voter_key, {_DECIDING[election.votes_final]}
        """,
        [election.pk],
    )
    Count.objects.filter(election=election).delete()
    Count.objects.bulk_create(
        Count(election=election, shard=shard, key=key, n=n) for (shard, key), n in result.counts.items()
    )
    for shard in range(election.shards):
        tally = store.load_tally(election.pk, shard)
        tally.version += 1
        tally.ballots = result.ballots[shard]
        tally.extra_weight = result.extra_weight[shard]
        tally.save()
