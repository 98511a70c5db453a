"""Make the secrets of a new installation, each in a file of its own; existing ones stay.

There is a folder for each group of readers, because a container sees all of a volume or nothing. All users may read the
files: PostgreSQL and Redis run under other users, and only containers that mount a folder see it at all.
"""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

# A script finds only the modules of its own folder by itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from voting_site.rights import redis_users
from voting_site.roles import ROLES, WITH_DATABASE

# The services of docker/ha.yaml.
SENTINELS = "sentinel-1:26379,sentinel-2:26379,sentinel-3:26379"


def write(file: Path, value: str) -> None:
    """Write a file so that it is complete as soon as it exists."""
    draft = file.with_suffix(".draft")
    draft.write_text(value)
    draft.chmod(0o444)
    with draft.open() as written:
        os.fsync(written.fileno())
    draft.rename(file)
    sys.stdout.write(f"made {file}\n")


def write_once(file: Path, value: str) -> str:
    """Write a file unless it exists; return its content."""
    if not file.exists():
        write(file, value)
    return file.read_text()


def write_anew(file: Path, value: str) -> None:
    """Write a file if it is missing or has another content."""
    if not file.exists() or file.read_text() != value:
        write(file, value)


def make(folder: Path) -> None:
    """Make what is missing below `folder`."""
    write_once(folder / "app" / "secret_key", secrets.token_urlsafe(50))
    # Earlier keys whose signatures hold; docs/security.md says when somebody writes one into it.
    write_once(folder / "app" / "secret_key_fallbacks", "")
    password = write_once(folder / "db" / "password", secrets.token_urlsafe(24))
    write_once(folder / "db" / "url", f"postgres://urna:{password}@bbdd:5432/urna")
    write_once(folder / "admin" / "password", secrets.token_urlsafe(12))
    for role in WITH_DATABASE:
        url = f"postgres://urna_{role}:{secrets.token_urlsafe(24)}@bbdd:5432/urna"
        write_once(folder / role / "database_url", url)
    # Without docker/ha.yaml or docker/replica.yaml it is a folder of the image, which cannot be written to.
    if os.access(folder / "sentinel", os.W_OK):
        make_redis_with_copies(folder)
    else:
        make_redis_users(folder, redis_address)
    if os.access(folder / "replica", os.W_OK):
        make_replica(folder)


def make_replica(folder: Path) -> None:
    """Make the password by which a replica follows, and the address at which `result` reads it."""
    write_once(folder / "replica" / "password", secrets.token_urlsafe(24))
    url = (folder / "result" / "database_url").read_text().replace("@bbdd:5432/", "@replica:5432,bbdd:5432/")
    write_anew(folder / "result" / "replica_url", f"{url}?target_session_attrs=prefer-standby")


def redis_address(user: str, password: str) -> str:
    """Return where a user finds the only Redis."""
    return f"redis://{user}:{password}@redis:6379/0"


def make_redis_with_copies(folder: Path) -> None:
    """Make what docker/ha.yaml needs: users for replicas and Sentinels, and addresses by which these are asked."""
    passwords = {
        redis_users.REPLICA: write_once(folder / "redis" / "replication_password", secrets.token_urlsafe(24)),
        redis_users.SENTINEL: write_once(folder / "sentinel" / "password", secrets.token_urlsafe(24)),
    }
    # With it the roles, and a server that starts, ask the Sentinels for the primary.
    client = write_once(folder / "sentinel" / "client_password", secrets.token_urlsafe(24))
    write_anew(folder / "redis" / "sentinel_client_password", client)

    def address(user: str, password: str) -> str:
        account = f"sentinel_username=urna&sentinel_password={client}"
        return f"redis+sentinel://{user}:{password}@{SENTINELS}/0?primary=urna&{account}"

    make_redis_users(folder, address, passwords)


def make_redis_users(folder: Path, address: Callable[[str, str], str], others: Mapping[str, str] | None = None) -> None:
    """Make the addresses with which each role signs in to Redis, and the file by which Redis knows them.

    `others` has the passwords of users who are no roles. Addresses are written again if docker/ha.yaml was added or
    left out, with the same passwords; the file as well if another release grants other rights.
    """
    operator = write_once(folder / "redis" / "operator_password", secrets.token_urlsafe(24))
    write_anew(folder / "redis" / "operator_url", address(redis_users.OPERATOR, operator))
    passwords = {redis_users.OPERATOR: operator}
    for role in ROLES:
        file = folder / role / "redis_url"
        known = urlsplit(file.read_text()).password if file.exists() else ""
        passwords[role] = known or secrets.token_urlsafe(24)
        write_anew(file, address(role, passwords[role]))
    users = redis_users.write_acl(passwords | (others or {}), with_replication=others is not None)
    write_anew(folder / "redis" / "users.acl", users)


if __name__ == "__main__":
    make(Path("/secrets"))
