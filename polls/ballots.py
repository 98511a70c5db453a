"""The ballot, its identity, and its wire format in the stream of the ballot box."""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self
from uuid import UUID

from django.core.signing import BadSignature

from .design import FIRST_CONTEST
from .signing import Signer

# The first version did not say on which design a ballot was cast, and the second had no weight.
WIRE_VERSION = 3

# What `cast.lua` can have written. Any other entry is set aside, so that it does not stop its batch in the database.
_VOTER = re.compile(r"[A-Za-z0-9_-]{22}")
_BALLOT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Room for 50 contests and 1,000 options, all chosen, with the longest keys.
_MARKING = re.compile(r"[^\x00]{1,60000}", re.DOTALL)
_EPOCH = re.compile(r"[0-9a-f]{1,32}")
_DESIGN = re.compile(r"[0-9a-f]{16,32}")
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")
# Room for the weights that a roll can hold; the sum over a million voters stays exact in any program.
_WEIGHT = re.compile(r"[1-9][0-9]{0,9}")
_GOOD_PARTS = 18
# A whole entry as `cast.lua` writes it, with a NUL between any two parts: it takes one match instead of one for each
# field. No part that is well formed has a NUL in it.
_GOOD = re.compile(
    "\0".join(
        [
            f"v\0{WIRE_VERSION}",
            f"epoch\0({_EPOCH.pattern})",
            f"serial\0({_NUMBER.pattern})",
            f"at\0({_NUMBER.pattern})",
            f"voter\0({_VOTER.pattern})",
            f"ballot\0({_BALLOT.pattern})",
            f"design\0({_DESIGN.pattern})",
            f"marking\0({_MARKING.pattern})",
            f"weight\0({_WEIGHT.pattern})",
        ]
    )
)

_signer = Signer(salt="polls.ballots.ballot_id")


class UnreadableEntry(ValueError):
    """A stream entry that is no ballot in the wire format; to be set aside with the reason."""


class NewerWireVersion(Exception):
    """A stream entry written by a newer release; to be left for a worker of that release."""


class Ballot(NamedTuple):
    """One accepted ballot, with the place that the box gave it.

    `ballot_id` is a UUIDv7 as text, in small letters: of two, the higher was issued later. `accepted_at` is in
    milliseconds since 1970 UTC by the box's clock. `design` is that of the paper on which the marking was made, "" in
    an entry of the first wire version, which did not have it. `weight` is the number of votes that it counts as.
    """

    voter_key: str
    ballot_id: str
    design: str
    marking: str
    epoch: str
    serial: int
    accepted_at: int
    weight: int = 1

    @property
    def place(self) -> tuple[str, int]:
        """Where the box put it: epoch and serial."""
        return self.epoch, self.serial

    @classmethod
    def from_good_wire(cls, parts: Sequence[bytes]) -> Self | None:
        """Read a stream entry, its names and values in turn, if it is just as this release writes it.

        None is no judgement: `from_wire` may read that entry, and says what is wrong if it cannot.
        """
        try:
            good = _GOOD.fullmatch(b"\0".join(parts).decode())
        except UnicodeDecodeError:
            return None
        # With as many parts as a good entry has, the NULs that were matched are those between them.
        if good is None or len(parts) != _GOOD_PARTS:
            return None
        epoch, serial, at, voter, ballot, design, marking, weight = good.groups()
        return cls(voter, ballot, design, marking, epoch, int(serial), int(at), int(weight))

    @classmethod
    def from_wire(cls, fields: Mapping[bytes, bytes]) -> Self:
        """Read a stream entry of this release or an earlier one; raises NewerWireVersion or UnreadableEntry."""
        version = _number(fields, b"v")
        if version > WIRE_VERSION:
            raise NewerWireVersion(f"wire version {version}; this release reads up to {WIRE_VERSION}")
        marking = _text(fields, b"marking", _MARKING)
        return cls(
            voter_key=_text(fields, b"voter", _VOTER),
            ballot_id=_text(fields, b"ballot", _BALLOT),
            design=_text(fields, b"design", _DESIGN) if version > 1 else "",
            # The first version marked the only contest, and did not name it.
            marking=marking if version > 1 else f"{FIRST_CONTEST}={marking}",
            epoch=_text(fields, b"epoch", _EPOCH),
            serial=_number(fields, b"serial"),
            accepted_at=_number(fields, b"at"),
            weight=int(_text(fields, b"weight", _WEIGHT)) if version > 2 else 1,
        )


def place_from_wire(fields: Mapping[bytes, bytes]) -> tuple[str, int] | None:
    """Return (epoch, serial) of an entry of any wire version; None if it has no such fields."""
    try:
        return _text(fields, b"epoch", _EPOCH), _number(fields, b"serial")
    except UnreadableEntry:
        return None


def _text(fields: Mapping[bytes, bytes], name: bytes, pattern: re.Pattern[str]) -> str:
    try:
        text = fields[name].decode("utf-8")
    except KeyError:
        raise UnreadableEntry(f"field {name.decode()!r} is missing") from None
    except UnicodeDecodeError:
        raise UnreadableEntry(f"field {name.decode()!r} is not UTF-8") from None
    if not pattern.fullmatch(text):
        raise UnreadableEntry(f"field {name.decode()!r} is malformed")
    return text


def _number(fields: Mapping[bytes, bytes], name: bytes) -> int:
    return int(_text(fields, name, _NUMBER))


def new_ballot_id(now: int, *, after: UUID | None = None) -> UUID:
    """Make a UUIDv7 (RFC 9562) for a form rendered at `now`, in milliseconds by the box's clock.

    A voter's later form has a higher id, so that the ids themselves give the order of one voter's ballots. `after`
    is the voter's last accepted id: the new one is higher even if the clock was set back.
    """
    if after is not None:
        now = max(now, (after.int >> 80) + 1)
    random = secrets.randbits(74)
    return UUID(int=now << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1)


def sign(ballot_id: UUID, voter_key: str = "") -> str:
    """Write a ballot id as the form's hidden field, signed, so that a voter cannot choose the time in it.

    With a voter key, which is not written, the form is of that voter alone.
    """
    return f"{ballot_id}:{_signer.signature(f'{ballot_id}{voter_key}')}"


def unsign(text: str, voter_key: str = "") -> UUID:
    """Read the hidden field back; raises ValueError if it was not made by `sign` for this voter."""
    ballot_id, _colon, signature = text.rpartition(":")
    try:
        _signer.unsign(f"{ballot_id}{voter_key}:{signature}")
        return UUID(ballot_id)
    except BadSignature as error:
        raise ValueError("the ballot id is not one of ours") from error
