"""The log: its form, the ids of requests, and what must never stand in it."""

import json
import logging
import re
import sys
from typing import Any

import psycopg2
import pytest
from django.db import DataError, IntegrityError

from polls.outages import is_outage
from tally import store
from telemetry.logs import Json, Text, redact
from tests.voting_site.processes import PROJECT, run, wait_until
from tests.web import read_form
from voting_site.serving.proxies import AsgiProxies, Proxies, WsgiProxies

FORMATTERS = {"text": Text(), "json": Json(role="vote", replica="r1")}
each_format = pytest.mark.parametrize("formatter", FORMATTERS.values(), ids=FORMATTERS)


def record(message: str = "hello %s", *args: Any, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("tally.drain", logging.ERROR, __file__, 1, message, args or ("world",), exc_info)


def database_error(sql: str, *parameters: Any) -> Exception:
    """Return the error with which the database answers."""
    try:
        store.run(sql, parameters)
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


class TestJson:
    def test_is_one_object_a_line_with_named_fields_only(self):
        one = record("two\nlines of %s", "text")
        one.request, one.status_code, one.data = "secret", 500, {"secret": 1}
        line = FORMATTERS["json"].format(one)
        assert "\n" not in line
        found = json.loads(line)
        assert found.keys() == {"time", "level", "logger", "role", "replica", "process", "message"}
        assert (found["level"], found["logger"], found["role"], found["replica"]) == (
            "ERROR",
            "tally.drain",
            "vote",
            "r1",
        )
        assert found["message"] == "two\nlines of text"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["time"])

    @each_format
    def test_names_the_request_that_a_line_belongs_to(self, formatter):
        one = record()
        one.correlation_id = "0c9e4d0b"
        assert "0c9e4d0b" in formatter.format(one)

    @each_format
    def test_has_a_traceback_without_values_of_variables(self, formatter):
        def fail(marking: str) -> None:
            raise ValueError("broken")

        with pytest.raises(ValueError, match="broken") as caught:
            fail("nes" + "quik")
        text = formatter.format(record(error=caught.value))
        assert "ValueError: broken" in text
        assert "nesquik" not in text


class TestRedact:
    @each_format
    @pytest.mark.parametrize(
        ("sql", "parameters"),
        [
            ("SELECT CAST(%s AS uuid)", ["nesquik"]),
            ("SELECT CAST(%s AS int)", ["nesquik\nola"]),
            ("SELECT nesquik FROM nowhere", []),
            (
                "INSERT INTO tally_count (election_id, shard, key, n) VALUES (%s, 0, %s, -1)",
                [1, "nesquik"],
            ),
        ],
    )
    def test_withholds_what_errors_of_the_database_quote(self, db, formatter, sql, parameters):
        error = database_error(sql, *parameters)
        assert "nesquik" in str(error)
        try:
            raise RuntimeError("around it") from error
        except RuntimeError as outer:
            # As Celery does it: the text of the error is in the message as well.
            for message in (str(error), repr(error)):
                text = formatter.format(record("failed: %s", message, error=outer))
                assert "SQLSTATE" in text
                assert "nesquik" not in text.replace("store.run(sql, parameters)", "")

    def test_names_the_constraint(self, make_election):
        drink = make_election()
        store.run("INSERT INTO tally_tally (election_id, shard, version, ballots, epoch, last_serial)"
                  " VALUES (%s, 0, 1, 1, 'nesquik', 0)", [drink.pk])  # fmt: skip
        error = database_error(
            "INSERT INTO tally_tally (election_id, shard, version, ballots, epoch, last_serial)"
            " VALUES (%s, 0, 1, 1, 'nesquik', 0)", drink.pk,
        )  # fmt: skip
        assert "constraint tally_once_per_shard" in redact(str(error), error)

    def test_leaves_a_server_that_is_away_as_it_is(self):
        with pytest.raises(psycopg2.OperationalError) as caught:
            psycopg2.connect(host="127.0.0.1", port=9, connect_timeout=1)
        assert redact(str(caught.value), caught.value) == str(caught.value)

    @pytest.mark.parametrize("kind", [IntegrityError, DataError])
    def test_keeps_everything_else(self, kind):
        assert redact("before, after", kind("nesquik")) == "before, after"
        assert not is_outage(kind("nesquik"))


