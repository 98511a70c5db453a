"""What a plain run of the tests leaves out."""

import inspect
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.plugin import is_large

START = re.compile(r"\b(with|return|yield) Up\(|launch\(executable_path")


@cache
def starts(whole: Callable[..., Any] | Path) -> bool:
    """Tell whether code starts a whole Urna or a browser."""
    text = whole.read_text() if isinstance(whole, Path) else inspect.getsource(whole)
    return bool(START.search(text))


class TestLargeTests:
    def test_are_all_that_start_a_browser_or_a_whole_urna(self, request: pytest.FixtureRequest) -> None:
        """One that starts it elsewhere than in a fixture of that name would be in each plain run."""
        near = [item for item in request.session.items if isinstance(item, pytest.Function) and starts(item.path)]
        assert [item.nodeid for item in near if self.starts_it(item) and not is_large(item)] == []

    def starts_it(self, item: pytest.Function) -> bool:
        fixtures = [one.func for known in item._fixtureinfo.name2fixturedefs.values() for one in known]
        return any(map(starts, [item.function, *fixtures]))
