"""Elections whose voters sign in: the form, the roll, the list, the paper as JSON, and mail."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from office.acts import Duplicate, NotDone, Publish
from office.checklist import check
from office.mail.texts import write_body
from office.models import LoggedAct, MailOrder, Organisation
from office.roll_acts import AddEntry, ChangeEntry, CopyRoll, ImportRoll, ReissueAllCodes, ReissueCode
from office.roll_files.columns import Column, guess
from office.roll_files.records import Record, read_record
from polls import ballot_box
from polls.models import Election, RollEntry
from polls.paper_file import BadPaper, create_election, write_paper
from polls.roll import lookup
from polls.voters import roll_voter
from tally.healing import keep_box
from tests.conftest import forget_definitions
from tests.office.test_access import choir, sign_in
from tests.office.test_drafts import NOW
from tests.office.test_roll_pages import make_election
from tests.office.test_straddle import loaded_form, page_of
from tests.polls.roll.people import define

__all__ = ["choir", "sign_in"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.SIGNIN_PROVIDERS = {"choir": "Choir accounts", "club": "The club"}


@pytest.fixture
def draft(choir: Organisation, redis: Any) -> Election:
    """A draft whose voters sign in, with nobody on its roll."""
    return make_election("drink", choir, providers=["choir"])


@pytest.fixture
def open_one(draft: Election) -> Election:
    """An election that has opened, with ana on its roll."""
    AddEntry(draft, {"name": "ana", "email": "ana@choir.example"}).perform(by=None)
    Publish(draft).perform(by=None)
    keep_box()
    draft.refresh_from_db()
    return draft


def entry(name: str) -> RollEntry:
    return RollEntry.objects.select_related("election").get(name=name)


def is_in(election: Election, issue: int) -> bool:
    """Tell whether whoever came in as the first voter, at this issue, may still vote."""
    definition = define(election)
    return lookup.read_entry(definition, roll_voter(definition, 1, issue)) is not None


class TestRoll:
    def test_gives_nobody_a_code(self, draft):
        act = AddEntry(draft, {"name": "ana", "email": "ana@choir.example"})
        act.perform(by=None)
        assert (act.code, entry("ana").code_hash, entry("ana").issue) == ("", "", 1)
        for other in (
            ReissueCode(entry("ana")),
            ReissueAllCodes(draft, lambda one, code: None),
            ImportRoll(draft, [Record(2, "eva")], take_code=lambda one, code: None),
        ):
            with pytest.raises(NotDone, match="a code would open nothing"):
                other.perform(by=None)
        assert RollEntry.objects.count() == 1

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ({"email": "ana@choir.example"}, {"email": "Ana@Choir.Example"}),
            ({"subject": "7"}, {"subject": "7"}),
        ],
    )
    def test_refuses_two_who_could_not_be_told_apart(self, draft, first, second):
        AddEntry(draft, {"name": "ana", **first}).perform(by=None)
        with pytest.raises(NotDone, match="“ana” and “eva” have the same"):
            AddEntry(draft, {"name": "eva", **second}).perform(by=None)
        with pytest.raises(NotDone, match="have the same"):
            ImportRoll(draft, [Record(2, "eva", **second)]).perform(by=None)
        assert RollEntry.objects.count() == 1

    def test_lets_out_who_signed_in_with_an_address_that_is_another_ones_now(self, open_one):
        assert is_in(open_one, 1)
        ChangeEntry(entry("ana"), {"weight": 2}, reason="Shares.").perform(by=None)
        assert is_in(open_one, 1)
        ChangeEntry(entry("ana"), {"email": "eva@choir.example"}, reason="Moved.").perform(by=None)
        assert not is_in(open_one, 1)
        assert is_in(open_one, 2)
        assert "@" not in str(LoggedAct.objects.latest("pk").changes)

    def test_is_copied_with_its_subjects(self, draft, choir):
        AddEntry(draft, {"name": "ana", "subject": "7"}).perform(by=None)
        other = Duplicate(draft).perform(by=None)
        assert other.providers == ["choir"]
        CopyRoll(other, draft).perform(by=None)
        assert other.roll.get().subject == "7"

    def test_can_be_read_from_a_list(self):
        columns = guess(["Name", "Subject"])
        assert columns == (Column.NAME, Column.SUBJECT)
        assert read_record(2, ["ana", "a-7"], columns).subject == "a-7"


class TestPublishing:
    def test_needs_somebody_who_could_sign_in(self, draft):
        AddEntry(draft, {"name": "ana"}).perform(by=None)
        with pytest.raises(ValidationError, match="nobody on the roll has an e-mail address"):
            Publish(draft).perform(by=None)

    def test_tells_how_voters_come_in_and_who_cannot(self, draft):
        AddEntry(draft, {"name": "ana", "email": "ana@choir.example"}).perform(by=None)
        AddEntry(draft, {"name": "eva"}).perform(by=None)
        looked = check(draft, NOW)
        assert ("Who may vote", "the 2 voters on the roll, by signing in") in looked.facts
        assert "1 voter has neither an e-mail address nor a subject, and cannot sign in." in looked.odd
        draft.providers = []
        assert check(draft, NOW).fingerprint != looked.fingerprint

    def test_tells_vote_of_the_providers(self, open_one):
        definition, _now = ballot_box.read_definition("drink")
        assert definition
        assert definition.providers == ("choir",)
        assert not definition.takes_codes


class TestForm:
    @pytest.fixture
    def manager(self, sign_in: Any) -> Client:
        client: Client = sign_in("manager")
        return client

    def save(self, manager: Client, election: Election, providers: list[str], **changes: str) -> Any:
        sent: dict[str, Any] = loaded_form(manager, election, **changes)
        return manager.post(page_of(election), sent | {"providers": providers})

    def test_offers_the_providers_of_the_server(self, manager, draft):
        page = manager.get(f"/admin/polls/election/{draft.pk}/change/").content.decode()
        assert "The club" in page
        self.save(manager, draft, ["choir", "club"])
        draft.refresh_from_db()
        assert draft.providers == ["choir", "club"]

    def test_offers_nothing_where_there_are_none(self, manager, draft, settings):
        settings.SIGNIN_PROVIDERS = {}
        Election.objects.update(providers=[])
        page = manager.get(f"/admin/polls/election/{draft.pk}/change/").content.decode()
        assert "Voters sign in with" not in page

    def test_refuses_providers_without_a_roll(self, manager, draft):
        page = self.save(manager, draft, ["choir"], eligibility="open").content.decode()
        assert "Voters who sign in need a roll" in page

    def test_lets_codes_take_the_place_of_a_provider_while_people_vote(self, manager, open_one):
        self.save(manager, open_one, [])
        forget_definitions()
        definition, _now = ballot_box.read_definition("drink")
        assert definition
        assert definition.takes_codes
        assert LoggedAct.objects.latest("pk").changes["providers"] == ["choir", None]
        act = ReissueCode(entry("ana"), reason="The provider is lost.")
        found = lookup.find_voter(definition, act.perform(by=None))
        assert found == roll_voter(definition, 1, 2)

    def test_refuses_to_switch_where_two_have_one_address(self, manager, open_one):
        self.save(manager, open_one, [])
        open_one.refresh_from_db()
        AddEntry(open_one, {"name": "eva", "email": "ANA@choir.example"}, reason="New.").perform(by=None)
        open_one.refresh_from_db()
        response = self.save(manager, open_one, ["choir"])
        assert response.status_code == 409
        assert "have the same e-mail address" in response.content.decode()

    def test_of_a_voter_has_the_subject(self, manager, draft):
        address = f"/admin/polls/election/{draft.pk}/voters/add/"
        seen = manager.get(address).context["form"]["seen"].value()
        response = manager.post(address, {"name": "ana", "weight": 1, "subject": "7", "seen": seen})
        assert response["Location"] == f"/admin/polls/election/{draft.pk}/voters/"
        assert entry("ana").subject == "7"
        page = manager.get(f"/admin/polls/election/{draft.pk}/voters/").content.decode()
        assert "Codes and cards" not in page
        assert "Saved:" in page


class TestPaper:
    PAPER = {"title": "Drink", "eligibility": "roll", "contests": [{"options": [{"label": "A"}, {"label": "B"}]}]}

    def test_names_the_providers_and_is_written_back(self, transactional_db):
        election = create_election(self.PAPER | {"providers": ["choir"]})
        assert election.providers == ["choir"]
        assert write_paper(election)["providers"] == ["choir"]
        assert "providers" not in write_paper(create_election(self.PAPER))

    @pytest.mark.parametrize(
        "changes",
        [
            {"providers": ["nobody"]},
            {"providers": "choir"},
            {"providers": [1]},
            {"providers": ["choir"], "eligibility": "open"},
        ],
    )
    def test_is_refused_with_what_could_not_work(self, transactional_db, changes):
        with pytest.raises(BadPaper):
            create_election(self.PAPER | changes)


class TestMail:
    @pytest.mark.parametrize("kind", ["invitation", "reminder"])
    def test_leads_to_the_ballot_and_speaks_of_no_code(self, open_one, kind):
        order = MailOrder(election=open_one, kind=kind, address="https://vote.example/drink/", sender="The choir")
        text = write_body(order, name="ana", code="")
        assert "Open https://vote.example/drink/ and sign in to vote." in text
        assert "code" not in text
