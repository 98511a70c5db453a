"""What the pages tell browsers to keep them from, on each kind of answer, and that browsers have nothing to object."""

import contextlib
import gzip
import http.client
import re
from collections.abc import Iterator
from functools import cache

import pytest
from playwright.sync_api import Browser, Page

from tests.test_whole_way import SLUG, ballot_url, results_url, vote
from tests.voting_site.processes import Up

ANSWERS = {
    "a list": ("vote", "GET", "/", 302),
    "a ballot": ("vote", "GET", f"/{SLUG}/", 200),
    "a confirmation": ("vote", "GET", f"/{SLUG}/cast/", 200),
    "the state of a ballot": ("vote", "GET", f"/{SLUG}/cast/state.json", 200),
    "a style sheet": ("vote", "GET", "/static/pages/urna.css", 200),
    "a form without a token": ("vote", "POST", f"/{SLUG}/", 403),
    "no page": ("vote", "GET", "/nothing/", 404),
    "a page without its slash": ("vote", "GET", f"/{SLUG}/cast", 301),
    "a dashboard": ("result", "GET", f"/{SLUG}/", 200),
    "results as JSON": ("result", "GET", f"/{SLUG}/results.json", 200),
    "results as a table": ("result", "GET", f"/{SLUG}/results.csv", 200),
    "results for a frame": ("result", "GET", f"/{SLUG}/embed/", 200),
    "a frame that nobody has": ("result", "GET", "/oembed.json?url=nothing", 404),
    "a script": ("result", "GET", "/static/results/dashboard.js", 200),
    "no results": ("result", "GET", "/nothing/", 404),
    "a method that is not known": ("result", "DELETE", f"/{SLUG}/", 405),
    "the door of the administration": ("admin", "GET", "/", 302),
    "a sign-in": ("admin", "GET", "/admin/login/", 200),
    "a style sheet of the administration": ("admin", "GET", "/static/admin/css/base.css", 200),
    "a page for administrators": ("admin", "GET", "/admin/polls/election/", 302),
}
# What browsers make a document of, in which code runs and devices may be used.
PAGES = {
    "a ballot", "a confirmation", "a form without a token", "no page", "a dashboard", "no results",
    "results for a frame",
    "a method that is not known", "a sign-in",
}  # fmt: skip
# What scripts of other sites may read.
DATA = {"results as JSON", "results as a table", "a frame that nobody has"}
ALIKE = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
each_answer = pytest.mark.parametrize("kind", ANSWERS)


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna")) as up:
        up.wait_until_ready()
        yield up


@pytest.fixture
def answer(urna: Up, kind: str) -> http.client.HTTPResponse:
    return ask(urna, kind)


@cache
def ask(urna: Up, kind: str) -> http.client.HTTPResponse:
    role, method, path, status = ANSWERS[kind]
    answer = request(urna.ports[role], method, path)
    assert answer.status == status
    return answer


def ask_for_gzip(urna: Up, kind: str) -> http.client.HTTPResponse:
    """Ask like a browser, which takes compressed answers; `page` is their text."""
    role, method, path, _ = ANSWERS[kind]
    return request(urna.ports[role], method, path, Accept_Encoding="gzip, deflate, br, zstd")


