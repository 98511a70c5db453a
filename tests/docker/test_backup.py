"""docker/backup.yaml and docker/backup-stack.yaml: who gets what for backups."""

import pytest

from .files import load, services

BACKUP = services("backup.yaml")
COMPOSE = services("compose.yaml")
STACK = services("stack.yaml")
ON_STACK = services("backup-stack.yaml")


def mounts(name: str) -> dict[str, str]:
    """Return what a service mounts, by the place."""
    return {one.split(":")[-2 if one.endswith(":ro") else -1]: one for one in BACKUP[name]["volumes"]}


def test_the_database_keeps_what_a_backup_may_be_behind():
    # In Compose always: of two more files that each name a command for `db`, the second one would win.
    assert "wal_keep_size=512MB" in COMPOSE["db"]["command"]
    assert "db" not in BACKUP
    assert ON_STACK["db"] == {"command": ["postgres", "-c", "wal_keep_size=512MB"]}


def test_backups_are_made_on_the_private_network_alone_and_without_capabilities():
    assert BACKUP["backup"]["networks"] == ["private"]
    assert load("compose.yaml")["networks"]["private"]["internal"]
    for name in ("backup", "restore", "drill", "password"):
        assert BACKUP[name]["read_only"]
        assert BACKUP[name]["cap_drop"] == ["ALL"]
    assert "cap_add" not in BACKUP["backup"]


def test_backups_come_to_the_database_by_its_socket():
    assert BACKUP["backup"]["environment"]["DATABASE_URL"] == "postgres://urna@/urna?host=/var/run/postgresql"
    assert mounts("backup")["/var/run/postgresql"] in COMPOSE["db"]["volumes"]
    assert mounts("backup")["/secrets/redis"] in COMPOSE["migrate"]["volumes"]


def test_a_restore_has_no_network_and_fills_the_volumes_that_the_servers_use():
    assert BACKUP["restore"]["network_mode"] == "none"
    assert BACKUP["restore"]["profiles"] == ["restore"]
    [*_, database, box, secrets] = BACKUP["restore"]["entrypoint"]
    for place, server, where in ((database, "db", "/var/lib/postgresql/data"), (box, "redis", "/data")):
        [volume] = [one.split(":")[0] for one in COMPOSE[server]["volumes"] if one.split(":")[1] == where]
        assert mounts("restore")[place] == f"{volume}:{place}"
    assert mounts("restore")[secrets].startswith("app-secrets:")
    assert COMPOSE["secrets"]["volumes"][0] == "app-secrets:/secrets/app"


@pytest.mark.parametrize("name", ["backup", "restore", "drill"])
def test_the_image_is_built_once_with_that_of_the_roles(name):
    """From the same code, and not again at the moment of a restore."""
    assert BACKUP[name]["build"] == COMPOSE["secrets"]["build"] | {"target": "backup"}
    assert BACKUP[name]["pull_policy"] == "missing"


def test_a_drill_reads_the_servers_and_restores_into_a_volume_that_goes_with_it():
    assert BACKUP["drill"]["profiles"] == ["drill"]
    assert BACKUP["drill"]["networks"] == ["private"]
    assert "/drill" in BACKUP["drill"]["volumes"]
    assert BACKUP["drill"]["entrypoint"][-3:] == ["--servers", "--place", "/drill"]
    own = ("SECRET_KEY_FILE", "DATABASE_URL", "REDIS_URL_FILE")
    assert BACKUP["drill"]["environment"] == {name: BACKUP["backup"]["environment"][name] for name in own}


def test_the_owners_password_is_set_by_the_socket_without_any_network():
    assert BACKUP["password"]["network_mode"] == "none"
    assert BACKUP["password"]["image"] == COMPOSE["db"]["image"]
    for volume in BACKUP["password"]["volumes"]:
        assert volume.removesuffix(":ro") in {one.removesuffix(":ro") for one in COMPOSE["db"]["volumes"]}


def test_a_stack_has_the_same():
    here, there = BACKUP["backup"], ON_STACK["backup"]
    differing = {
        "build",
        "pull_policy",
        "tmpfs",
        "security_opt",
        "restart",
        "depends_on",
        "environment",
        "volumes",
        "deploy",
    }
    assert {name: there[name] for name in here.keys() - differing} == {
        name: here[name] for name in here.keys() - differing
    }
    for name in ("LOG_FORMAT", "BACKUPS_KEPT", "DATABASE_URL"):
        assert there["environment"][name] == here["environment"][name]
    assert set(there["secrets"]) <= set(load("stack.yaml")["secrets"])
    # It comes to the database by its socket, which is on its node.
    assert there["deploy"]["placement"] == STACK["db"]["deploy"]["placement"]
    assert there["deploy"]["update_config"] == {"order": "stop-first"}
