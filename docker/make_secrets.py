"""Make the secrets of a new installation, each in a file of its own; what is there already stays.

One folder for each circle of readers, since a container sees all of a volume or nothing. Others may read the files:
PostgreSQL runs under another user, and only containers that mount a folder see it at all.
"""

import os
import secrets
import sys
from pathlib import Path


def write_once(file: Path, value: str) -> str:
    """Write a file that is complete from the moment it exists; return what it holds."""
    if not file.exists():
        draft = file.with_suffix(".draft")
        draft.write_text(value)
        draft.chmod(0o444)
        with draft.open() as written:
            os.fsync(written.fileno())
        draft.rename(file)
        sys.stdout.write(f"made {file}\n")
    return file.read_text()


def make(folder: Path) -> None:
    """Make what is missing below `folder`."""
    write_once(folder / "app" / "secret_key", secrets.token_urlsafe(50))
    password = write_once(folder / "db" / "password", secrets.token_urlsafe(24))
    write_once(folder / "db" / "url", f"postgres://urna:{password}@bbdd:5432/urna")
    write_once(folder / "admin" / "password", secrets.token_urlsafe(12))


if __name__ == "__main__":
    make(Path("/secrets"))
