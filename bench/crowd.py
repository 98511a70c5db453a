"""A crowd of voters, as the requests that their browsers would send."""

import http.client
import itertools
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from .papers import ONE_CONTEST, Paper, choose
from .stand import Broken, Role

# The path at which ceilings.py has the view that returns "ok".
OK_PATH = "/bench/ok/"
# What a phone's browser sends with each request.
BROWSER = {
    "User-Agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile"
    " Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "es-ES,es;q=0.9,en;q=0.8",
    "Accept-Encoding": "gzip, deflate",
}

# The first voters, all of whose votes were sent, look what has become of them.
LOOKING = 1000

# How a voter fills in a form: the fields, marked by lot.
Mark = Callable[[Paper, random.Random], dict[str, str]]


@dataclass(frozen=True)
class Form:
    """Values from one real ballot page: the token and the cookie against forged requests, and the design."""

    slug: str
    host: str
    token: str
    csrf_cookie: str
    design: str


def fetch_form(role: Role, slug: str) -> Form:
    """Open the ballot page as a new visitor; raises Broken if it shows no form."""
    connection = http.client.HTTPConnection("127.0.0.1", role.port, timeout=10)
    try:
        connection.request("GET", f"/{slug}/", headers=BROWSER)
        answer = connection.getresponse()
        page = answer.read().decode()
        cookies = SimpleCookie()
        for value in answer.headers.get_all("Set-Cookie") or []:
            cookies.load(value)
    finally:
        connection.close()
    found = {name: re.search(f'name="{name}" value="([^"]+)"', page) for name in ("csrfmiddlewaretoken", "design")}
    token, design = found["csrfmiddlewaretoken"], found["design"]
    csrf = [f"{name}={one.value}" for name, one in cookies.items() if name.endswith("csrf")]
    if not (token and design and csrf):
        raise Broken(f"{role.url}/{slug}/ shows no ballot form (status {answer.status})")
    return Form(slug, f"127.0.0.1:{role.port}", token[1], csrf[0], design[1])


def cookie_name() -> str:
    """Return the name of a voter's cookie, as `vote` gives it."""
    from django.conf import settings

    return str(settings.VOTER_COOKIE_NAME.replace("manage", "vote"))


def address(number: int) -> str:
    """Return an address of 127/8 for the voter of this number; fifty voters share one, as in a hall."""
    place = number // 50
    return f"127.{1 + place // 64516 % 200}.{1 + place // 254 % 254}.{1 + place % 254}"


class Crowd:
    """Voters, one after the other, who mark at random; every second request is from a voter who votes again."""

    def __init__(self, form: Form, *, cookie_name: str, paper: Paper = ONE_CONTEST, mark: Mark = choose) -> None:
        self.form = form
        self.cookie_name = cookie_name
        self.paper = paper
        self.mark = mark
        self.number = 0
        # Number and visitor's id of those who have voted.
        self.voted: list[tuple[int, str]] = []

    def _head(self, line: str, visitor: str, number: int) -> list[str]:
        from django.core import signing

        cookie = signing.Signer(salt="polls.voters.cookie").sign(visitor)
        headers = BROWSER | {
            "Host": self.form.host,
            "Cookie": f"{self.form.csrf_cookie}; {self.cookie_name}={cookie}",
            "X-Forwarded-For": address(number),
        }
        return [line, *(f"{name}: {value}" for name, value in headers.items())]

    def _get(self, path: str, visitor: str, number: int) -> bytes:
        return "\r\n".join([*self._head(f"GET {path} HTTP/1.1", visitor, number), "", ""]).encode()

    def votes(self, number: int, *, path: str | None = None) -> Iterator[bytes]:
        """Yield `number` filled-in forms: each second one by a voter who has voted shortly before."""
        from polls import ballots, voters

        pick = random.Random(number)
        recent: list[tuple[int, str]] = []
        self.voted = []
        for index in range(number):
            if index % 2 and len(recent) > 200:
                voter, visitor = recent.pop(0)
            else:
                self.number += 1
                voter, visitor = self.number, voters.new_visitor()
                recent.append((voter, visitor))
                self.voted.append((voter, visitor))
            fields = {
                "csrfmiddlewaretoken": self.form.token,
                # The ids rise with the order of the requests.
                "ballot_id": ballots.sign(ballots.new_ballot_id(int(time.time() * 1000) + index)),
                "design": self.form.design,
            }
            fields |= self.mark(self.paper, pick)
            body = urlencode(fields)
            head = self._head(f"POST {path or f'/{self.form.slug}/'} HTTP/1.1", visitor, voter)
            head += [
                "Content-Type: application/x-www-form-urlencoded",
                f"Content-Length: {len(body)}",
                f"Origin: http://{self.form.host}",
            ]
            yield "\r\n".join([*head, "", body]).encode()

    def visits(self, number: int, *, path: str | None = None) -> Iterator[bytes]:
        """Yield `number` requests for the ballot page, by visitors with a cookie who have not voted yet."""
        from polls import voters

        for _ in range(number):
            self.number += 1
            yield self._get(path or f"/{self.form.slug}/", voters.new_visitor(), self.number)

    def looks(self, number: int, path: str) -> Iterator[bytes]:
        """Yield `number` requests for a page, by those who have voted."""
        for voter, visitor in itertools.islice(itertools.cycle(self.voted[:LOOKING]), number):
            yield self._get(path, visitor, voter)
