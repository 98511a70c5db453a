"""The version of a release, which stands in `voting_site`: what repeats it, and what tells it."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

from voting_site import __version__

PROJECT = Path(__file__).resolve().parents[2]


class TestVersion:
    def test_is_that_of_the_image_and_of_the_chart(self) -> None:
        assert re.findall(r"^ARG VERSION=(\S+)$", (PROJECT / "docker/Dockerfile").read_text(), re.M) == [__version__]
        assert yaml.safe_load((PROJECT / "docker/chart/Chart.yaml").read_text())["appVersion"] == __version__

    def test_has_its_part_in_the_changelog(self) -> None:
        parts = re.findall(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text(), re.M)
        assert parts[:2] == ["Unreleased", __version__]

    def test_is_told_by_the_launcher(self) -> None:
        said = subprocess.run([sys.executable, str(PROJECT / "urna"), "--version"], capture_output=True, text=True)
        assert said.stdout == f"urna {__version__}\n"
