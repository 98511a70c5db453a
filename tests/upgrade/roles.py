"""Roles of a release on a data folder whose servers run; of the release in whose checkout this is imported."""

import json
import urllib.request
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.voting_site.processes import Running, answers, wait_until
from voting_site.local.data_folder import DataFolder
from voting_site.local.ports import free_port

NAMES = ("vote", "result", "worker", "beat")


class Roles:
    """All roles but the administration, during a `with` block; their logs are in `folder`."""

    def __init__(self, data: DataFolder, folder: Path) -> None:
        self.data, self.folder = data, folder
        self.ports = {role: free_port() for role in ("vote", "result")}
        self._running: dict[str, Running] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for name in NAMES:
                listening = ["--port", str(self.ports[name])] if name in self.ports else []
                arguments = ("run", name, "--data", str(self.data.path), *listening)
                # Proof of work that is done at once.
                running = Running(self.folder / f"{name}.log", *arguments, POW_DIFFICULTY="300")
                self._running[name] = stack.enter_context(running)
            for name, port in self.ports.items():
                wait_until(lambda port=port: answers(port), f"an answer of {name}")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def stop(self, *names: str) -> None:
        for name in names:
            assert self._running[name].stop() == 0, self._running[name].output

    def output(self) -> dict[str, str]:
        """Return what each role has logged."""
        return {name: running.output for name, running in self._running.items()}

    def results(self, slug: str) -> dict[str, Any]:
        """Return what the results page shows of an election; raises OSError if it shows nothing."""
        url = f"http://127.0.0.1:{self.ports['result']}/{slug}/results.json"
        with urllib.request.urlopen(url, timeout=10) as answer:
            shown: dict[str, Any] = json.load(answer)
        # The first release had one contest, and showed it without a list.
        for contest in shown.get("contests", []):
            shown |= {name: contest[name] for name in ("method", "options", "winners")}
        return shown

    def have_counted(self, slugs: Iterable[str]) -> bool:
        """Tell whether the results pages of all these elections say that no ballot waits."""
        try:
            return all(self.results(slug)["pending"] == 0 for slug in slugs)
        except OSError:
            return False
