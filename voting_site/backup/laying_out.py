"""Write what a backup holds where servers can start on it: PostgreSQL's folder, and Redis's append-only file.

The database recovers by its own means when it starts next: from the base up to the last byte that was saved.
"""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyrage

from ..local.data_folder import Unusable
from .archive import Plan
from .box_copy import Waiting, read_waiting, write_append_only_file
from .sealed_files import Damaged, read_sealed, read_whole
from .segments import write_segments
from .server import LIFE

# In the folder of PostgreSQL: the segments that recovery reads, which it removes at its end.
SEGMENTS = "urna_wal"
_MARK = "# Written by the restore of a backup; of no effect afterwards."
_RECOVERY = f"""{_MARK}
restore_command = 'cp "{SEGMENTS}/%f" "%p"'
recovery_target_timeline = 'current'
recovery_end_command = 'rm -rf {SEGMENTS}'
"""

Told = Callable[[str], object]
# Seconds between two lines on how far a restore is.
TELL_EVERY_S = 5.0


def lay_out_database(
    plan: Plan, cluster: Path, identities: Sequence[pyrage.x25519.Identity], *, run_as: Sequence[str], told: Told
) -> None:
    """Expand a base into an empty folder, with what was received since; raises Damaged, Unusable, OSError."""
    manifest = plan.manifest
    told(f"PostgreSQL's base, {manifest.expanded / 1e6:.0f} MB")
    base = plan.folder / manifest.files["base"].name
    command = [*run_as, "tar", "--extract", "--file=-", f"--directory={cluster}", "--no-same-owner"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/") as tar:
        assert tar.stdin
        assert tar.stderr
        try:
            read_sealed(base, identities, tar.stdin.write)
            tar.stdin.close()
        except BrokenPipeError:
            pass
        except BaseException:
            tar.kill()
            raise
        said = tar.stderr.read().decode(errors="replace").strip().splitlines()
    if tar.returncode:
        raise Unusable(f"cannot expand {base}: {said[0] if said else tar.returncode}")
    if plan.pieces:
        log = plan.end - manifest.first
        told(f"what came since, {log / 1e6:.0f} MB of PostgreSQL's log")
        write_segments(
            plan.pieces,
            cluster / SEGMENTS,
            first=manifest.first,
            timeline=manifest.timeline,
            size=manifest.segment_size,
            identities=identities,
            told=_shares(told, manifest.first, plan.end),
        )
    else:
        (cluster / SEGMENTS).mkdir(mode=0o700)
    (cluster / LIFE).write_text(secrets.token_hex(8))
    settings = cluster / "postgresql.auto.conf"
    before = settings.read_text().partition(_MARK)[0] if settings.exists() else ""
    settings.write_text(before + _RECOVERY)
    (cluster / "recovery.signal").touch()


def _shares(told: Told, first: int, last: int) -> Callable[[int], None]:
    """Return a function that tells every few seconds how much is written."""
    shown = time.monotonic()

    def tell(place: int) -> None:
        nonlocal shown
        if time.monotonic() - shown >= TELL_EVERY_S:
            shown = time.monotonic()
            told(f"  {(place - first) / (last - first):.0%}")

    return tell


def lay_out_box(plan: Plan, folder: Path, identities: Sequence[pyrage.x25519.Identity]) -> int:
    """Write the ballots that waited, and the heads, into the empty folder of a new Redis; return how many waited."""
    waiting: list[Waiting] = []
    for file in plan.box:
        waiting += read_waiting(read_whole(file, identities))
    try:
        heads = json.loads(read_whole(plan.heads, identities)) if plan.heads else {}
    except ValueError as error:
        raise Damaged(f"{plan.heads} is damaged: {error}") from error
    files = folder / "appendonlydir"
    files.mkdir(mode=0o700)
    for name, data in write_append_only_file(waiting, heads).items():
        with (files / name).open("wb") as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
    return len({(one.key, one.id) for one in waiting})


def give(folder: Path, user: int, group: int) -> None:
    """Let a user own a folder and all that is in it."""
    for path, _, names in os.walk(folder):
        os.chown(path, user, group)
        for name in names:
            os.chown(os.path.join(path, name), user, group, follow_symlinks=False)
