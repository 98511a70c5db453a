"""A pytest plugin that gives each test process a PostgreSQL and a Valkey of its own, before settings are read."""

import fcntl
import gc
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.masters import Masters
from tests.promotable import Promotable
from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder
from voting_site.local.postgres import Postgres
from voting_site.local.programs import Program
from voting_site.local.valkey import Valkey

# The variable with the folder in which the processes of a run share what is made once.
SHARED = "URNA_TESTS_SHARED"
# The variables that name servers, those of single roles included.
SERVER = re.compile(r"(DATABASE|REDIS|BALLOT_BOX)_URL(_FILE)?$")

_services = ExitStack()
FIGURE = "figure"
# What makes a test a large one: one of these fixtures, or this mark.
LARGE_FIXTURES = {"chromium", "up", "urna"}
LARGE_MARK = "large"
# The number of large tests that a quick run leaves out; and whether a run is one, for the processes that run its tests.
LARGE = pytest.StashKey[int]()
QUICK = "quick"
# The servers of a run with --copies.
PROMOTABLE = pytest.StashKey[Promotable]()


def make_temporary() -> str:
    """Return a new folder that goes with the end of this process."""
    return _services.enter_context(tempfile.TemporaryDirectory(prefix="urna-test-"))


def make_once(name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that all processes of a run share; whoever comes first makes it, and the others wait."""
    shared = Path(os.environ[SHARED])
    place, draft = shared / name, shared / f"{name}.draft"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            shutil.rmtree(draft, ignore_errors=True)
            make(draft)
            draft.rename(place)
    return place


def copy(source: Path, place: Path) -> None:
    """Copy a folder with the owners of its files."""
    subprocess.run(["cp", "-a", source, place], check=True)


def make_cluster(place: Path) -> None:
    """Make a data folder that holds an empty PostgreSQL."""
    folder = DataFolder(place)
    folder.create()
    Postgres(folder).prepare()


class FleetingPostgres(Postgres):
    """A PostgreSQL that does not wait for the disk, since nobody needs its data after the tests."""

    def prepare(self) -> None:
        if not self.data.exists():
            copy(make_once("cluster", make_cluster) / self.data.name, self.data)
        super().prepare()

    @property
    def program(self) -> Program:
        lasting = super().program
        return replace(lasting, argv=(*lasting.argv, "-cfsync=off"))


class FleetingValkey(Valkey):
    """The same of Valkey: while a disk stands still for a second, each test that writes would fail."""

    @property
    def program(self) -> Program:
        lasting = super().program
        return replace(lasting, argv=(*lasting.argv, "--appendfsync", "no"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all",
        action="store_true",
        help="also run what a plain run leaves out: what needs a browser or processes, or takes long",
    )
    parser.addoption("--attack", action="store_true", help="also run what attacks a whole Urna: some minutes, for CI")
    parser.addoption("--cluster", action="store_true", help="with the ballot box on three masters of a Redis Cluster")
    parser.addoption("--copies", action="store_true", help="with the ballot box on a primary that has two replicas")
    parser.addoption("--full", action="store_true", help="also run what takes many minutes")
    parser.addoption(
        "--servers", metavar="DIR", help="use, and empty, the servers that another process runs on this data folder"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    full, attack = config.getoption("--full"), config.getoption("--attack")
    of_cluster, of_copies = config.getoption("--cluster"), config.getoption("--copies")
    chosen_by_option = (
        ("full", full),
        ("attack", full or attack),
        ("cluster", of_cluster),
        ("copies", of_copies),
    )
    left_out = [marker for marker, wanted in chosen_by_option if not wanted]
    wanted = [item for item in items if not any(item.get_closest_marker(marker) for marker in left_out)]
    chosen = [item for item in wanted if not (is_quick(config) and is_large(item))]
    config.stash[LARGE] = len(wanted) - len(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    # In a parallel run a long file that begins last would go on alone.
    items[:] = sorted(chosen, key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for garbage among what tests make, and not again and again through five thousand tests."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def is_large(item: pytest.Item) -> bool:
    """Tell whether a test needs a browser, a whole Urna or other processes of its own, or takes long."""
    return bool(LARGE_FIXTURES & set(getattr(item, "fixturenames", ()))) or bool(item.get_closest_marker(LARGE_MARK))


def is_quick(config: pytest.Config) -> bool:
    """Tell whether this run is one that people wait for: neither `--all` nor certain tests are asked for."""
    if hasattr(config, "workerinput"):
        return bool(config.workerinput[QUICK])
    return is_whole(config) and not (config.getoption("--all") or config.getoption("--full") or config.option.markexpr)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process that runs tests for this one what only this one knows."""
    node.workerinput[QUICK] = is_quick(node.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[LARGE] = getattr(node, "workeroutput", {}).get(QUICK, 0)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[QUICK] = session.config.stash.get(LARGE, 0)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return a function that puts a line under "figures" at the end of the run, whether the test passes or not."""
    return lambda line: request.node.user_properties.append((FIGURE, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, [])]
    figures = [
        value for report in reports if report.when == "call" for name, value in report.user_properties if name == FIGURE
    ]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(line)
    if left_out := terminalreporter.config.stash.get(LARGE, 0):
        terminalreporter.section("left out")
        what = "tests with a browser or processes of their own, or that take long"
        terminalreporter.line(f"{left_out} {what}: ./urna test --all runs them, too")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    # Never the servers that the environment names: tests empty what they use.
    for name in [*filter(SERVER.search, os.environ), "URNA_ROLE", "BALLOT_BOX_COPIES"]:
        os.environ.pop(name, None)
    given = early_config.known_args_namespace.servers
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ[SHARED] = make_temporary()
    folder = DataFolder(Path(given or make_temporary()))
    folder.create()
    os.environ.update(embedded.environment(folder))
    if not gives_tests_away(early_config):
        # What tests start is not measured: it would be slow, and tells nothing when it is killed.
        os.environ.pop("COVERAGE_PROCESS_START", None)
        _services.enter_context(embedded.running(folder, [FleetingPostgres(folder), FleetingValkey(folder)]))
        if early_config.known_args_namespace.cluster:
            masters = Masters(Path(make_temporary()))
            _services.callback(masters.close)
            masters.start_all()
            os.environ.update(masters.urls())
        if early_config.known_args_namespace.copies:
            servers = Promotable(Path(make_temporary()))
            _services.callback(servers.close)
            servers.start_all()
            early_config.stash[PROMOTABLE] = servers
            os.environ.update(servers.urls(), BALLOT_BOX_COPIES="1")
    yield


# xdist's own would come first, since it is registered later.
@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the whole in parallel, and what is chosen by path or word in one process, which starts sooner."""
    # Tests wait for half of their time: with two processes for each processor, little of it is lost.
    return (os.cpu_count() or 1) * 2 if is_whole(config) else 0


def is_whole(config: pytest.Config) -> bool:
    """Tell whether a run is not of certain files, or of tests with a certain word."""
    return not (config.known_args_namespace.file_or_dir or config.known_args_namespace.keyword)


def gives_tests_away(config: pytest.Config) -> bool:
    """Tell whether this process only hands out tests to others (pytest-xdist)."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return False
    number = config.known_args_namespace.numprocesses
    return bool(pytest_xdist_auto_num_workers(config) if number == "auto" else number)


def pytest_unconfigure() -> None:
    _services.close()
