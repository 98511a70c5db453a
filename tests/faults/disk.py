"""A bad disk under one server: slow, full, or the last that a process sees."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voting_site.local.service_user import give_to_service_user

SOURCE = Path(__file__).with_name("disk.c")


def build(folder: Path) -> Path | None:
    """Compile the library that servers are started with; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    library = folder / "disk.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], check=True)
    library.chmod(0o755)
    return library


class Disk:
    """The orders to one server's disk, as files in a folder that disk.c looks at."""

    def __init__(self, folder: Path, library: Path | None) -> None:
        self.folder = folder
        self.library = library
        folder.mkdir(mode=0o700)
        # The server removes the order to die.
        give_to_service_user(folder)

    @property
    def environment(self) -> dict[str, str]:
        """What the server needs in its environment to obey."""
        return {"LD_PRELOAD": str(self.library), "URNA_DISK": str(self.folder)} if self.library else {}

    @contextmanager
    def slow(self, milliseconds: int) -> Iterator[None]:
        """Let each sync take longer during the block."""
        with self._order("slow", str(milliseconds)):
            yield

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let each write fail during the block."""
        with self._order("full"):
            yield

    @contextmanager
    def deadly(self, when: str) -> Iterator[Path]:
        """Let the next process that syncs die `before` or `after`; yield the file that is gone once it has."""
        with self._order(f"kill-{when}") as order:
            yield order

    @contextmanager
    def _order(self, name: str, content: str = "") -> Iterator[Path]:
        path = self.folder / name
        path.write_text(content)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
