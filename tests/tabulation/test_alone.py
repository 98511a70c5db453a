"""The package taken alone: what it loads, and the example of its document."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tabulation

PACKAGE = Path(tabulation.__file__).parent
DOCUMENT = PACKAGE.parent / "docs/tabulation.md"
LOAD_ALL = """
import pkgutil, sys
before = set(sys.modules)
import tabulation
for module in pkgutil.walk_packages(tabulation.__path__, "tabulation."):
    __import__(module.name)
print(*sorted(set(sys.modules) - before), sep="\\n")
"""


def run_alone(code: str, folder: Path) -> str:
    """Run code in a Python that has the standard library and a copy of the package, and nothing else."""
    shutil.copytree(PACKAGE, folder / "tabulation")
    alone = [sys.executable, "-S", "-W", "error", "-c", code]
    return subprocess.run(alone, cwd=folder, capture_output=True, check=True, text=True).stdout


class TestTabulation:
    @pytest.fixture
    def loaded(self, tmp_path: Path) -> set[str]:
        """Return the modules that are loaded with all of the package."""
        return set(run_alone(LOAD_ALL, tmp_path).split())

    def test_loads_each_of_its_modules(self, loaded):
        assert {name for name in loaded if name.startswith("tabulation.")} == {
            ".".join(["tabulation", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
            for path in PACKAGE.rglob("*.py")
            if path != PACKAGE / "__init__.py"
        }

    def test_loads_nothing_but_the_standard_library(self, loaded):
        others = {name.partition(".")[0] for name in loaded} - {"tabulation"}
        assert others - sys.stdlib_module_names == set()

    def test_loads_neither_a_network_nor_a_clock_nor_chance(self, loaded):
        assert loaded & {"socket", "asyncio", "subprocess", "datetime", "random", "secrets", "uuid"} == set()

    def test_loads_neither_django_nor_redis_where_they_are_installed(self):
        code = LOAD_ALL + "assert not {'django', 'redis', 'celery', 'channels'} & set(sys.modules)"
        subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, check=True)

    def test_runs_the_example_of_its_document(self, tmp_path):
        [code] = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
        [printed] = re.findall(r"^```text\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
        assert run_alone(code, tmp_path) == printed
