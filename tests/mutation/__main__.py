"""The command `python -m tests.mutation MUTANT...`: change the code in small ways, and tell what no test notices.

mutmut makes the changes and runs the tests; what it changes, and how it runs them, is said in pyproject.toml. Here it
gets servers that stand during the whole run: each of its thousands of test runs would start its own otherwise.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder

MUTMUT = Path(sys.executable).with_name("mutmut")
# Not among the development requirements: it brings setproctitle along, with which Celery and Granian rename processes.
INSTALL = "python -m pip install mutmut==3.8.1"


def main() -> int:
    """Have mutmut try the mutants that are named, or all that were not tried yet; return its exit code."""
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__)
    parser.add_argument("mutants", nargs="*", metavar="MUTANT", help='as mutmut names them, "tally.drain.*" for many')
    mutants = parser.parse_args().mutants
    if not MUTMUT.exists():
        parser.error(f"mutmut is not installed: run `{INSTALL}`, best in a copy of .venv")
    near = " ".join(f"--near={mutant.rpartition('.')[0]}" for mutant in mutants)
    with tempfile.TemporaryDirectory(prefix="urna-mutation-") as path:
        folder = DataFolder(Path(path))
        with embedded.running(folder, embedded.services(folder, {})):
            environ = os.environ | {"PYTEST_ADDOPTS": f"--servers={folder.path} --reuse-db {near}"}
            # All runs empty the same servers, and so no two may go on at once.
            return subprocess.call([MUTMUT, "run", "--max-children=1", *mutants], env=environ)


if __name__ == "__main__":
    sys.exit(main())
