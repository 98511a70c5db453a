"""The head of a log on a page for people."""

from typing import Any

from record.cosignatures import find_cosignatures, write_head
from record.models import SignedLog


def head_context(log: SignedLog) -> dict[str, Any]:
    """Return what the head of a log is shown with."""
    cosignatures = find_cosignatures(log)
    return {
        "log": log,
        "head": write_head(log, cosignatures).decode(),
        "witnesses": [one.name for one in cosignatures],
    }
