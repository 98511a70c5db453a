"""Cast votes through the public page as so many people would: `seed.py URL --votes N`.

Each voter opens the ballot, chooses by lot, and sends it; after an error the same ballot again, as a browser would.
"""

import argparse
import http.client
import os
import random
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import urlencode, urlsplit

# Seconds for which one voter goes on trying.
PATIENCE = 60


class Refused(Exception):
    """The page answered with something that trying again does not change."""


def find_choices(page: str) -> list[str]:
    """Return the options that a ballot page offers."""
    return re.findall(r'name="choice" value="([^"]+)"', page)


class Page:
    """The ballot page of one election; `headers` go with each request."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.path = parts.hostname or "", parts.port or 80, parts.path
        self.headers = headers
        self._local = threading.local()

    def ask(self, method: str, body: str = "", cookies: str = "") -> tuple[int, http.client.HTTPMessage, str]:
        """Send one request, on this thread's connection; return status, headers and text. Raises OSError."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        headers = self.headers | {"Cookie": cookies}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise OSError(str(error)) from error

    def ask_patiently(self, method: str, body: str = "", cookies: str = "") -> tuple[http.client.HTTPMessage, str]:
        """Ask until there is an answer, within PATIENCE; raises Refused, or TimeoutError."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                status, headers, text = self.ask(method, body, cookies)
            except OSError:
                status = 0
            if status in (200, 303):
                return headers, text
            if status and status < 500:
                raise Refused(f"{method} {self.path} was answered with {status}")
            time.sleep(0.5)
        raise TimeoutError(f"no good answer to {method} {self.path} within {PATIENCE} seconds")

    def vote(self, pick: random.Random) -> str:
        """Cast one new voter's ballot; return the choice."""
        headers, text = self.ask_patiently("GET")
        cookies = "; ".join(value.partition(";")[0] for value in headers.get_all("Set-Cookie", []))
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        fields["choice"] = pick.choice(find_choices(text))
        self.ask_patiently("POST", urlencode({name: unescape(value) for name, value in fields.items()}), cookies)
        return unescape(fields["choice"])


def main() -> None:
    """Cast the votes that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="address of the ballot page")
    parser.add_argument("--votes", type=int, default=3000)
    parser.add_argument("--at-once", type=int, default=8, help="voters at the same time")
    parser.add_argument("--seed", type=int, default=None, help="makes the choices repeatable")
    options = parser.parse_args()

    headers = {}
    if os.environ.get("VOTE_URL", "").startswith("https:"):
        # From inside, past the proxy: what that one would say, and what Django asks for under TLS.
        public = urlsplit(os.environ["VOTE_URL"])
        headers = {"Host": public.netloc, "X-Forwarded-Proto": "https", "Referer": f"https://{public.netloc}/"}
    page = Page(options.url, headers)
    pick = random.Random(options.seed)
    started = time.monotonic()
    counts: dict[str, int] = {}
    with ThreadPoolExecutor(options.at_once) as voters:
        for number, choice in enumerate(voters.map(lambda _: page.vote(pick), range(options.votes)), start=1):
            counts[choice] = counts.get(choice, 0) + 1
            if number % max(1, options.votes // 10) == 0:
                speed = number / (time.monotonic() - started)
                sys.stdout.write(f"{number} of {options.votes} votes accepted, {speed:.0f}/s\n")
                sys.stdout.flush()
    sys.stdout.write(f"accepted: {', '.join(f'{key} {count}' for key, count in sorted(counts.items()))}\n")


if __name__ == "__main__":
    main()
