"""What must never stand in any role's log, shown by ballots that go every way there is."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack, closing
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings

from polls import ballot_box
from tests.web import read_form
from voting_site.local.ports import free_port

from .processes import WEB_ROLES, Running, answers, run, wait_until

pytestmark = pytest.mark.large

OPTIONS = ("zanahoria-47", "remolacha-53")
PAPER = {
    "title": "Leak?",
    "slug": "leak",
    "contests": [{"options": [{"key": key, "label": key.partition("-")[0].title()} for key in OPTIONS]}],
}
ELECTION = f"""
from polls.paper_file import create_election
from polls.publishing import publish_election
publish_election(create_election({PAPER!r}))
"""


class Roles:
    """All roles with logs of JSON at DEBUG, each with its output in a file."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.ports = {role: free_port() for role in WEB_ROLES}
        self.folder, self.environment = folder, environment | {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"}
        self._stack = ExitStack()

    def __enter__(self) -> "Roles":
        for role in (*WEB_ROLES, "worker", "beat"):
            listen = ("--port", str(self.ports[role])) if role in self.ports else ()
            command = Running(self.folder / f"{role}.log", "run", role, *listen, **self.environment)
            self._stack.enter_context(command)
        for port in self.ports.values():
            wait_until(lambda port=port: answers(port), "a page")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def log(self, role: str) -> str:
        return (self.folder / f"{role}.log").read_text()


class Visitor:
    """A voter over HTTP, whose secrets are known."""

    def __init__(self, url: str) -> None:
        self.url, self.cookies = url, CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def send(self, fields: dict[str, str] | None = None) -> tuple[int, str]:
        data = urllib.parse.urlencode(fields).encode() if fields else None
        try:
            with self._opener.open(self.url, data, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def secrets(self) -> set[str]:
        cookies = {one.value or "" for one in self.cookies}
        return cookies | {value.split(":")[0] for value in cookies}


class TestNothingOfAVotersOwn:
    def test_is_in_any_log(self, tmp_path: Path, redis, request):
        options = settings.DATABASES["default"]["OPTIONS"]
        url = f"postgres://urna@/urna?host={options['host']}&port={options['port']}"
        environment = {"DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL, "SECRET_KEY": settings.SECRET_KEY}
        assert run("prepare", **environment).returncode == 0
        assert run("shell", "-v0", "-c", ELECTION, **environment).returncode == 0
        with Roles(tmp_path, **environment) as roles, closing(psycopg2.connect(url)) as database:
            database.autocommit = True
            request.addfinalizer(lambda: remove_election(environment))
            secrets = self.attack(roles, redis, database.cursor())
            lines = [line for role in (*WEB_ROLES, "worker", "beat") for line in roles.log(role).splitlines()]
            for role in (*WEB_ROLES, "worker", "beat"):
                text = roles.log(role)
                assert [secret for secret in secrets if secret in text] == [], role
        # Also what they said when they were stopped.
        lines = [line for role in (*WEB_ROLES, "worker", "beat") for line in roles.log(role).splitlines()]
        assert [line for line in lines if not is_json(line)] == []
        # Otherwise the test shows nothing.
        assert len(secrets) > 8

    def attack(self, roles: Roles, redis: Any, cursor: Any) -> set[str]:
        """Let ballots go every way there is; return all that belongs to their voters alone."""
        ballot_url = f"http://127.0.0.1:{roles.ports['vote']}/leak/"
        voter = Visitor(ballot_url)
        form = read_form(voter.send()[1])
        first, second = OPTIONS
        assert voter.send(form | {"q1": first})[0] == 200
        # Refused by the page and by the box, broken, and without what it needs.
        for fields in (
            {"q1": "chirivia-61"}, {"q1": second}, {"design": "x", "q1": first}, {"chirivia-61": "x", "q1": first},
            {"q2": "chirivia-61", "q1": first}, {"ballot_id": "chirivia-61", "q1": first},
            {"csrfmiddlewaretoken": "chirivia-61", "q1": first},
        ):  # fmt: skip
            assert voter.send(form | fields)[0] >= 400
        # Other tests leave elections in the same database.
        prefix = ballot_box.key(json.loads(redis.hget(ballot_box.DEFINITIONS, "leak"))["election"], 0, "")
        [key] = [name.decode() for name in redis.hkeys(f"{prefix}voters")]
        secrets = {first, second, "chirivia-61", key, form["ballot_id"], form["ballot_id"].split(":")[0]}
        secrets |= voter.secrets()

        # Entries that nobody can read, one of a newer release, and one that PostgreSQL refuses with all its values.
        redis.xadd(f"{prefix}ballots", {"v": 1, "voter": key, "marking": first})
        redis.xadd(f"{prefix}ballots", {"v": 9, "voter": key, "marking": first, "epoch": "e0", "serial": 9})
        wait_until(lambda: "left for a newer worker" in roles.log("worker"), "an alarm over the newer entry")
        cursor.execute(f"ALTER TABLE tally_castrecord ADD CONSTRAINT leak CHECK (marking <> 'q1={second}') NOT VALID")
        form = read_form(voter.send()[1])
        secrets |= {form["ballot_id"], form["ballot_id"].split(":")[0]}
        assert voter.send(form | {"q1": second})[0] == 200
        wait_until(lambda: "cannot be counted" in roles.log("worker"), "an alarm over what PostgreSQL refuses")
        assert "constraint leak" in roles.log("worker")
        cursor.execute("ALTER TABLE tally_castrecord DROP CONSTRAINT leak")

        # The box does not answer for longer than any request waits.
        redis.client_pause(4000)
        status, page = voter.send(form | {"q1": first})
        assert status == 503
        assert "503 for /leak/" in roles.log("vote")
        [shown] = re.findall(r"<code>([0-9a-f]{32})</code>", page)
        assert f'"request_id": "{shown}"' in roles.log("vote")
        return {secret for secret in secrets if len(secret) > 5}


def remove_election(environment: dict[str, str]) -> None:
    """Leave nothing to other tests that look at the same database."""
    code = "from django.db import connection as c; c.cursor().execute('TRUNCATE polls_election CASCADE')"
    assert run("shell", "-v0", "-c", code, **environment).returncode == 0


def is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
