"""What a backup says of itself: manifest.json, in plain text, with nothing in it that only organisers may know."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .sealed_files import Written

FORMAT = 1
NAME = "manifest.json"


class Unreadable(Exception):
    """A manifest cannot be read; the message says why."""


@dataclass(frozen=True)
class Manifest:
    """One backup of a database cluster, and what belongs to it.

    `installation` is PostgreSQL's own number of the cluster. `start` and `stop` are places in its write-ahead log, in
    bytes: all of it in between is in the base itself. `series` names the part of the archive with what follows.
    """

    name: str
    installation: str
    release: str
    # The newest migration of each app, as "app.name".
    migrations: list[str]
    postgres: int
    timeline: int
    segment_size: int
    start: int
    stop: int
    series: str
    # Bytes of the data folder of PostgreSQL.
    expanded: int
    begun_at: str
    ended_at: str
    encrypted: bool
    files: dict[str, Written] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def first(self) -> int:
        """Return where the segment of the write-ahead log begins with which a recovery begins."""
        return self.start // self.segment_size * self.segment_size

    def to_json(self) -> str:
        """Write it as a file has it."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Read it; raises Unreadable."""
        try:
            values: dict[str, Any] = json.loads(text)
            if values.get("format", 0) > FORMAT:
                raise Unreadable("a newer release of Urna has made it")
            files = {what: Written(*one) for what, one in values.pop("files").items()}
            return cls(**values, files=files)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Unreadable(f"its {NAME} cannot be read ({error})") from error
