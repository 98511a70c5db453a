"""The verifier taken alone, as somebody takes it who has no server: what it needs, and what it loads."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import verifier

PROJECT = Path(verifier.__file__).parents[1]
LOAD_ALL = """
import pkgutil, sys
before = set(sys.modules)
import verifier
for module in pkgutil.walk_packages(verifier.__path__, "verifier."):
    __import__(module.name)
print(*sorted(set(sys.modules) - before), sep="\\n")
"""


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A folder with the verifier and the counting rules, and nothing else of the project."""
    for name in ("verifier", "tabulation"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(alone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, cwd=alone, capture_output=True, text=True)


class TestVerifier:
    def test_loads_the_counting_rules_cryptography_and_the_standard_library(self, alone):
        done = run(alone, "-c", LOAD_ALL)
        assert done.stderr == ""
        packages = {name.partition(".")[0] for name in done.stdout.split()}
        # Cryptography brings its bindings to C along.
        of_cryptography = {"cryptography", "_cffi_backend", "_openssl"}
        assert packages - sys.stdlib_module_names - of_cryptography == {"verifier", "tabulation"}
        assert {"verifier.__main__", "verifier.totals"} <= set(done.stdout.split())

    def test_checks_a_folder(self, alone, untouched):
        for command in (["-m", "verifier"], [str(alone / "verifier")]):
            done = run(alone, *command, str(untouched))
            assert (done.returncode, done.stderr) == (0, "")
