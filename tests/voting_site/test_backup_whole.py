"""A whole Urna is backed up while people vote, loses both disks, and is restored; and the drill"""

import shutil
import time
from collections import Counter
from pathlib import Path

import pyrage
import pytest

from tests.test_survival import SLUG, counted
from tests.web import Voter
from voting_site.backup.archive import Archive
from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder
from voting_site.local.leftovers import started_on

from .processes import Running, Up, run, wait_until

pytestmark = [pytest.mark.large, pytest.mark.long]

# Seconds of accepted ballots that may be lost with both disks: a tick, and as much again on a busy machine.
LOST_S = 3.0


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
        assert len(Archive(archive).names()) == 1
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


class TestDrill:
    def test_says_what_would_be_lost_and_what_is_wrong(self, tmp_path):
        archive, place = tmp_path / "archive", tmp_path / "place"
        place.mkdir()

        def drill() -> tuple[int, str]:
            done = run("drill", str(archive), "--data", str(urna.data), "--place", str(place))
            return done.returncode, done.stdout + done.stderr

        with Up(tmp_path) as urna:
            urna.wait_until_ready()
            vote(urna, 4)
            wait_until(lambda: counted(urna)["ballots"] == 4, "a count of all")
            assert run("backup", str(archive), "--data", str(urna.data)).returncode == 0
            vote(urna, 3, "cola-cao")
            wait_until(lambda: counted(urna)["ballots"] == 7, "a count of all")
            code, said = drill()
            assert code == 0, said
            assert "restored and counted again: 4 ballots of 1 elections" in said
            assert f"compared with the Urna that runs on {urna.data}" in said
            assert "would be lost: 3 ballots" in said
            assert list(place.iterdir()) == []
            # As in a container, which has no data folder but knows the servers.
            servers = {service.variable: service.url for service in embedded.services(DataFolder(urna.data), {})}
            secret = {"SECRET_KEY_FILE": str(urna.data / "secret_key")}
            done = run("drill", str(archive), "--servers", "--place", str(place), **servers, **secret)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "compared with the Urna that runs on these servers" in done.stdout
            assert "would be lost: 3 ballots" in done.stdout
            # Somebody has changed a count.
            urna.execute("from tally.models import Count; Count.objects.filter(key='q1:nesquik').update(n=9)")
            assert run("backup", str(archive), "--data", str(urna.data)).returncode == 0
            code, said = drill()
            assert (code, "WRONG nesquik-vs-cola-cao: counted again" in said) == (1, True), said
