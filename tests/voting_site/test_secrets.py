"""Secrets stay where they are: not in the environment of a role, nor in its logs, its pages or its errors."""

import http.client
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.voting_site.processes import MANAGE, PROJECT, Running, answers, fresh_environment, wait_until
from voting_site.local.ports import free_port
from voting_site.roles import ROLES

pytestmark = pytest.mark.large

SECRET_KEY = "the-key-that-nobody-may-see-" * 3
PASSWORD = "a-password-that-nobody-may-see"
# No server listens there, so that each role complains, of both servers.
SECRETS = {
    "SECRET_KEY": SECRET_KEY,
    "DATABASE_URL": f"postgres://somebody:{PASSWORD}@127.0.0.1:9/urna",
    "REDIS_URL": f"redis://somebody:{PASSWORD}@127.0.0.1:9/0",
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """An environment in which secrets are files, as in containers."""
    for name, value in SECRETS.items():
        (tmp_path / name).write_text(value)
    return {f"{name}_FILE": str(tmp_path / name) for name in SECRETS}


def hides(text: str) -> bool:
    return not any(secret in text for secret in (SECRET_KEY, PASSWORD))


class TestRoles:
    @pytest.mark.parametrize("role", ROLES)
    def test_show_no_secret_in_environment_logs_and_pages(self, role: str, files, tmp_path: Path) -> None:
        port = free_port()
        where = ("--port", str(port)) if ROLES[role].port else ()
        with Running(tmp_path / "log", "run", role, *where, **files, LOG_LEVEL="DEBUG", DEBUG="1") as running:
            if where:
                wait_until(lambda: answers(port), "a live role")
                pages = [self.read(port, path) for path in ("/", "/readyz", "/nothing/", "/admin/login/")]
                assert all(map(hides, pages))
                assert not any("Traceback" in page or "DEBUG = True" in page for page in pages)
            else:
                # It has found out that there is no Redis.
                wait_until(lambda: "127.0.0.1:9" in running.output, "a complaint")
            for process in running.family():
                assert hides("\0".join(process.environ().values()))
                assert hides(" ".join(process.cmdline()))
            running.stop(signal.SIGKILL)
        assert running.output
        assert hides(running.output)

    def read(self, port: int, path: str) -> str:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return f"{answer.headers}{answer.read().decode()}"


class TestCommands:
    @pytest.mark.parametrize("command", [("check", "--deploy"), ("prepare", "--timeout", "0"), ("reconcile",)])
    def test_show_no_secret(self, command: tuple[str, ...], files) -> None:
        done = subprocess.run(
            [*MANAGE, *command], env=fresh_environment(**files, LOG_LEVEL="DEBUG"), capture_output=True, text=True
        )
        assert done.stdout + done.stderr
        assert hides(done.stdout + done.stderr)

    def test_leave_no_secret_to_an_uncaught_error(self, files) -> None:
        code = (
            "import django; django.setup()\n"
            "from django.db import connection\n"
            "from polls import ballot_box\n"
            "for ask in (connection.ensure_connection, ballot_box.connection.client().ping, ballot_box.read_epoch):\n"
            "    try: ask()\n"
            "    except Exception as error: import traceback; traceback.print_exc(); print(repr(error), vars(error))\n"
            "print(repr(ballot_box.connection.client()))\n"
            "from voting_site.celery import app; print(app.connection_for_write(), app)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=fresh_environment(**files, DJANGO_SETTINGS_MODULE="voting_site.settings"),
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" in done.stderr
        assert hides(done.stdout + done.stderr)


class TestDebug:
    def test_cannot_be_switched_on(self) -> None:
        environment = fresh_environment(**SECRETS, DEBUG="1", DJANGO_DEBUG="True", PYTHONPATH=str(PROJECT))
        code = "from voting_site import settings; print(settings.DEBUG)"
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert done.stdout == "False\n", done.stderr


class TestRotation:
    """Of the secret key, between two starts of `vote`, while an election is open."""

    SIGN = (
        "from django.http import HttpResponse\n"
        "response = HttpResponse(); voters.set_cookie(response, 'ana')\n"
        "print(response.cookies[settings.VOTER_COOKIE_NAME].value, ballots.sign(UUID(int=7)))"
    )
    READ = (
        "request = RequestFactory().get('/'); request.COOKIES[settings.VOTER_COOKIE_NAME] = {cookie!r}\n"
        "print(voters.read_cookie(request), ballots.unsign({ballot!r}).int)"
    )

    def run(self, code: str, **environment: str) -> str:
        imports = (
            "import django; django.setup()\nfrom uuid import UUID\nfrom django.conf import settings\n"
            "from django.test import RequestFactory\nfrom polls import ballots, voters\n"
        )
        variables = {"DJANGO_SETTINGS_MODULE": "voting_site.settings", "URNA_ROLE": "vote", "REDIS_URL": "redis://x/0"}
        done = subprocess.run(
            [sys.executable, "-c", imports + code],
            env=fresh_environment(**variables, **environment),
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]

    def test_keeps_voters_and_the_forms_that_they_have_open(self) -> None:
        cookie, ballot = self.run(self.SIGN, SECRET_KEY="old" * 20).split()
        read = self.READ.format(cookie=cookie, ballot=ballot)
        assert self.run(read, SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS="old" * 20) == "ana 7"

    def test_makes_strangers_of_all_without_the_fallback(self) -> None:
        cookie, ballot = self.run(self.SIGN, SECRET_KEY="old" * 20).split()
        read = self.READ.format(cookie=cookie, ballot=ballot)
        assert self.run(read, SECRET_KEY="new" * 20) == "ValueError: the ballot id is not one of ours"
