"""The docker command line; commands and answers are written to a transcript."""

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

from .facts import Untrue

PROJECT = Path(__file__).resolve().parents[2]


class Engine:
    """One engine, the default one or that of `address`."""

    def __init__(self, transcript: Path | None = None, address: str = "", **environment: str) -> None:
        self.transcript = transcript
        self.address = address
        self.environment = os.environ | environment
        # Plain output, the same on a terminal and in a pipe.
        self.environment |= {"BUILDKIT_PROGRESS": "plain", "COMPOSE_PROGRESS": "plain", "COMPOSE_ANSI": "never"}

    def run(self, *arguments: str, check: bool = True, within: float = 300, text: str | None = None) -> str:
        """Run `docker ARGUMENTS`; return what it prints. Raises Untrue if it fails or takes too long."""
        command = ["docker", *(["-H", self.address] if self.address else []), *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=PROJECT,
                env=self.environment,
                input=text,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=within,
            )
        except subprocess.TimeoutExpired as error:
            raise Untrue(f"`{shlex.join(command)}` took more than {within:.0f} s") from error
        if self.transcript:
            with self.transcript.open("a") as file:
                file.write(f"$ {shlex.join(command)}\n{done.stdout}\n")
        if check and done.returncode:
            last = " / ".join(done.stdout.strip().splitlines()[-3:])
            raise Untrue(f"`{shlex.join(command)}` ended with {done.returncode}: {last}")
        return done.stdout

    def succeeds(self, *arguments: str) -> bool:
        """Tell whether `docker ARGUMENTS` ends with 0."""
        try:
            self.run(*arguments)
        except Untrue:
            return False
        return True

    def inspect(self, *names: str, kind: str = "container") -> list[dict[str, Any]]:
        """Return what the engine knows of containers, services, nodes, ..."""
        found: list[dict[str, Any]] = json.loads(self.run(kind, "inspect", *names))
        return found

    def lines(self, *arguments: str) -> list[str]:
        """Return the lines of an answer that are not empty."""
        return [line.strip() for line in self.run(*arguments).splitlines() if line.strip()]

    def megabytes(self, image: str) -> float:
        """Return the size of an image, 0 if it does not exist."""
        if not self.succeeds("image", "inspect", image):
            return 0
        return int(self.inspect(image, kind="image")[0]["Size"]) / 1e6

    def kill(self, container: str, image: str) -> None:
        """End a container's process as a crash would; after `docker kill`, a stop by hand, nothing restarts it."""
        pid = str(self.inspect(container)[0]["State"]["Pid"])
        if pid == "0":
            raise Untrue(f"{container} does not run")
        self.end(image, pid)

    def end(self, image: str, *pids: str) -> None:
        """End processes of the engine's machine at once, by a program that a container of `image` runs."""
        program = "import os, sys; [os.kill(int(pid), 9) for pid in sys.argv[1:]]"
        self.run("run", "--rm", "--pid=host", "--user=root", "--network=none", image, "python", "-c", program, *pids)
