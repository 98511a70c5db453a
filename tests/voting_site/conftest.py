"""Fixtures for processes that run beside the tests."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder
from voting_site.local.valkey import Valkey

from .processes import wait_until


@pytest.fixture
def servers() -> dict[str, str]:
    """The servers of this test run, whose tests themselves use another database."""
    options = settings.DATABASES["default"]["OPTIONS"]
    url = f"postgres://urna@/urna?host={options['host']}&port={options['port']}"
    return {"DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL, "SECRET_KEY": settings.SECRET_KEY}


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Callable[[], tuple[Valkey, subprocess.Popen[bytes]]]]:
    """Return a function that starts one and the same Valkey, again and again."""
    folder = DataFolder(tmp_path / "mortal")
    folder.create()
    valkey = Valkey(folder)
    embedded.prepare(folder, [valkey])
    lives: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[Valkey, subprocess.Popen[bytes]]:
        lives.append(valkey.program.start(tmp_path / "valkey.log"))
        wait_until(valkey.answers, "an answer of Valkey's")
        return valkey, lives[-1]

    yield start
    for life in lives:
        if life.poll() is None:
            os.kill(life.pid, signal.SIGTERM)
        life.wait(30)
