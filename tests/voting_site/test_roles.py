"""The table of roles, and that what cannot ask it agrees with it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from voting_site.management.commands import up
from voting_site.roles import MANAGEMENT, PORTS, ROLES, WITH_DATABASE, Role, runs_here

from .processes import PROJECT
from .test_settings import read

pytestmark = pytest.mark.large

# Tells what docker/verification knows of the roles, on a Python that has no packages.
VERIFICATION = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "docker")
from verification import roles
print(roles.ROLES, roles.WITH_DATABASE, roles.PORTS)
"""


def named_in(file: str, pattern: str) -> list[str]:
    """Return the words of the only place in a file where `pattern` stands."""
    [found] = re.findall(pattern, (PROJECT / file).read_text())
    return str(found).split()


class TestTable:
    def test_gives_each_role_its_own_name_port_and_sentence(self) -> None:
        assert list(ROLES) == [role.name for role in ROLES.values()]
        assert len(set(PORTS.values())) == len(PORTS)
        assert all(up.WITHOUT[name] for name in ROLES)

    @pytest.mark.parametrize("role", ROLES.values(), ids=lambda role: role.name)
    def test_names_what_there_is(self, role: Role) -> None:
        for path in (role.runs, *role.middleware, *role.collectors):
            assert callable(import_string(path)), path

    def test_reads_the_same_without_any_package(self) -> None:
        command = [sys.executable, "-I", "-S", "-c", VERIFICATION]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
        assert done.stdout == f"{tuple(ROLES)} {WITH_DATABASE} {PORTS}\n", done.stderr


class TestRunsHere:
    def test_is_told_of_a_role_that_has_nothing_to_do(self, settings) -> None:
        settings.SIGNIN_PROVIDERS = {}
        assert [name for name, role in ROLES.items() if not runs_here(role, settings)] == ["signin"]
        settings.SIGNIN_PROVIDERS = {"choir": "Choir accounts"}
        assert all(runs_here(role, settings) for role in ROLES.values())


class TestSettings:
    """What the table says of a role is what its process goes by."""

    @pytest.mark.parametrize("role", [*ROLES.values(), MANAGEMENT], ids=lambda role: role.name or "management")
    def test_are_those_of_the_table(self, role: Role) -> None:
        names = ["INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF", "DATABASES", "SILENCED_SYSTEM_CHECKS"]
        found = read(names, URNA_ROLE=role.name)
        # Where there is none, Django puts one in that can only raise.
        ages = [one["CONN_MAX_AGE"] for one in found["DATABASES"].values() if not one["ENGINE"].endswith("dummy")]
        assert ages == ([role.connection_max_age] if role.has_database else [])
        assert found["ROOT_URLCONF"] == role.urls
        for name, own in (
            ("INSTALLED_APPS", role.apps),
            ("MIDDLEWARE", role.middleware),
            ("SILENCED_SYSTEM_CHECKS", role.silenced_checks),
        ):
            assert tuple(found[name][len(found[name]) - len(own) :]) == own

    def test_lead_to_the_usual_ports(self) -> None:
        found = read(["VOTE_PORT", "RESULT_PORT", "SIGNIN_PORT"])
        assert found == {f"{role.upper()}_PORT": PORTS[role] for role in ("vote", "result", "signin")}


class TestScripts:
    """Shell scripts and the image name the roles themselves."""

    def test_make_the_secrets_of_each_role(self) -> None:
        secrets = "docker/make-swarm-secrets"
        assert sorted(named_in(secrets, r"for role in (.*); do")) == sorted(WITH_DATABASE)
        assert sorted(named_in(secrets, r"for user in operator (.*); do")) == sorted(ROLES)
        folders = {Path(one).name for one in named_in("docker/Dockerfile", r"(?m)^ +((?:/secrets/\w+ ?)+)\\?$")}
        # A replica of PostgreSQL has a user of its own, and is no role.
        assert folders == {*ROLES, "replica"}

    def test_update_and_check_each_role(self) -> None:
        assert sorted(named_in("docker/update", r"for service in migrate (.*); do")) == sorted(ROLES)
        assert sorted(named_in(".ci/run", r'for role in "" (.*); do')) == sorted(ROLES)
