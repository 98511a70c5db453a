"""Somebody who knows at which moment the first server had which version, and compares that with what results say.

Results may come from a replica that lags. Then they have to say so: whatever was committed before the moment as of
which they are has to be in them, and each accepted ballot has to be among those that count or among those that wait.
"""

import asyncio
import bisect
import datetime as dt
import threading
import time
from contextlib import suppress
from typing import Any

import psycopg2

from tests.faults.dashboards import Dashboard
from tests.faults.installation import Installation, Stuck, wait_until
from tests.faults.judge import Watcher
from tests.faults.ledger import Ledger
from tests.faults.proxy import Network

# Seconds between two looks at the first server.
LOOK = 0.03
# Redis tells its time in whole milliseconds.
BY_CLOCK_S = 0.005
# A time of day is read a moment after the rows, on a machine that may do something else in between.
BY_TIME_S = 0.3
# Pages call numbers old from this age on. Each hears of it every two seconds, and may do so late.
STALE_S, LATE_S = 5, 3
_VERSION = """
    SELECT revision + coalesce(version + tally_outcome.result_revision, 0)
    FROM polls_election LEFT JOIN tally_outcome ON election_id = polls_election.id WHERE polls_election.id = %s
"""


class Versions:
    """When the first server had which version of an election: it had at least this one from each moment on."""

    def __init__(self, url: str, election: int) -> None:
        self.url, self.election = url, election
        # In the order of time: by the monotonic clock, by the time of day, and the version that was there by then.
        self._moments: list[float] = []
        self._times: list[float] = []
        self._versions: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="versions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def by(self, moment: float) -> int:
        """Return the version that was certainly there at a moment of the monotonic clock."""
        return self._last(self._moments, moment)

    def by_time(self, seconds: float) -> int:
        """Return the same for a time of day, in seconds since 1970."""
        return self._last(self._times, seconds)

    def _last(self, moments: list[float], at: float) -> int:
        place = bisect.bisect_right(moments, at)
        return self._versions[place - 1] if place else 0

    def _follow(self) -> None:
        while not self._stop.wait(LOOK):
            # The server may be away.
            with suppress(psycopg2.Error):
                self._read()

    def _read(self) -> None:
        connection = psycopg2.connect(self.url, connect_timeout=2)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not self._stop.wait(LOOK):
                    cursor.execute(_VERSION, [self.election])
                    [version] = cursor.fetchone()
                    # First what is looked up, then by what it is found.
                    if not self._versions or version > self._versions[-1]:
                        self._versions.append(version)
                        self._times.append(time.time())
                        self._moments.append(time.monotonic())
        finally:
            connection.close()


class Page(Dashboard):
    """A page that follows over a socket, with the age that link.js would show."""

    def __init__(self, port: int, slug: str, ledger: Ledger, versions: Versions) -> None:
        super().__init__(port, slug, ledger, deaf=False, changes=True)
        self.versions = versions
        self.read_at = time.monotonic()
        self.was_stale = False

    def _draw(self, frame: dict[str, Any]) -> None:
        before = self.shown
        super()._draw(frame)
        now = time.monotonic()
        if self.shown is not before:
            self.read_at = now - frame.get("age", 0)
        elif (
            frame.get("type") == "heartbeat"
            and frame["version"] == before["version"]
            and frame["as_of"] >= before["as_of"]
        ):
            before["as_of"] = frame["as_of"]
            self.read_at = now - frame["age"]
        is_stale = now - self.read_at > STALE_S
        self.was_stale |= is_stale
        there = self.versions.by(now - STALE_S - LATE_S)
        if not is_stale and self.shown["version"] < there:
            said = (
                f"a page shows version {self.shown['version']} as new, and {there} was there {STALE_S + LATE_S} s ago"
            )
            self.ledger.complain(self.ledger.wrong, said)


class CopyWatch:
    """Checks what results say of an election, over a socket and by requests (see Watcher)."""

    def __init__(self, url: str, port: int, election: Any, ledger: Ledger) -> None:
        self.ledger = ledger
        self.versions = Versions(url, election.pk)
        self.oldest = 0.0
        self.page = Page(port, election.slug, ledger, self.versions)
        self._network = Network()
        self._following = self._network.run(self._start())

    async def _start(self) -> Any:
        return asyncio.create_task(self.page.follow())

    def stop(self) -> None:
        self._network.run(self._cancel())
        self._network.close()
        self.versions.stop()

    async def _cancel(self) -> None:
        self._following.cancel()
        with suppress(asyncio.CancelledError):
            await self._following

    def begin(self) -> tuple[float, int]:
        """Return the moment of a request, and how many voters knew by then that a ballot of theirs was accepted."""
        known = self.ledger.known_voters()
        return time.monotonic(), known

    def check(self, snapshot: dict[str, Any], begun: tuple[float, int]) -> None:
        """Complain about a snapshot that lacks what was there at the moment as of which it says it is."""
        asked_at, known = begun
        age, version, wrong = snapshot.get("age", 0), snapshot["version"], []
        self.oldest = max(self.oldest, age)
        if version < (there := self.versions.by(asked_at - age - BY_CLOCK_S)):
            wrong.append(f"its age is {age} s, and version {there} was there before that")
        as_of = dt.datetime.fromisoformat(snapshot["as_of"]).timestamp()
        if version < (there := self.versions.by_time(as_of - BY_TIME_S)):
            wrong.append(f"it is as of {snapshot['as_of']}, and version {there} was there before that")
        pending = snapshot["pending"]
        if pending is not None and snapshot["ballots"] + pending < known:
            wrong.append(
                f"{snapshot['ballots']} count and {pending} wait, and {known} voters know that theirs is accepted"
            )
        for what in wrong:
            self.ledger.complain(self.ledger.wrong, f"version {version}: {what}")


def promote(installation: Installation, watcher: Watcher) -> list[str]:
    """Promote the replica while the worker goes on with the first server; return what is wrong with what is shown then.

    The replica says that it is no copy any more, and gets nothing new: results have to say how old they are.
    """
    assert installation.replica
    try:
        wait_until(installation.replica.answers, "the replica answers")
        installation.replica.ask("SELECT pg_promote()")
        wait_until(lambda: (watcher.look() or {}).get("age", 0) > STALE_S, "the age of what is left", seconds=30)
    except Stuck as reason:
        return [f"after the promotion of the replica: {reason}"]
    return []
