"""Keeping programs running: which ends end everything, which are mended, and what the log says of them."""

import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from .processes import DEADLINE

pytestmark = pytest.mark.large

# Of three programs one dies at once each time: it has to say so, and the others go on or not, as argv[2] has it.
KEEPER = """
import sys
from pathlib import Path
from voting_site.local import restarts, supervision
from voting_site.local.programs import Program
restarts.ENDS, restarts.LONGEST_PAUSE = 3, 1
ill = Program("ill", (sys.executable, "-c", "print('what ails me'); raise SystemExit(3)"))
well = Program("well", (sys.executable, "-uc", "import time; print('here'); time.sleep(600)"))
late = Program("late", (sys.executable, "-c", "print('never')"))
group = supervision.Group("all", [ill, well, late], once=frozenset({"ill"}), after={"late": "ill"})

def stop_after_six(keeper):
    if keeper._restarts["ill"].in_a_row == 6:
        keeper.options.mood = -1

keeper = supervision.Keeper(
    [group], Path(sys.argv[1]), stop_after_six, {"needed": "ill", "spare": "well"}[sys.argv[2]].__eq__,
    {"ill": "Nobody is ill meanwhile"},
)
keeper.keep()
print(keeper.failed, keeper.last_lines("ill"), file=sys.stderr)
"""


class TestKeeper:
    def keep(self, tmp_path: Path, need: str, stdout: int | IO[bytes] = subprocess.PIPE) -> tuple[list[str], str]:
        """Run the programs of KEEPER; return the log and the verdict."""
        command = [sys.executable, "-c", KEEPER, str(tmp_path / "conf"), need]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=DEADLINE)
        return (done.stdout or "").splitlines(), done.stderr

    def test_gives_up_on_a_program_that_is_needed_and_keeps_ending(self, tmp_path: Path) -> None:
        log, verdict = self.keep(tmp_path, "needed")
        assert verdict == "ill ['what ails me', 'what ails me', 'what ails me']\n"
        assert "well | here" in log
        assert "late | never" not in log
        assert log.count("ill  | has ended; it is started again") == 2

    def test_starts_any_other_again_for_ever_and_says_so_once_in_a_while(self, tmp_path: Path) -> None:
        log, verdict = self.keep(tmp_path, "spare")
        assert verdict == f"None {6 * ['what ails me']}\n"
        assert log.count("ill  | has ended; it is started again") == 2
        assert [line for line in log if "in a row" in line] == [
            "ill  | has ended 3 times in a row, and is started again and again. Nobody is ill meanwhile. "
            "What it says is above; mend that, and it comes back by itself"
        ]

    def test_goes_on_where_its_log_cannot_be_written(self, tmp_path: Path) -> None:
        with open("/dev/full", "wb") as full:
            _, verdict = self.keep(tmp_path, "spare", full)
        assert verdict.startswith("None ")
