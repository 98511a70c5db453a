"""What the voter's pages ask the roll in the ballot box: who has this code, and what is that voter's paper?"""

from typing import NamedTuple

from django.conf import settings

from ..ballot_box import Unavailable
from ..ballot_box.casting import NO_ROLL
from ..ballot_box.connection import ask, evaluate, reaching
from ..ballot_box.keys import key
from ..definition import Definition
from ..networks import pseudonym
from ..voters import Voter, roll_voter, shard_of
from .codes import possible_hashes, read


class Entry(NamedTuple):
    """What the box has of somebody on the roll; `groups` as `cast` wants them back."""

    weight: int
    groups: str


def find_voter(definition: Definition, typed: str) -> Voter | None:
    """Return who has a code, None for one that nobody has, or has any more; raises Mistyped, or Unavailable.

    Replicas confirm it: a primary that was cut off, and replaced, knows void codes and no new ones.
    """
    hashes = possible_hashes(definition.election, read(typed))
    with reaching():
        found = ask(
            *(("HGET", key(definition.election, shard_of(one, definition.shards), "codes"), one) for one in hashes),
            confirmed=True,
        )
    known = [one.decode().split(" ") for one in found if one]
    for number, issue in known:
        voter = roll_voter(definition, int(number), int(issue))
        # A code that was replaced may still be among the codes, but the entry has another issue.
        if read_entry(definition, voter):
            return voter
    if not known:
        _require_roll(definition)
    return None


def read_entry(definition: Definition, voter: Voter) -> Entry | None:
    """Return the entry of a voter, None if it was struck, or has got another code since; raises Unavailable.

    That there is none is confirmed by replicas.
    """
    found = _read_entry(definition, voter)
    return found or (_read_entry(definition, voter, confirmed=True) if settings.BALLOT_BOX_COPIES else None)


def _read_entry(definition: Definition, voter: Voter, *, confirmed: bool = False) -> Entry | None:
    with reaching():
        [ready], found = ask(
            ("HMGET", key(definition.election, voter.shard, "rules"), "roll_revision"),
            ("HGET", key(definition.election, voter.shard, "roll"), voter.key),
            confirmed=confirmed,
        )
    if ready is None:
        raise Unavailable(NO_ROLL)
    if found is None:
        return None
    issue, weight, groups = found.decode().split(" ", 2)
    return Entry(int(weight), groups) if int(issue) == voter.issue else None


def _require_roll(definition: Definition) -> None:
    """Raise Unavailable while any part of the roll is being written: that a code is missing says nothing then."""
    with reaching():
        ready = ask(
            *(
                ("HMGET", key(definition.election, shard, "rules"), "roll_revision")
                for shard in range(definition.shards)
            )
        )
    if [None] in ready:
        raise Unavailable(NO_ROLL)


def note_wrong_code(definition: Definition, network: str) -> int:
    """Note a wrong code, and return how many ms the next wrong one has to wait; raises Unavailable.

    Only wrong codes come here, so that a right one always gets in, however many wrong ones a hall types.
    """
    limits = [("guesses", settings.WRONG_CODE_BURST * 20, max(1, settings.WRONG_CODE_INTERVAL_MS // 20))]
    if network:
        own = f"guesses:{pseudonym(definition, network)}"
        limits.append((own, settings.WRONG_CODE_BURST, settings.WRONG_CODE_INTERVAL_MS))
    keys = [key(definition.election, 0, name) for name, _burst, _interval in limits]
    arguments = [number for _name, *numbers in limits for number in numbers]
    with reaching():
        return int(evaluate("guess", keys, arguments))
