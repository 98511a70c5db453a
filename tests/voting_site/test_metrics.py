"""The metrics of the roles, as Prometheus reads them, and the files in which processes keep them."""

import math
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

import voting_site
from voting_site.local.ports import free_port
from voting_site.metric_files import FOLDER, PREFIX
from voting_site.roles import ROLES

from .processes import PROJECT, WEB_ROLES, WORKER, Running, answers, find_acts, run, wait_until
from .test_broker import send

# A process that counts once, says so, and goes on with what comes behind it.
CHILD = """
import os, sys
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "voting_site.settings"
django.setup()
from tally.metrics import MISSING
MISSING.inc()
print(flush=True)
"""

pytestmark = [pytest.mark.long, pytest.mark.large]


def scrape(port: int, host: str = "127.0.0.1") -> dict[str, float]:
    """Return what a role tells Prometheus, nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as response:
            text = response.read().decode()
    except OSError:
        return {}
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def requests_counted(port: int) -> float:
    return scrape(port).get('urna_http_request_duration_seconds_count{status="2xx"}', 0)


class Measured(Running):
    """A role with its metrics, in a temporary folder of its own."""

    def __init__(self, folder: Path, role: str, *options: str, **environment: str) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        listen = ("--port", str(self.port)) if ROLES[role].port else ()
        super().__init__(
            folder / "log", "run", role, *listen, "--metrics-port", str(self.metrics_port), *options,
            TMPDIR=str(self.temporary), **environment,
        )  # fmt: skip

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.temporary.glob(f"{PREFIX}*/*.db"))


class TestRole:
    @pytest.mark.parametrize("role", ROLES)
    def test_tells_who_it_is_and_leaves_no_files(self, role, tmp_path: Path, servers):
        with Measured(tmp_path, role, **servers) as command:
            wait_until(lambda: bool(scrape(command.metrics_port)), f"metrics of {role}")
            [info] = [name for name in scrape(command.metrics_port) if name.startswith("urna_info")]
            assert f'role="{role}"' in info
            assert f'version="{voting_site.__version__}"' in info
            # Before this it would simply die of a signal.
            wait_until(lambda: is_at_work(command, role), f"{role} at work")
            assert command.stop() == 0, command.output
        assert not list(command.temporary.glob(f"{PREFIX}*"))

    def test_serves_no_metrics_unless_asked(self, tmp_path: Path, servers):
        port = free_port()
        with Running(tmp_path / "log", "run", "vote", "--port", str(port), **servers) as command:
            wait_until(lambda: answers(port), "vote on its port")
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10)
            sockets = {one.laddr.port for process in command.family() for one in process.net_connections("inet")}
            assert sockets == {port}

    def test_waits_for_the_network_that_it_was_told(self, tmp_path: Path, servers):
        with Measured(tmp_path, "vote", "--metrics-towards", "nowhere.invalid", **servers) as command:
            wait_until(lambda: answers(command.port), "vote, which does not wait")
            wait_until(lambda: "no metrics until there is a way to nowhere.invalid" in command.output, "a warning")
            assert not scrape(command.metrics_port)
            assert command.stop() == 0, command.output

    def test_names_a_metrics_port_that_is_in_use(self, tmp_path: Path, servers):
        with Measured(tmp_path, "vote", **servers) as command:
            wait_until(lambda: bool(scrape(command.metrics_port)), "metrics")
            second = run("run", "beat", "--metrics-port", str(command.metrics_port), **servers)
        assert second.returncode == 1
        assert re.fullmatch(r"urna: port \d+ is in use on 127.0.0.1: .*--metrics-port\n", second.stderr)

    def test_adds_up_processes_of_which_some_have_been_killed(self, tmp_path: Path, servers):
        with Measured(tmp_path, "vote", **servers) as command:
            wait_until(lambda: answers(command.port), "vote on its port")
            before = requests_counted(command.metrics_port)
            for _ in range(5):
                assert answers(command.port)
            assert requests_counted(command.metrics_port) == before + 5
            files = command.files
            kill_children(command)
            wait_until(lambda: answers(command.port), "a new worker process")
            # The counts of the killed process are still there, and the next one uses the same file.
            assert requests_counted(command.metrics_port) > before + 5
            assert command.files == files

    def test_counts_what_forked_children_do(self, tmp_path: Path, servers, redis):
        prepared = run("prepare", "--demo", **servers)
        assert prepared.returncode == 0, prepared.stderr
        with Measured(tmp_path, "worker", **servers) as command:
            wait_until(lambda: len(command.family()) == WORKER, "the worker's processes")
            facts = scrape(command.metrics_port)
            assert facts["urna_box_reachable"] == facts["urna_database_reachable"] == 1
            assert facts['urna_box_ballots{election="nesquik-vs-cola-cao"}'] == 0
            assert "urna_last_good_count_age_seconds" not in facts
            self.count(command, servers["REDIS_URL"])
            files = command.files
            for _ in range(3):
                kill_children(command, find_acts(command))
                wait_until(lambda: len(command.family()) == WORKER, "all processes again")
                self.count(command, servers["REDIS_URL"])
                assert command.files == files

    def count(self, worker: Measured, url: str) -> None:
        """Have a worker count, and wait until it has done so."""
        asked = time.monotonic()
        send(url)

        def has_counted() -> bool:
            age = scrape(worker.metrics_port).get("urna_last_good_count_age_seconds", math.inf)
            return age < time.monotonic() - asked

        wait_until(has_counted, "a round")


def is_at_work(command: Measured, role: str) -> bool:
    if role in WEB_ROLES:
        return answers(command.port)
    if role == "worker":
        return len(command.family()) == WORKER
    return any(name.startswith("urna_ticks_sent_total") for name in scrape(command.metrics_port))


def kill_children(command: Running, *spared: psutil.Process) -> None:
    """Kill what a main process starts again."""
    children = [child for child in command.family()[1:] if child not in spared]
    for child in children:
        child.kill()
    psutil.wait_procs(children, timeout=10)
    wait_until(lambda: not any(child.is_running() for child in children), "their end")


class TestFiles:
    def count(self, folder: Path, after: str = "") -> subprocess.Popen[str]:
        """Start a process that has counted once when it prints its first line."""
        program = CHILD + (after or "sys.stdin.read()")
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=PROJECT, env=os.environ | {FOLDER: str(folder)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == "\n"
        return process

    def test_are_one_for_each_living_process(self, tmp_path: Path):
        first, second = self.count(tmp_path), self.count(tmp_path)
        assert {path.name for path in tmp_path.glob("*.db")} >= {"counter_0.db", "counter_1.db"}
        for process in (first, second):
            process.kill()
            process.communicate()
        third = self.count(tmp_path)
        third.communicate()
        assert not (tmp_path / "counter_2.db").exists()
        assert total(tmp_path) == 3

    def test_are_another_ones_after_a_fork(self, tmp_path: Path):
        after = "pid = os.fork()\nMISSING.inc()\nos.waitpid(pid, 0) if pid else os._exit(0)"
        self.count(tmp_path, after).communicate()
        assert (tmp_path / "counter_1.db").exists()
        assert total(tmp_path) == 3

    def test_of_a_run_that_was_killed_go_with_the_next(self, tmp_path: Path, servers):
        with Measured(tmp_path, "beat", **servers) as command:
            wait_until(lambda: bool(scrape(command.metrics_port)), "metrics")
            command.process.kill()
            command.process.wait()
            [left] = command.temporary.glob(f"{PREFIX}*")
            again = subprocess.run(
                [sys.executable, "-c", "from voting_site.metric_files import make_folder; make_folder()"],
                cwd=PROJECT, env=os.environ | {"TMPDIR": str(command.temporary)},
            )  # fmt: skip
            assert again.returncode == 0
            assert not left.exists()


def total(folder: Path) -> float:
    """Return what all processes have counted together."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))
    value: Any = registry.get_sample_value("urna_serials_missing_total")
    return float(value)
