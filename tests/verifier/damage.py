"""Ways to damage a folder."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tabulation import canonical_json
from tests.verifier import folders


def change(folder: Path, name: str, place: int, *, to: bytes | None = None) -> None:
    """Change a byte of a file."""
    data = bytearray((folder / name).read_bytes())
    data[place : place + 1] = to if to is not None else bytes([data[place] ^ 1])
    (folder / name).write_bytes(data)


def rewrite(folder: Path, name: str, change: Callable[[Any], object]) -> None:
    """Change what is in a file of JSON."""
    content = json.loads((folder / name).read_text())
    change(content)
    text = canonical_json.write(content) if name == "certified.json" else json.dumps(content, ensure_ascii=False)
    (folder / name).write_text(text)


def rewrite_log(folder: Path, entries: list[bytes], *, tiles: bool) -> None:
    """Write other entries under the old checkpoint, with hash tiles that fit them or with the old ones."""
    kept = shutil.copytree(folder, folder.parent / "kept")
    shutil.rmtree(folder / "tile")
    folders.write_log(folder, entries)
    shutil.copy(kept / "checkpoint", folder / "checkpoint")
    if not tiles:
        for level in ("0", "1"):
            shutil.rmtree(folder / "tile" / level)
            shutil.copytree(kept / "tile" / level, folder / "tile" / level)
