"""The formats taken alone: what the package loads."""

import subprocess
import sys
from pathlib import Path

import record

LOAD_ALL = """
import pkgutil, sys
import cryptography.exceptions, cryptography.hazmat.primitives.asymmetric.ed25519
before = set(sys.modules)
import record.formats
for module in pkgutil.walk_packages(record.formats.__path__, "record.formats."):
    __import__(module.name)
print(*sorted(set(sys.modules) - before), sep="\\n")
"""


class TestFormats:
    def test_load_nothing_but_themselves_and_the_pure_part_of_the_standard_library(self):
        command = [sys.executable, "-W", "error", "-c", LOAD_ALL]
        done = subprocess.run(command, cwd=Path(record.__file__).parents[1], capture_output=True, check=True, text=True)
        loaded = set(done.stdout.split())
        assert "record.formats.witness" in loaded
        others = {name.partition(".")[0] for name in loaded} - {"record"}
        assert others - sys.stdlib_module_names == set()
        assert loaded & {"socket", "asyncio", "subprocess", "datetime", "random", "secrets", "uuid"} == set()
