"""The entries of the log of an installation: what has happened with each election, in the only form of its kind."""

import re
from dataclasses import dataclass, field
from hashlib import sha256

from .entries import split_bundle, tell_first
from .folder import Folder
from .reference import split_origin
from .report import Malformed, Report, Wrong
from .tree import WIDTH, tile_path
from .values import HASH_BYTES, read_base64, read_decimal, read_text

FROZEN, CHECKPOINT, CLOSED, RESULT = "frozen", "checkpoint", "closed", "result"
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\n"
_SAYS = {
    FROZEN: rf"[0-9a-f]{{16,64}}\n{_TIME}",
    CHECKPOINT: r"[^\n]+\n[0-9]+\n[A-Za-z0-9+/=]+\n",
    CLOSED: _TIME,
    RESULT: r"[0-9a-f]{64}\n",
}
_EVENT = re.compile(
    r"urna-event/1\n(?P<kind>[a-z]+)\n(?P<election>[A-Za-z0-9_-]{1,60})\n(?P<says>(?:[^\n]+\n){1,3})", re.ASCII
)


@dataclass(frozen=True)
class Event:
    """What has happened with an election; `says` are its lines, and `index` is its place in the log."""

    index: int
    kind: str
    election: str
    says: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many entries the record had at a checkpoint."""
        return int(self.says[1])

    @property
    def root(self) -> bytes:
        """The root of the record at a checkpoint."""
        return read_base64(self.says[2])


@dataclass
class Events:
    """All events, and their leaf hashes, 32 bytes one by one."""

    found: list[Event] = field(default_factory=list)
    leaves: bytearray = field(default_factory=bytearray)

    def of(self, election: str) -> list[Event]:
        """Return what is told of an election."""
        return [one for one in self.found if one.election == election]


def read_events(folder: Folder, size: int, report: Report) -> Events:
    """Read all events of a log; raises Wrong at the first that is not as it has to be, or out of order."""
    events = Events()
    order = _Order()
    for first in range(0, size, WIDTH):
        report.progress("entries", first, size)
        width = min(size - first, WIDTH)
        path = tile_path("entries", first // WIDTH, width)
        try:
            for index, entry in enumerate(split_bundle(folder.read(path), first, width), start=first):
                try:
                    event = _read_event(entry, index)
                    order.add(event)
                except Malformed as error:
                    raise Malformed(f"entry {index:,}: {error}") from error
                events.found.append(event)
                events.leaves += sha256(b"\0" + entry).digest()
        except Malformed as error:
            raise Wrong(path, f"{error}{tell_first(folder, events.leaves, size)}") from error
    return events


def _read_event(entry: bytes, index: int) -> Event:
    match = _EVENT.fullmatch(read_text(entry))
    if not match or match["kind"] not in _SAYS or not re.fullmatch(_SAYS[match["kind"]], match["says"], re.ASCII):
        raise Malformed("it is not of the form that an event has")
    event = Event(index, match["kind"], match["election"], tuple(match["says"].split("\n")[:-1]))
    if event.kind == CHECKPOINT:
        read_decimal(event.says[1])
        if len(event.root) != HASH_BYTES:
            raise Malformed("the root of its checkpoint is no hash")
    return event


@dataclass
class _Election:
    """How far an election has come in the log."""

    kinds: set[str] = field(default_factory=set)
    # Of its record: its origin, that of the first one without a number, which one it is, and its size.
    origin: str = ""
    base: str = ""
    number: int = 0
    size: int = -1
    has_ballots: bool = False


class _Order:
    """Requires that the events of each election come in an order that can be."""

    def __init__(self) -> None:
        self._elections: dict[str, _Election] = {}

    def add(self, event: Event) -> None:
        """Take the next event; raises Malformed if it cannot come here."""
        so_far = self._elections.setdefault(event.election, _Election())
        if RESULT in so_far.kinds:
            raise Malformed(f"{event.election} has a certified result, and nothing comes after that")
        if event.kind != FROZEN and FROZEN not in so_far.kinds:
            raise Malformed(f"nothing before it says on which paper people vote in {event.election}")
        if event.kind == FROZEN and (so_far.has_ballots or CLOSED in so_far.kinds):
            raise Malformed(f"the paper of {event.election} is another one after the first ballot, or after the close")
        if event.kind == CLOSED and CLOSED in so_far.kinds:
            raise Malformed(f"{event.election} is closed already")
        if event.kind == RESULT and CLOSED not in so_far.kinds:
            raise Malformed(f"the result of {event.election} comes before its close")
        if event.kind == CHECKPOINT:
            self._grow(event, so_far)
        so_far.kinds.add(event.kind)

    def _grow(self, event: Event, so_far: _Election) -> None:
        # The site may have another address than when the log began.
        origin = event.says[0]
        base, number = split_origin(origin, event.election) or ("", 0)
        if not base or base != (so_far.base or base) or number < so_far.number:
            known = so_far.origin or f".../{event.election}"
            raise Malformed(f"it is a checkpoint of {origin}, and has to be one of {known}")
        if number > so_far.number:
            # Of a record that was begun anew.
            so_far.size = -1
        if event.size <= so_far.size:
            raise Malformed(f"the record of {event.election} had {so_far.size:,} entries, and now {event.size:,}")
        so_far.origin, so_far.base, so_far.number, so_far.size = origin, base, number, event.size
        # The first entry of one that was begun anew is of no ballot.
        so_far.has_ballots |= event.size > (number > 1)
