"""Every page of the office is looked over by axe: phone and desktop, both languages, both colour schemes."""

import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browsers import keep_screenshot
from tests.office.browser import make_content, urna
from tests.voting_site.processes import Up, wait_until

__all__ = ["urna"]

pytestmark = pytest.mark.long

PASSWORD = "correct horse battery staple"
PHONE, DESKTOP = {"width": 380, "height": 760}, {"width": 1280, "height": 800}
LOOKS = {
    "phone-en-light": ("en", PHONE, "light"),
    "phone-es-dark": ("es", PHONE, "dark"),
    "desktop-en-light": ("en", DESKTOP, "light"),
    "desktop-es-dark": ("es", DESKTOP, "dark"),
}
ELECTION = "/admin/polls/election"
ORGANISATION = "/admin/office/organisation/{organisation}"
PAGES = {
    "the first page": "/admin/",
    "the list": f"{ELECTION}/",
    "the list, filtered to nothing": f"{ELECTION}/?phase=archived",
    "a new election": f"{ELECTION}/add/",
    "a paper as a file": f"{ELECTION}/import/",
    "the page of a draft": f"{ELECTION}/{{draft}}/",
    "the page of a scheduled one": f"{ELECTION}/{{later}}/",
    "the page of an open one": f"{ELECTION}/{{open}}/",
    "the page of a cancelled one": f"{ELECTION}/{{off}}/",
    "the page of one that is over": f"{ELECTION}/{{over}}/",
    "the form of a draft": f"{ELECTION}/{{draft}}/change/",
    "the form of an open one": f"{ELECTION}/{{open}}/change/",
    "the form of one that is over": f"{ELECTION}/{{over}}/change/",
    "the check-list": f"{ELECTION}/{{draft}}/publish/",
    "the check-list of an odd one": f"{ELECTION}/{{odd}}/publish/",
    "the preview of a ballot": f"{ELECTION}/{{draft}}/preview/",
    "the preview of results": f"{ELECTION}/{{draft}}/preview/?of=results",
    "a previewed ballot": f"{ELECTION}/{{draft}}/preview/ballot/",
    "previewed results": f"{ELECTION}/{{draft}}/preview/results/",
    "the languages of a paper": f"{ELECTION}/{{tongues}}/languages/",
    "a paper in another language": f"{ELECTION}/{{tongues}}/languages/?in=de",
    "the check-list of a paper in two languages": f"{ELECTION}/{{tongues}}/publish/",
    "a ballot in another language": f"{ELECTION}/{{tongues}}/preview/ballot/?language=de",
    "cancel": f"{ELECTION}/{{later}}/cancel/",
    "close": f"{ELECTION}/{{open}}/close/",
    "the presenter of an open one": f"{ELECTION}/{{open}}/presenter/",
    "the presenter of a scheduled one": f"{ELECTION}/{{later}}/presenter/",
    "the presenter of one that is over": f"{ELECTION}/{{over}}/presenter/",
    "certify": f"{ELECTION}/{{over}}/certify/",
    "the witnesses of an open one": f"{ELECTION}/{{open}}/witnesses/",
    "an audit by sample that cannot begin": f"{ELECTION}/{{over}}/audit/",
    "certify what another manager has ordered": f"{ELECTION}/{{ordered}}/certify/",
    "the page of a certified one": f"{ELECTION}/{{certified}}/",
    "the protocol": f"{ELECTION}/{{certified}}/protocol/",
    "release": f"{ELECTION}/{{hidden}}/release/",
    "archive": f"{ELECTION}/{{off}}/archive/",
    "the texts to mend": f"{ELECTION}/{{open}}/mend/",
    "a text to mend": f"{ELECTION}/{{open}}/mend/?text=description",
    "the looks of options": f"{ELECTION}/{{draft}}/options/",
    "the look of one option": f"{ELECTION}/{{draft}}/options/?option={{option}}",
    "delete": f"{ELECTION}/{{draft}}/delete/",
    "the history": f"{ELECTION}/{{draft}}/history/",
    "an empty roll": f"{ELECTION}/{{empty-roll}}/voters/",
    "the voters": f"{ELECTION}/{{roll}}/voters/",
    "nobody found": f"{ELECTION}/{{roll}}/voters/?q=zzz",
    "a voter": f"{ELECTION}/{{roll}}/voters/1/",
    "a new voter": f"{ELECTION}/{{roll}}/voters/add/",
    "strike a voter": f"{ELECTION}/{{roll}}/voters/1/strike/",
    "a new code": f"{ELECTION}/{{roll}}/voters/1/code/",
    "codes and cards": f"{ELECTION}/{{roll}}/voters/codes/",
    "import a list": f"{ELECTION}/{{roll}}/voters/import/",
    "delete the voters": f"{ELECTION}/{{roll}}/voters/delete/",
    "kiosks": f"{ELECTION}/{{coded}}/kiosks/",
    "mail": f"{ELECTION}/{{roll}}/mail/",
    "invitations": f"{ELECTION}/{{roll}}/mail/invitation/",
    "reminders": f"{ELECTION}/{{roll}}/mail/reminder/",
    "copy a roll": f"{ELECTION}/{{empty-roll}}/voters/copy/",
    "members": f"{ORGANISATION}/members/",
    "remove a member": f"{ORGANISATION}/members/{{member}}/remove/",
    "the look": f"{ORGANISATION}/look/",
    "organisations": "/admin/office/organisation/",
    "an organisation": f"{ORGANISATION}/change/",
    "a new organisation": "/admin/office/organisation/add/",
    "acts": "/admin/office/loggedact/",
    "an act": "/admin/office/loggedact/{act}/change/",
    "ballots set aside": "/admin/tally/rejectedballot/",
    "a ballot set aside": "/admin/tally/rejectedballot/{rejected}/change/",
    "people": "/admin/auth/user/",
    "a person": "/admin/auth/user/{eva}/change/",
    "a new person": "/admin/auth/user/add/",
    "the password of a person": "/admin/auth/user/{eva}/password/",
    "the history of a person": "/admin/auth/user/{eva}/history/",
    "the own password": "/admin/password_change/",
    "the own account": "/account/",
    "an app that shows codes": "/account/app/",
    "how many managers certify": f"{ORGANISATION}/certification/",
    "the rule on the second factor": f"{ORGANISATION}/second-factor/",
}


