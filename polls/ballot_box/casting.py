"""Cast a ballot: `cast.lua` decides, in one step."""

import enum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from ..ballots import WIRE_VERSION
from ..definition import Definition
from ..newcomers import Allowance, allow
from ..voters import Voter
from .connection import EMPTY, Unavailable, evaluate, reaching
from .keys import key

NO_ROLL = "the ballot box has no roll of this election yet: it is being written"
# Those on a roll are known, and need no allowance.
_NO_LIMIT = Allowance("newcomers:", 0, 0)


class Verdict(enum.Enum):
    """What `cast.lua` decides on a ballot."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    NOT_OPEN_YET = "not-open-yet"
    CLOSED = "closed"
    OTHER_DESIGN = "other-design"
    ALREADY_VOTED = "already-voted"
    ALREADY_USED = "already-used"
    OUTDATED = "outdated"
    TOO_MANY = "too-many"
    TOO_MANY_NEWCOMERS = "too-many-newcomers"
    NOT_ELIGIBLE = "not-eligible"
    OTHER_GROUPS = "other-groups"


_VERDICTS = {verdict.value.encode(): verdict for verdict in Verdict}


class Reply(NamedTuple):
    """The answer to a cast ballot: `now` is the box's clock in ms, `last` the voter's last accepted ballot.

    `wait` is the time in ms after which a ballot that was too many can be accepted.
    """

    verdict: Verdict
    serial: int
    wake_up_due: bool
    now: int
    last: UUID | None
    wait: int = 0


def cast(
    definition: Definition,
    *,
    voter: Voter,
    ballot_id: UUID,
    marking: str,
    design: str,
    network: str,
    groups: str = "",
) -> Reply:
    """Put a ballot into the box, in one round trip; raises Unavailable. `network` is where the voter comes from.

    `groups` are those for which the marking was checked. They matter where any contest is for some groups alone.
    After ACCEPTED or REPEATED the ballot is on disk, if Redis runs with `appendfsync always`, and on the disks of
    BALLOT_BOX_COPIES replicas at least. After Unavailable the ballot may be in the box or not: sending the same
    ballot again is safe.
    """
    newcomers = _NO_LIMIT if definition.has_roll else allow(definition, network)
    rules, ballots, voters, wake_up, roll = _keys(definition.election, voter.shard)
    keys = (rules, ballots, voters, wake_up, key(definition.election, voter.shard, newcomers.name), roll)
    arguments: list[str | int] = [
        voter.key,
        str(ballot_id),
        marking,
        definition.hash_marking(marking),
        design,
        WIRE_VERSION,
        settings.VOTER_BURST,
        settings.VOTER_INTERVAL_MS,
        newcomers.burst,
        newcomers.interval,
        voter.issue,
        groups,
        int(definition.depends_on_groups),
    ]
    with reaching():
        outcome, serial, wake, now, last, wait = evaluate("cast", keys, arguments, confirmed=True)
    if outcome == b"no-epoch":
        raise Unavailable(EMPTY)
    if outcome == b"no-roll":
        raise Unavailable(NO_ROLL)
    # An accepted ballot is the voter's last one.
    known = ballot_id if serial else UUID(last.decode()) if last else None
    return Reply(_VERDICTS[outcome], serial, bool(wake), now, known, wait)


@lru_cache(maxsize=256)
def _keys(election: int, shard: int) -> tuple[str, ...]:
    """Return the names of those keys of a shard that are the same for all voters."""
    return tuple(key(election, shard, part) for part in ("rules", "ballots", "voters", "wake", "roll"))
