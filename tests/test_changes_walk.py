"""Our own pages, which ask for changes, at a whole Urna in a real browser; and at servers that know nothing of them.

nginx takes the question out of the handshake. Then the server answers as one of an older release, and the browser fails
the socket, since it is sent no answer to what it has asked.
"""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests import nginx as proxies
from tests.browsers import DESKTOP, Visitors
from tests.nginx import Nginx
from tests.voting_site.processes import Up
from voting_site.local.ports import free_port

pytestmark = [pytest.mark.full, pytest.mark.long]

SLUG = "changing"
OPTIONS = 60
PATHS = {"dashboard": "", "wall": "?view=wall", "embed": "embed/"}


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna"), TRUSTED_PROXIES="127.0.0.1") as up:
        up.wait_until_ready()
        up.execute(f"from tests import moving_results; moving_results.make({SLUG!r}, {OPTIONS})")
        yield up


@pytest.fixture
def old_server(urna: Up, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that answers no sub-protocol."""
    monkeypatch.setattr(proxies, "SOCKETS", proxies.SOCKETS + 'proxy_set_header Sec-WebSocket-Protocol "";')
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), free_port(), {"result": ""})
    nginx.serve(urna.ports)
    yield f"http://127.0.0.1:{nginx.port}"
    nginx.stop()


class Heard:
    """What the sockets of a page were sent: whole snapshots and changes, by the order of the sockets."""

    def __init__(self, page: Page) -> None:
        self.sockets: list[list[str]] = []
        page.on("websocket", self._note)

    def _note(self, socket: WebSocket) -> None:
        kinds: list[str] = []
        self.sockets.append(kinds)

        def hear(text: str | bytes) -> None:
            message = json.loads(text)
            kinds.append(message.get("type", "whole"))
            if kinds[-1] == "whole":
                kinds[-1] += " with a number" if "frame" in message else ""

        socket.on("framereceived", hear)


def move(urna: Up, times: int) -> None:
    urna.execute(f"from tests import moving_results; moving_results.move({SLUG!r}, {times}, 0.12)")


def expect_newest(urna: Up, page: Page) -> None:
    """Wait until a page shows the numbers of the database."""
    told = urna.execute(
        "from tally.models import Count; import json;"
        f"print(json.dumps({{one.key: one.n for one in Count.objects.filter(election__slug={SLUG!r})}}))"
    )
    counts = json.loads(told.strip().splitlines()[-1])
    assert len(counts) == OPTIONS
    for key, number in list(counts.items())[:5]:
        row = page.locator(f"[data-key={key.removeprefix('q1:')}] [data-count]").first
        expect(row).to_have_text(f"{number:,}")


@pytest.mark.parametrize("look", PATHS)
def test_pages_are_sent_changes_and_show_the_newest(urna: Up, visitors: Visitors, look: str) -> None:
    page = visitors.get(locale="en", **DESKTOP).new_page()
    heard = Heard(page)
    page.goto(f"http://127.0.0.1:{urna.ports['result']}/{SLUG}/{PATHS[look]}")
    page.wait_for_timeout(500)
    move(urna, 6)
    expect_newest(urna, page)
    [kinds] = heard.sockets
    assert kinds[0] == "whole with a number"
    assert kinds.count("change") >= 3
    assert "whole" not in kinds


@pytest.mark.parametrize("look", PATHS)
def test_pages_go_on_at_an_older_server(urna: Up, old_server: str, visitors: Visitors, look: str) -> None:
    page = visitors.get(locale="en", **DESKTOP).new_page()
    heard = Heard(page)
    page.goto(f"{old_server}/{SLUG}/{PATHS[look]}")
    page.wait_for_timeout(500)
    move(urna, 6)
    expect_newest(urna, page)
    refused, kinds = heard.sockets
    assert refused == []
    assert kinds.count("whole") >= 3
    assert "change" not in kinds
