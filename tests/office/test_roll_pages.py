"""The pages of a roll: the list of voters, one voter, lists from files, codes and cards, for each role."""

import base64
import csv
import io
import zlib
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from office.access import hold
from office.acts import Publish
from office.models import LoggedAct, MemberRole, Organisation
from office.roll_acts import AddEntry, ImportRoll, StrikeEntry
from office.roll_files.records import Record
from office.roll_upload import LARGEST_LIST
from polls.models import Election, Roll, RollEntry
from polls.roll import codes
from polls.roll.lookup import find_voter
from tally.healing import keep_box
from tests.conftest import beside
from tests.office.test_access import choir, each, sign_in
from tests.office.test_admin import election_form
from tests.polls.roll.people import define

__all__ = ["choir", "sign_in"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")

LIST = "Name;Section;Member number;Phone\nAna;Red;1;600\nEva;Blue;2;601\n"
Ask = Callable[..., Any]


def make_election(slug: str, organisation: Organisation | None, **more: Any) -> Election:
    election = Election.objects.create(slug=slug, title=slug.title(), eligibility="roll", **more)
    contest = election.contests.create(key="q1", title="Drink?")
    for position, key in enumerate(("nesquik", "cola-cao")):
        contest.options.create(key=key, label=key, position=position)
    hold(election, organisation)
    return election


@pytest.fixture
def draft(choir: Organisation, redis: Any) -> Election:
    """A draft with a roll, on which nobody is."""
    return make_election("drink", choir)


@pytest.fixture
def ask(draft: Election, sign_in: Callable[[str], Client]) -> Ask:
    """Return a function that opens a page of the roll as a manager, or sends its form."""
    client = sign_in("manager")

    def ask(where: str = "", post: Any = None, **get: Any) -> Any:
        address = f"/admin/polls/election/{draft.pk}/voters/{where}"
        return client.get(address, get, follow=True) if post is None else client.post(address, post, follow=True)

    return ask


def put(election: Election, *names: str) -> list[RollEntry]:
    return [AddEntry(election, {"name": name}).perform(by=None) for name in names]


def open_now(election: Election) -> None:
    Publish(election).perform(by=None)
    keep_box()


def fields_of(answer: Any) -> dict[str, Any]:
    """Return what the form of a page would send as it is shown."""
    form = answer.context["form"]
    return {field.html_name: field.value() for field in form if field.value() is not None}


def upload(ask: Ask, content: str | bytes, name: str = "list.csv") -> Any:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    file.name = name
    return ask("import/", {"file": file})


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


class TestRights:
    @each
    def test_pages_of_the_roll_answer_as_far_as_a_role_goes(self, draft, sign_in, who):
        [ana] = put(draft, "Ana")
        client = sign_in(who)
        voters = f"/admin/polls/election/{draft.pk}/voters/"
        expected = 200 if who in MemberRole.values else 403 if who == "stranger" else 404
        assert client.get(voters).status_code in (expected, 404)
        writes = ("add/", "import/", "codes/", "copy/", "1/", "1/strike/", "1/code/")
        found = {client.get(voters + page).status_code for page in writes}
        assert found == ({200} if who == "manager" else {403} if who in MemberRole.values else {404})
        for page, post in (
            ("add/", {"name": "Bea", "weight": 1, "seen": 1}),
            ("1/", {"name": "Bea", "weight": 1, "seen": 1}),
            ("1/strike/", {"seen": 1}),
            ("codes/", {"who": "all", "form": "table", "seen": 1}),
        ):
            if who != "manager":
                client.post(voters + page, post)
        ana.refresh_from_db()
        assert (ana.name, ana.struck_at, ana.issue, draft.roll.count()) == ("Ana", None, 1, 1)

    @pytest.mark.parametrize(("who", "sees"), [("manager", True), ("operator", True), ("auditor", False)])
    def test_who_has_voted_is_for_those_who_run_an_election_that_says_so(self, draft, sign_in, who, sees):
        put(draft, "Ana")
        draft.roll.update(voted=True)
        client = sign_in(who)
        address = f"/admin/polls/election/{draft.pk}/voters/"
        assert ">voted<" not in text_of(client.get(address)).replace(" voted", "voted")
        Election.objects.update(shows_who_voted=True)
        assert (">voted<" in text_of(client.get(address)).replace(" voted", "voted")) == sees

    def test_of_an_election_without_a_roll_lead_back_to_it(self, ask, draft):
        Election.objects.update(eligibility="open")
        assert "This election has no roll." in text_of(ask())

    def test_the_page_of_an_election_leads_to_its_roll(self, ask, draft, sign_in, choir):
        assert 'href="voters/"' in text_of(sign_in("auditor").get(f"/admin/polls/election/{draft.pk}/"))

    def test_a_voter_of_another_election_is_not_found_by_number(self, ask, draft, choir):
        put(make_election("tea", choir), "Zoe")
        assert "This voter is not on the roll any more." in text_of(ask("1/"))


@pytest.mark.parametrize("ticked", [True, False])
def test_the_form_of_an_election_says_whether_organisers_see_who_has_voted(sign_in, choir, redis, ticked):
    form = election_form(eligibility="roll", **({"shows_who_voted": "on"} if ticked else {}))
    sign_in("manager").post(reverse("admin:polls_election_add"), form)
    assert Election.objects.get().shows_who_voted == ticked


class TestList:
    def test_tells_how_many_weigh_how_much_in_which_groups(self, ask, draft):
        records = [Record(2, "Ana", ("red",), 3), Record(3, "Eva", ("red", "blue")), Record(4, "Zoe")]
        ImportRoll(draft, records).perform(by=None)
        StrikeEntry(draft.roll.get(name="Zoe")).perform(by=None)
        summary = ask().context["summary"]
        assert (summary.voters, summary.weight, summary.struck, summary.without_code) == (2, 4, 1, 2)
        assert summary.groups == (("red", 2), ("blue", 1))

    def test_has_fifty_on_a_page_and_finds_by_name_and_number(self, ask, draft):
        records = [Record(n, f"Voter {n}", member_number=f"M{n}") for n in range(1, 121)]
        ImportRoll(draft, records).perform(by=None)
        assert len(ask().context["page"].object_list) == 50
        assert ask(page=3).context["page"].object_list[0].number == 101
        assert "Page 3 of 3" in text_of(ask(page="9999"))
        assert [one.name for one in ask(q="voter 119").context["page"].object_list] == ["Voter 119"]
        assert [one.name for one in ask(q="m77").context["page"].object_list] == ["Voter 77"]
        assert "0 voters found." in text_of(ask(q="%' OR 1=1"))
        assert ask(q="x" * 5000).status_code == 200

    def test_asks_the_database_no_more_often_for_more_voters(self, ask, draft):
        counts = []
        for number in (2, 50):
            ImportRoll(draft, [Record(n, f"Voter {n}", ("red",)) for n in range(number)]).perform(by=None)
            with CaptureQueriesContext(connection) as queries:
                ask()
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestOneVoter:
    def test_is_added_and_gets_a_code_that_opens_the_ballot(self, ask, draft):
        form = fields_of(ask("add/")) | {"name": "Ana", "groups": "red; blue", "weight": "2"}
        answer = ask("add/", form)
        entry = draft.roll.get()
        assert (entry.name, entry.groups, entry.weight) == ("Ana", ["blue", "red"], 2)
        assert "no-store" in answer["Cache-Control"]
        open_now(draft)
        found = find_voter(define(draft), answer.context["code"])
        assert found
        assert found.visitor == "roll:1"

    def test_is_not_added_twice_by_pressing_twice(self, ask, draft):
        form = fields_of(ask("add/")) | {"name": "Ana"}
        ask("add/", form)
        answer = ask("add/", form)
        assert answer.status_code == 400
        assert "the roll was changed since you opened this page" in text_of(answer)
        assert draft.roll.count() == 1
        # Pressed again, it is meant.
        ask("add/", fields_of(answer))
        assert draft.roll.count() == 2

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({}, "A voter needs a name or a member number."),
            ({"name": "Ana", "weight": "0"}, "greater than or equal to 1"),
            ({"name": "Ana", "weight": "-1"}, "greater than or equal to 1"),
            ({"name": "Ana", "weight": "1.5"}, "Enter a whole number."),
            ({"name": "Ana", "weight": "9" * 30}, "less than or equal to 1000000"),
            ({"name": "Ana", "email": "ana"}, "Enter a valid email address."),
            ({"name": "A" * 5000}, "at most 200 characters"),
            ({"name": "Ana", "groups": "x" * 101}, "has more than 100 characters"),
            ({"name": "Ana", "groups": "a|b"}, "has a character that no group may have"),
            ({"name": "Ana", "member_number": "7"}, "This number is on the roll already, for “Eva”."),
        ],
    )
    def test_that_cannot_be_comes_back_as_it_was_typed(self, ask, draft, typed, said):
        ImportRoll(draft, [Record(2, "Eva", member_number="7"), Record(3, "Zoe", member_number="8")]).perform(by=None)
        StrikeEntry(draft.roll.get(name="Zoe")).perform(by=None)
        answer = ask("add/", fields_of(ask("add/")) | typed)
        assert answer.status_code == 400
        assert said in text_of(answer)
        assert draft.roll.count() == 2

    def test_gets_the_number_of_a_voter_who_was_struck(self, ask, draft):
        ImportRoll(draft, [Record(2, "Zoe", member_number="8")]).perform(by=None)
        StrikeEntry(draft.roll.get()).perform(by=None)
        assert ask("add/", fields_of(ask("add/")) | {"name": "Zoe", "member_number": "8"}).status_code == 200
        ImportRoll(draft, [Record(2, "Ana", member_number="9")]).perform(by=None)
        StrikeEntry(draft.roll.get(name="Ana")).perform(by=None)
        ImportRoll(draft, [Record(2, "Ana", member_number="9")]).perform(by=None)
        assert draft.roll.filter(struck_at=None).count() == 2
        assert draft.roll.filter(member_number="8").count() == 2

    def test_is_changed_and_keeps_its_code(self, ask, draft):
        [ana] = put(draft, "Ana")
        ask("1/", fields_of(ask("1/")) | {"name": "Ana B", "email": "ana@choir.example"})
        changed = draft.roll.get()
        assert (changed.name, changed.email, changed.code_hash) == ("Ana B", "ana@choir.example", ana.code_hash)

    def test_is_not_overwritten_by_who_has_not_seen_the_last_change(self, ask, draft):
        put(draft, "Ana")
        first, second = fields_of(ask("1/")), fields_of(ask("1/"))
        ask("1/", first | {"name": "Ana B"})
        answer = ask("1/", second | {"weight": "5"})
        assert answer.status_code == 400
        assert "this voter was changed since you opened the page" in text_of(answer)
        assert "<bdi>Ana B</bdi>" in text_of(answer)
        assert draft.roll.get().weight == 1
        ask("1/", fields_of(answer))
        assert draft.roll.get().weight == 5

    def test_is_struck_after_the_opening_with_a_reason_only(self, ask, draft):
        put(draft, "Ana", "Eva")
        open_now(draft)
        form = fields_of(ask("1/strike/"))
        assert ask("1/strike/", form | {"reason": " "}).status_code == 400
        assert not draft.roll.get(number=1).struck_at
        assert "Struck off the roll" in text_of(ask("1/strike/", form | {"reason": "Has left."}))
        assert draft.roll.get(number=1).struck_at
        assert LoggedAct.objects.first().changes["reason"] == [None, "Has left."]
        assert "This voter is not on the roll any more." in text_of(ask("1/strike/", form | {"reason": "Has left."}))

    def test_gets_a_new_code_and_the_card_of_it(self, ask, draft):
        [ana] = put(draft, "Ana")
        code = ask("1/code/", fields_of(ask("1/code/"))).context["code"]
        assert draft.roll.get().code_hash == codes.hash_code(draft.pk, codes.read(code)) != ana.code_hash
        card = ask("1/card/", {"code": code, "form": "letters-a4"})
        assert card["Content-Type"] == "application/pdf"
        [page] = pypdfium2.PdfDocument(card.content)
        assert code in page.get_textpage().get_text_bounded()

    def test_gets_no_second_code_from_a_page_that_was_opened_before_the_first_one(self, ask, draft):
        put(draft, "Ana")
        first, second = fields_of(ask("1/code/")), fields_of(ask("1/code/"))
        code = ask("1/code/", first).context["code"]
        for form in (second, first):
            answer = ask("1/code/", form)
            assert answer.status_code == 400
            assert "A code that was made meanwhile is valid." in text_of(answer)
            assert draft.roll.get().code_hash == codes.hash_code(draft.pk, codes.read(code))
        another = ask("1/code/", fields_of(answer)).context["code"]
        assert draft.roll.get().code_hash == codes.hash_code(draft.pk, codes.read(another))

    def test_gets_a_code_whatever_was_done_with_others_meanwhile(self, ask, draft):
        put(draft, "Ana")
        form = fields_of(ask("1/code/"))
        put(draft, "Eva")
        assert ask("1/code/", form).context["code"]

    def test_gets_no_card_for_a_code_that_is_void_or_made_up(self, ask, draft):
        put(draft, "Ana")
        code = ask("1/code/", fields_of(ask("1/code/"))).context["code"]
        ask("1/code/", fields_of(ask("1/code/")))
        for typed in (code, codes.make(), "", "x" * 5000):
            answer = ask("1/card/", {"code": typed, "form": "sheets-a4"})
            assert "No card was made" in text_of(answer)


