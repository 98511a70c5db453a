"""How far a long count is, on standard error."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

BLOCK = 1 << 20


class Progress:
    """Says how far things are: on a terminal in one line that changes; elsewhere after a second, and then rarely."""

    def __init__(self, stream: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._on_terminal = stream.isatty()
        self._next = clock() + (0.1 if self._on_terminal else 1)
        self._interval = 0.2 if self._on_terminal else 5

    def say(self, text: str) -> None:
        """Say what is done now, if it is time to say something."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + self._interval
        self._write(text)

    def begin(self, text: str) -> None:
        """Say what begins and may take long."""
        if self._on_terminal:
            self._write(text)

    def end(self) -> None:
        """Take the line off the terminal."""
        if self._on_terminal:
            self._write("")

    def _write(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}" if self._on_terminal else f"{text}\n")
        self._stream.flush()

    def blocks(self, path: Path) -> Iterator[bytes]:
        """Yield the bytes of a file in blocks, and say how much is read."""
        with path.open("rb") as file:
            size = path.stat().st_size
            read = 0
            while block := file.read(BLOCK):
                yield block
                read += len(block)
                values = {"file": path.name, "read": read // BLOCK, "percent": 100 * read // size if size else 0}
                if size:
                    self.say(_("%(file)s: %(read)d MB are read, %(percent)d %%") % values)
                else:
                    self.say(_("%(file)s: %(read)d MB are read") % values)
