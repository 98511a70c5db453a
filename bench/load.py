"""Load from a real tool: wrk if it is installed, or Locust."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .stand import REST, Broken, pinned

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Answers:
    """The answers: how many of each status, in how many seconds; times in seconds."""

    seconds: float
    sent: int
    p50: float
    p99: float
    broken: int
    statuses: dict[str, int]

    def rate(self, status: int) -> float:
        """Return the answers of one status in a second; raises Broken if there were others."""
        others = {one: number for one, number in self.statuses.items() if one != str(status)}
        if others or self.broken or not self.statuses:
            raise Broken(f"{status} was expected; the answers were {self.statuses}, and {self.broken} broke off")
        return self.statuses[str(status)] / self.seconds


def tool() -> str:
    """Return the name of the tool that makes the load; raises Broken if there is none."""
    if shutil.which("wrk"):
        return "wrk"
    if importlib.util.find_spec("locust"):
        return "locust"
    raise Broken("no load generator: install wrk (Debian, Ubuntu: apt install wrk; macOS: brew install wrk)")


def write_requests(file: Path, requests: Iterable[bytes]) -> int:
    """Write prepared HTTP requests for the tool; return how many."""
    number = 0
    with file.open("wb") as output:
        for request in requests:
            output.write(b"%d\n" % len(request) + request)
            number += 1
    return number


def send(
    port: int, file: Path, *, seconds: float, connections: int, pause_ms: float = 0, cores: Sequence[int] = REST
) -> Answers:
    """Send the prepared requests over connections that stay open; each waits `pause_ms` before its next."""
    generator = {"wrk": _wrk, "locust": _locust}[tool()]
    done = subprocess.run(
        pinned(generator(port, file, seconds, connections, pause_ms), cores),
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("urna ")]
    if not told:
        raise Broken(f"{tool()} told nothing: {(done.stdout + done.stderr)[-500:]}")
    return Answers(**json.loads(told[0].removeprefix("urna ")))


def _wrk(port: int, file: Path, seconds: float, connections: int, pause_ms: float) -> list[str]:
    options = ["-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "10s", "-s", str(HERE / "requests.lua")]
    return ["wrk", *options, f"http://127.0.0.1:{port}/", "--", str(file), str(pause_ms)]


def _locust(port: int, file: Path, seconds: float, connections: int, pause_ms: float) -> list[str]:
    arguments = [str(port), str(file), str(seconds), str(connections), str(pause_ms)]
    return [sys.executable, str(HERE / "with_locust.py"), *arguments]
