"""The files of pinned requirements: they fit pyproject.toml and one another, and each pin has its hashes."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[2]
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text())
EXTRAS = DECLARED["project"]["optional-dependencies"]
RELEASE = DECLARED["dependency-groups"]["release"]
RUNNING = DECLARED["project"]["dependencies"]
# What each file is compiled from; the first four hold each other.
FILES = {
    "requirements.txt": RUNNING,
    "requirements-local.txt": RUNNING + EXTRAS["local"],
    "requirements-dev.txt": RUNNING + EXTRAS["local"] + EXTRAS["dev"] + RELEASE,
    "requirements-bench.txt": RUNNING + EXTRAS["local"] + EXTRAS["dev"] + EXTRAS["bench"] + RELEASE,
    "requirements-release.txt": RELEASE,
}
PIN = re.compile(
    r"^(?P<pin>[\w.-]+==\S+)( ; .*?)? \\\n(?P<hashes>(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)

each_file = pytest.mark.parametrize("file", FILES)


@cache
def pins(file: str) -> dict[str, frozenset[str]]:
    """Return the hashes of each pin, by name and version; its markers may differ between the files."""
    found = PIN.finditer((PROJECT / file).read_text())
    return {one["pin"]: frozenset(re.findall("[0-9a-f]{64}", one["hashes"])) for one in found}


class TestRequirements:
    @each_file
    def test_pin_each_package_with_hashes(self, file: str) -> None:
        rest = PIN.sub("", (PROJECT / file).read_text())
        # Who needs it is all that is left: no option, no address of an index, and no pin without a hash.
        assert pins(file)
        assert [line for line in rest.splitlines() if not line.startswith("    # via ")] == []

    @each_file
    def test_hold_what_is_declared(self, file: str) -> None:
        versions: dict[str, list[str]] = {}
        for pin in pins(file):
            name, version = pin.split("==")
            versions.setdefault(name, []).append(version)
        for one in map(Requirement, FILES[file]):
            found = versions.get(one.name.lower(), [])
            assert found, f"{one} is missing: run .ci/requirements"
            assert all(one.specifier.contains(version) for version in found), f"{one}, {found}: run .ci/requirements"

    def test_are_the_same_wherever_they_stand(self) -> None:
        first, *others = (pins(file) for file in list(FILES)[:4])
        for more in others:
            assert first.items() <= more.items()
            first = more
        assert pins("requirements-release.txt").items() <= first.items()

    def test_let_a_wheel_be_made_by_the_pinned_builder(self) -> None:
        [builder] = DECLARED["build-system"]["requires"]
        assert builder in pins("requirements-release.txt")
