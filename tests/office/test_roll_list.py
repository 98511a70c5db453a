"""Voter lists that come in parts: uploaded, looked over, imported with progress."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from office import roll_list, roll_progress
from office.models import Organisation, RollList, RollListPart
from office.roll_list import KEPT, LARGEST_STAGED, PART
from office.roll_rows import Rows
from office.tasks import forget_lists
from polls.models import Election, Roll
from tests.conftest import beside
from tests.office.test_access import choir, each, sign_in
from tests.office.test_roll_pages import draft, fields_of, open_now, put, text_of

__all__ = ["choir", "draft", "sign_in"]

pytestmark = [pytest.mark.large, pytest.mark.urls("voting_site.urls.admin")]

NUMBER = 30_000
Send = Callable[..., Any]


def write_list(number: int = NUMBER, *lines: str) -> bytes:
    rows = [f"Voter number {n};Group {n % 30};M{n}" for n in range(number)]
    return "\n".join(["Name;Section;Member number", *rows, *lines]).encode()


@pytest.fixture
def client(draft: Election, sign_in: Callable[[str], Client]) -> Client:
    """The browser of a manager."""
    return sign_in("manager")


@pytest.fixture
def send(draft: Election, client: Client) -> Send:
    """Return a function that sends a list as the page's script does; it returns the last answer."""

    def send(content: bytes, upto: int = 1000) -> Any:
        number: Any = ""
        answer = None
        for place in range(min(upto, -(-len(content) // PART))):
            part = SimpleUploadedFile("part", content[place * PART : (place + 1) * PART])
            form = {"size": len(content), "place": place, "list": number, "part": part}
            answer = client.post(f"/admin/polls/election/{draft.pk}/voters/import/part/", form)
            number = answer.json().get("list", "")
        return answer

    return send


def read_stream(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def start_import(client: Client, page: str, **more: Any) -> Any:
    form = fields_of(client.get(page)) | {"import": "1"} | more
    return client.post(page, form)


class TestUpload:
    def test_comes_in_parts_and_is_read_as_one_file(self, send: Send, draft: Election) -> None:
        content = write_list()
        assert len(content) > PART
        send(content)
        found = RollList.objects.get()
        file = roll_list.open_list(found)
        assert file.read() == content
        file.seek(PART - 10)
        assert file.read(20) == content[PART - 10 : PART + 10]
        assert found.parts.count() == -(-len(content) // PART)

    def test_takes_a_part_that_comes_twice_once(self, client: Client, send: Send, draft: Election) -> None:
        content = write_list()
        answer = send(content, upto=1)
        number = answer.json()["list"]
        for _time in range(2):
            part = SimpleUploadedFile("part", content[PART : 2 * PART])
            form = {"size": len(content), "place": 1, "list": number, "part": part}
            again = client.post(f"/admin/polls/election/{draft.pk}/voters/import/part/", form)
            assert again.status_code == 200
        assert RollListPart.objects.count() == 2

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"size": "x"},
            {"place": "1"},
            {"size": "0"},
            {"size": str(LARGEST_STAGED + 1)},
            {"list": "9999"},
            {"size": "7"},
        ],
    )
    def test_refuses_what_no_page_sends(
        self, client: Client, send: Send, draft: Election, form: dict[str, str]
    ) -> None:
        part = SimpleUploadedFile("part", b"Ana\nEva\n")
        whole = {"size": "8", "place": "0", "list": ""} | form if form else {}
        answer = client.post(
            f"/admin/polls/election/{draft.pk}/voters/import/part/", whole | ({"part": part} if form else {})
        )
        assert answer.status_code == 400
        assert answer.json()["problem"]
        assert not RollListPart.objects.exists()

    def test_has_no_part_before_its_first_one(self, draft: Election, django_user_model: Any) -> None:
        eva = django_user_model.objects.create_user("eva", is_staff=True)
        found = roll_list.begin(draft, eva.pk, 2 * PART)
        with pytest.raises(ValidationError):
            roll_list.add_part(found, -1, bytes(PART))
        assert not found.parts.exists()

    def test_of_another_list_in_a_second_window_ends_the_first_one(
        self, client: Client, send: Send, draft: Election
    ) -> None:
        first = send(write_list(), upto=1).json()["list"]
        send(write_list(10))
        part = SimpleUploadedFile("part", write_list()[PART : 2 * PART])
        form = {"size": len(write_list()), "place": 1, "list": first, "part": part}
        answer = client.post(f"/admin/polls/election/{draft.pk}/voters/import/part/", form)
        assert "you have begun to send another list" in answer.json()["problem"]
        assert RollList.objects.count() == 1

    @each
    def test_is_for_those_who_write(
        self, draft: Election, sign_in: Callable[[str], Client], send: Send, who: str
    ) -> None:
        page = send(write_list(10)).json()["page"]
        if who == "manager":
            return
        client = sign_in(who)
        answer = client.post(f"/admin/polls/election/{draft.pk}/voters/import/part/", {"size": 1, "place": 0})
        assert answer.status_code in (403, 404)
        assert client.get(page).status_code in (403, 404)

    def test_is_seen_by_its_uploader_alone(self, send: Send, django_user_model: Any, choir: Organisation) -> None:
        page = send(write_list(10)).json()["page"]
        eva = django_user_model.objects.create_user("eva", is_staff=True)
        choir.memberships.create(user=eva, role="manager")
        client = Client()
        client.force_login(eva)
        assert "This list is not there any more." in text_of(client.get(page, follow=True))

    def test_is_forgotten_after_a_day(self, send: Send) -> None:
        send(write_list(10))
        forget_lists()
        assert RollList.objects.exists()
        RollList.objects.update(made_at=timezone.now() - KEPT)
        forget_lists()
        assert not RollListPart.objects.exists()


class TestImport:
    def test_shows_what_is_in_a_list_and_then_imports_it_with_progress(
        self, client: Client, send: Send, draft: Election
    ) -> None:
        page = send(write_list()).json()["page"]
        preview = client.get(page)
        assert preview.context["looked"].report.voters == NUMBER
        assert len(preview.content) < 50_000
        told = read_stream(start_import(client, page))
        assert re.findall(r"<li>([0-9,]+) voters are read\.</li>", told)[:2] == ["5,000", "10,000"]
        assert "30,000 voters were put on the roll" in told or "30000 voters were put on the roll" in told
        assert told.rstrip().endswith("</html>")
        assert draft.roll.count() == NUMBER
        assert not RollList.objects.exists()

    def test_goes_on_when_its_page_is_closed(self, client: Client, send: Send, draft: Election) -> None:
        page = send(write_list()).json()["page"]
        answer = start_import(client, page)
        answer.close()
        wait_for_imports()
        assert draft.roll.count() == NUMBER

    def test_of_a_list_with_a_wrong_line_imports_nobody(self, client: Client, send: Send, draft: Election) -> None:
        page = send(write_list(NUMBER, "Zoe;Red;M7")).json()["page"]
        preview = text_of(client.get(page))
        assert "has the same member number as line" in preview
        assert 'name="import"' not in preview
        told = read_stream(start_import(client, page))
        assert "Nothing was" in told
        assert draft.roll.count() == 0
        assert RollList.objects.exists()

    def test_pressed_twice_imports_once(self, client: Client, send: Send, draft: Election) -> None:
        page = send(write_list(10)).json()["page"]
        form = fields_of(client.get(page)) | {"import": "1"}
        assert "10 voters were put on the roll" in read_stream(client.post(page, form))
        assert "This list is not there any more." in text_of(client.post(page, form, follow=True))
        assert draft.roll.count() == 10

    def test_beside_another_import_is_refused_clearly(
        self, client: Client, send: Send, draft: Election, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("office.roll_lock.PATIENCE_MS", 100)
        page = send(write_list(10)).json()["page"]
        form = fields_of(client.get(page)) | {"import": "1"}
        Roll.objects.create(election=draft)
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM polls_roll FOR UPDATE")
            told = beside(lambda: read_stream(client.post(page, form))).result(20)
            cursor.execute("ROLLBACK")
        assert "a list is being imported into this roll" in told
        assert draft.roll.count() == 0

    def test_of_too_many_at_once_waits_for_its_turn(self, client: Client, send: Send, draft: Election) -> None:
        page = send(write_list(10)).json()["page"]
        form = fields_of(client.get(page)) | {"import": "1"}
        for _turn in "12":
            assert roll_progress._turns.acquire(blocking=False)
        try:
            assert "busy with other imports" in text_of(client.post(page, form))
        finally:
            roll_progress._turns.release(2)
        assert "10 voters were put" in read_stream(client.post(page, form))

    def test_after_the_opening_is_refused(self, client: Client, send: Send, draft: Election) -> None:
        put(draft, "Ana")
        page = send(write_list(10)).json()["page"]
        open_now(draft)
        assert client.get(page).status_code == 302
        assert draft.roll.count() == 1

    def test_that_the_opening_overtakes_is_refused_on_its_page(
        self, client: Client, send: Send, draft: Election, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(draft, "Ana")
        page = send(write_list(10)).json()["page"]
        add = Rows.add

        def add_and_open(rows: Rows, records: Any) -> int:
            number = add(rows, records)
            beside(lambda: open_now(draft)).result(20)
            return number

        monkeypatch.setattr(Rows, "add", add_and_open)
        told = read_stream(start_import(client, page, how="replace"))
        assert '<li class="errornote">Not imported: people vote already.' in told
        assert [one.name for one in draft.roll.all()] == ["Ana"]

    def test_replaces_or_adds_as_was_said(self, client: Client, send: Send, draft: Election) -> None:
        put(draft, "Ana")
        page = send(write_list(10)).json()["page"]
        assert "say what becomes of the voters" in text_of(start_import(client, page))
        read_stream(start_import(client, page, how="replace"))
        assert draft.roll.count() == 10

    def test_looks_with_other_columns(self, client: Client, send: Send, draft: Election) -> None:
        page = send(write_list(10)).json()["page"]
        form = fields_of(client.get(page)) | {"column-1": "", "import": "1"}
        answer = client.post(page, form)
        assert "the columns were changed" in text_of(answer)
        read_stream(client.post(page, fields_of(answer) | {"import": "1"}))
        assert {tuple(one.groups) for one in draft.roll.all()} == {()}


def wait_for_imports() -> None:
    """Wait until no import is under way."""
    for _turn in "12":
        assert roll_progress._turns.acquire(timeout=60)
    roll_progress._turns.release(2)
