"""The image, as far as its files tell."""

import hashlib
import importlib.util
import pkgutil
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path
from random import Random
from types import ModuleType
from urllib.parse import urlsplit

import pymupdf_fonts
import pytest
from django.test import Client

from tests.conftest import contest
from tests.voting_site.processes import fresh_environment
from voting_site.celery import app

from .files import FOLDER, PROJECT, services

pytestmark = pytest.mark.large

DOCKERFILE = (FOLDER / "Dockerfile").read_text()
BUILD, FINAL, BACKUP, LAST = DOCKERFILE.split("\n\nFROM ")[1:]

PACKAGES = (
    "tabulation", "telemetry", "pages", "openid", "polls", "tally", "record", "results", "office", "signin",
    "voting_site", "verifier",
)  # fmt: skip
# The worker's files with the queues whose tasks touch them.
TICKS = services("compose.yaml")["worker"]["healthcheck"]["test"][4:]
QUEUE, ACTS_QUEUE = TICKS[1::2]


def run_without_services(code: str) -> None:
    environment = fresh_environment(
        SECRET_KEY="a" * 60, DATABASE_URL="postgres://a:b@127.0.0.1:1/c", REDIS_URL="redis://127.0.0.1:1/0",
        DJANGO_SETTINGS_MODULE="voting_site.settings",
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_roles_import_nothing_that_the_image_has_not():
    def names(file: str) -> set[str]:
        return set(re.findall(r"^([\w-]+)==", (PROJECT / file).read_text(), re.MULTILINE))

    left_out = names("requirements-bench.txt") - names("requirements.txt")
    modules = {module for module, owners in packages_distributions().items() if left_out >= {*map(str.lower, owners)}}
    assert {"psutil", "supervisor"} <= modules
    [of_twisted] = re.findall(r"cd twisted && rm -r ([\w ]+)", BUILD)
    modules |= {f"twisted.{name}" for name in of_twisted.split()} | {"django.contrib.gis", "PIL._avif"}
    code = f"""
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({sorted(modules)}))
import daphne.server
import django
django.setup()
for name in {PACKAGES}:
    for found in pkgutil.walk_packages([name], f"{{name}}."):
        if not found.name.startswith(("voting_site.local", "voting_site.management.commands.up", "voting_site.asgi")):
            importlib.import_module(found.name)
import voting_site.local.ports
"""
    run_without_services(code)


def test_prints_cards_and_draws_pictures_with_what_it_keeps_of_the_packages():
    kept = set(re.findall(r"-not -name '(\w+)\.\*'", BUILD))
    modules = {module.name for module in pkgutil.iter_modules(pymupdf_fonts.__path__)}
    assert kept - {"__init__"} < modules
    assert "reportlab/graphics" in BUILD
    missing = ["reportlab.graphics", *(f"pymupdf_fonts.{name}" for name in modules - kept)]
    code = f"""
import datetime as dt, io, sys
sys.modules.update(dict.fromkeys({sorted(missing)}))
import django
django.setup()
from office.cards.card import Card, Notice
from office.cards.sheets import print_sheets
from office.pdf.paper import Paper
import reportlab.platypus
notice = Notice("Board", "https://vote.example/board/", ("President",), None, dt.UTC)
assert print_sheets(io.BytesIO(), notice, [Card("7K3M", "Нина")], Paper.A4).cards == 1
from results.pictures import png, svg
assert png.draw(svg.whole([svg.text("Нина 👍", 0, 20, 20)], 90, 30, "Нина"), key="Нина")
"""
    run_without_services(code)


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

    def test_has_two_stages_on_one_base_and_one_more_for_backups(self):
        assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == [*["${PYTHON_IMAGE}"] * 2, "roles", "roles"]
        assert FINAL.startswith("${PYTHON_IMAGE} AS roles\n")

    def test_ends_with_the_image_of_the_roles(self):
        """So it is built where no stage is named, as for each release."""
        assert LAST == "roles\n"

    def test_has_for_backups_the_servers_of_a_clone_and_the_postgresql_of_the_images(self):
        assert "--only-binary :all: -r requirements-local.txt" in BACKUP
        [major] = re.findall(r"postgresql-(\d+) ", BACKUP)
        assert f"postgres:{major}-alpine" == services("compose.yaml")["db"]["image"]
        # Debian's package would start a server of its own.
        assert BACKUP.index("create_main_cluster = false") < BACKUP.index(f"postgresql-{major} ")
        # The language of databases which PostgreSQL's images make.
        assert "localedef -i en_US -f UTF-8 en_US.UTF-8" in BACKUP
        assert "ARG PYTHON_IMAGE=python:3.13-slim\n" in DOCKERFILE

    def test_installs_pinned_wheels_alone(self):
        [options] = re.findall(r'install="install ([^"]*)"', BUILD)
        assert {"--only-binary :all:", "--require-hashes", "--no-compile"} <= {
            *re.findall(r"--\S+(?: :all:)?", options)
        }
        assert (
            len(re.findall(r"^ && pip \S+ \S+ \$install -r requirements(?:-release)?\.txt", BUILD, re.MULTILINE)) == 2
        )
        assert BUILD.count("pip --python") == 2

    def test_has_no_time_of_its_build_if_it_is_told_one(self):
        assert BUILD.count("compileall -q --invalidation-mode unchecked-hash") == BUILD.count("compileall") == 2
        assert FINAL.count('"@${SOURCE_DATE_EPOCH:-$(date +%s)}"') == 2
        assert re.findall(r"^COPY (.*)$", FINAL, re.MULTILINE) == [
            "--from=build /image/packages /", "--from=build /image/code /"
        ]  # fmt: skip

    def test_says_what_it_is_and_what_it_contains(self):
        labels = dict(re.findall(r'([\w.]+)="([^"]*)"', FINAL.partition("LABEL")[2].partition("\nRUN")[0]))
        assert labels["org.opencontainers.image.version"] == "${VERSION}"
        assert labels["org.opencontainers.image.revision"] == "${REVISION}"
        assert labels["urna.sbom"] == "/srv/urna/sbom.cdx.json"
        assert "--output-file sbom.cdx.json /opt/urna/bin/python" in BUILD

    def test_needs_no_compiler(self):
        assert re.findall(r"apt-get install (?:-\S+ )*([^>&\n]*\w)", BUILD + FINAL) == ["binutils"]
        assert "apt" not in FINAL

    def test_collects_static_files_when_built(self):
        assert "manage.py collectstatic --no-input" in BUILD
        assert "STATIC_ROOT=/srv/urna/static" in FINAL

    def test_leaves_pip_behind(self):
        assert "--without-pip" in BUILD
        assert "pip" not in FINAL

    def test_ends_as_a_user_with_a_name(self):
        assert re.findall(r"^USER (\S+)", FINAL, re.MULTILINE) == ["urna"]
        assert re.findall(r"^USER (\S+)", BACKUP, re.MULTILINE) == ["root", "urna"]

    def test_takes_only_what_was_let_in(self):
        first, *others = [
            line for line in (PROJECT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
        ]
        assert first == "*"
        let_in = {line.removeprefix("!") for line in others if line.startswith("!")}
        packages = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
        requirements = {"requirements.txt", "requirements-local.txt", "requirements-release.txt"}
        assert let_in == {*packages, *requirements, "manage.py", "locale", "docker/*.py"}


class TestSecrets:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Volumes as the image has them when they are new."""
        [made] = re.findall(r"install -d -o urna -g urna ([^&\n]*\\\n[^&\n]*|[^&\n]*)", FINAL)
        for name in re.findall(r"/secrets/(\w+)", made):
            (tmp_path / name).mkdir()
        return tmp_path

    def test_are_made_once(self, folder: Path):
        make = load_script("make_secrets").make
        make(folder)
        first = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
        assert {str(path.relative_to(folder)) for path in first} == {
            "app/secret_key", "app/secret_key_fallbacks", "db/password", "db/url", "admin/password",
            "redis/operator_password", "redis/operator_url", "redis/users.acl",
            "worker/database_url", "result/database_url", "signin/database_url", "admin/database_url",
            "vote/redis_url", "result/redis_url", "signin/redis_url", "admin/redis_url", "worker/redis_url",
            "beat/redis_url", "replica/password", "result/replica_url",
            "redis/replication_password", "redis/sentinel_client_password",
            "sentinel/password", "sentinel/client_password",
        }  # fmt: skip
        make(folder)
        assert {path: path.read_text() for path in folder.rglob("*") if path.is_file()} == first
        assert first.pop(folder / "app" / "secret_key_fallbacks") == ""
        for path, value in first.items():
            assert path.name == "users.acl" or (len(value) >= 16 and "\n" not in value), path

    def test_keep_an_earlier_key(self, folder: Path):
        make = load_script("make_secrets").make
        make(folder)
        app = folder / "app"
        earlier = (app / "secret_key").read_text()
        # As docs/security.md has it.
        (app / "secret_key").rename(app / "secret_key_fallbacks")
        make(folder)
        assert (app / "secret_key_fallbacks").read_text() == earlier
        assert (app / "secret_key").read_text() != earlier

    def test_hold_the_password_in_the_address(self, folder: Path):
        load_script("make_secrets").make(folder)
        password = (folder / "db" / "password").read_text()
        assert (folder / "db" / "url").read_text() == f"postgres://urna:{password}@bbdd:5432/urna"

    def test_missing_from_an_old_installation_are_added(self, folder: Path):
        (folder / "db" / "password").write_text("old-password-of-mine")
        (folder / "db" / "url").write_text("postgres://urna:old-password-of-mine@bbdd:5432/urna")
        load_script("make_secrets").make(folder)
        assert (folder / "db" / "password").read_text() == "old-password-of-mine"
        assert (folder / "worker" / "database_url").read_text().startswith("postgres://urna_worker:")

    def test_tell_redis_the_rights_of_this_release(self, folder: Path):
        make = load_script("make_secrets").make
        make(folder)
        users = folder / "redis" / "users.acl"
        current, url = users.read_text(), (folder / "vote" / "redis_url").read_text()
        users.chmod(0o644)
        users.write_text("user vote on nopass +@all\n")
        make(folder)
        assert users.read_text() == current
        assert hashlib.sha256((urlsplit(url).password or "").encode()).hexdigest() in current


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

    @pytest.mark.parametrize(
        ("touched", "alive"), [(["tick", "tick-acts"], True), (["tick"], False), (["tick-acts"], False)]
    )
    def test_of_a_worker_needs_each_of_its_files(self, tmp_path: Path, monkeypatch, touched, alive):
        health = load_script("health")
        monkeypatch.setattr(health, "ask_redis", lambda command: "3")
        for name in touched:
            (tmp_path / name).touch()
        assert health.all_tick([one.replace("/tmp", str(tmp_path)) for one in TICKS]) is alive

    @pytest.fixture
    def ask(self, redis, settings, monkeypatch, tmp_path) -> Callable[[str, str], str]:
        """Return a function that asks the Redis of the tests, signed in as an address says."""

        def ask_as(url: str, command: str) -> str:
            connection = connect(settings.REDIS_URL)
            monkeypatch.setattr(socket, "create_connection", lambda *args, **options: connection)
            (tmp_path / "url").write_text(url)
            monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "url"))
            return str(load_script("health").ask_redis(command))

        return ask_as

    def test_asks_the_queues_that_beat_fills(self, ask):
        app.send_task("tally.drain_all")
        assert ask("redis://worker@redis:6379/0", f"LLEN {QUEUE}") == "1"
        app.send_task("tally.turn_phases")
        assert ask("redis://worker@redis:6379/0", f"LLEN {ACTS_QUEUE}") == "1"

    def test_signs_in_with_the_password(self, ask, redis):
        redis.acl_setuser("trial", enabled=True, passwords=["+a-secret"], commands=["+llen"], keys=["*"])
        try:
            assert ask("redis://trial:a-secret@redis:6379/0", f"LLEN {QUEUE}") == "0"
            assert ask("redis://trial:another@redis:6379/0", f"LLEN {QUEUE}") == ""
        finally:
            redis.acl_deluser("trial")

    def test_needs_no_secret_for_a_ping(self, ask):
        assert ask("redis://health@redis:6379/0", "PING") == "PONG"
        assert ask("redis://health@redis:6379/0", f"LLEN {QUEUE}") == ""
        assert ask("redis://redis:6379/0", "PING") == ""

    def test_is_bad_where_nobody_listens(self):
        assert not load_script("health").web_server_is_alive(9)


class TestSeed:
    @pytest.mark.urls("voting_site.urls.vote")
    def test_finds_what_a_ballot_holds(self, define: Callable, client: Client):
        ten = tuple(f"option-{number}" for number in range(10))
        define(
            contests=(
                contest(),
                contest("q2", ten, method="approval"),
                contest("drink-2", ("yes", "no"), rules={"blank": True}),
            )
        )
        page = client.get("/drink/").content.decode()
        seed = load_script("seed")
        ballot = seed.find_ballot(page)
        assert seed.find_contests(ballot) == {
            "q1": ["nesquik", "cola-cao"],
            "q2": list(ten),
            "drink-2": ["yes", "no", ""],
        }
        # Not those of the form for the language, which are no part of a vote.
        assert seed.find_hidden_fields(ballot).keys() == {"csrfmiddlewaretoken", "ballot_id", "design"}

    @pytest.mark.urls("voting_site.urls.vote")
    def test_marks_rankings_and_scores_as_they_are_accepted(self, define: Callable, client: Client):
        options = ("ana", "bea", "carlo")
        methods = ("stv", "score", "schulze")
        define(contests=tuple(contest(f"q{n}", options, method=name) for n, name in enumerate(methods, start=1)))
        seed = load_script("seed")
        for number in range(20):
            client.cookies.clear()
            ballot = seed.find_ballot(client.get("/drink/").content.decode())
            fields, marked = seed.mark(ballot, Random(number))
            assert [one.partition(":")[0] for one in marked] == ["q2", "q2", "q2", "q1", "q3"]
            assert client.post("/drink/", seed.find_hidden_fields(ballot) | fields).status_code == 303


def test_keeps_the_words_of_libraries_in_the_languages_of_the_pages(tmp_path: Path) -> None:
    """Without Django's own words a page in Galician would have English months."""
    languages = sorted(place.name for place in (PROJECT / "locale").iterdir())
    files = [tmp_path / f"django/locale/{name}/LC_MESSAGES/django.mo" for name in ("en", "nl", *languages)]
    files.append(files[-1].with_suffix(".po"))
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    [step] = re.findall(r"^RUN (find \S+ -name '\*\.\[mp\]o'.*)$", BUILD, re.MULTILINE)
    subprocess.run(["sh", "-c", step.replace("/opt/urna", str(tmp_path))], cwd=PROJECT, check=True)
    kept = {file.parent.parent.name for file in tmp_path.rglob("*.*") if file.is_file()}
    assert kept == {"en", *languages}
    assert not list(tmp_path.rglob("*.po"))
