"""Say what has become of each entry, once an election is final: it counts, it was replaced, or it was set aside."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef

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
    fates = bytearray(log.size)
    parts = log.size // MOST_IN_MEMORY + 1
    for part in range(parts):
        places = {one: place for place, one in enumerate(commitments_in_order(election.pk)) if one[0] % parts == part}
        for commitment, _opening, fate in read_ballots(election.pk, opener):
            if commitment[0] % parts == part:
                if commitment not in places:
                    raise Contradiction("a ballot has no entry in the record")
                fates[places[commitment]] = fate[0]
    if 0 in fates:
        raise Contradiction(f"the record has an entry of which there is no ballot, with the index {fates.index(0)}")
    Log.objects.filter(pk=election.pk).update(fates=bytes(fates))


def write_lines(fates: bytes) -> str:
    """Return the fate of each entry as words, a line each."""
    lines = {byte[0]: f"{word}\n" for byte, word in WORDS.items()}
    return "".join(map(lines.__getitem__, fates))


def commitments_in_order(election: int) -> Iterator[bytes]:
    """Yield the commitments of all entries, in the order of their places, which all of them have."""
    return read_commitments(Batch.objects.filter(election=election).order_by("first"))


def read_ballots(election: int, opener: Opener) -> Iterator[tuple[bytes, Opening, bytes]]:
    """Yield the commitment to each ballot, its opening, and its fate, in no order of meaning."""
    same = {"election": election, "voter_key": OuterRef("voter_key"), "ballot_id": OuterRef("ballot_id")}
    records = cast_records(election).annotate(
        counts=Exists(CountedBallot.objects.filter(**same)),
        was_set_aside=Exists(RejectedBallot.objects.filter(reason=HAS_CAST_RECORD, **same)),
    )
    record: Any
    for record in records.iterator(chunk_size=5000):
        fate = COUNTS if record.counts else _SET_ASIDE[HAS_CAST_RECORD] if record.was_set_aside else REPLACED
        yield opener.commit_to(record), opener.open_ballot(record), fate
    for rejected in rejected_ballots(election):
        fate = _SET_ASIDE[RejectedBallot.Reason(rejected.reason)]
        yield opener.commit_to_rejected(rejected), opener.open_rejected(rejected), fate
