"""The packaging files as data; no engine is needed to read them."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "docker"

WEB_ROLES = ("vote", "result", "signin", "admin")
ROLES = (*WEB_ROLES, "worker", "beat")
SERVERS = ("redis", "db")
LASTING = ROLES + SERVERS
# Runs only where it is asked for.
OPTIONAL = "signin"
# Those that talk to PostgreSQL, each under a user of its own.
DATABASE_ROLES = ("result", "signin", "admin", "worker")

UNITS = {"k": 10**3, "m": 10**6, "g": 10**9}


def settle(value: Any) -> Any:
    """Put the defaults in the place of variables, as with an empty environment."""
    if isinstance(value, dict):
        return {name: settle(one) for name, one in value.items()}
    if isinstance(value, list):
        return [settle(one) for one in value]
    if isinstance(value, str):
        value = re.sub(r"\$\{\w+:\+.*?\}:\}", "", value)
        return re.sub(r"\$\{\w+:?-(.*?)\}", r"\1", value)
    return value


@cache
def load(name: str) -> dict[str, Any]:
    """Read a compose or stack file as it is with an empty environment."""
    found: dict[str, Any] = settle(yaml.safe_load((FOLDER / name).read_text()))
    return found


def services(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load(name)["services"]
    return found


def words(command: str | list[str]) -> list[str]:
    return command.split() if isinstance(command, str) else command


def size(text: str | int) -> int:
    """Read a size such as `300mb` or `512M`, in bytes."""
    number, unit = re.fullmatch(r"(\d+)([kmg]?)b?", str(text).lower()).groups()  # type: ignore[union-attr]
    return int(number) * UNITS.get(unit, 1)


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def redis_settings() -> dict[str, str]:
    """Return the settings of redis.conf."""
    lines = (FOLDER / "redis.conf").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))
