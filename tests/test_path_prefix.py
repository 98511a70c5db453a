"""All roles below paths of one host, behind nginx: `https://example.org/urna/` and its neighbours."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import DESKTOP, Visitors
from tests.nginx import Nginx
from tests.test_whole_way import SLUG
from tests.voting_site.processes import Up
from voting_site.local.ports import free_port

PREFIXES = {"vote": "/urna", "result": "/urna-results", "admin": "/urna-admin"}
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    port = free_port()
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), port, PREFIXES)
    addresses = {f"{role.upper()}_URL": f"http://127.0.0.1:{port}{path}/" for role, path in PREFIXES.items()}
    with Up(tmp_path_factory.mktemp("urna"), TRUSTED_PROXIES="127.0.0.1", **addresses) as up:
        up.wait_until_ready()
        up.add_administrator("eva", PASSWORD)
        nginx.serve(up.ports)
        yield nginx
        nginx.stop()


@pytest.fixture
def page(visitors: Visitors) -> Page:
    page = visitors.get(locale="en", **DESKTOP).new_page()
    page.lost = []
    page.on("response", lambda answer: answer.status >= 400 and page.lost.append((answer.status, answer.url)))
    return page


def prefixes_of(page: Page) -> set[str]:
    """Return the first part of the path of each address on a page, and of what it has loaded."""
    addresses = page.evaluate("""() => [
        ...Array.from(document.querySelectorAll("[href], [src], [action]"),
            (one) => one.href?.baseVal ?? one.href ?? one.src ?? one.getAttribute("action")),
        ...performance.getEntriesByType("resource").map((one) => one.name),
    ].filter((one) => one && !one.startsWith("data:"))
     .map((one) => new URL(one, location.href)).map((one) => "/" + one.pathname.split("/")[1])""")
    return set(addresses)


def test_somebody_votes_and_sees_it_live(nginx: Nginx, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{nginx.port}/urna/")
    expect(page).to_have_url(re.compile(f"/urna/{SLUG}/$"))
    page.get_by_text("Nesquik", exact=True).click()
    page.locator("form.ballot button, form button.big").last.click()
    expect(page).to_have_url(re.compile(f"/urna/{SLUG}/cast/$"))
    assert prefixes_of(page) <= {"/urna", "/urna-results"}
    kept = {one["name"]: one["path"] for one in page.context.cookies() if "language" not in one["name"]}
    assert set(kept.values()) == {"/urna/"}
    assert set(kept) == {"urna_vote_csrf", "urna_vote_voter"}
    page.get_by_role("link", name="Watch the results").click()
    expect(page).to_have_url(re.compile(f"/urna-results/{SLUG}/$"))
    expect(page.locator("[data-link=live]")).to_be_visible()
    expect(page.locator("[data-ballots]")).to_have_text("1")
    assert prefixes_of(page) <= {"/urna", "/urna-results"}
    page.locator(".language-menu summary").click()
    page.get_by_role("button", name="Español").click()
    expect(page).to_have_url(re.compile(f"/urna-results/{SLUG}/$"))
    expect(page.locator("html")).to_have_attribute("lang", "es")
    assert page.lost == []


def test_the_short_address_on_the_results_leads_to_the_ballot(nginx: Nginx, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{nginx.port}/urna-results/{SLUG}/")
    shown = page.locator(".call a span").inner_text()
    assert re.fullmatch(rf"127.0.0.1:{nginx.port}/urna/\w+", shown)
    page.goto(f"http://{shown}")
    expect(page).to_have_url(re.compile(f"/urna/{SLUG}/$"))


def test_the_office_signs_in_and_out(nginx: Nginx, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{nginx.port}/urna-admin/")
    page.fill("#id_username", "eva")
    page.fill("#id_password", PASSWORD)
    page.click("input[type=submit]")
    expect(page).to_have_url(re.compile("/urna-admin/admin/$"))
    kept = {one["path"] for one in page.context.cookies() if "language" not in one["name"]}
    assert kept == {"/urna-admin/"}
    page.goto(f"http://127.0.0.1:{nginx.port}/urna-admin/admin/polls/election/")
    page.get_by_text("Nesquik", exact=False).first.click()
    expect(page.locator("#content")).to_contain_text(f"/urna/{SLUG}/")
    assert prefixes_of(page) <= {*PREFIXES.values()}
    page.locator("#logout-form button").click()
    expect(page.locator("#content")).to_be_visible()
    assert page.lost == []


def test_where_the_proxy_passes_on_no_socket_the_page_asks_and_says_so(nginx: Nginx, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{nginx.deaf_port}/urna-results/{SLUG}/")
    expect(page.locator("[data-link=asking]")).to_contain_text("asking for new numbers every 4 s", timeout=20_000)
    expect(page.locator("[data-stale]")).to_be_hidden()


@pytest.mark.parametrize(
    "path", ["/urna/healthz", "/urna-results/healthz", "/urna-admin/healthz", "/urna-results/readyz"]
)
def test_health_is_told_below_the_path_too(nginx: Nginx, page: Page, path: str) -> None:
    answer = page.request.get(f"http://127.0.0.1:{nginx.port}{path}")
    assert answer.status == 200
