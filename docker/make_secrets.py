"""Make the secrets of a new installation, each in a file of its own; existing ones stay.

There is a folder for each group of readers, because a container sees all of a volume or nothing. All users may read the
files: PostgreSQL and Redis run under other users, and only containers that mount a folder see it at all.
"""

import os
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

# A script finds only the modules of its own folder by itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from voting_site.rights import redis_users
from voting_site.roles import ROLES, WITH_DATABASE


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


def make(folder: Path) -> None:
    """Make what is missing below `folder`."""
    write_once(folder / "app" / "secret_key", secrets.token_urlsafe(50))
    password = write_once(folder / "db" / "password", secrets.token_urlsafe(24))
    write_once(folder / "db" / "url", f"postgres://urna:{password}@bbdd:5432/urna")
    write_once(folder / "admin" / "password", secrets.token_urlsafe(12))
    for role in WITH_DATABASE:
        url = f"postgres://urna_{role}:{secrets.token_urlsafe(24)}@bbdd:5432/urna"
        write_once(folder / role / "database_url", url)
    make_redis_users(folder)
    # Without docker/replica.yaml this is a folder of the image, which cannot be written to.
    if os.access(folder / "replica", os.W_OK):
        make_replica(folder)


def make_replica(folder: Path) -> None:
    """Make the password by which a replica follows, and the address at which `result` reads it."""
    write_once(folder / "replica" / "password", secrets.token_urlsafe(24))
    url = (folder / "result" / "database_url").read_text().replace("@bbdd:5432/", "@replica:5432,bbdd:5432/")
    write_once(folder / "result" / "replica_url", f"{url}?target_session_attrs=prefer-standby")


def make_redis_users(folder: Path) -> None:
    """Make the addresses with which each role signs in to Redis, and the file by which Redis knows them."""
    operator = write_once(folder / "redis" / "operator_password", secrets.token_urlsafe(24))
    write_once(folder / "redis" / "operator_url", f"redis://{redis_users.OPERATOR}:{operator}@redis:6379/0")
    passwords = {redis_users.OPERATOR: operator}
    for role in ROLES:
        url = write_once(folder / role / "redis_url", f"redis://{role}:{secrets.token_urlsafe(24)}@redis:6379/0")
        passwords[role] = urlsplit(url).password or ""
    # Written again if it differs: another release may grant other rights.
    users, file = redis_users.write_acl(passwords), folder / "redis" / "users.acl"
    if not file.exists() or file.read_text() != users:
        write(file, users)


if __name__ == "__main__":
    make(Path("/secrets"))
