"""docker/backup.yaml: who gets what for backups."""

from .files import FOLDER, PROJECT, load, services

BACKUP = services("backup.yaml")
COMPOSE = services("compose.yaml")


def mounts(name: str) -> dict[str, str]:
    """Return what a service mounts, by the place."""
    return {one.split(":")[-2 if one.endswith(":ro") else -1]: one for one in BACKUP[name]["volumes"]}


def test_the_database_keeps_what_a_backup_may_be_behind():
    assert BACKUP["db"] == {"command": ["postgres", "-c", "wal_keep_size=512MB"]}


def test_backups_are_made_on_the_private_network_alone_and_without_capabilities():
    assert BACKUP["backup"]["networks"] == ["private"]
    assert load("compose.yaml")["networks"]["private"]["internal"]
    for name in ("backup", "restore"):
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


def test_the_image_adds_client_programs_to_the_one_of_the_roles():
    dockerfile = (FOLDER / "backup.Dockerfile").read_text()
    assert "FROM ${URNA_IMAGE}" in dockerfile
    assert "postgresql-client" in dockerfile
    assert dockerfile.rstrip().endswith("USER urna")
    assert (PROJECT / "docker" / "backup.Dockerfile").name in BACKUP["backup"]["build"]["dockerfile"]
