"""Sort stream entries into ballots to count, ballots to set aside, and entries to leave for a newer release."""

import logging
from dataclasses import dataclass, field

from polls.ballot_box.inbox import Entry
from polls.ballots import Ballot, NewerWireVersion, UnreadableEntry, place_from_wire
from polls.definition import Definition
from polls.methods import InvalidMarking
from polls.voters import shard_of

from .models import RejectedBallot

logger = logging.getLogger(__name__)

# How much is kept of an entry that cannot be read: enough to see what it was.
PAYLOAD_FIELDS = 20
PAYLOAD_CHARACTERS = 400


class CastOnOtherDesign(Exception):
    """A ballot was cast on another paper than the one by which this election is counted."""


@dataclass
class Batch:
    """Entries of one shard, sorted; `places` has the (epoch, serial) of each entry that names one, in order."""

    ballots: dict[str, Ballot] = field(default_factory=dict)  # by stream entry id
    rejected: list[RejectedBallot] = field(default_factory=list)
    places: list[tuple[str, int]] = field(default_factory=list)


def sort_out(definition: Definition, shard: int, entries: list[Entry]) -> Batch:
    """Read entries into ballots; set aside what is no valid ballot, and leave what only a newer release can read."""
    batch = Batch()
    for entry in entries:
        place: tuple[str, int] | None
        try:
            ballot = Ballot.from_good_wire(entry.parts) or Ballot.from_wire(entry.fields)
            if shard_of(ballot.voter_key, definition.shards) != shard:
                raise UnreadableEntry(f"ballots of this voter do not belong in shard {shard}")
            # An entry of the first wire version has no design.
            if ballot.design and ballot.design != definition.design:
                raise CastOnOtherDesign
            definition.count_keys(ballot.marking)
        except NewerWireVersion as problem:
            logger.error("ALARM %s: entry %s is left for a newer worker: %s", definition.slug, entry.id, problem)
            place = place_from_wire(entry.fields)
        except UnreadableEntry as problem:
            batch.rejected.append(_reject_unread(definition, shard, entry, str(problem)))
            place = place_from_wire(entry.fields)
        except CastOnOtherDesign:
            reason, detail = RejectedBallot.Reason.OTHER_DESIGN, f"cast on {ballot.design}, not on {definition.design}"
            logger.error("ALARM %s: entry %s was %s, and is not counted", definition.slug, entry.id, detail)
            batch.rejected.append(reject(definition, shard, entry.id, ballot, reason, detail))
            place = ballot.place
        except InvalidMarking as problem:
            reason = RejectedBallot.Reason.INVALID
            batch.rejected.append(reject(definition, shard, entry.id, ballot, reason, str(problem)))
            place = ballot.place
        else:
            batch.ballots[entry.id] = ballot
            place = ballot.place
        if place:
            batch.places.append(place)
    return batch


def reject(
    definition: Definition, shard: int, entry: str, ballot: Ballot, reason: str, detail: str = ""
) -> RejectedBallot:
    """Describe a readable ballot that is not counted."""
    return RejectedBallot(
        election_id=definition.election,
        shard=shard,
        epoch=ballot.epoch,
        serial=ballot.serial,
        entry=entry,
        reason=reason,
        detail=detail,
        voter_key=ballot.voter_key,
        ballot_id=ballot.ballot_id,
        payload={"marking": ballot.marking},
    )


def _reject_unread(definition: Definition, shard: int, entry: Entry, detail: str) -> RejectedBallot:
    epoch, serial = place_from_wire(entry.fields) or ("", None)
    return RejectedBallot(
        election_id=definition.election,
        shard=shard,
        epoch=epoch,
        serial=serial,
        entry=entry.id,
        reason=RejectedBallot.Reason.UNREADABLE,
        detail=detail,
        payload={_show(name): _show(value) for name, value in list(entry.fields.items())[:PAYLOAD_FIELDS]},
    )


def _show(value: bytes) -> str:
    # JSON in PostgreSQL holds no NUL.
    return value[:PAYLOAD_CHARACTERS].decode(errors="backslashreplace").replace("\0", "\\x00")
