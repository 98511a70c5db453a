"""Cast votes through the public page, as voters would: `seed.py URL --votes N`.

Each voter opens the ballot, chooses at random, and sends it; after an error the same ballot again, as a browser would.
"""

import argparse
import http.client
import os
import random
import re
import socket
import ssl
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import urlencode, urlsplit

# Seconds for which one voter tries again, besides those for which the page says to wait.
PATIENCE = 60
# The service of the compose file that ends TLS.
PROXY = ("proxy", 443)

SLOWER = (
    "too many new voters from one address (429): going on at the pace that the page allows. A faster seed:\n"
    "  NEWCOMER_BURST=5000 docker compose -f docker/compose.yaml --profile seed up\n"
)
# The count key of a contest that is left blank.
BLANK = "-blank"


class Refused(Exception):
    """The page answered with something that trying again does not change."""


def find_ballot(page: str) -> str:
    """Return the form of the ballot on its page, which has another form for the language."""
    [ballot] = [form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'name="ballot_id"' in form]
    return ballot


def find_hidden_fields(ballot: str) -> dict[str, str]:
    """Return the hidden fields of a ballot form, which are sent back unchanged."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', ballot)
    return {name: unescape(value) for name, value in fields}


def find_contests(ballot: str) -> dict[str, list[str]]:
    """Return the options that a ballot form offers, by contest; "leave blank" is an empty one."""
    contests: dict[str, list[str]] = {}
    for contest, option in re.findall(r'<input type="(?:radio|checkbox)" name="([^"]+)" value="([^"]*)"', ballot):
        contests.setdefault(contest, []).append(option)
    return contests


def find_rankings(ballot: str) -> dict[str, list[str]]:
    """Return the options that a ballot form asks to rank, by contest."""
    contests: dict[str, list[str]] = {}
    for contest, option in re.findall(r'<select name="([^":]+):([^"]+)"', ballot):
        contests.setdefault(contest, []).append(option)
    return contests


def mark(ballot: str, pick: random.Random) -> tuple[dict[str, str], list[str]]:
    """Mark a ballot form at random; return its fields, and what to count of it: of a ranking the first choice."""
    fields: dict[str, str] = {}
    marked = []
    for name, options in find_contests(ballot).items():
        # With a colon it is the score of one option, which an empty one would leave out.
        fields[name] = pick.choice([option for option in options if option] if ":" in name else options)
        marked.append(f"{name}:{fields[name] or BLANK}")
    for contest, options in find_rankings(ballot).items():
        ranking = pick.sample(options, pick.randint(1, len(options)))
        fields |= {f"{contest}:{option}": str(rank) for rank, option in enumerate(ranking, start=1)}
        marked.append(f"{contest}:{ranking[0]}")
    return fields, marked


def fill_in(headers: http.client.HTTPMessage, page: str, pick: random.Random) -> tuple[str, str, list[str]]:
    """Mark a ballot page's form at random; return what a browser sends, its cookies, and what to count of it."""
    cookies = "; ".join(value.partition(";")[0] for value in headers.get_all("Set-Cookie", []))
    ballot = find_ballot(page)
    fields, marked = mark(ballot, pick)
    return urlencode(find_hidden_fields(ballot) | fields), cookies, marked


class ProxyConnection(http.client.HTTPSConnection):
    """A connection to a public name, through this project's own proxy.

    The name may not be in any DNS, and the certificate may be one that no authority has signed.
    """

    def connect(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.sock = context.wrap_socket(socket.create_connection(PROXY, self.timeout), server_hostname=self.host)


class Page:
    """The ballot page of one election."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.path = parts.hostname or "", parts.port, parts.path
        self.kind = ProxyConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.headers = {"Referer": url}
        self.was_held_up = threading.Event()
        self._local = threading.local()

    def ask(self, method: str, body: str = "", cookies: str = "") -> tuple[int, http.client.HTTPMessage, str]:
        """Send one request, on this thread's connection; return status, headers and text. Raises OSError."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self.kind(self.host, self.port, timeout=10)
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
            if status == 429:
                if not self.was_held_up.is_set():
                    self.was_held_up.set()
                    say(SLOWER)
                seconds = int(headers["Retry-After"])
                deadline += seconds
                time.sleep(seconds)
                continue
            if status and status < 500:
                raise Refused(f"{method} {self.path} was answered with {status}")
            time.sleep(0.5)
        raise TimeoutError(f"no good answer to {method} {self.path} within {PATIENCE} seconds")

    def vote(self, pick: random.Random) -> list[str]:
        """Cast one new voter's ballot; return what to count of it."""
        return self.cast(pick)[0]

    def cast(self, pick: random.Random) -> tuple[list[str], str]:
        """Cast one new voter's ballot; return what to count of it, and the voter's cookies."""
        body, cookies, marked = fill_in(*self.ask_patiently("GET"), pick)
        self.ask_patiently("POST", body, cookies)
        return marked, cookies

    def close(self) -> None:
        """End this thread's connection."""
        if connection := getattr(self._local, "connection", None):
            connection.close()


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main() -> None:
    """Cast the votes that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="address of the ballot page")
    parser.add_argument("--votes", type=int, default=3000)
    parser.add_argument("--at-once", type=int, default=8, help="voters at the same time")
    parser.add_argument("--seed", type=int, default=None, help="makes the choices repeatable")
    options = parser.parse_args()

    url, public = options.url, os.environ.get("VOTE_URL", "")
    if public.startswith("https:"):
        url = public.rstrip("/") + urlsplit(url).path
    page = Page(url)
    pick = random.Random(options.seed)
    started = time.monotonic()
    counts: dict[str, int] = {}
    with ThreadPoolExecutor(options.at_once) as voters:
        for number, chosen in enumerate(voters.map(lambda _: page.vote(pick), range(options.votes)), start=1):
            for key in chosen:
                counts[key] = counts.get(key, 0) + 1
            if number % max(1, options.votes // 10) == 0:
                speed = number / (time.monotonic() - started)
                say(f"{number} of {options.votes} votes accepted, {speed:.0f}/s\n")
    say(f"accepted: {', '.join(f'{key} {count}' for key, count in sorted(counts.items()))}\n")


if __name__ == "__main__":
    main()
