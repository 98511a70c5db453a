"""The difference attack on results that go in steps: somebody records all that is served while people vote one by one.

The attacker knows who votes when, and compares what was served before and after each ballot. Where two states that
follow each other differ by the ballots of one voter, that voter's choice is told.
"""

import json
import re
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.voting_site.processes import Up, answers, wait_until
from tests.voting_site.sockets import TEXT, open_socket, read_frames
from tests.web import Voter

pytestmark = pytest.mark.long

STEP = 4
OPTIONS = ("ant", "bee", "cat")


class Cast(NamedTuple):
    """One ballot; some voters cast several."""

    voter: int
    option: str


VOTERS = (0, 1, 2, 0, 3, 4, 1, 1, 1, 5, 6, 2, 7, 8, 6, 9, 9, 9, 10, 11, 12, 13, 14, 13)
CASTS = [
    Cast(voter, OPTIONS["abc".index(letter)]) for voter, letter in zip(VOTERS, "ababcaabacbcaacbcaabaabc", strict=True)
]
# After how many ballots the results may change: after the first one by which four others or more have voted since.
STEPS = [0, 5, 11, 15, 21]
# What is served of an election while people vote; pictures in PNG are drawn from the chart.
PAGES = ("", "?view=wall", "embed/", "contests/", "wall.json", "results.json", "results.json?translations")
FILES = ("results.csv", "results.svg", "feed.atom", "record/checkpoint", "receipt/")
ELSEWHERE = ("", "feed.atom")
# What differs each time, whoever has voted: moments, and what belongs to one request.
MOMENTS = re.compile(r'\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+\d\d:\d\d)?|\b\d\d:\d\d(:\d\d)?\b|(nonce|value)="[^"]*"')
# The record is looked at by itself: its head follows within two seconds.
RECORD = re.compile(r'<section class="record".*?</section>', re.DOTALL)
# Columns of minutes in which nothing was counted follow by themselves.
PACE = re.compile(r'<section class="pace".*?</section>|"pace":\s*(\{.*?\}|null)', re.DOTALL)


def count(casts: list[Cast]) -> dict[str, int]:
    """Return what the results show after these ballots."""
    standing = {one.voter: one.option for one in casts}
    return {option: Counter(standing.values())[option] for option in OPTIONS}


class Watcher:
    """Records each frame of a socket, and what all addresses have served after each ballot."""

    def __init__(self, urna: Up, slug: str) -> None:
        self.base = f"http://127.0.0.1:{urna.ports['result']}/"
        self.slug = slug
        self.frames: list[dict[str, Any]] = []
        self.served: dict[str, list[str]] = {}
        self._socket = open_socket(urna.ports["result"], f"/ws/{slug}/")
        self._socket.settimeout(60)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        for opcode, payload in read_frames(self._socket):
            if opcode == TEXT:
                self.frames.append(json.loads(payload))
                if self.frames[-1].get("final"):
                    return

    def look(self) -> None:
        """Ask for each address once."""
        for path in (*(f"{self.slug}/{name}" for name in (*PAGES, *FILES)), *ELSEWHERE):
            with urllib.request.urlopen(self.base + path, timeout=30) as response:
                tag, text = response.headers["ETag"], response.read().decode()
            if path.endswith("results.json") and "pace" in (snapshot := json.loads(text)):
                text += f" {sum((snapshot['pace'] or {'counted': []})['counted'])} in pace"
            # Other tags change with the columns of the pace, too, as time goes by.
            tagged = f"{tag} {text}" if path.endswith(("feed.atom", "record/checkpoint")) else text
            self.served.setdefault(path, []).append(MOMENTS.sub("", PACE.sub("", RECORD.sub("", tagged))))

    def wait_until_shown(self) -> None:
        """Wait until the results have all that is counted: on a busy machine an outcome may come later."""

        def is_shown() -> bool:
            with urllib.request.urlopen(f"{self.base}{self.slug}/results.json", timeout=30) as response:
                return bool(json.load(response)["pending"] == 0)

        wait_until(is_shown, "results with all that is counted")

    def wait_for_heartbeats(self) -> None:
        """Wait until whatever was to come has come."""
        before = len(self.heartbeats)
        wait_until(lambda: len(self.heartbeats) >= before + 2, "two heartbeats")

    def read_size(self) -> int:
        """Return how many entries the head of the record has."""
        with urllib.request.urlopen(f"{self.base}{self.slug}/record/checkpoint", timeout=30) as response:
            return int(response.read().decode().split("\n")[1])

    def end(self) -> None:
        """Wait for the final result; the head of the record follows it within two seconds."""
        self._thread.join(60)
        self._socket.close()
        wait_until(lambda: self.read_size() == len(CASTS), "a whole record")

    @property
    def snapshots(self) -> list[dict[str, Any]]:
        return [one for one in self.frames if "contests" in one]

    @property
    def heartbeats(self) -> list[dict[str, Any]]:
        return [one for one in self.frames if "contests" not in one]


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna")) as up:
        up.wait_until_ready()
        yield up


