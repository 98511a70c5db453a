"""The Helm chart: its own tests, with Helm and the schemas of Kubernetes."""

import subprocess
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from .engine import PROJECT, Engine
from .facts import Report, Untrue, expect

TESTS = "tests/chart"


class Chart:
    """The facts about docker/chart: what each file of its tests holds is one."""

    def __init__(self, engine: Engine, report: Report, name: str, image: str) -> None:
        self.report, self.environment = report, engine.environment

    def run(self) -> None:
        """Run the tests; bring the tools before, unless HELM and KUBERNETES_SCHEMAS name them."""
        self.report.title("Helm chart (docker/chart, without a cluster)")
        with tempfile.TemporaryDirectory(prefix="urna-verify-") as folder:
            tools = {}
            if "HELM" not in self.environment:
                if subprocess.run([".ci/chart-tools", folder], cwd=PROJECT, capture_output=True).returncode:
                    self.report.skip("the chart", "HELM names no helm, and .ci/chart-tools could not bring one")
                    return
                tools = {"HELM": f"{folder}/helm", "KUBERNETES_SCHEMAS": f"{folder}/schemas"}
            found = Path(folder) / "found.xml"
            command = [str(PROJECT / "urna"), "test", TESTS, f"--junitxml={found}"]
            done = subprocess.run(command, cwd=PROJECT, env=self.environment | tools, capture_output=True, text=True)
            if not found.exists():
                raise Untrue(
                    f"`./urna test {TESTS}` ended with {done.returncode}: {(done.stdout + done.stderr)[-300:]}"
                )
            for module, outcomes in _read_outcomes(found).items():
                self.report.check(module, _all_passed(outcomes))


def _read_outcomes(file: Path) -> dict[str, list[tuple[str, str]]]:
    """Return by module its tests, each with "passed", "failure", "error" or "skipped"."""
    found = defaultdict(list)
    for case in ET.parse(file).iter("testcase"):
        module, _, _ = case.get("classname", "").partition(".Test")
        marks = [one.tag for one in case if one.tag in ("failure", "error", "skipped")]
        found[module].append((case.get("name", ""), marks[0] if marks else "passed"))
    return found


def _all_passed(outcomes: list[tuple[str, str]]) -> Callable[[], str]:
    def find() -> str:
        others = [f"{name}: {outcome}" for name, outcome in outcomes if outcome != "passed"]
        expect(not others, ", ".join(others))
        return f"{len(outcomes)} tests"

    return find
