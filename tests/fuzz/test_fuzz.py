"""Requests that no browser sends, against a whole Urna; see the markers for when they run."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.voting_site.processes import PROJECT, fresh_environment


@pytest.mark.parametrize(
    "requests",
    [pytest.param(5_000, marks=pytest.mark.attack), pytest.param(100_000, marks=pytest.mark.full)],
)
def test_no_request_is_noticed_by_anybody_else(requests: int, tell: Callable[[str], None]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--requests", str(requests)],
        cwd=PROJECT,
        env=fresh_environment(),
        capture_output=True,
        text=True,
    )
    tell(done.stdout.strip())
    assert done.returncode == 0, done.stderr + done.stdout
