"""What the command writes, to a terminal and elsewhere."""

import io
import sys

import pytest

from verifier.report import STRIDE, Report


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestReport:
    def test_shows_progress_on_a_terminal_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for stream, shown in ((Terminal(), "\r\033[Kentries: 65,536 of 1,000,000\r\033[K"), (io.StringIO(), "")):
            monkeypatch.setattr(sys, "stderr", stream)
            lines: list[str] = []
            report = Report(lines.append)
            report.progress("entries", STRIDE, 1_000_000)
            report.progress("entries", STRIDE + 256, 1_000_000)
            report.progress("entries", 0, 300)
            report.ok("entries", "all")
            assert (stream.getvalue(), lines) == (shown, ["ok   entries: all\n"])

    def test_writes_nothing_that_a_terminal_obeys(self) -> None:
        lines: list[str] = []
        Report(lines.append).ok("key", "a\033[2J\nb\u202ec\ud800 é")
        assert lines == ["ok   key: a\\x1b[2J\\nb\\u202ec\\ud800 é\n"]
