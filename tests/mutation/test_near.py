"""Where the tests of a module are looked for: a mutant without any counts as one that nobody tests."""

import ast
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.mutation.near import NEAREST, nearest

PROJECT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["mutmut"]


def mutated_modules() -> list[str]:
    """Return the modules that mutmut changes: those in which there is a function."""
    paths = [path for package in SETTINGS["source_paths"] for path in (PROJECT / package).rglob("*.py")]
    names = [str(path.relative_to(PROJECT)) for path in paths if has_function(path)]
    mutated = [name for name in names if not any(fnmatch(name, pattern) for pattern in SETTINGS["do_not_mutate"])]
    return [name.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for name in mutated]


def has_function(path: Path) -> bool:
    nodes = ast.walk(ast.parse(path.read_text()))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list for node in nodes)


@pytest.mark.parametrize("module", mutated_modules())
def test_each_module_has_tests_near_to_it(module):
    files = [PROJECT / "tests" / f"{file}.py" for file in nearest(module)]
    assert files
    assert [file for file in files if not file.exists()] == []


@pytest.mark.parametrize("name", NEAREST)
def test_only_modules_that_are_there_are_named(name):
    path = PROJECT / name.replace(".", "/")
    assert path.is_dir() or path.with_suffix(".py").exists()
