"""Offer revisions of elections to the box: `publish.lua` decides whether it takes them."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..definition import Definition
from . import connection
from .connection import reaching, script
from .keys import DEFINITIONS, key, write_design


class Outcome(enum.Enum):
    """What `publish.lua` decides on a revision of an election."""

    TAKEN = "taken"
    BEGUN = "begun"
    CLOSED = "closed"
    VOTED = "voted"
    NEWER = "newer"


@dataclass(frozen=True)
class OfferReply:
    """The answer to an offered definition.

    If the box did not take it, `standing` is what the box keeps instead, and `revision` the revision of that.
    """

    outcome: Outcome
    standing: Definition | None
    revision: int


def offer(
    definitions: Iterable[Definition], epoch: str, *, mode: Literal["offer", "try", "restore"] = "offer"
) -> list[OfferReply]:
    """Offer revisions of elections to the box, which alone decides whether it takes them; raises Unavailable.

    A box that Redis does not know yet begins in `epoch`. "try" changes nothing; with "restore" a box that has lost
    data takes what it would otherwise refuse.
    """
    with reaching(), connection.client().pipeline(transaction=False) as pipe:
        for definition in definitions:
            keys = [DEFINITIONS, *(key(definition.election, shard, "rules") for shard in range(definition.shards))]
            arguments: list[str | int] = [
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
            ]
            script("publish")(keys, arguments, client=pipe)
        replies = pipe.execute()
    return [
        OfferReply(Outcome(outcome.decode()), Definition.from_json(standing) if standing else None, revision)
        for outcome, standing, revision in replies
    ]
