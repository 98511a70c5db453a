"""Settings as each role reads them, in a process of its own."""

import json
import re
import subprocess
import sys

import pytest

from tests.voting_site.processes import PROJECT, fresh_environment

pytestmark = pytest.mark.large

ROLES = ("vote", "result", "admin", "worker", "beat")
PRODUCTION = {
    "SECRET_KEY": "k" * 60,
    "DATABASE_URL": "postgres://u:p@db/urna",
    "REDIS_URL": "redis://redis/0",
    "DJANGO_SETTINGS_MODULE": "voting_site.settings",
}


def python(
    code: str, first: str = "import django; django.setup()", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run code, by default after `django.setup()`, with an environment of production."""
    return subprocess.run(
        [sys.executable, "-c", f"{first}\n{code}"],
        env=fresh_environment(**PRODUCTION | environment),
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )


def read(names: list[str], **environment: str) -> dict:
    code = f"print(json.dumps({{n: getattr(s, n) for n in {names}}}))"
    # Without the apps it is three times as quick.
    return json.loads(python(code, "import json; from django.conf import settings as s", **environment).stdout)


class TestVote:
    def test_cannot_open_a_database_connection(self):
        tried = python("from django.db import connection; connection.cursor()", URNA_ROLE="vote")
        assert "settings.DATABASES is improperly configured" in tried.stderr

    def test_needs_no_database_to_be_named(self):
        environment = {name: value for name, value in PRODUCTION.items() if name != "DATABASE_URL"}
        code = "from voting_site.wsgi import application; print('serves')"
        served = subprocess.run(
            [sys.executable, "-c", code],
            env=fresh_environment(**environment, URNA_ROLE="vote"),
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        assert served.stdout == "serves\n", served.stderr

    def test_carries_neither_sessions_nor_admin(self):
        found = read(["INSTALLED_APPS", "MIDDLEWARE"], URNA_ROLE="vote")
        names = " ".join(found["INSTALLED_APPS"] + found["MIDDLEWARE"])
        assert not re.search("session|admin|auth", names)

    def test_refuses_a_host_that_is_not_its_own(self):
        code = "from django.test import Client; print(Client().get('/x/', headers={'host': 'evil.example'}))"
        assert "status_code=400" in python(code, URNA_ROLE="vote").stdout


class TestPath:
    NAMES = ("FORCE_SCRIPT_NAME", "STATIC_URL", "CSRF_COOKIE_NAME", "CSRF_COOKIE_PATH", "SESSION_COOKIE_PATH")

    def test_of_its_own_address_is_where_a_role_answers_and_where_its_cookies_go(self):
        addresses = {"VOTE_URL": "https://example.org/urna/", "RESULT_URL": "https://example.org/urna-results"}
        found = read(list(self.NAMES), URNA_ROLE="vote", URNA_TLS="proxy", **addresses)
        assert list(found.values()) == ["/urna", "/urna/static/", "__Secure-urna_vote_csrf", "/urna/", "/urna/"]
        found = read(list(self.NAMES), URNA_ROLE="result", **addresses)
        assert list(found.values())[:3] == ["/urna-results", "/urna-results/static/", "urna_result_csrf"]

    @pytest.mark.parametrize("role", ["admin", "worker", ""])
    def test_of_other_roles_changes_nothing(self, role):
        found = read(list(self.NAMES), URNA_ROLE=role, VOTE_URL="https://example.org/urna/")
        assert (found["FORCE_SCRIPT_NAME"], found["CSRF_COOKIE_PATH"]) == (None, "/")

    @pytest.mark.parametrize("path", ["/a b", "/a//b", "/á", "/a;b"])
    def test_that_cookies_or_pages_cannot_hold_is_refused(self, path):
        tried = python("", URNA_ROLE="admin", ADMIN_URL=f"https://example.org{path}")
        assert "ADMIN_URL is 'https://example.org" in tried.stderr


class TestCookies:
    def test_have_names_of_their_own_in_each_role(self):
        names = ["CSRF_COOKIE_NAME", "SESSION_COOKIE_NAME", "VOTER_COOKIE_NAME"]
        found = [name for role in ROLES for name in read(names, URNA_ROLE=role).values()]
        assert len(set(found)) == len(found)

    def test_are_secure_and_bound_to_the_host_behind_tls(self):
        found = read(
            ["CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"], URNA_ROLE="vote", URNA_TLS="proxy"
        )
        assert found == {
            "CSRF_COOKIE_NAME": "__Host-urna_vote_csrf",
            "CSRF_COOKIE_SECURE": True,
            "SECURE_SSL_REDIRECT": True,
        }


class TestEnvironment:
    @pytest.mark.parametrize(
        ("environment", "said"),
        [
            ({"SECRET_KEY": ""}, "SECRET_KEY"),
            ({"URNA_ROLE": "voter"}, "choose one of vote, result"),
            ({"URNA_TLS": "yes"}, "'off' (plain HTTP) or 'proxy'"),
            ({"BALLOT_BOX_SHARDS": "0"}, "choose a number from 1 to 64"),
            ({"REDIS_URL": "redis+cluster://a:1"}, "set BALLOT_BOX_URL to it, and REDIS_URL to an ordinary Redis"),
            ({"BALLOT_BOX_URL": "redis://a:1/0"}, "BALLOT_BOX_URL has to name a Redis Cluster, as redis+cluster://"),
            ({"BALLOT_BOX_URL": "redis+cluster://a:1/3"}, "BALLOT_BOX_URL has a database or options after its hosts"),
            ({"BALLOT_BOX_URL": "redis+cluster://u:secret@a:1,"}, "BALLOT_BOX_URL has a host that cannot be read"),
            ({"BALLOT_BOX_URL": "redis+cluster://a:port"}, "BALLOT_BOX_URL has a host that cannot be read"),
            ({"VOTE_BALLOT_BOX_URL": "redis+cluster://a"}, "Set BALLOT_BOX_URL as well, or leave out both."),
            ({"BALLOT_BOX_COPIES": "3"}, "BALLOT_BOX_COPIES is 3; choose 0, 1 or 2."),
            ({"BALLOT_BOX_COPIES": "1", "BALLOT_BOX_URL": "redis+cluster://a"}, "no vote waits for a replica"),
            ({"REDIS_URL": "redis+sentinel://a"}, "REDIS_URL has to say which primary the Sentinels watch"),
            ({"REDIS_URL": "redis+sentinel://a?primary=u&quorum=2"}, "REDIS_URL has to say which primary"),
            ({"REDIS_URL": "redis+sentinel://u:secret@a,,b?primary=u"}, "REDIS_URL has a host that cannot be read"),
            ({"REDIS_URL": "redis+sentinel://a/urna?primary=u"}, "REDIS_URL has to end in /0"),
            ({"VOTE_REDIS_URL": "redis+sentinel://a?primary=u"}, "VOTE_REDIS_URL names Sentinels, and REDIS_URL does"),
            ({"VOTER_BURST": "0"}, "VOTER_BURST is 0"),
            ({"NEWCOMER_BURST": "0"}, "NEWCOMER_BURST is 0"),
            ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "10.0.0.1/8 has host bits set; write networks such as"),
            ({"CLIENT_ADDRESS": "proxy"}, "'direct' (each visitor's own) or 'shared' (it tells nothing)"),
        ],
    )
    def test_that_cannot_work_ends_the_start_with_a_sentence(self, environment, said):
        tried = python("", **environment)
        assert tried.returncode != 0
        assert said in tried.stderr.splitlines()[-1]

    def test_may_name_files_that_hold_secrets(self, tmp_path):
        (tmp_path / "key").write_text("from-a-file" * 9 + "\n")
        environment = fresh_environment(**PRODUCTION)
        del environment["SECRET_KEY"]
        shown = subprocess.run(
            [sys.executable, "-c", "from django.conf import settings; print(settings.SECRET_KEY)"],
            env=environment | {"SECRET_KEY_FILE": str(tmp_path / "key")},
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        assert shown.stdout == "from-a-file" * 9 + "\n"


class TestLogging:
    def test_tells_what_was_refused_as_suspicious_in_one_line(self) -> None:
        names = [f"django.security.{kind}" for kind in ("DisallowedHost", "TooManyFieldsSent", "DisallowedRedirect")]
        code = (
            "import logging\n"
            "try: raise ValueError('inside')\n"
            "except ValueError as error:\n"
            "    for one in {}: logging.getLogger(one).error('what it was', exc_info=error)"
        )
        lines = python(code.format(names)).stderr.splitlines()
        for line, name in zip(lines, names, strict=True):
            assert line.endswith(f"{name}: what it was")
        assert "Traceback" in python(code.format(["polls.views"])).stderr


class TestEmbedOrigins:
    @pytest.mark.parametrize(
        "origins", ["", "*", "https://club.example", "http://localhost:*,https://*.school.example:8443"]
    )
    def test_are_sites(self, origins):
        assert read(["EMBED_ORIGINS"], EMBED_ORIGINS=origins)["EMBED_ORIGINS"] == [
            one for one in origins.split(",") if one
        ]

    @pytest.mark.parametrize(
        "origin", ["club.example", "https://club.example/", "'self'", "https://a.example; script-src *"]
    )
    def test_are_nothing_else(self, origin):
        refused = python("", "from django.conf import settings; settings.EMBED_ORIGINS", EMBED_ORIGINS=origin).stderr
        assert "write it as https://example.org, without a path" in refused
