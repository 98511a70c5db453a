"""From the release before to this one and back, by real processes of both, at 50 votes a second.

Which release that is, `release_before.py` knows. Each voter's choice and answers are noted; the results have to agree.
"""

import json
import signal
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from tests.voting_site.processes import DEADLINE, PROJECT, answers, wait_until
from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder
from voting_site.local.ports import free_port
from voting_site.local.valkey import Valkey
from voting_site.rights.redis_users import write_acl

from .release_before import Release, check_out
from .steady_votes import SteadyVotes

pytestmark = [pytest.mark.long, pytest.mark.attack]

RATE = 50
SLUG = "nesquik-vs-cola-cao"
OPTIONS = ("nesquik", "cola-cao")
# Seconds of voting between two steps.
MEANWHILE = 2


class Both:
    """Both releases on one data folder."""

    def __init__(self, place: Path) -> None:
        self.folder = DataFolder(place / "data")
        self.folder.create()
        self.before = Release(check_out(place / "before"), self.folder.path)
        self.now = Release(PROJECT, self.folder.path)
        self.place = place


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return Both(tmp_path)


def results(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{SLUG}/results.json", timeout=5) as answer:
        shown: dict[str, Any] = json.load(answer)
    return shown


def shows(port: int, counts: Counter[str]) -> bool:
    """Tell whether nothing waits, and the page has exactly these counts."""
    with suppress(OSError):
        shown = results(port)
        return shown["pending"] == 0 and {one["key"]: one["count"] for one in shown["contests"][0]["options"]} == counts
    return False


def check_accounts(release: Release, votes: SteadyVotes) -> None:
    """Fail unless each accepted ballot is somewhere, once, and a recount agrees."""
    number = votes.counts.total()
    assert f" {number} accepted = " in release.run("reconcile")
    assert release.run("recount") == f"{SLUG}: {number} ballots, no difference\n"


class Servers:
    """PostgreSQL and Valkey of an operator, and the roles of either release on them; vote runs twice."""

    def __init__(self, both: Both) -> None:
        self.both = both
        self.ports = {name: free_port() for name in ("vote-1", "vote-2", "result")}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def give_rights(self, users: str) -> None:
        """Let Redis have these users, as `ACL LOAD` reads them."""
        valkey = Valkey(self.both.folder)
        valkey.users.write_text(users)
        with Redis.from_url(valkey.url) as redis:
            redis.acl_load()

    def start(self, release: Release, *names: str) -> None:
        for name in names:
            listening = ["--port", str(self.ports[name])] if name in self.ports else []
            log = self.both.place / f"{name}.log"
            self._running[name] = release.start(log, "run", name.partition("-")[0], *listening)
            if name in self.ports:
                wait_until(lambda name=name: answers(self.ports[name], "/readyz"), f"{name}, see {log}")  # type: ignore[misc]

    def stop(self, *names: str) -> None:
        for name in names:
            running = self._running.pop(name)
            running.terminate()
            assert running.wait(DEADLINE) == 0, (self.both.place / f"{name}.log").read_text()

    def stop_all(self) -> None:
        self.stop(*self._running)

    def roll(self, release: Release, votes: SteadyVotes) -> None:
        """Replace one copy of vote after the other: it gets no more requests, ends, and the new one begins."""
        for name in ("vote-1", "vote-2"):
            votes.doors.remove(self.ports[name])
            # Who has read the address a moment ago is answered first, as by any load balancer.
            time.sleep(1)
            self.stop(name)
            self.start(release, name)
            votes.doors.append(self.ports[name])
            time.sleep(MEANWHILE)


@pytest.fixture
def servers(both: Both) -> Iterator[Servers]:
    with embedded.running(both.folder, embedded.services(both.folder, {})):
        servers = Servers(both)
        servers.give_rights(both.before.execute("from voting_site.rights.redis_users import *; print(write_acl())"))
        both.before.run("prepare", "--demo")
        servers.start(both.before, "vote-1", "vote-2", "result", "worker", "beat")
        try:
            yield servers
        finally:
            servers.stop_all()


class TestServersOfOnesOwn:
    def test_answer_every_vote_during_an_upgrade_and_the_way_back(self, both: Both, servers: Servers) -> None:
        doors = [servers.ports["vote-1"], servers.ports["vote-2"]]
        with SteadyVotes(doors, SLUG, OPTIONS, RATE, insist=False) as votes:
            wait_until(lambda: results(servers.ports["result"])["ballots"] > 0, "a first count")
            servers.stop("worker", "beat")
            time.sleep(MEANWHILE)
            waiting = results(servers.ports["result"])["pending"]

            servers.give_rights(write_acl())
            both.now.run("prepare")
            servers.start(both.now, "worker", "beat")
            servers.stop("result")
            servers.start(both.now, "result")
            servers.roll(both.now, votes)

            # Back within one wire version. This worker goes on counting what the `vote` of before writes.
            servers.roll(both.before, votes)
            seconds = votes.seconds
        assert waiting > 0
        assert votes.failures == []
        assert len(votes.accepted) > 0.9 * RATE * seconds
        wait_until(lambda: shows(servers.ports["result"], votes.counts), f"{votes.counts}")
        check_accounts(both.now, votes)


class Up:
    """`up` of either release, on the same ports."""

    def __init__(self, both: Both) -> None:
        self.both = both
        self.ports = {name: free_port() for name in ("vote", "result", "admin")}
        self.log = both.place / "up.log"

    def start(self, release: Release) -> None:
        options = [part for name, port in self.ports.items() for part in (f"--{name}-port", str(port))]
        self.running = release.start(self.log, "up", *options)
        wait_until(lambda: answers(self.ports["vote"], "/readyz"), f"votes, see {self.log}")
        wait_until(lambda: answers(self.ports["result"], "/readyz"), f"results, see {self.log}")

    def let_ballots_wait(self) -> None:
        """Have the worker count nothing any more."""
        for child in psutil.Process(self.running.pid).children():
            with suppress(psutil.Error):
                if child.cmdline()[-1] == "worker":
                    for process in (child, *child.children(recursive=True)):
                        process.send_signal(signal.SIGSTOP)
        time.sleep(MEANWHILE)

    def stop(self) -> None:
        self.running.terminate()
        assert self.running.wait(DEADLINE) == 0, self.log.read_text()


class TestUp:
    def test_loses_nothing_in_the_pause_of_an_upgrade_and_of_the_way_back(self, both: Both) -> None:
        up = Up(both)
        up.start(both.before)
        try:
            with SteadyVotes([up.ports["vote"]], SLUG, OPTIONS, RATE, insist=True) as votes:
                time.sleep(MEANWHILE)
                for release in (both.now, both.before):
                    up.let_ballots_wait()
                    wait_until(lambda: (results(up.ports["result"])["pending"] or 0) > 0, "ballots that wait")
                    up.stop()
                    up.start(release)
                    time.sleep(MEANWHILE)
            # Nobody was told anything but that nobody answers, or to come again: the form of each was accepted at last.
            assert {said for _, said in votes.failures if said.isdecimal()} <= {"503"}
            assert len(votes.accepted) == votes.counts.total() >= RATE * MEANWHILE
            wait_until(lambda: shows(up.ports["result"], votes.counts), f"{votes.counts}")
            check_accounts(both.before, votes)
        finally:
            up.stop()
