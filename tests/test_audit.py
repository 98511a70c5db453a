"""The audit of the requirements: what its reports mean, without asking anybody."""

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).resolve().parents[1]
AUDITED = {"name": "good", "version": "1", "vulns": []}
VULNERABLE = {"name": "bad", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
SKIPPED = {"name": "unknown", "skip_reason": "not found"}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    loader = SourceFileLoader("audit", str(PROJECT / ".ci" / "audit"))
    spec = spec_from_loader("audit", loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


class TestJudge:
    @pytest.mark.parametrize(
        ("packages", "code", "said"),
        [
            ([AUDITED], 0, "1 packages audited"),
            ([AUDITED, VULNERABLE], 1, "bad 1: PYSEC-1, fixed in 2"),
            ([SKIPPED, VULNERABLE], 1, "PYSEC-1"),
            ([AUDITED, SKIPPED], 2, "NOT AUDITED"),
            ([SKIPPED], 2, "NOT AUDITED"),
            ([], 2, "NOT AUDITED"),
        ],
    )
    def test_is_green_only_when_all_were_audited(self, audit, packages, code, said) -> None:
        found, [line] = audit.judge({"dependencies": packages})
        assert (found, said in line) == (code, True)


class TestRun:
    def test_tells_a_source_that_cannot_be_reached(self, monkeypatch) -> None:
        # A port on which nobody listens stands for the whole network.
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        done = subprocess.run([sys.executable, PROJECT / ".ci" / "audit"], capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stdout.count("NOT AUDITED") == 2

    def test_of_ci_fails_on_what_is_known(self) -> None:
        [block] = (PROJECT / ".ci" / "run").read_text().split('step "known vulnerabilities"')[1:]
        script = block.split("step ")[0].replace("$python .ci/audit", "(exit $CODE)")
        for code, required, ends in (("0", "", 0), ("1", "", 1), ("2", "", 0), ("2", "required", 1)):
            done = subprocess.run(["bash", "-euc", script], env={"CODE": code, "AUDIT": required}, capture_output=True)
            assert done.returncode == ends
            assert (b"NOT AUDITED" in done.stdout) is (code == "2")
