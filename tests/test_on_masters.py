"""The tests of the box, of the count and of healing once more, with the ballot box on three masters of a cluster."""

import subprocess
import sys

import pytest

from .voting_site.processes import PROJECT, fresh_environment

FILES = (
    "tests/cluster",
    "tests/polls/test_ballot_box.py",
    "tests/polls/roll",
    "tests/tally/test_drain.py",
    "tests/tally/test_healing.py",
    "tests/tally/test_publishing.py",
)


@pytest.mark.attack
def test_hold_on_a_cluster() -> None:
    command = [sys.executable, "-m", "pytest", "--cluster", "-n0", "-q", *FILES]
    environment = {name: value for name, value in fresh_environment().items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout[-3000:]
