"""Restore a backup into a data folder: beside it first, and into its place once the database has recovered."""

import datetime as dt
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
import pyrage

from ..backup.archive import Plan
from ..backup.checking import read_contents_of, refuse_another_installation, refuse_without_room
from ..backup.laying_out import Told, give, lay_out_box, lay_out_database
from ..backup.sealed_files import Damaged, sync_folder
from . import embedded
from .data_folder import ANOTHER_FOLDER, DataFolder, Unusable
from .leftovers import started_on
from .postgres import Postgres
from .postgres_programs import binary
from .service_user import as_service_user, give_to_service_user
from .valkey import Valkey

# Seconds between two looks at a database that recovers.
LOOK_S = 0.1


class Restored(NamedTuple):
    """What a restore has brought back: the ballots that waited in the box, and the folder that was there before."""

    waiting: int
    before: Path | None


def restore(
    plan: Plan,
    folder: DataFolder,
    identities: Sequence[pyrage.x25519.Identity],
    *,
    replace: bool,
    another: bool,
    told: Told,
) -> Restored:
    """Restore what was checked by `checking.check`; raises Unusable, with the data folder as it was.

    `replace` keeps the folder that is there, under another name; `another` restores over another installation.
    """
    refuse_running(folder)
    is_used = folder.path.exists() and any(one.name not in ("lock", "visitors") for one in folder.path.iterdir())
    if is_used and not another:
        refuse_another_installation(plan, folder.path / "postgres")
    if is_used and not replace:
        raise Unusable(f"there is something in {folder.path}: say --replace to keep it beside, under another name")
    draft = DataFolder(folder.path.with_name(folder.path.name + ".restoring"))
    shutil.rmtree(draft.path, ignore_errors=True)
    refuse_without_room(plan, folder.path.parent)
    try:
        waiting = _fill(plan, draft, identities, told)
        before = _put_into_place(draft, folder, is_used=is_used)
    except (Damaged, OSError, Unusable, psycopg2.Error, subprocess.SubprocessError) as error:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise Unusable(f"nothing was restored, and {folder.path} is as it was: {error}") from error
    return Restored(waiting, before)


def _put_into_place(draft: DataFolder, folder: DataFolder, *, is_used: bool) -> Path | None:
    """Give a folder the name of another one; return the new name of that, None if nothing was in it."""
    before = None
    if is_used:
        refuse_running(folder)
        before = folder.path.with_name(f"{folder.path.name}.before-{dt.datetime.now():%Y%m%dT%H%M%S}")
        folder.path.rename(before)
    elif folder.path.exists():
        shutil.rmtree(folder.path)
    try:
        draft.path.rename(folder.path)
    except OSError:
        if before:
            before.rename(folder.path)
        raise
    sync_folder(folder.path.parent)
    return before


def refuse_running(folder: DataFolder) -> None:
    """Raise Unusable while something runs on a data folder."""
    if not folder.path.exists():
        return
    with folder.ownership() as ours:
        if not ours:
            raise Unusable(f"process {folder.owner()} runs Urna on {folder.path}: stop it, or {ANOTHER_FOLDER}")
    if left := [str(one.process.pid) for one in started_on(folder) if one.has_owner]:
        raise Unusable(f"processes of Urna run on {folder.path} ({', '.join(left)}): stop them, or {ANOTHER_FOLDER}")


def _fill(plan: Plan, draft: DataFolder, identities: Sequence[pyrage.x25519.Identity], told: Told) -> int:
    """Make a data folder of a backup, and let its database recover; return how many ballots waited in the box."""
    draft.create()
    postgres, valkey = Postgres(draft), Valkey(draft)
    for place in (postgres.data, valkey.data):
        place.mkdir(mode=0o700)
        give_to_service_user(place)
    owner = postgres.data.stat()
    lay_out_database(plan, postgres.data, identities, run_as=as_service_user(), told=told)
    _verify(postgres.data)
    secret_key, _ = read_contents_of(plan, identities)
    with open(os.open(draft.path / "secret_key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret_key)
    waiting = lay_out_box(plan, valkey.data, identities)
    for place in (postgres.data, valkey.data):
        give(place, owner.st_uid, owner.st_gid)
    with embedded.running(draft, [postgres]):
        _wait_for_recovery(plan, postgres, told)
    return waiting


def _verify(cluster: Path) -> None:
    """Let PostgreSQL compare each file of a base with the list that it has made of them; raises Damaged."""
    major = (cluster / "PG_VERSION").read_text().strip()
    command = [*as_service_user(), binary("pg_verifybackup", major), "--no-parse-wal", "--quiet", "--exit-on-error"]
    # What is there besides the base.
    ignored = [f"--ignore={name}" for name in ("urna_wal", "urna_life", "postgresql.auto.conf", "recovery.signal")]
    done = subprocess.run([*command, *ignored, str(cluster)], capture_output=True, text=True, cwd="/")
    if done.returncode:
        raise Damaged(f"the base is damaged: {(done.stderr.strip().splitlines() or ['no reason'])[0]}")


def _wait_for_recovery(plan: Plan, postgres: Postgres, told: Told) -> None:
    """Wait until the database has read all of the log that was saved, and takes writes."""
    first, last = plan.manifest.start, plan.end
    shown = 0.0
    with closing(psycopg2.connect(postgres.url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while True:
            cursor.execute("SELECT pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0')::bigint")
            recovers, place = cursor.fetchone()
            if not recovers:
                put_indexes_in_order(cursor, told)
                return
            if time.monotonic() - shown >= 2 and last > first:
                told(f"the database recovers: {max(0, min(1, (int(place or 0) - first) / (last - first))):.0%}")
                shown = time.monotonic()
            time.sleep(LOOK_S)


def put_indexes_in_order(cursor: Any, told: Told) -> None:
    """Build indexes anew whose order is that of another C library: an image on musl sorts text in another way."""
    cursor.execute(
        "SELECT datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)"
        " FROM pg_database WHERE datname = current_database() AND datlocprovider = 'c'"
    )
    if cursor.fetchone() == (True,):
        told("indexes of another C library are built anew")
        cursor.execute("REINDEX SCHEMA public")
