"""Give a wheel the pinned requirements of `./urna up`, so that it runs with the versions that were tested."""

import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROJECT = Path(__file__).resolve().parents[1]


def read_pins(text: str) -> list[str]:
    """Return the requirements of a file of pins, with their markers and without hashes and comments."""
    lines = [line.split(" \\")[0].split("#")[0].strip() for line in text.splitlines() if re.match(r"\w", line)]
    return [line for line in lines if line]


class PinnedRequirements(BuildHookInterface):
    """The hook that pyproject.toml names."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_data["dependencies"] += read_pins((PROJECT / "requirements-local.txt").read_text())
