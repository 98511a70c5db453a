"""A whole Urna is backed up while people vote, loses both disks, and is restored; and what a restore refuses."""

import json
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyrage
import pytest

from tests.test_survival import SLUG, counted
from tests.web import Voter
from voting_site.local.data_folder import DataFolder
from voting_site.local.leftovers import started_on

from .processes import Running, Up, run, wait_until

pytestmark = [pytest.mark.large, pytest.mark.long]

# Seconds of accepted ballots that may be lost with both disks: a tick, and as much again on a busy machine.
LOST_S = 3.0
PIECES = "log/*/wal/*"


def vote(urna: Up, number: int, choice: str = "nesquik") -> list[Voter]:
    """Let so many new voters vote, one after the other; all are told that their ballot was accepted."""
    voters = [Voter(f"http://127.0.0.1:{urna.ports['vote']}/{SLUG}/") for _ in range(number)]
    for voter in voters:
        form = voter.fetch_form()
        assert form
        assert voter.send(form | {"q1": choice})[0] == 303
    return voters


def follow(archive: Path, data: Path, *options: str) -> Running:
    return Running(archive.with_suffix(".log"), "backup", str(archive), "--data", str(data), "--follow", *options)


def names(archive: Path) -> list[str]:
    return sorted(path.parent.name for path in archive.glob("backups/*/manifest.json"))


def tip(archive: Path) -> dict[str, Any]:
    """Return how far the newest series reaches."""
    [series] = {json.loads(path.read_text())["series"] for path in archive.glob(f"backups/{names(archive)[-1]}/*.json")}
    found: dict[str, Any] = json.loads((archive / "log" / series / "tip.json").read_text())
    return found


def kill_everything(urna: Up, *others: Running) -> None:
    """End all at once, as a power cut does."""
    for one in (urna, *others):
        one.process.kill()
        one.process.wait()
    wait_until(lambda: not list(started_on(DataFolder(urna.data))), "the end of all processes")


def check_accounts(data: Path) -> None:
    for command in ("recount", "reconcile"):
        checked = run(command, "--data", str(data))
        assert checked.returncode == 0, checked.stdout + checked.stderr


class TestLossOfBothDisks:
    @pytest.mark.parametrize("recipient", [False, True])
    def test_loses_seconds_and_doubles_nothing(self, tmp_path, recipient, tell):
        archive, identity = tmp_path / "archive", pyrage.x25519.Identity.generate()
        (tmp_path / "key").write_text(f"# created: today\n{identity}\n")
        sealed = ("--recipient", str(identity.to_public())) if recipient else ()
        with Up(tmp_path) as urna, follow(archive, urna.data, *sealed) as backup:
            urna.wait_until_ready()
            vote(urna, 5)
            backup.wait_for("is made in")
            vote(urna, 20, "cola-cao")
            # PostgreSQL dies and comes back; the series goes on.
            urna.child("bin/postgres").kill()
            vote(urna, 10)
            wait_until(lambda: counted(urna)["ballots"] == 35, "a count of all")
            # From here on ballots are accepted and not counted.
            worker = urna.child("run worker")
            for process in (worker, *worker.children(recursive=True)):
                process.suspend()
            vote(urna, 15)
            time.sleep(LOST_S)
            last = vote(urna, 10, "cola-cao")
            kill_everything(urna, backup)
            ports, data = urna.ports, urna.data
        shutil.rmtree(data)
        done = run("restore", str(archive), "--data", str(data), *(("--identity", str(tmp_path / "key")) * recipient))
        assert done.returncode == 0, done.stderr
        assert len(names(archive)) == 1
        with Up(tmp_path, data=data) as restored:
            restored.wait_until_ready()
            now = counted(restored)
            lost = 60 - now["ballots"]
            # None of those that were there a tick before.
            assert 0 <= lost <= len(last)
            assert now == Counter(nesquik=30, ballots=60 - lost) + Counter({"cola-cao": 30 - lost})
            # Those who have voted vote once more, or say the same again: each still has one ballot.
            for voter in last:
                voter.url = voter.url.replace(str(ports["vote"]), str(restored.ports["vote"]))
                assert voter.send((voter.fetch_form() or {}) | {"q1": "nesquik"})[0] == 303
            wait_until(lambda: counted(restored) == Counter(nesquik=40, ballots=60) + Counter({"cola-cao": 20}), "all")
            assert "ALARM the ballot box had lost data" in restored.output
            check_accounts(data)
        tell(f"lost with both disks: {lost} of {len(last)} ballots that were accepted in the last moment")
