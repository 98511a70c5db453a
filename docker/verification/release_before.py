"""The release before this one: its files, and its image."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

from .engine import PROJECT, Engine
from .facts import Untrue

# Names the release before, as git knows it.
VARIABLE = "VERIFY_UPGRADE_FROM"


class ReleaseBefore:
    """The files of a tag or commit, in a folder of their own."""

    def __init__(self, name: str, folder: Path, image: str) -> None:
        self.name, self.folder = name, folder
        self.image = f"{image.partition(':')[0]}:before"

    def build(self, engine: Engine) -> None:
        """Check it out and build its image; raises Untrue."""
        found = subprocess.run(["git", "archive", self.name], cwd=PROJECT, capture_output=True)
        if found.returncode:
            raise Untrue(f"{VARIABLE}={self.name}: {found.stderr.decode().strip()}; a tag or commit of this clone?")
        with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
            archive.extractall(self.folder, filter="data")
        recipe = str(self.folder / "docker/Dockerfile")
        engine.run("build", "--tag", self.image, "--file", recipe, str(self.folder), within=900)

    def has_same_rights(self) -> bool:
        """Tell whether its users have the same rights in Redis, so that `docker/update` is enough on a swarm."""
        return generation(self.folder) == generation(PROJECT)


def generation(files: Path) -> str:
    """Return the line of a release's script that numbers the secrets for Redis."""
    lines = (files / "docker/make-swarm-secrets").read_text().splitlines()
    return next(line for line in lines if line.startswith("generation="))


def release_before(folder: str, image: str) -> ReleaseBefore | None:
    """Return the release that VERIFY_UPGRADE_FROM names, to be put into `folder`; None if it names none."""
    name = os.environ.get(VARIABLE, "")
    return ReleaseBefore(name, Path(folder), image) if name else None
