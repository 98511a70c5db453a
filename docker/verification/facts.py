"""Facts that are checked one after the other, each with a line of its own."""

import sys
import time
from collections.abc import Callable


class Untrue(Exception):
    """A fact does not hold; the message says what was found."""


class Report:
    """Prints a line for each fact, and counts those that do not hold."""

    def __init__(self) -> None:
        self.held = 0
        self.failed: list[str] = []
        self.skipped: list[str] = []

    def title(self, text: str) -> None:
        self._write(f"\n{text}")

    def check(self, fact: str, find: Callable[[], str | None]) -> bool:
        """Call `find`, which raises Untrue if the fact does not hold; print the result with its detail."""
        started = time.monotonic()
        try:
            detail = find()
        except Untrue as problem:
            self.fail(fact, f"{problem}  [{time.monotonic() - started:.1f} s]")
            return False
        self.held += 1
        self._write(f"ok    {fact}{f': {detail}' if detail else ''}  [{time.monotonic() - started:.1f} s]")
        return True

    def fail(self, fact: str, why: str) -> None:
        self.failed.append(fact)
        self._write(f"FAIL  {fact}: {why}")

    def skip(self, fact: str, why: str) -> None:
        self.skipped.append(fact)
        self._write(f"skip  {fact}: {why}")

    def end(self) -> int:
        """Print the totals; return the exit code."""
        self._write(f"\n{self.held} facts hold, {len(self.failed)} do not, {len(self.skipped)} were not checked")
        return 1 if self.failed else 0

    def _write(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def expect(condition: object, found: object) -> None:
    """Raise Untrue, with what was found, unless the condition holds."""
    if not condition:
        raise Untrue(str(found))


def wait_until(condition: Callable[[], object], within: float, what: str, every: float = 0.3) -> float:
    """Return the seconds until the condition held; raise Untrue after `within` seconds."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > within:
            raise Untrue(f"{what}: not within {within:.0f} s")
        time.sleep(every)
    return time.monotonic() - started
