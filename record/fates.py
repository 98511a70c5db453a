"""Say what has become of each entry, once an election is final: it counts, it was replaced, or it was set aside."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Subquery

from polls.models import Election
from tally.models import CountedBallot, RejectedBallot
from tally.recorder import Contradiction

from .models import Batch, Log, LogSecret, read_commitments
from .openings import HAS_CAST_RECORD, Opener, Opening, cast_records, rejected_ballots

COUNTS, REPLACED = b"c", b"r"
_Reason = RejectedBallot.Reason
# The byte of each reason. They are stored: a new reason gets a new one.
_SET_ASIDE = {
    _Reason.UNREADABLE: b"u",
    _Reason.INVALID: b"i",
    _Reason.OTHER_DESIGN: b"o",
    _Reason.DUPLICATE: b"d",
    _Reason.ALREADY_COUNTED: b"a",
}
WORDS = {COUNTS: "counts", REPLACED: "replaced"} | {
    byte: f"set-aside {reason.value}" for reason, byte in _SET_ASIDE.items()
}
# Entries whose places are in memory at once; with more of them the ballots are read several times.
MOST_IN_MEMORY = 1_000_000


def write(election: Election) -> None:
    """Note the fate of each entry of a final election, once all of them have a place; raises Contradiction."""
    log = Log.objects.defer("frontier").get(pk=election.pk)
    if log.fates is not None or Batch.objects.filter(election=election, first=None).exists():
        return
    secret = LogSecret.objects.get(election=election)
    opener = Opener(bytes(secret.salt_secret), log.slug, election.in_force)
    fates = bytearray(log.ballots)
    for place, ballot in read_in_places(election.pk, opener, log.ballots):
        fates[place] = ballot.fate[0]
    if 0 in fates:
        raise Contradiction(
            f"the record has an entry of which there is no ballot, with the index {log.first_ballot + fates.index(0)}"
        )
    Log.objects.filter(pk=election.pk).update(fates=bytes(fates))


def write_lines(fates: bytes) -> str:
    """Return the fate of each ballot's entry as words, a line each."""
    lines = {byte[0]: f"{word}\n" for byte, word in WORDS.items()}
    return "".join(map(lines.__getitem__, fates))


def commitments_in_order(election: int) -> Iterator[bytes]:
    """Yield the commitments of all ballots' entries, in the order of their places, which all of them have."""
    return read_commitments(Batch.objects.filter(election=election).order_by("first"))


class EntryOfBallot(NamedTuple):
    """What is behind one entry: its commitment and what opens it, its fate, and which ballot is counted for it.

    `counted` is marking and weight as the count has them, None if the entry does not count.
    """

    commitment: bytes
    opening: Opening
    fate: bytes
    counted: tuple[str, int] | None = None


def read_in_places(election: int, opener: Opener, number: int) -> Iterator[tuple[int, EntryOfBallot]]:
    """Yield the place of each ballot's entry among `number` of them, from 0 on, in no order; raises Contradiction."""
    parts = number // MOST_IN_MEMORY + 1
    for part in range(parts):
        places = {one: place for place, one in enumerate(commitments_in_order(election)) if one[0] % parts == part}
        for ballot in read_ballots(election, opener):
            if ballot.commitment[0] % parts == part:
                if ballot.commitment not in places:
                    raise Contradiction("a ballot has no entry in the record")
                yield places[ballot.commitment], ballot


def read_ballots(election: int, opener: Opener) -> Iterator[EntryOfBallot]:
    """Yield what is behind each entry, in no order of meaning."""
    same = {"election": election, "voter_key": OuterRef("voter_key"), "ballot_id": OuterRef("ballot_id")}
    counted = CountedBallot.objects.filter(**same)
    records = cast_records(election).annotate(
        counted_marking=Subquery(counted.values("marking")),
        counted_weight=Subquery(counted.values("weight")),
        was_set_aside=Exists(RejectedBallot.objects.filter(reason=HAS_CAST_RECORD, **same)),
    )
    record: Any
    for record in records.iterator(chunk_size=5000):
        ballot = EntryOfBallot(opener.commit_to(record), opener.open_ballot(record), REPLACED)
        if record.counted_marking is not None:
            counts = (record.counted_marking, record.counted_weight)
            yield ballot._replace(fate=COUNTS, counted=counts)
        else:
            yield ballot._replace(fate=_SET_ASIDE[HAS_CAST_RECORD]) if record.was_set_aside else ballot
    for rejected in rejected_ballots(election):
        fate = _SET_ASIDE[RejectedBallot.Reason(rejected.reason)]
        yield EntryOfBallot(opener.commit_to_rejected(rejected), opener.open_rejected(rejected), fate)
