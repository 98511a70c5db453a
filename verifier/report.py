"""What a check says: a line for each thing, the first thing that is wrong, and how far it is."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Entries between two lines of progress.
STRIDE = 65_536


class Malformed(ValueError):
    """Text or bytes that are not in their format; the message says what is wrong, and the caller knows where."""


class Wrong(Exception):
    """Something does not hold; `place` is the file, and the message says which entry, line or field, and why."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place}: {what}")
        self.place = place
        self.what = what


class NoRecord(Exception):
    """A folder that cannot be read as the record of an election."""


@contextmanager
def at(place: str) -> Iterator[None]:
    """Say of what is malformed in which file it is."""
    try:
        yield
    except Malformed as error:
        raise Wrong(place, str(error)) from error


class Report:
    """Writes a line for each thing that was checked, by `write`; progress goes to a terminal on standard error."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._shows_progress = sys.stderr.isatty()

    def begin(self, title: str) -> None:
        """Say of what the next lines are."""
        self._line("#   ", title)

    def ok(self, what: str, shown: str) -> None:
        """Say what a check has shown."""
        self._line("ok  ", f"{what}: {shown}")

    def unchecked(self, what: str, meaning: str) -> None:
        """Say what could not be checked, and what that means."""
        self._line("--  ", f"{what}: {meaning}")

    def wrong(self, error: Exception) -> None:
        """Say what is wrong."""
        self._line("BAD ", str(error))

    def end(self, sentence: str) -> None:
        """Say what all lines mean together."""
        self._clear()
        self._write(f"\n{sentence}\n")

    def progress(self, what: str, done: int, of: int) -> None:
        """Show how far a long check is, where somebody looks at a terminal."""
        if self._shows_progress and done % STRIDE == 0 and of > STRIDE:
            sys.stderr.write(f"\r\033[K{what}: {done:,} of {of:,}")
            sys.stderr.flush()

    def _line(self, mark: str, text: str) -> None:
        self._clear()
        # What stands in a file may be no text that a terminal can show.
        printable = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
        self._write(f"{mark} {printable}\n")

    def _clear(self) -> None:
        if self._shows_progress:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
