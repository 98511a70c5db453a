"""What the manifests say, carried out: as processes, on a real PostgreSQL and Valkey."""

import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from voting_site.roles import ROLES

from ..docker.test_stack import GENERATION
from ..voting_site.processes import DEADLINE, wait_until
from ..web import read_form
from .chart import LEAST, needs_helm
from .processes import Cluster, cluster

pytestmark = [pytest.mark.large, needs_helm]

# Seconds; on a loaded machine an answer takes some.
LINGER = 15
VALUES = LEAST | {
    # Whoever asks here is the proxy.
    "trustedProxies": ["127.0.0.1/32"],
    "database": {"cluster": {"create": True}},
    "prepare": {"demo": True},
    "linger": LINGER,
}
RUNNING = [name for name, role in ROLES.items() if not role.needs]
BALLOT = "/nesquik-vs-cola-cao/"
PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """All roles, after the job before them."""
    with cluster(tmp_path_factory.mktemp("cluster"), VALUES, GENERATION) as ours:
        assert ours.start("prepare").wait(DEADLINE) == 0, ours.log("prepare")
        for name in RUNNING:
            ours.start(name)
        for kind in ("startup", "readiness", "liveness"):
            for name in RUNNING:
                wait_until(lambda name=name, kind=kind: ours.probe(name, kind), f"{kind} of {name}: {ours.log(name)}")
        yield ours


def vote(ours: Cluster, choice: str) -> int:
    """Vote behind the proxy as a browser does; return the status of the answer."""
    address = f"http://127.0.0.1:{ours.port('vote', 'http')}{BALLOT}"
    headers = {"Host": "vote.example.org", "Origin": "https://vote.example.org"} | PROXY
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as response:
        cookies = [one.partition(";")[0] for one in response.headers.get_all("Set-Cookie")]
        page = response.read().decode()
    form = urllib.parse.urlencode(read_form(page) | {"q1": choice}).encode()
    opener = urllib.request.build_opener(Stay)
    request = urllib.request.Request(address, form, headers | {"Cookie": "; ".join(cookies)})
    with opener.open(request) as response:
        return int(response.status)


class Stay(urllib.request.HTTPErrorProcessor):
    """Take an answer as it is, and follow no redirect."""

    def http_response(self, request, response):
        return response


class TestPods:
    def test_have_what_prepare_has_made(self, running: Cluster):
        # Neither a role without a user of its own, nor a Redis that would lose something.
        assert "may do" not in running.log("prepare")
        assert "WARNING" not in running.log("prepare")

    def test_take_a_vote_and_show_it(self, running: Cluster):
        assert vote(running, "nesquik") == 303
        shown = {"Host": "results.example.org"} | PROXY

        def is_shown() -> bool:
            status, text = running.get("result", f"{BALLOT}results.json", **shown)
            return status == 200 and '"ballots":1' in text.replace(" ", "")

        wait_until(is_shown, "the ballot in the results")

    def test_open_the_administration_to_a_port_forward(self, running: Cluster):
        status, text = running.get("admin", "/", Host="localhost:8002")
        assert status == 200
        assert "password" in text

    def test_let_no_other_host_in(self, running: Cluster):
        assert running.get("vote", BALLOT, Host="evil.example.org", **PROXY)[0] == 400

    @pytest.mark.parametrize("name", RUNNING)
    def test_serve_their_metrics(self, running: Cluster, name):
        address = f"http://127.0.0.1:{running.port(name, 'metrics')}/metrics"
        with urllib.request.urlopen(address) as response:
            assert f'role="{name}"' in response.read().decode()


class TestStops:
    @pytest.mark.parametrize("name", ["vote", "result"])
    def test_of_a_page_come_after_a_while_in_which_it_answers(self, running: Cluster, name):
        process = running.running[name]
        process.terminate()
        told = time.monotonic()
        while time.monotonic() < told + 1:
            assert running.get(name, "/healthz", Host="localhost")[0] == 200
        assert running.stop(name) == 0
        again(running, name)

    @pytest.mark.parametrize("name", ["admin", "worker", "beat"])
    def test_of_others_come_when_they_are_told(self, running: Cluster, name):
        assert running.stop(name) == 0
        again(running, name)


def again(running: Cluster, name: str) -> None:
    """Start a role anew for the next test, as a pod with nothing of the one before."""
    shutil.rmtree(running.folder / name)
    running.start(name)
    wait_until(lambda: running.probe(name, "startup"), f"startup of {name}")
    wait_until(lambda: running.probe(name, "readiness"), f"readiness of {name}")
