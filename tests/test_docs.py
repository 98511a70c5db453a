"""The documents, where they repeat what the code says: variables, paths, names and commands."""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from voting_site.roles import ROLES, WITH_DATABASE, own_variable

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENTS = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").glob("*.md"))]
PACKAGES = (
    "tabulation", "telemetry", "pages", "openid", "polls", "tally", "record", "results", "office", "signin",
    "voting_site", "verifier", "tests",
)  # fmt: skip
SOURCES = [PROJECT / "manage.py", PROJECT / "urna"]
SOURCES += [path for name in PACKAGES for path in (PROJECT / name).rglob("*.py")]

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)

# `manage.py` takes it out before any command sees it.
COMMON_OPTIONS = {"--data"}
SUFFIXES = r"py|lua|js|md|svg|png|toml|yaml|txt|html"
# The roles of which each has a variable of its own beside one of these.
OWNERS = {"DATABASE_URL": WITH_DATABASE, "REDIS_URL": tuple(ROLES), "BALLOT_BOX_URL": tuple(ROLES)}


def read(document: Path) -> str:
    """Return a document without its comments, which nobody sees."""
    return re.sub(r"<!--.*?-->", "", document.read_text(), flags=re.DOTALL)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


# --- Variables --------------------------------------------------------------------------------------------


def settings_variables(module: ast.Module) -> dict[str, ast.expr | None]:
    """Return each variable read through `env` or `positive`, with the expression of its default."""
    found: dict[str, ast.expr | None] = {}
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and re.match(r"(env(\.\w+)?|positive)$", ast.unparse(call.func)):
            [name] = call.args
            if ast.unparse(name) == "name":
                continue  # inside `positive`, which passes on the name that it was given
            default = next((one.value for one in call.keywords if one.arg == "default"), None)
            found |= dict.fromkeys(variables_named(name), default)
    return found


def variables_named(argument: ast.expr) -> list[str]:
    """Return the names that stand in the call that reads a variable: one, or one for each role."""
    match argument:
        case ast.Constant(value=str(name)):
            return [name]
        case ast.Call(func=ast.Name(id="own_variable"), args=[_, ast.Constant(value=str(name))]):
            return [own_variable(role, name) for role in OWNERS[name]]
    raise AssertionError(f"line {argument.lineno}: the name of a variable has to stand there")


def other_variables(module: ast.Module) -> Iterator[str]:
    """Yield each variable that is read from `os.environ` itself."""
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str(name)), *_]):
                pass
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                pass
            case _:
                continue
        if ast.unparse(owner) == "os.environ":
            yield name


def documented_variables(text: str) -> dict[str, str]:
    """Return the variables in the tables of the settings document, with what stands under "default"."""
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", text, re.MULTILINE))


def written(default: ast.expr | None) -> str | None:
    """Return how a default is to be documented; None where that is a matter of words."""
    if default is None:
        return "*required*"
    try:
        value: Any = ast.literal_eval(default)
    except ValueError:
        return None
    text = ",".join(value) if isinstance(value, list | dict) else str(value)
    return f"`{text}`" if text else "*empty*"


class TestSettings:
    @pytest.fixture
    def read_by_settings(self) -> dict[str, ast.expr | None]:
        return settings_variables(tree(PROJECT / "voting_site/settings.py"))

    @pytest.fixture
    def documented(self) -> dict[str, str]:
        return documented_variables(read(PROJECT / "docs/settings.md"))

    def test_are_all_documented(self, read_by_settings, documented):
        assert read_by_settings.keys() - documented.keys() == set()

    def test_are_documented_only_where_something_reads_them(self, read_by_settings, documented):
        others = {name for path in SOURCES for name in other_variables(tree(path))}
        assert documented.keys() - read_by_settings.keys() - others == set()

    def test_are_documented_with_their_defaults(self, read_by_settings, documented):
        expected = {name: text for name, default in read_by_settings.items() if (text := written(default))}
        assert {name: documented.get(name) for name in expected} == expected

    def test_are_found_however_they_are_read(self):
        module = ast.parse(
            'A = env("ONE")\nB = env.list("TWO", default=["x", "y"])\nC = {"k": env.int("TEN", default=0)}'
        )
        found = {name: written(default) for name, default in settings_variables(module).items()}
        assert found == {"ONE": "*required*", "TWO": "`x,y`", "TEN": "`0`"}

    def test_are_found_in_the_environment_itself(self):
        module = ast.parse('os.environ.get("ONE")\nx = os.environ["TWO"]\nos.environ["SET"] = "1"\nother.get("NO")')
        assert set(other_variables(module)) == {"ONE", "TWO"}


# --- Paths and names --------------------------------------------------------------------------------------


