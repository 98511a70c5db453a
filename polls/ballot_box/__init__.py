"""The ballot box: accept a ballot, seal, publish. Each write is one atomic script beside these files."""

from .casting import Reply, Verdict, cast
from .connection import EMPTY, Command, Unavailable, ask, client, evaluate, line, reaching, script
from .keys import DEFINITIONS, EPOCH, key
from .offering import OfferReply, Outcome, offer
from .reading import (
    Mark,
    count_waiting,
    read_definition,
    read_definitions,
    read_epoch,
    read_mark,
    recall_definition,
    write_mark,
)
from .sealing import Seal, seal

__all__ = [
    "DEFINITIONS",
    "EMPTY",
    "EPOCH",
    "Command",
    "Mark",
    "OfferReply",
    "Outcome",
    "Reply",
    "Seal",
    "Unavailable",
    "Verdict",
    "ask",
    "cast",
    "client",
    "count_waiting",
    "evaluate",
    "key",
    "line",
    "offer",
    "reaching",
    "read_definition",
    "read_definitions",
    "read_epoch",
    "read_mark",
    "recall_definition",
    "script",
    "seal",
    "write_mark",
]  # fmt: skip
