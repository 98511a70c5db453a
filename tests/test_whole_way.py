"""The whole way of a ballot in a real browser: a vote on one page, and the bar moves on the other."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from polls.definition import Definition
from tests.browsers import Visitor, Visitors, chromium, visitor
from tests.voting_site.processes import Alone, Up
from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder

__all__ = ["chromium", "visitor"]

SLUG = "nesquik-vs-cola-cao"

ASSEMBLY = {
    "title": "Assembly",
    "slug": "assembly",
    "contests": [
        {"key": "chair", "title": "Chair", "options": [{"label": "Ana"}, {"label": "Bea"}]},
        {
            "key": "dues",
            "title": "Raise the dues",
            "method": "motion",
            "options": [{"label": "Yes"}, {"label": "No"}, {"label": "Abstain"}],
        },
        {
            "key": "board",
            "title": "Board",
            "method": "approval",
            "seats": 2,
            "rules": {"blank": True},
            "options": [{"label": "Eva"}, {"label": "Leo"}, {"label": "Mia"}],
        },
    ],
}

pytestmark = [pytest.mark.long]


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    # A proof of work that takes a browser a second, and not ten.
    with Up(tmp_path_factory.mktemp("urna"), POW_DIFFICULTY="20000") as up:
        up.wait_until_ready()
        yield up
        assert refused(up) == []


def refused(urna: Up) -> list[str]:
    """Return what a role was refused by Redis or PostgreSQL, for lack of rights."""
    folder = DataFolder(urna.data)
    with Redis.from_url(embedded.environment(folder, {})["REDIS_URL"]) as redis:
        found = [str(entry) for entry in redis.acl_log()]
    return found + [line for line in urna.output.splitlines() if "permission" in line.lower()]


def ballot_url(urna: Up) -> str:
    return f"http://127.0.0.1:{urna.ports['vote']}/{SLUG}/"


def results_url(urna: Up) -> str:
    return f"http://127.0.0.1:{urna.ports['result']}/{SLUG}/"


def vote(page: Page, label: str) -> None:
    page.get_by_label(label).check()
    page.get_by_role("button", name=re.compile("^(Vote|Change my vote|Votar|Cambiar mi voto)$")).click()


def count_of(page: Page, key: str) -> int:
    return int(page.locator(f'[data-key="{key}"] [data-count]').inner_text())


def test_a_vote_moves_the_bar_on_another_screen(urna: Up, visitors: Visitors, visitor: Visitor) -> None:
    wall = visitors.get(viewport={"width": 1920, "height": 1080}, locale="en").new_page()
    wall.goto(results_url(urna))
    expect(wall.get_by_text("Live", exact=True)).to_be_visible()
    before = count_of(wall, "cola-cao")
    wall.evaluate("window.stayed = true")

    phone = visitor.new_page()
    phone.goto(ballot_url(urna))
    vote(phone, "Cola Cao")
    phone.wait_for_url("**/cast/")
    expect(phone.get_by_text("Counted", exact=True)).to_be_visible()

    expect(wall.locator('[data-key="cola-cao"] [data-count]')).to_have_text(str(before + 1))
    assert wall.evaluate("window.stayed")


def test_one_vote_moves_the_board_of_each_question(urna: Up, visitor: Visitor, tmp_path: Path) -> None:
    paper = tmp_path / "assembly.json"
    paper.write_text(json.dumps(ASSEMBLY))
    urna.call("import_election", str(paper), "--publish")
    wall, phone = visitor.new_page(), visitor.new_page()
    wall.goto(results_url(urna).replace(SLUG, "assembly"))
    expect(wall.get_by_text("Live", exact=True)).to_be_visible()

    phone.goto(ballot_url(urna).replace(SLUG, "assembly"))
    phone.locator("#chair").get_by_label("Ana").check()
    phone.locator("#dues").get_by_label("Yes").check()
    phone.get_by_role("button", name="Vote").click()
    phone.wait_for_url("**/cast/")

    expect(wall.locator('[data-contest="chair"] [data-key="ana"]')).to_have_attribute("data-standing", "leading")
    expect(wall.locator('[data-contest="dues"] [data-key="yes"] [data-count]')).to_have_text("1")
    expect(wall.locator('[data-contest="dues"]').get_by_text("carried", exact=True)).to_be_visible()
    expect(wall.locator('[data-contest="board"]').get_by_text("1 left it blank")).to_be_visible()


def test_a_changed_vote_moves_from_one_option_to_the_other(urna: Up, visitor: Visitor) -> None:
    wall, phone = visitor.new_page(), visitor.new_page()
    phone.goto(ballot_url(urna))
    vote(phone, "Nesquik")
    phone.wait_for_url("**/cast/")
    # With it those of earlier tests are counted: all come from one box, in order.
    expect(phone.get_by_text("Counted", exact=True)).to_be_visible()
    wall.goto(results_url(urna))
    nesquik, cola_cao = count_of(wall, "nesquik"), count_of(wall, "cola-cao")

    phone.get_by_role("link", name="Change my vote").click()
    vote(phone, "Cola Cao")
    phone.wait_for_url("**/cast/")
    expect(wall.locator('[data-key="nesquik"] [data-count]')).to_have_text(str(nesquik - 1))
    expect(wall.locator('[data-key="cola-cao"] [data-count]')).to_have_text(str(cola_cao + 1))


def test_going_back_and_choosing_again_ends_with_the_later_choice(urna: Up, visitor: Visitor) -> None:
    phone = visitor.new_page()
    phone.goto(ballot_url(urna))
    vote(phone, "Nesquik")
    phone.wait_for_url("**/cast/")
    phone.go_back()
    vote(phone, "Cola Cao")
    phone.wait_for_load_state()
    if not phone.url.endswith("/cast/"):
        # The browser kept the old form: the page says so, with the choice filled in.
        expect(phone.get_by_role("alert")).to_be_visible()
        phone.get_by_role("button", name=re.compile("Change my vote|Vote")).click()
    phone.wait_for_url("**/cast/")
    expect(phone.get_by_text("Counted", exact=True)).to_be_visible()


def test_an_empty_ballot_comes_back_with_a_sentence(urna: Up, visitor: Visitor) -> None:
    phone = visitor.new_page()
    phone.goto(ballot_url(urna))
    phone.get_by_role("button", name="Vote").click()
    expect(phone.get_by_role("alert")).to_contain_text("Nothing is chosen yet")


def test_everything_works_without_javascript(urna: Up, visitors: Visitors) -> None:
    page = visitors.get(java_script_enabled=False, locale="es").new_page()
    page.goto(results_url(urna))
    before = count_of(page, "nesquik")
    page.goto(ballot_url(urna))
    vote(page, "Nesquik")
    page.wait_for_url("**/cast/")
    for _ in range(50):
        page.goto(results_url(urna))
        if count_of(page, "nesquik") > before:
            break
    assert count_of(page, "nesquik") == before + 1


def test_the_language_can_be_switched(urna: Up, visitor: Visitor) -> None:
    page = visitor.new_page()
    page.goto(ballot_url(urna))
    page.locator(".language-menu summary").click()
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.get_by_role("button", name="Votar")).to_be_visible()
    # The choice holds on the results page, too.
    page.goto(results_url(urna))
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.locator(".language-menu summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_an_extension_reaches_an_open_dashboard(urna: Up, visitor: Visitor) -> None:
    wall = visitor.new_page()
    extend = "from polls.models import Election as E; from polls.publishing import publish_election as p; "
    extend += f"e = E.objects.get(slug={SLUG!r}); e.closes_at = '2099-01-02T10:00Z'; e.save(); p(e)"
    wall.goto(results_url(urna))
    expect(wall.get_by_text("Live", exact=True)).to_be_visible()
    urna.execute(extend)
    expect(wall.locator("[data-times]")).to_contain_text("2099", timeout=20_000)


def test_a_dashboard_says_that_it_lost_touch_and_finds_back(urna: Up, visitor: Visitor) -> None:
    wall = visitor.new_page()
    wall.goto(results_url(urna))
    expect(wall.get_by_text("Live", exact=True)).to_be_visible()
    urna.child("run result").kill()
    expect(wall.get_by_text("Connection lost, trying again in")).to_be_visible()
    expect(wall.get_by_text("Live", exact=True)).to_be_visible(timeout=30_000)


def test_the_ballot_can_be_cast_with_the_keyboard_alone(urna: Up, visitor: Visitor) -> None:
    page = visitor.new_page()
    page.goto(ballot_url(urna))
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "q1":
            break
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cast/")


def test_every_page_names_the_replica_that_served_it(urna: Up, visitor: Visitor) -> None:
    page = visitor.new_page()
    for url in (ballot_url(urna), ballot_url(urna) + "cast/", results_url(urna), ballot_url(urna) + "nothing/"):
        page.goto(url)
        expect(page.get_by_text("Served by")).to_be_visible()


@pytest.fixture(scope="class")
def _proof_of_work(urna: Up) -> Iterator[None]:
    """Let the demo election ask for proof of work."""
    ask_for_proof(urna, True)
    yield
    ask_for_proof(urna, False)


def ask_for_proof(urna: Up, whether: bool) -> None:
    code = (
        "from polls.models import Election; from polls.publishing import publish_election; "
        f"one = Election.objects.get(slug={SLUG!r}); one.proof_of_work = {whether}; "
        "one.save(); publish_election(one)"
    )
    urna.execute(code)


@pytest.mark.usefixtures("_proof_of_work")
class TestProofOfWork:
    def test_is_done_while_the_voter_chooses(self, urna: Up, visitor: Visitor) -> None:
        page = visitor.new_page()
        page.goto(ballot_url(urna))
        done = page.get_by_role("status").get_by_text("The computation is done.", exact=True)
        expect(done).to_be_visible(timeout=30_000)
        vote(page, "Nesquik")
        page.wait_for_url("**/cast/")

    def test_keeps_a_press_that_comes_too_early(self, urna: Up, visitors: Visitors) -> None:
        page = visitors.get("with a slow worker", locale="en").new_page()
        # A worker that is as slow as the slowest phone.
        page.add_init_script(
            "window.Worker = class { constructor() { window.worker = this; } postMessage() {} terminate() {} }"
        )
        page.goto(ballot_url(urna))
        vote(page, "Nesquik")
        expect(page.get_by_role("status").get_by_text("your vote goes out as soon as")).to_be_visible()
        page.evaluate("worker.onmessage({ data: { number: -1 } })")
        expect(page.get_by_role("alert")).to_contain_text("The computation that keeps robots out is missing")
        expect(page.get_by_label("Nesquik")).to_be_checked()

    def test_says_without_scripts_what_it_needs(self, urna: Up, visitors: Visitors) -> None:
        page = visitors.get(locale="es", java_script_enabled=False).new_page()
        page.goto(ballot_url(urna))
        expect(page.locator("noscript p")).to_be_visible()


def test_a_voter_who_has_to_wait_sees_the_seconds_run_and_presses_again(
    define: Callable[..., Definition], visitors: Visitors, visitor: Visitor, tmp_path: Path
) -> None:
    define()
    # On a slow machine some seconds pass between the two votes; the second one has to come before the interval ends.
    with Alone(tmp_path, "vote", NEWCOMER_BURST="1", NEWCOMER_INTERVAL_MS="15000") as narrow:
        first, late = visitors.get("the first").new_page(), visitor.new_page()
        for page in (first, late):
            page.goto(f"http://127.0.0.1:{narrow.port}/drink/")
        vote(first, "Nesquik")
        first.wait_for_url("**/cast/")
        vote(late, "Cola Cao")
        expect(late.get_by_role("alert")).to_contain_text("Many people on your network")
        button = late.get_by_role("button", name=re.compile("^Wait… ([1-9]|1[0-5])$"))
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(late.get_by_label("Cola Cao")).to_be_checked()
        late.get_by_role("button", name="Vote", exact=True).click(timeout=20_000)
        late.wait_for_url("**/cast/")
