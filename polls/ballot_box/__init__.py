"""The ballot box: accept a ballot, seal, publish. Each change to a box is one atomic script beside these files.

Other packages use the names below; `connection` is the way to Redis itself.
"""

from . import cluster, connection
from .casting import Reply, Verdict, cast
from .connection import EMPTY, Unavailable
from .keys import DEFINITIONS, EPOCH, key
from .offering import OfferReply, Outcome, offer
from .pictures import change_pictures, list_pictures, read_picture
from .reading import (
    Mark,
    count_waiting,
    find_slug,
    is_confirmed,
    read_clock,
    read_definition,
    read_definitions,
    read_epoch,
    read_for_voter,
    read_mark,
    read_memory,
    read_rules,
    recall_definition,
    write_mark,
)
from .sealing import Seal, seal

__all__ = [
    "DEFINITIONS",
    "EMPTY",
    "EPOCH",
    "Mark",
    "OfferReply",
    "Outcome",
    "Reply",
    "Seal",
    "Unavailable",
    "Verdict",
    "cast",
    "change_pictures",
    "cluster",
    "connection",
    "count_waiting",
    "find_slug",
    "is_confirmed",
    "key",
    "list_pictures",
    "offer",
    "read_clock",
    "read_definition",
    "read_definitions",
    "read_epoch",
    "read_for_voter",
    "read_mark",
    "read_memory",
    "read_picture",
    "read_rules",
    "recall_definition",
    "seal",
    "write_mark",
]
