"""What a long count says on standard error."""

import io
from pathlib import Path

import pytest

from polls.offline.progress import BLOCK, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that goes on by so many seconds whenever it is looked at."""

    def __init__(self, step: float) -> None:
        self._now = 0.0
        self._step = step

    def __call__(self) -> float:
        self._now += self._step
        return self._now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "board.blt"
    path.write_bytes(b"1 1 0\n" * BLOCK)
    return path


class TestProgress:
    def test_yields_the_whole_file(self, file):
        assert b"".join(Progress(io.StringIO()).blocks(file)) == file.read_bytes()

    def test_says_nothing_of_what_is_quick_where_nobody_watches(self, file):
        stream = io.StringIO()
        progress = Progress(stream, Clock(0.01))
        list(progress.blocks(file))
        progress.begin("counting")
        progress.end()
        assert stream.getvalue() == ""

    def test_says_lines_now_and_then_where_nobody_watches(self, file):
        stream = io.StringIO()
        list(Progress(stream, Clock(0.6)).blocks(file))
        first, *rest = stream.getvalue().splitlines()
        assert first == "board.blt: 2 MB are read, 33 %"
        assert len(rest) <= 1

    def test_changes_one_line_on_a_terminal_and_takes_it_away(self, file):
        stream = Terminal()
        progress = Progress(stream, Clock(0.3))
        list(progress.blocks(file))
        progress.begin("counting 3 ballots")
        progress.end()
        assert stream.getvalue().endswith("\r\x1b[Kboard.blt: 6 MB are read, 100 %\r\x1b[Kcounting 3 ballots\r\x1b[K")
        assert "\n" not in stream.getvalue()
