"""An election whose voters sign in, in a real browser, at a real provider."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsers import DESKTOP, PHONE, Visitor
from tests.openid_provider import Provider, agree, running_provider
from tests.test_accessibility import look_over
from tests.test_whole_way import pytestmark, refused
from tests.voting_site.processes import Up

__all__ = ["pytestmark"]

SLUG = "board-2027"
PEOPLE = {
    "ana-1": {"email": "Ana@choir.example", "email_verified": True},
    "eva-1": {"email": "eva@choir.example", "email_verified": True},
    "bea-1": {"email": "bea@choir.example", "email_verified": True},
}
PAPER = {
    "title": "Chair",
    "slug": SLUG,
    "eligibility": "roll",
    "contests": [{"options": [{"label": "Ana"}, {"label": "Bea"}]}],
}
ELECTION = f"""
from office.acts import Publish
from office.roll_acts import AddEntry
from polls.paper_file import create_election
election = create_election({PAPER!r})
election.providers = ["choir"]
election.save()
for name in ("ana", "eva"):
    AddEntry(election, {{"name": name.title(), "email": f"{{name}}@choir.example"}}).perform(by=None)
Publish(election).perform(by=None)
"""
MARKINGS_OF_ANA = f"""
from polls.definition import Definition
from polls.delivery import with_secrets
from polls.models import Election
from polls.voters import roll_voter
from tally.drain import drain_all
from tally.models import CountedBallot
drain_all()
definition = with_secrets([Definition.of(Election.objects.get(slug={SLUG!r}))])[0]
print(*CountedBallot.objects.filter(voter_key=roll_voter(definition, 1).key).values_list("marking", flat=True))
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider(PEOPLE) as provider:
        yield provider


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Up]:
    client = {"issuer": provider.issuer, "client_id": "urna", "client_secret": "a secret"}
    folder = tmp_path_factory.mktemp("urna")
    with Up(
        folder, SIGNIN_PROVIDERS="choir=Choir accounts", SIGNIN_CLIENTS=json.dumps({"choir": client}), LOG_LEVEL="DEBUG"
    ) as up:
        up.wait_until_ready()
        assert f":{up.ports['signin']}/choir/back/" in up.output
        up.execute(ELECTION)
        yield up
        assert refused(up) == []


def address(urna: Up) -> str:
    # The provider, at 127.0.0.1, is another site.
    return f"http://localhost:{urna.ports['vote']}/{SLUG}/"


def sign_in(page: Page, who: str = "ana-1") -> None:
    page.get_by_role("link", name="Sign in with Choir accounts").click()
    expect(page).to_have_url(re.compile("^http://127.0.0.1"))
    page.get_by_text(who).first.click()


def vote(page: Page, label: str) -> None:
    page.get_by_label(label).check()
    page.get_by_role("button", name=re.compile("^(Vote|Change my vote)$")).click()
    expect(page.get_by_role("heading", name="Your vote is in")).to_be_visible()


def test_a_voter_signs_in_votes_finishes_signs_in_again_and_changes_the_vote(urna, visitor: Visitor) -> None:
    page = visitor.new_page()
    page.goto(address(urna))
    assert look_over(page) == []
    sign_in(page)
    expect(page).to_have_url(address(urna))
    assert look_over(page) == []
    vote(page, "Ana")
    page.get_by_role("button", name="Finish on this device").click()
    expect(page.get_by_text("This device has forgotten who voted before you.")).to_be_visible()
    assert look_over(page) == []
    page.go_back()
    expect(page.get_by_label("Ana")).to_have_count(0)
    page.goto(address(urna))
    sign_in(page)
    expect(page.get_by_text("You have voted.")).to_be_visible()
    vote(page, "Bea")
    assert visitor.errors == []
    assert urna.execute(MARKINGS_OF_ANA).strip() == "q1=bea"


def test_who_is_in_votes_on_without_the_provider_and_who_is_not_reads_why(urna, provider, chromium: Browser) -> None:
    inside, outside = (chromium.new_context(locale="en", **look) for look in (DESKTOP, PHONE))
    page, other = inside.new_page(), outside.new_page()
    page.goto(address(urna))
    sign_in(page, "eva-1")
    vote(page, "Ana")
    other.goto(address(urna))
    other.get_by_role("link", name="Sign in with Choir accounts").click()
    expect(other).to_have_url(re.compile("^http://127.0.0.1"))
    # The provider sends somebody back, and stands still then.
    back = agree(other.url, "ana-1")
    with provider.standing_still():
        other.goto(back)
        expect(other.get_by_role("alert")).to_contain_text("Choir accounts does not answer.")
        assert look_over(other) == []
        page.goto(address(urna))
        vote(page, "Bea")
    inside.close()
    outside.close()


def test_a_ticket_is_of_use_in_its_own_browser_alone(urna, chromium: Browser) -> None:
    own, foreign = chromium.new_context(locale="en"), chromium.new_context(locale="en")
    page = own.new_page()
    page.goto(address(urna))
    with page.expect_request(f"{address(urna)}signed-in/") as sent:
        sign_in(page)
    expect(page.get_by_label("Ana")).to_be_visible()
    [(_name, ticket)] = [pair for pair in (sent.value.post_data_json or {}).items() if pair[0] == "ticket"]
    for context, status in ((foreign, 403), (own, 200)):
        assert context.request.post(f"{address(urna)}signed-in/", form={"ticket": ticket}).status == status
    assert ticket not in urna.output
    assert "@choir.example" not in urna.output.lower()
    own.close()
    foreign.close()


def test_no_script_is_needed_and_somebody_else_is_refused(urna, chromium: Browser) -> None:
    context = chromium.new_context(locale="en", java_script_enabled=False)
    page = context.new_page()
    page.goto(address(urna))
    sign_in(page)
    page.get_by_role("button", name="Go to the ballot").click()
    expect(page.get_by_label("Ana")).to_be_visible()
    page.get_by_role("button", name="This is not me: sign in as somebody else").click()
    sign_in(page, "bea-1")
    expect(page.get_by_role("alert")).to_contain_text("Nobody on the roll of this election")
    page.get_by_role("link", name="Go to the ballot").click()
    expect(page).to_have_url(address(urna))
    context.close()
