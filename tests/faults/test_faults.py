"""The fault harness: runs without a mistake in it, and one with each. These take minutes: see the markers."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.mutants import MUTANTS
from tests.voting_site.processes import PROJECT, fresh_environment

BAD = ("lost", "doubled", "unentitled", "unexpected", "wrong")
NUMBERS = ("faults", "ok", "unknown", *BAD, "converged", "seed")
# Two ways to lose, one to double, and one to let in who may not vote: each run of CI has to catch them.
ALWAYS = ("no-on-conflict", "maxlen", "roll-not-checked", "no-wait")
Tell = Callable[[str], None]


def run(tell: Tell, *arguments: str) -> tuple[int, dict[str, float], str]:
    """Run the harness; return its exit code, the numbers of its line, and all that it said."""
    command = [sys.executable, "-m", "tests.faults", *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=fresh_environment(), capture_output=True, text=True)
    for line in done.stdout.splitlines():
        tell(line)
    line = done.stdout.partition("\n")[0]
    assert re.sub(r"=\S+", "", line).split(" ") == list(NUMBERS), done.stderr
    numbers = {name: float(value.replace("never", "inf")) for name, value in re.findall(r"(\w+)=(\S+)", line)}
    return done.returncode, numbers, done.stderr + done.stdout


def check(code: int, numbers: dict[str, float], said: str) -> None:
    """Fail unless a run without a mistake is one without a complaint, whose page came to the truth in time."""
    assert code == 0, said
    assert {name: numbers[name] for name in BAD} == dict.fromkeys(BAD, 0)
    assert numbers["converged"] < 5, said


@pytest.mark.attack
def test_nothing_is_lost_or_doubled_by_faults(tell: Tell) -> None:
    sizes = ("--faults", "29", "--ballots", "6500", "--closing", "2500", "--sockets", "40", "--hints-lost", "4")
    # For .ci/oracles.
    kept = ("--record", folder) if (folder := os.environ.get("CERTIFIED_RECORD")) else ()
    code, numbers, said = run(tell, "--seed", "20", "--emptied", "2", *sizes, *kept)
    check(code, numbers, said)
    assert "certified and verified; the witness was killed" in said
    assert numbers["faults"] >= 30
    assert numbers["ok"] >= 10_000


@pytest.mark.full
def test_nothing_is_lost_or_doubled_in_ten_minutes(tell: Tell) -> None:
    check(*run(tell, "--minutes", "10", "--closing", "10000"))


@pytest.mark.attack
def test_nothing_is_lost_or_doubled_when_primaries_are(tell: Tell) -> None:
    # Those that end with another primary, and what is lost without a copy.
    sizes = ("--faults", "6", "--only", "primary", "--emptied", "0", "--closing", "100", "--sockets", "0")
    code, numbers, said = run(tell, "--seed", "20", "--ha", *sizes)
    assert code == 0, said
    assert {name: numbers[name] for name in BAD} == dict.fromkeys(BAD, 0)


@pytest.mark.full
@pytest.mark.parametrize("reads", ["replica", "fallback"])
def test_no_replica_shows_old_numbers_as_new(reads: str, tell: Tell) -> None:
    sizes = ("--faults", "21", "--emptied", "2", "--closing", "500", "--sockets", "40", "--hints-lost", "4")
    code, numbers, said = run(tell, "--seed", "20", "--replica", reads, *sizes)
    check(code, numbers, said)
    assert "results came from a replica" in said


@pytest.mark.parametrize(
    "names",
    [
        # They wait for most of their time, so that four take hardly longer than one.
        pytest.param(ALWAYS, marks=pytest.mark.attack, id="four"),
        pytest.param(tuple(name for name in MUTANTS if name not in ALWAYS), marks=pytest.mark.full, id="others"),
    ],
)
def test_a_mistake_is_reported(names: tuple[str, ...], tell: Tell) -> None:
    with ThreadPoolExecutor() as pool:
        for code, numbers, said in pool.map(lambda name: run(tell, "--seed", "20", "--mutant", name), names):
            assert code == 0, said
            assert sum(numbers[name] for name in BAD if name != "unexpected") > 0, said
