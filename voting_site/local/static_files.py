"""Static files of a local Urna, under names that carry their hash, as in an image.

They are gathered in the data folder, under a name that stands for their content: so a start finds them there, unless a
file has changed since, as after a `git pull`.
"""

import hashlib
import inspect
import logging
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.management.commands import collectstatic
from django.core.management import call_command

from voting_site import storage

logger = logging.getLogger(__name__)


def gather(parent: Path) -> str:
    """Return the folder in `parent` with the static files of this version, or '' where it cannot be written."""
    place = parent / _digest()
    try:
        if not place.exists():
            parent.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=parent) as draft:
                _collect(Path(draft) / place.name)
                (Path(draft) / place.name).rename(place)
            for old in parent.iterdir():
                if old != place:
                    shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        logger.warning("static files cannot be gathered, and so browsers ask for them again each minute: %s", error)
        return ""
    return str(place)


def _collect(place: Path) -> None:
    command = collectstatic.Command()
    # The settings' own is the one that serves files from the apps.
    command.storage = storage.HashedStaticFilesStorage(location=place, base_url=settings.STATIC_URL)
    call_command(command, interactive=False, verbosity=0)


def _digest() -> str:
    """Return a hash of all that the gathered files depend on."""
    makers = (version("django"), version("whitenoise"), inspect.getsource(storage))
    content = hashlib.sha256("\0".join(makers).encode())
    for name, file in sorted(_sources()):
        content.update(f"{name}\0{file.stat().st_size}\0".encode())
        content.update(file.read_bytes())
    return content.hexdigest()[:16]


def _sources() -> Iterator[tuple[str, Path]]:
    """Yield the static files of all apps by the names under which pages ask for them."""
    for finder in get_finders():
        for name, source in finder.list([]):
            yield name, Path(source.path(name))
