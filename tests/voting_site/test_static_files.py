"""Static files of a local Urna: gathered once, and again when one has changed."""

import gzip
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.finders import get_finder

from voting_site.local.static_files import gather

STYLE = "p { color: black }" * 50


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A style sheet and a script in a folder of their own, and no others."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "page.css").write_text(STYLE)
    (folder / "part.js").write_text("export const one = 1;")
    (folder / "page.js").write_text('import { one } from "./part.js";')
    settings.STATICFILES_DIRS = [folder]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    get_finder.cache_clear()
    yield folder
    get_finder.cache_clear()


def names(place: str) -> dict[str, str]:
    """Return the name with a hash of each file."""
    paths = json.loads((Path(place) / "staticfiles.json").read_text())["paths"]
    return dict(paths)


class TestGather:
    def test_gives_each_file_a_name_with_its_hash_and_compresses_it(self, tmp_path: Path):
        place = gather(tmp_path / "static")
        style = Path(place) / names(place)["page.css"]
        assert re.fullmatch(r"page\.[0-9a-f]{12}\.css", style.name)
        assert gzip.decompress(style.with_suffix(".css.gz").read_bytes()).decode() == STYLE

    def test_names_what_a_script_imports(self, tmp_path: Path):
        place = gather(tmp_path / "static")
        assert names(place)["part.js"] in (Path(place) / names(place)["page.js"]).read_text()

    def test_finds_what_is_there(self, tmp_path: Path):
        place = gather(tmp_path / "static")
        (Path(place) / "trace").touch()
        assert gather(tmp_path / "static") == place
        assert (Path(place) / "trace").exists()

    def test_gathers_again_what_has_changed(self, tmp_path: Path, own_files: Path):
        before = names(gather(tmp_path / "static"))
        # Equally long, and perhaps in the same moment.
        (own_files / "page.css").write_text(STYLE.replace("black", "white"))
        after = gather(tmp_path / "static")
        assert names(after)["page.css"] != before["page.css"]
        assert names(after)["page.js"] == before["page.js"]
        assert "white" in (Path(after) / names(after)["page.css"]).read_text()
        assert [str(one) for one in (tmp_path / "static").iterdir()] == [after]

    def test_is_not_misled_by_what_a_killed_one_left(self, tmp_path: Path):
        place = Path(gather(tmp_path / "static"))
        place.rename(place.with_name("tmpkilled"))
        (place.with_name("tmpkilled") / "staticfiles.json").unlink()
        assert names(gather(tmp_path / "static"))
        assert list((tmp_path / "static").iterdir()) == [place]

    def test_goes_without_where_nothing_can_be_written(self, tmp_path: Path, caplog):
        (tmp_path / "static").touch()
        with caplog.at_level(logging.WARNING):
            assert gather(tmp_path / "static") == ""
        assert "cannot be gathered" in caplog.text
