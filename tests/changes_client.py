"""A client that follows an election by changes, as docs/api.md describes it, in Python."""

import json
from typing import Any

from results.changes import PROTOCOL

# What it sends with its handshake.
ASKS = f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n"


class ChangesClient:
    """What one socket has brought."""

    def __init__(self) -> None:
        self.shown: Any = None
        self.wholes = self.changes = 0

    def hear(self, text: str | bytes) -> bool:
        """Take a message; tell whether there is something new to show."""
        message = json.loads(text)
        if message.get("type") == "heartbeat":
            return False
        if message.get("type") != "change":
            self.wholes += 1
            self.shown = message
        elif self.shown and message["base"] == self.shown["frame"]:
            self.changes += 1
            self.shown = merge(self.shown, message["change"])
        else:
            return False
        return True


def merge(value: Any, change: dict[str, Any]) -> Any:
    """Return an object or an array with a change in it."""
    parts = dict(enumerate(value)) if isinstance(value, list) else dict(value)
    for name, part in change.items():
        place = int(name) if isinstance(value, list) else name
        old = parts.get(place)
        parts[place] = merge(old, part) if isinstance(part, dict) and isinstance(old, dict | list) else part
    return list(parts.values()) if isinstance(value, list) else parts