def request(
    port: int, method: str, path: str, *, visitor: str = "127.0.0.1", body: str | None = None, **headers: str
) -> http.client.HTTPResponse:
    """Send one request from an address of this machine; the answer has its text as `page`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(visitor, 0))
    with contextlib.closing(connection):
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        body = answer.read()
        if answer.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        answer.page = body.decode()  # type: ignore[attr-defined]
    return answer


@each_answer
class TestHeader:
    @pytest.mark.parametrize("name", ALIKE)
    def test_says_the_same_everywhere(self, answer, name):
        assert answer.headers.get_all(name) == [ALIKE[name]]

    def test_says_whose_code_may_run(self, answer, kind):
        [policy] = answer.headers.get_all("Content-Security-Policy")
        if kind not in PAGES:
            assert policy == "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            return
        parts = dict(part.partition(" ")[::2] for part in policy.split("; "))
        assert "unsafe" not in policy
        fixed = ("default-src", "base-uri", "frame-ancestors")
        assert [parts[name] for name in fixed] == ["'none'"] * 3
        nonces = set(re.findall(r'nonce="([^"]*)"', answer.page))
        if ANSWERS[kind][0] == "admin":
            assert (parts["script-src"], parts["style-src"]) == ("'self'", "'self'")
        elif nonces:
            [nonce] = nonces
            assert len(nonce) >= 22
            assert (parts["script-src"], parts["style-src"]) == (f"'nonce-{nonce}'",) * 2
        else:
            # No code of its own, and so none at all: an empty page.
            assert answer.page == ""
            assert re.fullmatch(r"'nonce-\S+'", parts["script-src"])
            assert parts["style-src"] == parts["script-src"]

    def test_leaves_no_code_without_a_nonce(self, answer, kind):
        if ANSWERS[kind][0] != "admin":
            code = re.findall(r"<(?:script|link rel=\"stylesheet\")[^>]*>", answer.page)
            assert [tag for tag in code if "nonce=" not in tag and 'type="application/json"' not in tag] == []

    def test_switches_off_what_pages_do_not_use(self, answer, kind):
        if kind not in PAGES:
            assert answer.headers.get_all("Permissions-Policy") is None
            return
        [policy] = answer.headers.get_all("Permissions-Policy")
        assert {"camera=()", "geolocation=()", "microphone=()", "payment=()"} <= set(policy.split(", "))
        for name in ("fullscreen", "screen-wake-lock"):
            mine = f"{name}={'(self)' if ANSWERS[kind][0] == 'result' else '()'}"
            assert mine in policy.replace("=self", "=(self)")

    def test_is_short_on_what_is_no_page(self, answer, kind):
        size = sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items())
        assert size < (1500 if kind in PAGES else 800)

    def test_keeps_answers_out_of_other_sites_pages(self, answer, kind):
        wanted = "cross-origin" if kind in DATA else "same-origin"
        assert answer.headers.get_all("Cross-Origin-Resource-Policy") == [wanted]
        allowed = answer.headers.get("Access-Control-Allow-Origin")
        assert allowed == ("*" if kind in DATA else None)


class TestVary:
    @pytest.mark.parametrize("kind", ["results as JSON", "results as a table"])
    def test_leaves_one_copy_of_data_for_everybody(self, urna: Up, kind):
        answer = ask_for_gzip(urna, kind)
        assert answer.headers["Vary"] == "Accept-Encoding"
        path = ANSWERS[kind][2]
        tag = answer.headers["ETag"]
        again = request(urna.ports["result"], "GET", path, If_None_Match=tag, Accept_Encoding="gzip")
        assert (again.status, again.headers["ETag"], again.headers["Vary"]) == (304, tag, "Accept-Encoding")
        assert again.headers["Access-Control-Allow-Origin"] == "*"

    def test_says_that_pages_have_a_language(self, urna: Up):
        assert "Accept-Language" in ask(urna, "a dashboard").headers["Vary"]


class TestCompression:
    @pytest.mark.parametrize("kind", ["a dashboard", "results as JSON", "no results"])
    def test_is_for_results(self, urna: Up, kind):
        answer, plain = ask_for_gzip(urna, kind), ask(urna, kind)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert int(answer.headers["Content-Length"]) < len(plain.page)
        assert answer.page[:30] == plain.page[:30]
        assert plain.headers["Content-Encoding"] is None

    @pytest.mark.parametrize(
        "kind", [kind for kind, (role, _, path, _) in ANSWERS.items() if role != "result" and "/static/" not in path]
    )
    def test_is_not_for_pages_with_secrets(self, urna: Up, kind):
        assert ask_for_gzip(urna, kind).headers["Content-Encoding"] is None


class TestStaticFile:
    @pytest.mark.parametrize(
        ("kind", "name"),
        [("a ballot", "pages/urna.css"), ("a dashboard", "results/dashboard.js"), ("a sign-in", "admin/css/base.css")],
    )
    def test_is_kept_by_browsers_under_a_name_with_its_hash(self, urna: Up, kind, name):
        stem, _, ending = name.rpartition(".")
        [path] = re.findall(rf"/static/{stem}\.[0-9a-f]{{12}}\.{ending}", ask(urna, kind).page)
        answer = request(urna.ports[ANSWERS[kind][0]], "GET", path, Accept_Encoding="gzip")
        assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
        assert answer.headers["Content-Encoding"] == "gzip"
        # A script asks for others.
        for part in re.findall(r'from "(\./[^"]+)"', answer.page):
            assert re.fullmatch(r"\./\w+\.[0-9a-f]{12}\.js", part)


class TestNonce:
    def test_is_another_in_each_answer(self, urna: Up):
        ask.cache_clear()
        first = ask(urna, "a ballot").headers["Content-Security-Policy"]
        ask.cache_clear()
        assert ask(urna, "a ballot").headers["Content-Security-Policy"] != first

    @pytest.mark.parametrize("kind", ["a ballot", "a confirmation", "a dashboard", "no page", "no results"])
    def test_is_in_no_cache(self, answer):
        assert "no-store" in answer.headers["Cache-Control"]


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> tuple[Page, list[str]]:
    """A page that writes down what its policies stopped, and what it writes."""
    page = chromium.new_context(locale="en").new_page()
    stopped: list[str] = []
    page.on("console", lambda line: stopped.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: stopped.append(str(error)))
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error(`stopped: ${e.violatedDirective}`))"
    )
    return page, stopped


class TestBrowser:
    @pytest.fixture
    def page(self, tab: tuple[Page, list[str]]) -> Iterator[Page]:
        page, self.stopped = tab
        yield page
        page.goto("about:blank")
        page.context.clear_cookies()
        self.stopped.clear()

    def visit(self, page: Page, url: str) -> None:
        page.goto(url)
        page.wait_for_load_state("networkidle" if "/admin" in url else "load")

    def test_finds_nothing_to_stop_on_the_voters_pages(self, urna: Up, page: Page):
        self.visit(page, ballot_url(urna))
        assert page.evaluate("getComputedStyle(document.querySelector('.button.big')).cursor") == "pointer"
        vote(page, "Nesquik")
        page.wait_for_url("**/cast/")
        page.locator('[data-state="counted"]').wait_for()
        assert self.stopped == []
        self.visit(page, f"{ballot_url(urna)}nothing/")
        assert [line for line in self.stopped if "404" not in line] == []

    def test_finds_nothing_to_stop_on_the_results_pages(self, urna: Up, page: Page):
        self.visit(page, results_url(urna))
        page.get_by_text("Live", exact=True).wait_for()
        assert self.stopped == []

    def test_finds_nothing_to_stop_in_the_administration(self, urna: Up, page: Page):
        urna.add_administrator("eva", "a-long-password")
        self.visit(page, f"http://127.0.0.1:{urna.ports['admin']}/admin/")
        page.get_by_label("Username").fill("eva")
        page.get_by_label("Password").fill("a-long-password")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/admin/")
        self.visit(page, f"http://127.0.0.1:{urna.ports['admin']}/admin/polls/election/1/change/")
        page.wait_for_load_state("networkidle")
        # The icon that browsers request by themselves.
        assert [line for line in self.stopped if "404" not in line] == []

    def test_stops_what_is_not_the_pages_own(self, urna: Up, page: Page):
        self.visit(page, ballot_url(urna))
        with page.expect_console_message(lambda line: line.text == "stopped: script-src-elem"):
            page.evaluate("document.body.append(Object.assign(document.createElement('script'), {src: '/x.js'}))")