class TestOpening:
    """An election that opens while a page about its roll is sent."""

    def test_is_why_a_voter_is_not_added_and_a_reason_is_asked_for(self, ask, draft, monkeypatch):
        put(draft, "Ana")
        form = fields_of(ask("add/"))
        alter = AddEntry.alter

        def alter_late(act: AddEntry, roll: Roll) -> RollEntry:
            beside(lambda: open_now(draft)).result(20)
            return alter(act, roll)

        with monkeypatch.context() as patch:
            patch.setattr(AddEntry, "alter", alter_late)
            answer = ask("add/", form | {"name": "Eva"})
        assert answer.status_code == 400
        assert "needs a reason" in text_of(answer)
        assert [one.name for one in draft.roll.all()] == ["Ana"]
        assert ask("add/", fields_of(answer) | {"reason": "Was forgotten."}).context["code"]
        assert draft.roll.filter(name="Eva").exists()


def test_a_draft_is_not_deleted_while_a_list_is_imported(draft, sign_in, monkeypatch):
    monkeypatch.setattr("office.roll_lock.PATIENCE_MS", 100)
    put(draft, "Ana")
    client, address = sign_in("manager"), f"/admin/polls/election/{draft.pk}/delete/"
    with transaction.atomic():
        Roll.objects.select_for_update().get()
        answer = beside(lambda: client.post(address, {"post": "yes"}, follow=True)).result(20)
    assert "a list is being imported into this roll" in text_of(answer)
    assert Election.objects.exists()
    client.post(address, {"post": "yes"})
    assert not Election.objects.exists()


