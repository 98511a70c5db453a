"""What has to hold before a restore begins; each refusal is one line, and changes nothing."""

import shutil
import struct
from collections.abc import Sequence
from pathlib import Path

import pyrage

from ..local.data_folder import MAKE_ROOM, Unusable
from .archive import ANOTHER_BACKUP, Plan, check_files
from .contents import ElectionState, known_migrations, read_contents
from .sealed_files import Damaged, read_whole

# Room that is left besides what a restore writes: for what the servers write when they start.
MARGIN = 256 << 20


def check(plan: Plan, identities: Sequence[pyrage.x25519.Identity]) -> None:
    """Check that what a restore reads is complete and as it was written, and can be read; raises Unusable."""
    refuse_newer(plan)
    try:
        check_files(plan)
        # The smallest file that shows whether the key is the right one.
        read_contents_of(plan, identities)
    except (Damaged, OSError, ValueError, KeyError, TypeError) as error:
        raise Unusable(f"nothing was restored: {error}; {ANOTHER_BACKUP}") from error


def read_contents_of(plan: Plan, identities: Sequence[pyrage.x25519.Identity]) -> tuple[str, list[ElectionState]]:
    """Return the secret key and the elections of a backup; raises Damaged, Unusable."""
    return read_contents(read_whole(plan.folder / plan.manifest.files["contents"].name, identities))


def refuse_newer(plan: Plan) -> None:
    """Raise Unusable for a backup by a release that is newer than this one."""
    if unknown := sorted(set(plan.manifest.migrations) - known_migrations()):
        raise Unusable(
            f"the backup {plan.manifest.name} was made by a newer release of Urna ({plan.manifest.release}), whose"
            f" database this one does not know ({unknown[-1]}): restore it with that release"
        )


def installation_of(cluster: Path) -> str:
    """Return PostgreSQL's number of a cluster by its files, "" if there is none."""
    try:
        # The first thing in this file, in each version of PostgreSQL.
        return str(struct.unpack("=Q", (cluster / "global" / "pg_control").read_bytes()[:8])[0])
    except (OSError, struct.error):
        return ""


def refuse_another_installation(plan: Plan, cluster: Path) -> None:
    """Raise Unusable if a cluster is of another installation than a backup."""
    there = installation_of(cluster)
    if there and there != plan.manifest.installation:
        raise Unusable(
            f"the backup is of installation {plan.manifest.installation}, and {cluster} is of {there}: restore it into"
            " another folder, or say --another-installation if that is what you want"
        )


def room_needed(plan: Plan) -> int:
    """Return how many bytes a restore writes."""
    log = plan.end - plan.manifest.first if plan.pieces else 0
    return plan.manifest.expanded + log + MARGIN


def refuse_without_room(plan: Plan, place: Path) -> None:
    """Raise Unusable if a restore does not fit onto the disk of a folder."""
    there = next(one for one in (place, *place.parents) if one.exists())
    needed, free = room_needed(plan), shutil.disk_usage(there).free
    if free < needed:
        raise Unusable(
            f"a restore takes {needed / 1e6:.0f} MB, and the disk of {there} has {free / 1e6:.0f} MB left: {MAKE_ROOM}"
        )
