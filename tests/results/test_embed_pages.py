"""Results on other websites: who may frame them, what oEmbed says, and a page of another origin in a real browser."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from results import embedding
from tests.browsers import Visitor, Visitors
from tests.test_accessibility import look_over
from tests.test_whole_way import SLUG
from tests.voting_site.processes import Up
from tests.web import Voter

from .papers import PAPER

pytestmark = pytest.mark.urls("voting_site.urls.result")

SITE = "https://club.example"
HOST = "http://testserver:8001"


@pytest.fixture
def allowed(settings: Any) -> None:
    settings.EMBED_ORIGINS = [SITE, "https://*.school.example"]


class TestFrame:
    def test_is_refused_to_everybody_by_default(self, make_election, client: Client):
        make_election()
        answer = client.get("/drink/embed/")
        assert answer.status_code == 200
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
        assert "EMBED_ORIGINS" not in answer.content.decode()

    def test_is_for_the_sites_that_the_operator_names(self, make_election, client: Client, allowed):
        make_election()
        answer = client.get("/drink/embed/")
        policy = answer["Content-Security-Policy"]
        assert f"frame-ancestors {SITE} https://*.school.example" in policy
        assert "X-Frame-Options" not in answer

    @pytest.mark.parametrize("path", ["/", "/drink/", "/drink/results.json", "/oembed.json", "/nothing/embed/"])
    def test_is_of_nothing_else(self, make_election, client: Client, allowed, path):
        make_election()
        make_election("tea")
        answer = client.get(path)
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"

    def test_speaks_the_language_that_its_address_asks_for(self, make_election, client: Client):
        make_election()
        answer = client.get("/drink/embed/?language=es", headers={"Accept-Language": "en"})
        assert '<html lang="es"' in answer.content.decode()
        assert "Votación abierta" in answer.content.decode()
        assert answer["Content-Language"] == "es"
        assert "Accept-Language" not in answer.get("Vary", "")
        for other in ("", "?language=xx", "?language=" + "e" * 600, "?language=%00"):
            answer = client.get(f"/drink/embed/{other}", headers={"Accept-Language": "en"})
            assert answer["Content-Language"] == "en"
            assert {"Cookie", "Accept-Language"} <= set(answer["Vary"].split(", "))


class TestSnippet:
    def test_is_on_the_results_page_where_somebody_may_use_it(self, make_election, client: Client, allowed):
        make_election()
        page = client.get("/drink/").content.decode()
        [written] = re.findall(r"<textarea[^>]*>(.*?)</textarea>", page)
        assert f'<iframe src="{HOST}/drink/embed/" title="Results: drink?" width="100%"' in unescape(written)
        assert 'type="application/json+oembed"' in page

    def test_is_not_there_by_default(self, make_election, client: Client):
        make_election()
        page = client.get("/drink/").content.decode()
        assert "iframe" not in page
        assert "oembed" not in page

    def test_holds_a_title_that_is_no_html(self):
        written = embedding.write_snippet("https://vote.example/drink/embed/", replace(PAPER, title='"><script>'))
        assert "<script>" not in written
        assert 'title="Results: &quot;&gt;&lt;script&gt;"' in written


class TestOembed:
    def ask(self, client: Client, **fields: Any) -> Any:
        return client.get("/oembed.json", {"url": f"{HOST}/drink/"} | fields)

    def test_describes_the_frame(self, make_election, client: Client, allowed):
        make_election()
        answer = self.ask(client)
        assert answer["Content-Type"] == "application/json"
        assert answer["Access-Control-Allow-Origin"] == "*"
        told = answer.json()
        assert (told["version"], told["type"], told["title"]) == ("1.0", "rich", "drink?")
        assert (told["width"], told["height"]) == (560, 420)
        assert f'<iframe src="{HOST}/drink/embed/"' in told["html"]
        assert 'width="560" height="420"' in told["html"]

    def test_keeps_to_the_limits_of_who_asks(self, make_election, client: Client, allowed):
        make_election()
        told = self.ask(client, maxwidth=300, maxheight=200).json()
        assert (told["width"], told["height"]) == (300, 200)
        assert self.ask(client, maxwidth=5000, maxheight=5000).json()["width"] == 560
        assert 'width="300" height="200"' in told["html"]

    def test_of_many_options_is_not_endless(self, make_election, client: Client, allowed):
        make_election(options=tuple(f"o{number}" for number in range(60)))
        assert self.ask(client).json()["height"] == 800

    def test_is_a_link_where_nobody_may_frame_it(self, make_election, client: Client):
        make_election()
        told = self.ask(client).json()
        assert told["type"] == "link"
        assert told.keys().isdisjoint({"html", "width", "height"})

    @pytest.mark.parametrize(
        "url",
        [
            "", "nothing", f"{HOST}/", f"{HOST}/tea/", f"{HOST}/drink/results.json", "http://evil.example/drink/",
            f"{HOST}.evil.example/drink/", "http://[", f"{HOST}/drink", "//drink/", f"{HOST}/dr%00ink/",
        ],
    )  # fmt: skip
    def test_of_another_address_is_not_found(self, make_election, client: Client, allowed, url):
        make_election()
        answer = self.ask(client, url=url)
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["Access-Control-Allow-Origin"] == "*"

    def test_knows_the_address_behind_a_proxy_and_a_path(self, make_election, client: Client, allowed, settings):
        settings.RESULT_URL = "https://vote.example/results/"
        make_election()
        told = self.ask(client, url="https://vote.example/results/drink/?view=wall").json()
        assert '<iframe src="https://vote.example/results/drink/embed/"' in told["html"]

    def test_takes_no_nonsense(self, make_election, client: Client, allowed):
        make_election()
        assert self.ask(client, format="xml").status_code == 501
        for pixels in ("0", "-1", "many", "1e3", "9" * 5000):
            assert self.ask(client, maxwidth=pixels).status_code == 400


# --- In a browser -----------------------------------------------------------------------------------------


class Site(BaseHTTPRequestHandler):
    """Another website, whose only page has a frame."""

    def __init__(self, framed: str, *arguments: Any) -> None:
        self.framed = framed
        super().__init__(*arguments)

    def do_GET(self) -> None:
        page = f'<!doctype html><title>A club</title><iframe src="{self.framed}" width="280" height="500"></iframe>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *arguments: Any) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    # Any port: which one the site has is not known yet.
    with Up(tmp_path_factory.mktemp("urna"), EMBED_ORIGINS="http://localhost:*") as up:
        up.wait_until_ready()
        yield up


@pytest.fixture
def site_port(urna: Up) -> Iterator[int]:
    framed = f"http://127.0.0.1:{urna.ports['result']}/{SLUG}/embed/"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, framed)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class TestOtherSite:
    def frame(self, page: Page, host: str, port: int) -> Any:
        page.goto(f"http://{host}:{port}/")
        return page.frame_locator("iframe")

    def test_that_may_shows_results_that_move(self, urna: Up, visitor: Visitor, site_port: int):
        page = visitor.new_page()
        frame = self.frame(page, "localhost", site_port)
        count = frame.locator('[data-key="nesquik"] [data-count]')
        expect(frame.get_by_text("Live", exact=True)).to_be_visible()
        before = int(count.inner_text())
        voter = Voter(f"http://127.0.0.1:{urna.ports['vote']}/{SLUG}/")
        form = voter.fetch_form()
        assert form
        assert voter.send(form | {"q1": "nesquik"})[0] == 303
        expect(count).to_have_text(str(before + 1))
        inside = page.frames[1]
        assert inside.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert inside.evaluate("document.documentElement.scrollHeight") <= 500

    @pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "es")])
    def test_has_nothing_that_axe_objects_to(self, urna: Up, visitors: Visitors, scheme, language):
        page = visitors.get(viewport={"width": 280, "height": 500}, color_scheme=scheme, locale=language).new_page()
        for name in ("embed/", ""):
            page.goto(f"http://127.0.0.1:{urna.ports['result']}/{SLUG}/{name}")
            if not name:
                page.locator(".snippet summary").click()
            assert look_over(page) == []

    def test_that_may_not_shows_nothing(self, visitor: Visitor, site_port: int):
        page = visitor.new_page()
        with page.expect_console_message(lambda line: "frame-ancestors" in line.text):
            frame = self.frame(page, "127.0.0.1", site_port)
        expect(frame.locator("h1", has_text="Nesquik")).to_have_count(0)
        # The browser's own error page says so as well.
        visitor.errors.clear()