class TestImport:
    def test_shows_what_is_in_a_list_and_then_imports_it(self, ask, draft):
        answer = upload(ask, LIST)
        looked = answer.context["looked"]
        assert (looked.encoding, looked.separator, looked.report.voters) == ("UTF-8", "semicolon", 2)
        assert looked.layout.columns == ("name", "group", "member_number", None)
        assert "Import 2 voters" in text_of(answer)
        assert draft.roll.count() == 0
        answer = ask("import/", fields_of(answer) | {"import": "1"})
        assert "2 voters were put on the roll, without codes." in text_of(answer)
        assert [(one.name, one.groups, one.member_number) for one in draft.roll.all()] == [
            ("Ana", ["Red"], "1"),
            ("Eva", ["Blue"], "2"),
        ]

    def test_imports_changed_columns_once_they_were_looked_at(self, ask, draft):
        form = fields_of(upload(ask, LIST)) | {"column-1": "", "import": "1"}
        answer = ask("import/", form)
        assert "Not imported yet: the columns were changed." in text_of(answer)
        assert draft.roll.count() == 0
        ask("import/", fields_of(answer) | {"import": "1"})
        assert [one.groups for one in draft.roll.all()] == [[], []]

    def test_of_unknown_columns_asks_which_they_are(self, ask, draft):
        answer = upload(ask, "600,Ana\n601,Eva\n")
        assert "Say which column has the names" in text_of(answer)
        answer = ask("import/", fields_of(answer) | {"column-1": "name", "look": "1"})
        assert "Import 2 voters" in text_of(answer)
        ask("import/", fields_of(answer) | {"import": "1"})
        assert [one.name for one in draft.roll.all()] == ["Ana", "Eva"]

    def test_of_a_list_with_a_wrong_line_names_it_and_imports_nobody(self, ask, draft):
        answer = upload(ask, "Name;Weight\nAna;1\nEva;0\nZoe;1.5\n")
        assert "2 lines are wrong, so that nothing can be imported." in text_of(answer)
        assert "Line 3: The weight is “0”" in text_of(answer)
        assert "Line 4: The weight is “1.5”" in text_of(answer)
        assert 'name="import"' not in text_of(answer)
        ask("import/", fields_of(answer) | {"import": "1"})
        assert draft.roll.count() == 0

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "The file is empty."),
            (b"\n\n", "The file has no rows."),
            (b"PK\x03\x04zip", "This is a workbook and not CSV."),
            (b"Name\n" + b"a" * LARGEST_LIST, "./urna manage import_roll"),
            (b";" * 50 + b"\nAna" + b";" * 50, "The list has 51 columns; it may have 40."),
        ],
    )
    def test_of_a_file_that_is_no_list_says_why(self, ask, draft, content, said):
        answer = upload(ask, content)
        assert answer.status_code == 400
        assert said in text_of(answer)

    def test_of_no_file_says_so(self, ask, draft):
        assert "This field is required." in text_of(ask("import/", {}))

    @pytest.mark.parametrize("carried", ["", "x", "eJw=", "🗳", base64.b64encode(zlib.compress(bytes(10**8))).decode()])
    def test_of_a_list_that_came_back_broken_asks_for_the_file_again(self, ask, draft, carried):
        answer = ask("import/", {"list": carried, "seen": "0", "import": "1"})
        assert answer.status_code == 400
        assert "the page did not send the whole list" in text_of(answer)

    def test_adds_to_the_roll_or_replaces_it_as_was_said(self, ask, draft):
        put(draft, "Zoe")
        form = fields_of(upload(ask, LIST)) | {"import": "1"}
        answer = ask("import/", form)
        assert "say what becomes of the voters who are on the roll already" in text_of(answer)
        assert draft.roll.count() == 1
        ask("import/", form | {"how": "add"})
        assert draft.roll.count() == 3
        ask("import/", fields_of(upload(ask, LIST)) | {"import": "1", "how": "replace"})
        assert [one.name for one in draft.roll.all()] == ["Ana", "Eva"]

    def test_by_two_at_once_puts_one_list_on_the_roll(self, ask, draft):
        names = "Name\nAna\nEva\n"
        first, second = fields_of(upload(ask, names)), fields_of(upload(ask, names))
        ask("import/", first | {"import": "1"})
        answer = ask("import/", second | {"import": "1", "how": "add"})
        assert answer.status_code == 400
        assert "the roll was changed since you opened this page" in text_of(answer)
        assert draft.roll.count() == 2

    def test_is_refused_once_people_vote(self, ask, draft):
        put(draft, "Zoe")
        form = fields_of(upload(ask, LIST)) | {"import": "1", "how": "add"}
        open_now(draft)
        assert "A list is imported before the opening only." in text_of(ask("import/", form))
        assert draft.roll.count() == 1

    def test_keeps_nothing_of_a_list_on_the_server_before_it_is_imported(self, ask, draft, redis):
        answer = upload(ask, LIST)
        assert draft.roll.count() == 0
        assert not [key for key in redis.keys("*") if redis.type(key) == b"string" and b"Ana" in redis.get(key)]
        assert not dict(answer.wsgi_request.session).keys() & {"list", "file"}
        assert "no-store" in answer["Cache-Control"]


