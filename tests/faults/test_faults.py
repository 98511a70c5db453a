"""The fault harness: a run without a mistake in it, and one with each. These take minutes, and run with `--full`."""

import re
import subprocess
import sys

import pytest

from tests.faults.mutants import MUTANTS
from tests.voting_site.processes import PROJECT, fresh_environment

NUMBERS = ("faults", "ok", "unknown", "lost", "doubled", "unexpected", "wrong", "converged", "seed")


def run(*arguments: str) -> tuple[int, dict[str, float], str]:
    """Run the harness; return its exit code, the numbers of its line, and all that it said."""
    command = [sys.executable, "-m", "tests.faults", *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=fresh_environment(), capture_output=True, text=True)
    line = done.stdout.partition("\n")[0]
    assert re.sub(r"=\S+", "", line).split(" ") == list(NUMBERS), done.stderr
    numbers = {name: float(value.replace("never", "inf")) for name, value in re.findall(r"(\w+)=(\S+)", line)}
    return done.returncode, numbers, done.stderr + done.stdout


@pytest.mark.full
def test_nothing_is_lost_or_doubled_by_faults() -> None:
    sizes = ("--faults", "32", "--ballots", "6500", "--closing", "3500", "--sockets", "40", "--hints-lost", "4")
    code, numbers, said = run("--seed", "20", *sizes)
    assert code == 0, said
    assert {name: numbers[name] for name in ("lost", "doubled", "unexpected", "wrong")} == {
        "lost": 0,
        "doubled": 0,
        "unexpected": 0,
        "wrong": 0,
    }
    assert numbers["faults"] >= 30
    assert numbers["ok"] >= 10_000
    # On a machine that has nothing else to do it is below 5.
    assert numbers["converged"] < 15, said


@pytest.mark.full
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_is_reported_as_loss_or_doubling(name: str) -> None:
    code, numbers, said = run("--seed", "20", "--mutant", name)
    assert code == 0, said
    assert numbers["lost"] + numbers["doubled"] > 0, said
