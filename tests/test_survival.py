"""Votes go on while one process after the other is killed; afterwards everything that was accepted is counted."""

import contextlib
import itertools
import json
import random
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.voting_site.processes import Up, run, wait_until
from tests.web import Voter, read_form

SLUG = "nesquik-vs-cola-cao"
CHOICES = ("nesquik", "cola-cao")
# Seconds between two people of the crowd, which is to leave processor time to what starts again.
PACE = 0.05

pytestmark = pytest.mark.long


class Crowd:
    """People who vote one after the other, send again what was not answered, and sometimes vote twice."""

    def __init__(self, url: str, seed: int) -> None:
        self.url = url
        self.random = random.Random(seed)
        self.accepted: list[str] = []  # what each voter's last accepted ballot says
        self.sent_again = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._vote_on)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)

    def _vote_on(self) -> None:
        while not self._stop.wait(PACE):
            voter = Voter(self.url)
            last = ""
            for _ in range(1 + (self.random.random() < 0.2)):
                last = self._cast(voter)
            self.accepted.append(last)

    def _cast(self, voter: Voter) -> str:
        """Vote until the answer is known; return the choice."""
        choice = self.random.choice(CHOICES)
        form = None
        for attempt in itertools.count():
            assert attempt < 400, "nobody answers any more"
            try:
                form = form or voter.fetch_form()
                if form and voter.send(form | {"q1": choice})[0] == 303:
                    return choice
            except OSError:
                pass
            self.sent_again += 1
            time.sleep(0.1)  # as a person would before pressing again
        raise AssertionError


def results(urna: Up) -> dict[str, Any]:
    """Return the snapshot of the demo election; without a box or a database it says that it can't tell."""
    url = f"http://127.0.0.1:{urna.ports['result']}/{SLUG}/results.json"
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return json.load(response)
    except OSError:
        return {"pending": None}


def counted(urna: Up) -> Counter[str]:
    """Return the counts of the demo election and the number of its ballots, once all that is accepted is counted."""
    wait_until(lambda: results(urna)["pending"] == 0, "an empty box")
    shown = results(urna)
    [contest] = shown["contests"]
    return Counter({one["key"]: one["count"] for one in contest["options"]} | {"ballots": shown["ballots"]})


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("survival")
    # On nothing, since an election keeps the shards that it was made with.
    with Up(folder, data=folder / "data", BALLOT_BOX_SHARDS="4") as up:
        up.wait_until_ready()
        yield up


def test_nothing_is_lost_or_doubled_when_processes_are_killed(urna: Up) -> None:
    before = counted(urna)
    crowd = Crowd(f"http://127.0.0.1:{urna.ports['vote']}/{SLUG}/", seed=7)
    try:
        for name in ("run worker", "run result", "valkey-server", "bin/postgres", "run vote", "run beat"):
            voted = len(crowd.accepted)
            urna.child(name).kill()
            wait_until(lambda voted=voted: len(crowd.accepted) > voted + 10, f"votes after the end of {name}")
    finally:
        crowd.stop()

    assert crowd.sent_again > 0
    assert counted(urna) == before + Counter(crowd.accepted) + Counter(ballots=len(crowd.accepted))
    for command in ("recount", "reconcile"):
        checked = run(command, "--data", str(urna.data))
        assert checked.returncode == 0, checked.stdout + checked.stderr


class TestOutage:
    """One server is there but answers nothing, which is worse than being dead."""

    def test_of_redis_is_told_within_two_seconds_and_ends_by_itself(self, urna: Up) -> None:
        voter = Voter(f"http://127.0.0.1:{urna.ports['vote']}/{SLUG}/")
        ballot = (voter.fetch_form() or {}) | {"q1": "nesquik"}
        valkey = urna.child("valkey-server")
        waited = []
        # A busy machine may add to it, but not each time.
        for _ in range(3):
            valkey.suspend()
            try:
                asked = time.monotonic()
                status, page = voter.send(ballot)
                waited.append(time.monotonic() - asked)
            finally:
                valkey.resume()
            assert status == 503
            assert read_form(page)["ballot_id"] == ballot["ballot_id"]
            wait_until(lambda: voter.send(ballot)[0] == 303, "an accepted ballot")
        assert min(waited) < 2

    def test_of_postgresql_does_not_stop_the_voting(self, urna: Up) -> None:
        before = counted(urna)
        postgres = urna.child("bin/postgres")
        everything = [postgres, *postgres.children(recursive=True)]
        for process in everything:
            process.suspend()
        try:
            voter = Voter(f"http://127.0.0.1:{urna.ports['vote']}/{SLUG}/")
            assert voter.send((voter.fetch_form() or {}) | {"q1": "cola-cao"})[0] == 303
        finally:
            for process in everything:
                # The first one goes on before the others, and may end one of them.
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()
        assert counted(urna) == before + Counter({"cola-cao": 1, "ballots": 1})