# Forms that are sent empty, and come back with what is missing.
MISTAKES = {
    "a new election": PAGES["a new election"],
    "members": PAGES["members"],
    "cancel": PAGES["cancel"],
    "a paper as a file": PAGES["a paper as a file"],
    "a new person": PAGES["a new person"],
    "the own password": PAGES["the own password"],
    "an app that shows codes": PAGES["an app that shows codes"],
    "a new voter": PAGES["a new voter"],
    "import a list": PAGES["import a list"],
    "copy a roll": PAGES["copy a roll"],
    "delete the voters": PAGES["delete the voters"],
}


@pytest.fixture(scope="module")
def numbers(urna: Up) -> dict[str, int]:
    """What the addresses of the pages need, of what this makes."""
    made = make_content(urna, f"main({PASSWORD!r})")
    closed = ["over", "hidden", "ordered", "certified"]
    waiting = (
        f"from polls.models import Election; print(Election.objects.filter(slug__in={closed}, final_at=None).count())"
    )
    wait_until(lambda: urna.execute(waiting).strip() == "0", "closed elections are final")
    urna.execute("from tests.office import content; content.certify()")
    return made


@pytest.fixture(
    scope="module",
    params=[
        "phone-en-light",
        "desktop-es-dark",
        # The same rules on the same templates: for CI.
        pytest.param("phone-es-dark", marks=pytest.mark.attack),
        pytest.param("desktop-en-light", marks=pytest.mark.attack),
    ],
)
def page(chromium: Browser, urna: Up, numbers: dict[str, int], request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of somebody who is signed in."""
    language, viewport, scheme = LOOKS[request.param]
    context = chromium.new_context(
        base_url=f"http://127.0.0.1:{urna.ports['admin']}",
        locale=language,
        viewport=viewport,
        color_scheme=scheme,
    )
    page = context.new_page()
    page.goto("/admin/login/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", PASSWORD)
    page.click("input[type=submit]")
    expect(page.locator("html")).to_have_attribute("lang", language)
    yield page
    context.close()


def look_over(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    """Return what axe objects to, a line for each element."""
    keep_screenshot(page)
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("name", PAGES)
def test_axe_objects_to_nothing(page: Page, numbers: dict[str, int], name: str) -> None:
    answer = page.goto(PAGES[name].format(**numbers))
    assert answer
    assert answer.ok, answer.status
    assert look_over(page) == []
    assert fits(page)


@pytest.mark.parametrize("name", MISTAKES)
def test_axe_objects_to_nothing_after_a_mistake(page: Page, numbers: dict[str, int], name: str) -> None:
    page.goto(MISTAKES[name].format(**numbers))
    page.evaluate(
        "[...document.forms].filter(one => one.method == 'post' && !one.matches('.languages, #logout-form'))"
        ".forEach(one => {one.noValidate = true})"
    )
    page.locator("#content form[method=post] input[type=submit]").last.click()
    page.wait_for_load_state()
    assert page.locator(".errorlist, .errornote").count()
    assert look_over(page) == []
    assert fits(page)


@pytest.mark.parametrize("weight", ["2", "0"])
def test_axe_objects_to_nothing_about_a_list_that_is_looked_over(
    page: Page, numbers: dict[str, int], weight: str
) -> None:
    page.goto(PAGES["import a list"].format(**numbers))
    content = f"Name;Weight;Phone\nAna;{weight};1\nAna;1;2\n".encode()
    page.set_input_files("#id_file", {"name": "list.csv", "mimeType": "text/csv", "buffer": content})
    page.locator("#content form[method=post] input[type=submit]").click()
    expect(page.locator("input[name=import]")).to_have_count(1 if weight == "2" else 0)
    assert look_over(page) == []
    assert fits(page)


def test_a_list_that_is_too_large_is_refused_before_it_is_sent(page: Page, numbers: dict[str, int]) -> None:
    page.goto(PAGES["import a list"].format(**numbers))
    page.set_input_files("#id_file", {"name": "list.csv", "mimeType": "text/csv", "buffer": b"Ana\n" * 4_000_000})
    problem = str(page.evaluate("document.getElementById('id_file').validationMessage"))
    assert "./urna manage import_roll" in problem
    page.locator("#content form[method=post] input[type=submit]").click()
    expect(page).to_have_url(re.compile("/voters/import/$"))
    expect(page.locator("#id_file")).to_be_visible()


def test_a_large_list_is_sent_in_parts_and_imported_with_its_progress(page: Page, numbers: dict[str, int]) -> None:
    page.goto(PAGES["import a list"].format(roll=numbers["large-roll"]))
    content = "Name;Member number\n" + "".join(f"Somebody of a large list {n};L{n}\n" for n in range(20_000))
    page.set_input_files("#id_file", {"name": "list.csv", "mimeType": "text/csv", "buffer": content.encode()})
    page.locator("#content form[method=post] input[type=submit]").click()
    expect(page.locator("input[name=import]")).to_be_visible(timeout=60_000)
    assert look_over(page) == []
    assert fits(page)
    if page.locator("input[name=how]").count():
        # Those of the look before.
        page.locator("input[name=how][value=replace]").check()
    page.locator("input[name=import]").click()
    expect(page.locator(".told .done")).to_be_visible(timeout=120_000)
    assert page.locator(".told li").count() >= 4
    assert look_over(page) == []
    assert fits(page)


def test_axe_objects_to_nothing_about_a_code(page: Page, numbers: dict[str, int]) -> None:
    page.goto(PAGES["a new code"].format(**numbers))
    page.locator("#content form[method=post] input[type=submit]").click()
    expect(page.locator(".codes code")).to_be_visible()
    assert look_over(page) == []
    assert fits(page)
    with page.expect_download() as download:
        page.locator("#content form[method=post] input[type=submit]").click()
    assert download.value.suggested_filename == "roll-cards.pdf"


def test_axe_objects_to_nothing_where_a_session_has_ended(page: Page, numbers: dict[str, int]) -> None:
    page.goto(PAGES["members"].format(**numbers))
    page.context.clear_cookies(name=re.compile("session"))
    page.fill("#id_who", "leo")
    page.locator("#content form[method=post] input[type=submit]").last.click()
    page.fill("#id_password", PASSWORD)
    page.fill("#id_username", "admin")
    assert look_over(page) == []
    page.locator("input[type=submit]").click()
    expect(page.get_by_text("leo", exact=True)).to_be_visible()
    assert look_over(page) == []
    assert fits(page)


def test_axe_objects_to_nothing_about_a_second_factor(page: Page, urna: Up) -> None:
    # Under this name there are passkeys.
    office = f"http://localhost:{urna.ports['admin']}"
    page = page.context.new_page()

    def sign_in() -> None:
        page.goto(f"{office}/admin/login/")
        page.fill("#id_username", "mia")
        page.fill("#id_password", PASSWORD)
        page.click("input[type=submit]")

    def check() -> None:
        assert look_over(page) == []
        assert fits(page)

    sign_in()
    page.goto(f"{office}/account/app/")
    app = pyotp.TOTP(page.locator("code.key").inner_text().replace(" ", ""))
    page.fill("#id_code", app.now())
    page.fill("#id_password", PASSWORD)
    page.locator("#content input[type=submit]").click()
    expect(page.locator(".codes li")).to_have_count(8)
    code = page.locator(".codes code").first.inner_text()
    check()
    for path in ("", "passkey/", "codes/"):
        page.goto(f"{office}/account/{path}")
        check()
    page.locator("#logout-form button").click()
    sign_in()
    expect(page.locator("#id_code")).to_be_visible()
    check()
    page.fill("#id_code", "1")
    page.locator("#login-form input[type=submit]").click()
    expect(page.locator(".errornote:visible")).to_be_visible()
    check()
    page.fill("#id_code", code)
    page.locator("#login-form input[type=submit]").click()
    page.goto(f"{office}/account/")
    page.locator("#content .dangerous").click()
    check()
    # For the next look, which begins again.
    page.fill("#id_password", PASSWORD)
    page.locator("#content input[type=submit]").click()
    expect(page.locator(".messagelist")).to_be_visible()
    page.close()


def test_axe_objects_to_nothing_on_the_pages_with_a_look(page: Page, urna: Up) -> None:
    for role in ("vote", "result"):
        page.goto(f"http://127.0.0.1:{urna.ports[role]}/open/")
        expect(page.get_by_text("The choir", exact=True)).to_be_visible()
        assert look_over(page) == []
        assert fits(page)


def test_axe_objects_to_nothing_on_the_ways_in(page: Page, urna: Up) -> None:
    for role, path in (("vote", "/?all"), ("vote", "/0o0"), ("result", "/")):
        page.goto(f"http://127.0.0.1:{urna.ports[role]}{path}")
        expect(page.locator(".way-in").first).to_be_visible()
        assert look_over(page) == []
        assert fits(page)


def test_axe_objects_to_nothing_after_a_wrong_code(page: Page, urna: Up, numbers: dict[str, int]) -> None:
    assert numbers["coded"]
    page.goto(f"http://127.0.0.1:{urna.ports['vote']}/coded/")
    page.fill("#code", "2345-6789-ACDE-FHJK-MNPR")
    page.locator("form.code button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert look_over(page) == []
    assert fits(page)
