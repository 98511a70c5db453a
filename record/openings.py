"""Open the entries of an election: salts, weights and markings, derived from what the database keeps of each ballot.

The entry of a ballot that is counted goes by its voter and its id, and so it is the same one each time. What is set
aside without a cast record may have neither: its entry goes by its place in the box, and commits to the marking as far
as that could be read.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from polls.ballots import Ballot
from tally.models import CastRecord, RejectedBallot

from .entry import Committer, derive_salt

# What has a cast record of its own, and so an entry, before it is set aside.
HAS_CAST_RECORD = RejectedBallot.Reason.ALREADY_COUNTED


class Opening(NamedTuple):
    """What an entry commits to, and the salt of 32 bytes."""

    salt: bytes
    weight: int
    marking: str

    def to_text(self) -> str:
        """Write it as one word, which voters get of their own ballot where an election lets them check it.

        It is base64 for addresses, without padding, of the salt, the weight in digits, a newline and the marking.
        """
        return urlsafe_b64encode(self.salt + f"{self.weight}\n{self.marking}".encode()).decode().rstrip("=")


class Opener:
    """Opens the entries of one election, on the paper by which it is counted."""

    def __init__(self, secret: bytes, slug: str, design: str) -> None:
        self._secret = secret
        self._committer = Committer(secret, slug, design)

    def commit_to(self, ballot: Ballot | CastRecord) -> bytes:
        """Return the commitment to a ballot that has a cast record."""
        return self._committer.commit(ballot.voter_key, str(ballot.ballot_id), ballot.weight, ballot.marking)

    def commit_to_rejected(self, rejected: RejectedBallot) -> bytes:
        """Return the commitment to what is set aside without a cast record."""
        return self._committer.commit(*_place_of(rejected), 1, _marking_of(rejected))

    def open_ballot(self, ballot: Ballot | CastRecord) -> Opening:
        salt = derive_salt(self._secret, ballot.voter_key, str(ballot.ballot_id))
        return Opening(salt, ballot.weight, ballot.marking)

    def open_rejected(self, rejected: RejectedBallot) -> Opening:
        return Opening(derive_salt(self._secret, *_place_of(rejected)), 1, _marking_of(rejected))


def _place_of(rejected: RejectedBallot) -> tuple[str, str]:
    # No voter key is empty, so that no ballot has the same salt.
    return "", f"{rejected.shard} {rejected.epoch} {rejected.entry}"


def _marking_of(rejected: RejectedBallot) -> str:
    marking = rejected.payload.get("marking", "")
    return marking if isinstance(marking, str) else ""


def rejected_without_record(rejected: Sequence[RejectedBallot]) -> list[RejectedBallot]:
    """Return those of which no cast record was written."""
    return [one for one in rejected if one.reason != HAS_CAST_RECORD]


def cast_records(election: int) -> QuerySet[CastRecord]:
    """Return the cast records of an election with all that an entry needs."""
    return CastRecord.objects.filter(election=election).only("shard", "voter_key", "ballot_id", "weight", "marking")


def rejected_ballots(election: int) -> QuerySet[RejectedBallot]:
    """Return what is set aside without a cast record."""
    return RejectedBallot.objects.filter(election=election).exclude(reason=HAS_CAST_RECORD)