def links(text: str) -> list[str]:
    """Return the targets of relative links and pictures."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def paths(text: str) -> list[str]:
    """Return what stands as code and is the path of a file or folder, with a `::name` where there is one."""
    code = re.findall(r"`([^`\n]+)`", without_blocks(text))
    return [one for one in code if re.fullmatch(rf"[\w-][\w./-]*(\.({SUFFIXES})(::[\w.]+)?|/)", one)]


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def is_there(path: str) -> bool:
    """Tell whether a path leads somewhere; a bare file name may be in any folder, and `::` must name what is in it."""
    file, _, name = path.partition("::")
    found = PROJECT / file
    if "/" in file or name:
        return found.exists() and (not name or name in names(tree(found)))
    return found.exists() or any(path for package in PACKAGES for path in (PROJECT / package).rglob(file))


def names(module: ast.AST, prefix: str = "") -> Iterator[str]:
    """Yield the functions and classes of a module, methods as `Class.method`."""
    for node in ast.iter_child_nodes(module):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from names(node, f"{node.name}.")


def anchors(text: str) -> set[str]:
    """Return the anchors that a page gives its headings."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


class TestPaths:
    @each_document
    def test_of_links_lead_somewhere(self, document):
        for link in links(read(document)):
            path, _, anchor = link.partition("#")
            target = (document.parent / path).resolve() if path else document
            assert target.exists(), link
            assert not anchor or anchor in anchors(read(target)), link

    @each_document
    def test_in_the_text_lead_somewhere(self, document):
        assert [path for path in paths(read(document)) if not is_there(path)] == []

    @pytest.mark.parametrize(
        "path",
        ["tally/nothing.py", "nothing.lua", "nowhere/", "tally/drain.py::nothing", "tests/polls/test_views.py::TestNo"],
    )
    def test_that_lead_nowhere_are_noticed(self, path):
        assert paths(f"see `{path}`") == [path]
        assert not is_there(path)

    @pytest.mark.parametrize("path", ["cast.lua", "tally/", "README.md", "polls/views.py::BallotView.post"])
    def test_that_lead_somewhere_are_followed(self, path):
        assert paths(f"see `{path}`") == [path]
        assert is_there(path)


# --- Alarms -----------------------------------------------------------------------------------------------


def alarms(module: ast.Module) -> list[str]:
    """Return of each alarm that a module can raise the longest stretch of words, free of values."""
    texts = [node.value for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    found = [text.removeprefix("ALARM ") for text in texts if text.startswith("ALARM ")]
    return [max(re.split(r"%s|[.,:;]", text), key=len).strip() for text in found]


class TestAlarms:
    def test_are_all_explained(self):
        raised = [words for path in SOURCES if "tests" not in path.parts for words in alarms(tree(path))]
        assert raised
        assert [words for words in raised if words not in read(PROJECT / "docs/guarantees.md")] == []

    def test_are_found_in_the_code(self):
        assert alarms(ast.parse('log("ALARM %s: the %s is on fire; run", x)\nlog("no ALARM %s")')) == ["is on fire"]


# --- Commands ---------------------------------------------------------------------------------------------


def command_lines(text: str) -> list[list[str]]:
    """Return each command line of ./urna and manage.py that stands as code, in a line or in a block."""
    found = re.findall(r"(?:^|`|\$ )((?:\./urna|manage\.py) [^`\n#]+)", text, re.MULTILINE)
    return [shlex.split(line) for line in found]


@cache
def launcher_commands() -> set[str]:
    """Return what ./urna offers."""
    for node in tree(PROJECT / "urna").body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMANDS":
            assert isinstance(node.value, ast.Dict)
            return {ast.literal_eval(key) for key in node.value.keys if key}
    raise AssertionError("urna has no COMMANDS")


def find_fault(line: list[str]) -> str:
    """Return what is wrong with a command line, '' if nothing."""
    program, command, *arguments = line
    if program == "./urna":
        if command == "--version":
            return ""
        if command not in launcher_commands():
            return f"./urna has no command {command}"
        if command in ("test", "faults", "verify", "bench"):
            return ""
        if command == "manage":
            command, *arguments = arguments or ["help"]
    if command == "help":
        return ""
    if command not in get_commands():
        return f"there is no management command {command}"
    app = get_commands()[command]
    instance = app if isinstance(app, BaseCommand) else load_command_class(app, command)
    options = instance.create_parser("manage.py", command)._option_string_actions.keys() | COMMON_OPTIONS
    unknown = [one for one in arguments if one.startswith("--") and one.partition("=")[0] not in options]
    return f"{command} has no option {unknown[0]}" if unknown else ""


class TestCommands:
    @each_document
    def test_exist_with_their_options(self, document):
        assert [fault for line in command_lines(read(document)) if (fault := find_fault(line))] == []

    def test_of_the_readme_are_found(self):
        lines = command_lines(read(PROJECT / "README.md"))
        assert {" ".join(line[:3]) for line in lines} >= {"./urna up", "./urna test", "./urna manage recount"}

    @pytest.mark.parametrize(
        "text",
        ["`./urna nothing`", "`./urna manage nothing`", "$ ./urna up --nothing", "`./urna manage recount --nothing`"],
    )
    def test_that_do_not_exist_are_noticed(self, text):
        [line] = command_lines(text)
        assert find_fault(line)
