"""A real provider of OpenID Connect for tests, in a process of its own."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import requests

from voting_site.local.ports import free_port


class Provider(NamedTuple):
    """A provider, and its process."""

    issuer: str
    process: subprocess.Popen[bytes]

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Let it take connections and answer nothing, as a server does that is stuck."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


People = Mapping[str, Mapping[str, Any]]


@contextmanager
def running_provider(people: People) -> Iterator[Provider]:
    """Run a provider that knows these people, by subject; return it once it answers."""
    port = free_port()
    claims = [part for sub, more in people.items() for part in ("--user-claims", json.dumps({"sub": sub, **more}))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true", *claims]
    issuer = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(issuer, process)
            yield Provider(issuer, process)
        finally:
            process.terminate()


def agree(address: str, who: str) -> str:
    """Sign in at the provider as somebody; return where it sends the browser back to."""
    answer = requests.post(address, data={"sub": who}, allow_redirects=False, timeout=10)
    return str(answer.headers["Location"])


def deny(address: str) -> str:
    """Say no at the provider; return where it sends the browser back to."""
    answer = requests.post(address, data={"action": "deny"}, allow_redirects=False, timeout=10)
    return str(answer.headers["Location"])


def _wait_for(issuer: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return requests.get(f"{issuer}/jwks", timeout=5).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("the provider does not start")
