"""The image, as far as its files tell."""

import importlib.util
import re
import socket
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest
from django.template.loader import render_to_string

from voting_site.celery import app

from .files import FOLDER, PROJECT, services

DOCKERFILE = (FOLDER / "Dockerfile").read_text()
BUILD, FINAL = DOCKERFILE.split("\n\nFROM ")[1:]

QUEUE = services("compose.yaml")["worker"]["healthcheck"]["test"][-1]


def connect(url: str) -> socket.socket:
    """Open a connection to the Redis of the tests."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return socket.create_connection((parts.hostname, parts.port), timeout=2)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(parts.path)
    return connection


def load_script(name: str) -> ModuleType:
    """Import a script of docker/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestDockerfile:
    def test_needs_nothing_to_be_read(self):
        assert "# syntax" not in DOCKERFILE

    def test_has_two_stages_on_one_base(self):
        assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2
        assert "ARG PYTHON_IMAGE=python:3.13-slim\n" in DOCKERFILE

    def test_installs_pinned_wheels_alone(self):
        assert "--only-binary :all: -r requirements.txt" in BUILD
        pins = [line for line in (PROJECT / "requirements.txt").read_text().splitlines() if line.strip()]
        assert all(re.match(r"[\w.\[\]-]+==", pin) for pin in pins if not pin.lstrip().startswith("#"))

    def test_needs_no_compiler(self):
        assert not re.search(r"apt|gcc|build-essential", DOCKERFILE)

    def test_collects_static_files_when_built(self):
        assert "manage.py collectstatic --no-input" in BUILD
        assert "STATIC_ROOT=/srv/urna/static" in FINAL

    def test_leaves_pip_behind(self):
        assert "--without-pip" in BUILD
        assert "pip" not in FINAL

    def test_ends_as_a_user_with_a_name(self):
        assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == ["urna"]

    def test_takes_only_what_was_let_in(self):
        first, *others = [
            line for line in (PROJECT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
        ]
        assert first == "*"
        let_in = {line.removeprefix("!") for line in others if line.startswith("!")}
        code = {"manage.py", "polls", "tally", "results", "voting_site", "locale"}
        assert let_in == code | {"requirements.txt", "docker/*.py"}


class TestSecrets:
    def test_are_made_once(self, tmp_path: Path):
        for name in ("app", "db", "admin"):
            (tmp_path / name).mkdir()
        make = load_script("make_secrets").make
        make(tmp_path)
        first = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
        assert {str(path.relative_to(tmp_path)) for path in first} == {
            "app/secret_key", "db/password", "db/url", "admin/password",
        }  # fmt: skip
        make(tmp_path)
        assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == first
        assert all(len(value) >= 16 and "\n" not in value for value in first.values())

    def test_hold_the_password_in_the_address(self, tmp_path: Path):
        for name in ("app", "db", "admin"):
            (tmp_path / name).mkdir()
        load_script("make_secrets").make(tmp_path)
        password = (tmp_path / "db" / "password").read_text()
        assert (tmp_path / "db" / "url").read_text() == f"postgres://urna:{password}@bbdd:5432/urna"


class TestHealth:
    def test_is_good_after_a_tick(self, tmp_path: Path):
        (tmp_path / "tick").touch()
        assert load_script("health").ticks(tmp_path / "tick")

    @pytest.mark.parametrize(
        ("queue", "answer", "alive"),
        [("", "PONG", False), ("", "", True), ("queue", "3", False), ("queue", "0", True), ("queue", "", True)],
        ids=["it should tick", "redis is away", "tasks wait", "nothing waits", "redis is away from a worker"],
    )
    def test_without_a_tick_depends_on_redis(self, tmp_path: Path, monkeypatch, queue, answer, alive):
        health = load_script("health")
        monkeypatch.setattr(health, "ask_redis", lambda command: answer)
        assert health.ticks(tmp_path / "tick", queue) is alive

    def test_asks_the_queue_that_beat_fills(self, redis, settings, monkeypatch):
        connection = connect(settings.REDIS_URL)
        monkeypatch.setattr(socket, "create_connection", lambda *args, **options: connection)
        monkeypatch.setenv("REDIS_URL", "redis://redis:6379/0")
        app.send_task("tally.drain_all")
        assert load_script("health").ask_redis(f"LLEN {QUEUE}") == "1"

    def test_is_bad_where_nobody_listens(self):
        assert not load_script("health").web_server_is_alive(9)


class TestSeed:
    def test_finds_what_a_ballot_holds(self, define: Callable):
        definition = define()
        page = render_to_string("polls/methods/plurality/ballot.html", {"options": definition.options, "marked": []})
        assert load_script("seed").find_choices(page) == ["nesquik", "cola-cao"]
