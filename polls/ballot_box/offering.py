"""Offer revisions of elections to the box: `publish.lua` decides whether it takes them."""

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from django.conf import settings

from ..definition import Definition
from . import agreeing
from .connection import evaluate_all, reaching
from .keys import DEFINITIONS, key, write_design


class Outcome(enum.Enum):
    """What `publish.lua` decides on a revision of an election.

    LOST: a shard of a cluster has lost what it had, and has to be restored first.
    """

    TAKEN = "taken"
    BEGUN = "begun"
    CLOSED = "closed"
    VOTED = "voted"
    LOST = "lost"
    NEWER = "newer"


@dataclass(frozen=True)
class OfferReply:
    """The answer to an offered definition.

    If the box did not take it, `standing` is what the box keeps instead, and `revision` the revision of that.
    """

    outcome: Outcome
    standing: Definition | None
    revision: int


Mode = Literal["offer", "try", "restore"]


def offer(
    definitions: Iterable[Definition], epoch: str, *, mode: Mode = "offer", in_force: Collection[int] = ()
) -> list[OfferReply]:
    """Offer revisions of elections to the box, which alone decides whether it takes them; raises Unavailable.

    A box that Redis does not know yet begins in `epoch`. "try" changes nothing; with "restore" a box that has lost
    data takes what it would otherwise refuse. `in_force` names the elections that the box has taken before: only a
    cluster needs to be told, of which one master may have lost its data.
    """
    with reaching():
        replies: Iterable[Any]
        if settings.BALLOT_BOX_CLUSTER:
            replies = [
                agreeing.offer(one, partial(_write, epoch), mode, one.election in in_force) for one in definitions
            ]
        else:
            calls = ((_keys(one), _write(epoch, mode, one)) for one in definitions)
            replies = evaluate_all("publish", calls, confirmed=mode != "try")
    return [
        OfferReply(Outcome(outcome.decode()), Definition.from_json(standing) if standing else None, revision)
        for outcome, standing, revision in replies
    ]


def _keys(definition: Definition) -> list[str]:
    return [DEFINITIONS, *(key(definition.election, shard, "rules") for shard in range(definition.shards))]


def _write(epoch: str, mode: str, definition: Definition) -> list[str | int]:
    """Return the arguments of `publish.lua`."""
    return [
        mode,
        epoch,
        definition.slug,
        definition.revision,
        write_design(definition),
        definition.opens_at,
        "" if definition.closes_at is None else definition.closes_at,
        int(definition.votes_final),
        int(definition.sealed or definition.archived),
        int(definition.cancelled),
        definition.mended_at or 0,
        definition.to_json(),
        definition.eligibility,
        int(definition.shows_who_voted),
    ]
