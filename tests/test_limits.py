"""Limits and addresses over real HTTP, at the roles' own servers."""

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from polls.definition import Definition
from tests.voting_site.processes import Alone
from tests.web import Voter

pytestmark = pytest.mark.large


def vote(voter: Voter) -> int:
    """Cast a newcomer's ballot; return the status."""
    form = voter.fetch_form()
    assert form
    return voter.send(form | {"q1": "nesquik"})[0]


class TestNewcomers:
    def test_fifty_a_second_from_one_address_are_held_to_the_limit(
        self, define: Callable[..., Definition], tmp_path: Path
    ):
        define()
        answers: list[tuple[float, int]] = []
        lock = threading.Lock()
        with Alone(tmp_path, "vote") as urna, ThreadPoolExecutor(16) as crowd:
            url = f"http://127.0.0.1:{urna.port}/drink/"
            started = time.monotonic()

            def arrive(number: int) -> None:
                time.sleep(max(0.0, started + number / 50 - time.monotonic()))
                status = vote(Voter(url))
                with lock:
                    answers.append((time.monotonic() - started, status))

            list(crowd.map(arrive, range(750)))
            # At the same moment, from next door.
            assert vote(Voter(url, address="127.0.0.2")) == 303
        seconds = max(moment for moment, _ in answers)
        assert {status for _, status in answers} == {303, 429}
        accepted = [moment for moment, status in answers if status == 303]
        # A full hall passes before anybody has to wait.
        assert [status for _, status in sorted(answers)[:300]] == [303] * 300
        assert 400 <= len(accepted) <= 400 + 5 * seconds + 1

    def test_read_how_long_to_wait_with_their_choice_still_marked(
        self, define: Callable[..., Definition], tmp_path: Path
    ):
        define()
        with Alone(tmp_path, "vote", NEWCOMER_BURST="1", NEWCOMER_INTERVAL_MS="30000") as urna:
            url = f"http://127.0.0.1:{urna.port}/drink/"
            began = time.monotonic()
            assert vote(Voter(url)) == 303
            voter = Voter(url)
            status, page = voter.send(voter.fetch_form() | {"q1": "cola-cao"})
            elapsed = time.monotonic() - began
        assert status == 429
        assert re.search(r'value="cola-cao"[^>]*\schecked', page)
        told = re.search(r"Wait (\d+) seconds, then press “Vote” again", page)
        assert told
        assert 30 - elapsed <= int(told[1]) <= 30


class TestAddress:
    """Each test sees by the newcomers' limit, which is 1, which visitors count as one address."""

    ONE = {"NEWCOMER_BURST": "1", "NEWCOMER_INTERVAL_MS": "1000000"}

    def statuses(self, urna: Alone, *visitors: tuple[str, str]) -> list[int]:
        """Vote once for each (address, X-Forwarded-For); return the statuses."""
        url = f"http://127.0.0.1:{urna.port}/drink/"
        return [
            vote(Voter(url, {"X-Forwarded-For": header} if header else {}, address)) for address, header in visitors
        ]

    def test_is_the_connections_whatever_a_visitor_says(self, define: Callable[..., Definition], tmp_path: Path):
        define()
        with Alone(tmp_path, "vote", **self.ONE) as urna:
            found = self.statuses(urna, ("127.0.0.1", ""), ("127.0.0.1", "198.51.100.1"), ("127.0.0.2", ""))
        assert found == [303, 429, 303]

    def test_is_what_a_trusted_proxy_says(self, define: Callable[..., Definition], tmp_path: Path):
        define()
        with Alone(tmp_path, "vote", TRUSTED_PROXIES="127.0.0.9/32", **self.ONE) as urna:
            found = self.statuses(
                urna,
                ("127.0.0.9", "198.51.100.1"),
                ("127.0.0.9", "198.51.100.2"),
                ("127.0.0.9", "203.0.113.5, 198.51.100.2"),
                ("127.0.0.1", "198.51.100.3"),
                ("127.0.0.1", "198.51.100.4"),
            )
        assert found == [303, 303, 429, 303, 429]

    def test_may_be_said_to_tell_nothing(self, define: Callable[..., Definition], tmp_path: Path):
        define()
        with Alone(tmp_path, "vote", CLIENT_ADDRESS="shared", **self.ONE) as urna:
            assert self.statuses(urna, ("127.0.0.1", ""), ("127.0.0.2", "")) == [303, 429]


class TestScheme:
    """Behind TLS a plain request is redirected, so that 200 means that the header was believed."""

    @pytest.mark.parametrize("role", ["vote", "result"])
    @pytest.mark.parametrize(
        ("proxies", "statuses"),
        # Of a trusted proxy, and of anybody else.
        [("127.0.0.9/32", {"127.0.0.9": 200, "127.0.0.1": 301}), ("", {"127.0.0.1": 200})],
        ids=["a list", "no list"],
    )
    def test_is_what_a_trusted_proxy_says(self, box, tmp_path: Path, role, proxies, statuses):
        with Alone(tmp_path, role, URNA_TLS="proxy", TRUSTED_PROXIES=proxies) as urna:
            style = f"http://127.0.0.1:{urna.port}/static/pages/urna.css"
            found = {one: Voter(style, {"X-Forwarded-Proto": "https"}, one).send()[0] for one in statuses}
            assert found == statuses
            assert ("TRUSTED_PROXIES is empty" in urna.output) is not bool(proxies)