def hold(urna: Up, slug: str, step: int, folder: Path) -> Watcher:
    """Let people vote one after the other in a new election, and close it; return who has watched that."""
    paper = folder / f"{slug}.json"
    options = [{"key": key, "label": key.title()} for key in OPTIONS]
    paper.write_text(json.dumps({"title": slug, "slug": slug, "step": step, "contests": [{"options": options}]}))
    urna.call("import_election", str(paper), "--publish")
    watcher = Watcher(urna, slug)
    wait_until(lambda: answers(urna.ports["result"], f"/{slug}/record/checkpoint"), "a record")
    # Whatever else follows the publication is no change by a ballot.
    watcher.wait_for_heartbeats()
    watcher.look()
    people: dict[int, Voter] = {}
    url = f"http://127.0.0.1:{urna.ports['vote']}/{slug}/"
    for number, (voter, option) in enumerate(CASTS):
        one = people.setdefault(voter, Voter(url))
        form = one.fetch_form()
        assert form
        assert one.send(form | {"q1": option})[0] == 303
        if number == STEPS[2]:
            # The step has to hold, whoever counts.
            urna.child("run worker").kill()
        wait_until_counted(one)
        if step == 1:
            watcher.wait_until_shown()
        watcher.look()
    watcher.wait_for_heartbeats()
    watcher.look()
    urna.call("close_election", slug)
    watcher.end()
    watcher.look()
    return watcher


def wait_until_counted(voter: Voter) -> None:
    ballot = voter.url
    voter.url += "cast/state.json"
    wait_until(lambda: '"counted"' in voter.send()[1], "the ballot is counted")
    voter.url = ballot


def moves(watcher: Watcher) -> dict[str, list[int]]:
    """Return by address after how many ballots it has served something new, the close left out."""
    # One look before the first ballot, one after each, one later, and one after the close.
    found = {
        path: [after for after in range(1, len(CASTS) + 2) if texts[after] != texts[after - 1]]
        for path, texts in watcher.served.items()
    }
    # The head follows within two seconds: its size says which ballots are in it.
    heads = [int(text.split("\n")[1]) for text in watcher.served[f"{watcher.slug}/record/checkpoint"][:-1]]
    for path in ("record/checkpoint", "receipt/"):
        found[f"{watcher.slug}/{path}"] = sorted({*heads} - {0})
    return found


def told(changes: list[int]) -> list[set[int]]:
    """Return the voters of each difference between states that follow each other."""
    return [{one.voter for one in CASTS[before:after]} for before, after in zip([0, *changes], changes, strict=False)]


def test_differences_of_steps_tell_no_single_ballot(urna: Up, tmp_path: Path) -> None:
    watcher = hold(urna, "in-steps", STEP, tmp_path)
    found = moves(watcher)
    quiet = {path for path, changes in found.items() if not changes}
    assert quiet == {"in-steps/feed.atom", "feed.atom"}
    for path, changes in found.items():
        texts = watcher.served.get(path, [])
        others = [texts[after - 1 : after + 1] for after in changes if after not in STEPS]
        assert path in quiet or changes == STEPS[1:], (
            path,
            [list(unified_diff(*map(str.split, two))) for two in others],
        )
    assert min(len(voters) for voters in told(STEPS[1:])) == STEP

    shown = [{one["key"]: one["count"] for one in frame["contests"][0]["options"]} for frame in watcher.snapshots]
    places = list(dict.fromkeys(map(tuple, (counts.values() for counts in shown))))
    assert places == [tuple(count(CASTS[:after]).values()) for after in (*STEPS, len(CASTS))]
    voting = [frame for frame in watcher.snapshots if frame["phase"] == "open"]
    assert {frame["pending"] for frame in voting} == {None}
    # A version is one of those that are shown, also in a heartbeat.
    assert len({frame["version"] for frame in voting}) <= len(STEPS) + 1
    assert {beat["version"] for beat in watcher.heartbeats} <= {frame["version"] for frame in watcher.snapshots}
    # The rest came at the close, of more than one voter here.
    assert len({one.voter for one in CASTS[STEPS[-1] :]}) == 2
    assert (watcher.snapshots[-1]["final"], watcher.snapshots[-1]["ballots"]) == (True, 15)


def test_without_steps_the_same_attack_tells_each_ballot(urna: Up, tmp_path: Path) -> None:
    """So the test above would notice results that go ballot by ballot."""
    found = moves(hold(urna, "one-by-one", 1, tmp_path))
    changes = found["one-by-one/results.json"]
    assert [len(voters) for voters in told(changes)] == [1] * len(CASTS)