class TestCodes:
    def test_of_all_are_the_answer_and_open_the_ballot(self, ask, draft):
        ImportRoll(draft, [Record(2, "Ana"), Record(3, "=Eva")]).perform(by=None)
        answer = ask("codes/", fields_of(ask("codes/")) | {"form": "table"})
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert [row["name"] for row in rows] == ["Ana", "'=Eva"]
        assert answer["Content-Disposition"] == 'attachment; filename="drink-cards.csv"'
        assert "no-store" in answer["Cache-Control"]
        open_now(draft)
        found = [find_voter(define(draft), row["code"]) for row in rows]
        assert [one.visitor for one in found if one] == ["roll:1", "roll:2"]

    @pytest.mark.parametrize(("form", "pages"), [("sheets-letter", 2), ("letters-a4", 12)])
    def test_are_printed_on_cards(self, ask, draft, form, pages):
        ImportRoll(draft, [Record(n, f"Voter {n}") for n in range(12)]).perform(by=None)
        answer = ask("codes/", fields_of(ask("codes/")) | {"form": form})
        assert len(pypdfium2.PdfDocument(answer.content)) == pages

    def test_of_those_who_have_none_leave_the_others_as_they_are(self, ask, draft):
        [ana] = put(draft, "Ana")
        ImportRoll(draft, [Record(2, "Eva")]).perform(by=None)
        page = ask("codes/")
        assert fields_of(page)["who"] == "missing"
        answer = ask("codes/", fields_of(page) | {"form": "table"})
        assert "Eva" in text_of(answer)
        assert "Ana" not in text_of(answer)
        assert draft.roll.get(name="Ana").code_hash == ana.code_hash

    def test_are_not_made_twice_by_pressing_twice(self, ask, draft):
        ImportRoll(draft, [Record(2, "Ana")]).perform(by=None)
        form = fields_of(ask("codes/")) | {"form": "table"}
        ask("codes/", form)
        before = draft.roll.get().code_hash
        answer = ask("codes/", form)
        assert answer.status_code == 400
        assert "because you pressed twice" in text_of(answer)
        assert draft.roll.get().code_hash == before

    def test_that_cannot_be_printed_are_not_made(self, ask, draft):
        put(draft, "Ana")
        Election.objects.update(title="投票")
        answer = ask("codes/", fields_of(ask("codes/")) | {"form": "sheets-a4"})
        assert "cannot be printed" in text_of(answer)
        assert draft.roll.get().issue == 1

    def test_are_made_after_the_opening_with_a_reason_only(self, ask, draft):
        put(draft, "Ana")
        open_now(draft)
        form = fields_of(ask("codes/")) | {"form": "table"}
        assert ask("codes/", form).status_code == 400
        assert draft.roll.get().issue == 1
        assert ask("codes/", form | {"reason": "The cards were lost."}).status_code == 200
        assert draft.roll.get().issue == 2

    def test_of_more_voters_than_one_answer_holds_are_refused(self, ask, draft, monkeypatch):
        put(draft, "Ana", "Eva")
        monkeypatch.setattr("office.roll_code_pages.MOST_CARDS", 1)
        answer = ask("codes/", fields_of(ask("codes/")) | {"form": "table"})
        assert "./urna manage import_roll, with --codes" in text_of(answer)
        assert {one.issue for one in draft.roll.all()} == {1}

    def test_of_an_empty_roll_are_not_offered(self, ask, draft):
        assert "Nobody is on the roll yet." in text_of(ask("codes/"))


class TestCopy:
    def test_takes_the_roll_of_another_election_of_the_organisation(self, ask, draft, choir):
        last = make_election("last", choir)
        put(last, "Ana", "Eva")
        assert 'href="copy/"' in text_of(ask())
        answer = ask("copy/", fields_of(ask("copy/")) | {"source": last.pk})
        assert "2 voters were put on the roll, without codes." in text_of(answer)
        assert [one.name for one in draft.roll.all()] == ["Ana", "Eva"]

    def test_offers_no_election_of_another_organisation(self, ask, draft):
        chess = make_election("chess", Organisation.objects.create(name="Chess"))
        put(chess, "Zoe")
        assert 'href="copy/"' not in text_of(ask())
        answer = ask("copy/", fields_of(ask("copy/")) | {"source": chess.pk})
        assert answer.status_code == 400
        assert draft.roll.count() == 0

    def test_is_refused_where_somebody_is_on_the_roll(self, ask, draft, choir):
        last = make_election("last", choir)
        put(last, "Ana")
        put(draft, "Zoe")
        assert 'href="copy/"' not in text_of(ask())
        answer = ask("copy/", fields_of(ask("copy/")) | {"source": last.pk})
        assert "has voters already" in text_of(answer)