class TestUncaught:
    @pytest.mark.parametrize(
        "program",
        ["raise ValueError('x')", "import threading; threading.Thread(target=lambda: 1 / 0).start()",
         "import warnings; warnings.warn('x')", "class A:\n  def __del__(self): 1 / 0\nA()"],
        ids=["error", "error of a thread", "warning", "error of a destructor"],
    )  # fmt: skip
    def test_is_a_line_of_the_log(self, program):
        prelude = "from telemetry.logs import Json, log_everything; log_everything(Json(role='vote', replica='r'))\n"
        said = run_python(prelude + program)
        [line] = said.splitlines()
        assert json.loads(line)["role"] == "vote"

    @pytest.mark.parametrize("changes", [{"SECRET_KEY": ""}, {"LOG_LEVEL": "LOUD"}, {"VOTER_BURST": "x"}])
    def test_is_so_from_the_very_beginning(self, changes):
        ended = run("run", "vote", "--port", "1", LOG_FORMAT="json", **(somewhere() | changes))
        assert ended.returncode
        assert [json.loads(line)["level"] for line in ended.stderr.splitlines()]


def run_python(program: str) -> str:
    import subprocess

    return subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True).stderr


def somewhere() -> dict[str, str]:
    return {"SECRET_KEY": "x" * 50, "DATABASE_URL": "postgres://x@127.0.0.1:9/x", "REDIS_URL": "redis://127.0.0.1:9/0"}


@pytest.mark.urls("voting_site.urls.vote")
class TestRequestId:
    ID = "0c9e4d0b2f8e4f0f9f4be0f54c2d8b11"

    def test_is_sent_back_and_new_each_time(self, define, client):
        define()
        found = {client.get("/healthz")["X-Request-ID"] for _ in range(2)}
        assert len(found) == 2
        assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in found)

    @pytest.mark.parametrize(("peer", "kept"), [("10.0.0.1", True), ("192.0.2.7", False)])
    async def test_comes_along_from_a_trusted_proxy_alone(self, peer, kept):
        seen: list[bool] = []
        proxies = Proxies(["10.0.0.0/8"])

        def wsgi(environ: dict[str, Any], start_response: Any) -> None:
            seen.append("HTTP_X_REQUEST_ID" in environ)

        async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
            seen.append(any(name == b"x-request-id" for name, _ in scope["headers"]))

        environ = {"REMOTE_ADDR": peer, "HTTP_X_REQUEST_ID": self.ID}
        WsgiProxies(wsgi, proxies, believe_scheme=True)(environ, None)
        scope = {"type": "http", "client": (peer, 1), "headers": [(b"x-request-id", self.ID.encode())]}
        await AsgiProxies(asgi, proxies, believe_scheme=True)(scope, None, None)
        assert seen == [kept, kept]

    def test_of_a_trusted_proxy_is_taken_over_if_it_is_well_formed(self, client):
        assert client.get("/healthz", headers={"x-request-id": self.ID})["X-Request-ID"] == self.ID
        for rubbish in ("x", "a\nb", "x" * 5000, "<script>"):
            assert client.get("/healthz", headers={"x-request-id": rubbish})["X-Request-ID"] != rubbish

    def test_is_on_the_page_that_says_503(self, client, unreachable_redis, caplog):
        answer = client.get("/drink/")
        assert answer.status_code == 503
        assert answer["X-Request-ID"] in answer.content.decode()

    @pytest.mark.expects_logged_exceptions
    def test_is_on_the_page_that_says_500(self, client, monkeypatch):
        monkeypatch.setattr("polls.views.look", lambda request, slug: 1 / 0)
        client.raise_request_exception = False
        answer = client.get("/drink/")
        assert answer.status_code == 500
        assert answer["X-Request-ID"] in answer.content.decode()

    def test_is_on_no_other_page(self, define, client):
        define()
        for path in ("/drink/", "/nothing/here/"):
            answer = client.get(path)
            assert answer["X-Request-ID"] not in answer.content.decode()

    def test_goes_with_the_task_that_a_vote_sends(self, define, browser, redis):
        define()
        form = read_form(browser.get("/drink/").content.decode()) | {"q1": "nesquik"}
        answer = browser.post("/drink/", form)
        wait_until(lambda: redis.llen("urna:celery:celery") == 1, "the task is sent")
        [message] = redis.lrange("urna:celery:celery", 0, -1)
        assert answer["X-Request-ID"] in message.decode()
