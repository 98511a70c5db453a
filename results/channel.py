"""What those who watch one election share."""

import datetime as dt
import json
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from . import metrics
from .changes import NumberedSnapshot
from .follower import Follower, Write
from .snapshot import Snapshot, write_time
from .wall import write_frame

# Frames of which a change is written: a watcher that missed more gets the whole. As many as its connection may miss and
# still share the work of compressing with others (voting_site/serving/frames.py).
KEPT = 5
# Heartbeats from one whole snapshot to the next while something changes: ten seconds.
WHOLE_BEATS = 5


class Channel:
    """The followers of one election, and what they share: the newest frame, and its number."""

    def __init__(self) -> None:
        self._followers: set[Follower] = set()
        self.number = 0
        self.frame = ""
        # The newest frames with their numbers, for clients that are sent changes.
        self._kept: deque[NumberedSnapshot] = deque(maxlen=KEPT)
        # Whoever was sent no whole snapshot since this number gets one at the next heartbeat.
        self.due = 0
        self._beats = 0
        # When what the newest frame shows was read, by PostgreSQL's clock.
        self._framed_at: dt.datetime | None = None
        self._snapshot: Snapshot | None = None
        # What a presenter has set, None for dashboards, which do not have it in their frames.
        self._wall: dict[str, Any] | None = None
        self._read_at = time.monotonic()
        self.heartbeat = ""

    @property
    def watchers(self) -> int:
        """Return how many follow."""
        return len(self._followers)

    @property
    def slug(self) -> str:
        """Return the address of the election, '' before the first read."""
        return self._snapshot.election.slug if self._snapshot else ""

    @property
    def age(self) -> float:
        """Return how old the last good read is in seconds, of a copy with its lag; or since when somebody watches."""
        return time.monotonic() - self._read_at

    def take(self, snapshot: Snapshot, wall: dict[str, Any] | None = None) -> None:
        """Keep a snapshot that was just read, and ring if it shows anything new; ignore an older version."""
        if self._snapshot and snapshot.version < self._snapshot.version:
            return
        shown, self._snapshot, self._read_at = self._snapshot, snapshot, time.monotonic() - (snapshot.age or 0)
        if shown is None or wall != self._wall or not snapshot.shows_the_same_as(shown):
            self._wall = wall
            self.frame = snapshot.to_json() if wall is None else write_frame(snapshot, wall)
            self._framed_at = snapshot.as_of
            self.number += 1
            self._kept.append(NumberedSnapshot(self.number, self.frame))
            self.ring()

    @property
    def whole(self) -> str:
        """The newest frame with its number, "" before the first read."""
        return self._kept[-1].whole if self._kept else ""

    def write_news(self, seen: int) -> str:
        """Return what is new to a client whose last frame had the number `seen`; the whole where that is not kept."""
        newest = self._kept[-1]
        before = next((one for one in self._kept if one.number == seen), None)
        return newest.since(before) if before else newest.whole

    def beat(self, elsewhere: int = 0) -> None:
        """Say how old the last good read is: `age` is in seconds, so that no two clocks need to agree.

        `watching` is about how many look, with those `elsewhere`, in other processes. By `since`, the seconds from the
        newest frame to that read, a page notices that it has missed a frame. The text stays below 126 bytes, up to
        which a frame of a socket has the shortest head.
        """
        snapshot, framed_at = self._snapshot, self._framed_at
        self._beats += 1
        if self._beats % WHOLE_BEATS == 0:
            self.due = self.number
        beat: dict[str, Any] = {"type": "heartbeat", "version": None, "as_of": None, "age": None, "since": None}
        beat["watching"] = self.watchers + elsewhere
        if snapshot and framed_at:
            beat |= {
                "version": snapshot.version,
                "as_of": write_time(snapshot.as_of),
                "age": round(self.age, 3),
                "since": round((snapshot.as_of - framed_at).total_seconds(), 2),
            }
        self.heartbeat = json.dumps(beat, separators=(",", ":"))
        self.ring()

    def add(self, *, changes: bool, write: Write | None) -> Follower:
        """Return a new follower, who is sent `changes` or whole snapshots, by `write` where that can be."""
        follower = Follower(self, changes=changes, write=write)
        self._followers.add(follower)
        return follower

    def remove(self, follower: Follower) -> None:
        """Send nothing more to a follower."""
        self._followers.remove(follower)

    def ring(self) -> None:
        """Let all followers have the newest frame, or the heartbeat."""
        self.count_sent([text for follower in list(self._followers) for text in follower.ring()])

    def count_sent(self, texts: Sequence[str]) -> None:
        """Count frames and heartbeats."""
        heartbeats = sum(text is self.heartbeat for text in texts)
        metrics.HEARTBEATS.inc(heartbeats)
        metrics.FRAMES.inc(len(texts) - heartbeats)
