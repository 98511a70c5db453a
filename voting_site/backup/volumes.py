"""Restore a backup into the empty volumes of containers, whose own servers start on them afterwards."""

import datetime as dt
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyrage

from ..local.data_folder import Unusable
from .archive import Plan
from .checking import read_contents_of, refuse_another_installation, refuse_without_room
from .laying_out import Told, give, lay_out_box, lay_out_database
from .sealed_files import Damaged, place

# What a server holds in its folder while it runs.
PID_FILE = "postmaster.pid"


@dataclass(frozen=True)
class Volumes:
    """Where the volumes are mounted: that of PostgreSQL, that of Redis, and that of the secret key."""

    database: Path
    box: Path
    secrets: Path


def restore_into(
    plan: Plan,
    volumes: Volumes,
    identities: Sequence[pyrage.x25519.Identity],
    *,
    aside: Path | None,
    another: bool,
    told: Told,
) -> int:
    """Restore what was checked by `checking.check`; return how many ballots waited. Raises Unusable.

    What is there is moved into the folder `aside`; without one, volumes that are not empty are refused.
    """
    servers = (volumes.database, volumes.box)
    if (volumes.database / PID_FILE).exists():
        raise Unusable(
            f"PostgreSQL runs on {volumes.database}, or was killed there: stop all containers that use this volume. If "
            f"none runs any more, remove {PID_FILE} from the volume (docs/backup.md says how), and try again"
        )
    for folder in servers:
        if not folder.is_dir() or folder.stat().st_uid == 0:
            raise Unusable(f"{folder} is no volume that a server could use: run `docker compose up --no-start` first")
    if not another:
        refuse_another_installation(plan, volumes.database)
    used = [folder for folder in servers if any(folder.iterdir())]
    if used and not aside:
        raise Unusable(f"there is something in {used[0]}: say --replace to move it to the backups first")
    refuse_without_room(plan, volumes.database)
    for folder in used:
        _move(folder, (aside or folder) / folder.name)
    try:
        lay_out_database(plan, volumes.database, identities, run_as=(), told=told)
        waiting = lay_out_box(plan, volumes.box, identities)
        secret_key, _ = read_contents_of(plan, identities)
    except (Damaged, OSError, Unusable) as error:
        for folder in servers:
            _empty(folder)
        raise Unusable(f"nothing was restored, and the volumes are empty: {error}") from error
    for folder in servers:
        owner = folder.stat()
        give(folder, owner.st_uid, owner.st_gid)
    # A new volume may be open to others, on which PostgreSQL does not start.
    volumes.database.chmod(0o700)
    _write_secret_key(volumes.secrets, secret_key)
    return waiting


def name_aside(archive: Path) -> Path:
    """Return the folder beside the backups into which goes what is replaced now."""
    return archive / f"replaced-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}"


def _move(folder: Path, target: Path) -> None:
    target.mkdir(mode=0o700, parents=True)
    for one in folder.iterdir():
        shutil.move(one, target / one.name)


def _empty(folder: Path) -> None:
    for one in folder.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()


def _write_secret_key(folder: Path, secret_key: str) -> None:
    file = folder / "secret_key"
    if file.exists():
        if file.read_text() == secret_key:
            return
        file.rename(folder / "secret_key.before")
    place(folder, file.name, lambda target: target.write(secret_key.encode()))
    owner = folder.stat()
    # All users of the containers that mount it read it, as docker/make_secrets.py has it.
    file.chmod(0o444)
    give(folder, owner.st_uid, owner.st_gid)
