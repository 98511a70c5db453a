"""Nothing typed is lost: by the end of a session, by a sign-in in another window, or by an outage."""

import html
import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from office.admin import ElectionAdmin
from office.models import Organisation
from polls.life import State
from polls.models import Election
from tests.office.test_admin import election_form

pytestmark = pytest.mark.urls("voting_site.urls.admin")

PASSWORD = "correct horse battery"
HERE = {"HTTP_ORIGIN": "http://testserver"}


class Browser(Client):
    """A browser that is held to the CSRF check, and says from which site a form comes, as all do."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True, **HERE)

    def sign_in(self) -> None:
        """Sign in anew, as in another window once the session has ended."""
        Session.objects.all().delete()
        page = self.get("/admin/login/")
        self.post("/admin/login/", {"username": "mia", "password": PASSWORD, **token_of(page)})

    def send(self, page: Any, address: str, **fields: Any) -> Any:
        """Send a form that stands on a page that was loaded."""
        return self.post(address, {**fields, **token_of(page)})

    def press(self, page: Any, **typed: str) -> Any:
        """Press the button of the form in the middle of a page, with all its hidden fields."""
        found = re.findall(r'<form[^>]*method="post"[^>]*>.*?</form>', page.content.decode(), re.DOTALL)
        [form] = [one for one in found if 'class="languages"' not in one and 'id="logout-form"' not in one]
        [action] = re.findall(r'action="([^"]*)"', form.partition(">")[0])
        hidden: dict[str, list[str]] = {}
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
            hidden.setdefault(name, []).append(html.unescape(value))
        return self.post(html.unescape(action), {**hidden, **typed})


def token_of(page: Any) -> dict[str, str]:
    return {"csrfmiddlewaretoken": re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())[0]}


@pytest.fixture
def browser(django_user_model, transactional_db) -> Browser:
    django_user_model.objects.create_superuser("mia", password=PASSWORD)
    browser = Browser()
    browser.sign_in()
    return browser


def typed() -> dict[str, Any]:
    return election_form(title="A <long> one", description="Two\nlines, “quoted” & more")


class TestEndOfASession:
    def test_loses_nothing_of_an_election_that_was_typed(self, browser):
        page = browser.get(reverse("admin:polls_election_add"))
        Session.objects.all().delete()
        asked = browser.send(page, reverse("admin:polls_election_add"), **typed())
        assert asked.status_code == 403
        assert "Your session had ended" in asked.content.decode()
        wrong = browser.press(asked, username="mia", password="wrong")
        assert not Election.objects.exists()
        back = browser.press(wrong, username="mia", password=PASSWORD)
        assert "A &lt;long&gt; one" in back.content.decode()
        assert not Election.objects.exists()
        assert browser.press(back).status_code == 302
        election = Election.objects.get()
        assert (election.title, election.description.splitlines()) == (
            "A <long> one",
            ["Two", "lines, “quoted” & more"],
        )

    def test_keeps_an_act_until_somebody_presses_again(self, browser, make_election):
        drink = make_election()
        address = reverse("admin:polls_election_close", args=[drink.pk])
        page = browser.get(address)
        Session.objects.all().delete()
        back = browser.press(browser.send(page, address), username="mia", password=PASSWORD)
        drink.refresh_from_db()
        assert drink.state == State.PUBLISHED
        browser.press(back)
        drink.refresh_from_db()
        assert drink.state == State.CLOSED

    def test_keeps_several_values_of_one_field(self, browser, make_election):
        chosen = [make_election(slug).pk for slug in ("tea", "drink")]
        address = reverse("admin:polls_election_changelist")
        page = browser.get(address)
        Session.objects.all().delete()
        asked = browser.send(page, address, action="close_selected", _selected_action=chosen, sure="yes")
        browser.press(browser.press(asked, username="mia", password=PASSWORD))
        assert set(Election.objects.values_list("state", flat=True)) == {State.CLOSED}

    def test_keeps_no_password(self, browser):
        address = reverse("admin:password_change")
        page = browser.get(address)
        Session.objects.all().delete()
        answer = browser.send(page, address, old_password=PASSWORD, new_password1="a new long one")
        assert "a new long one" not in answer.content.decode()

    def test_leads_a_page_that_is_only_looked_at_to_the_usual_sign_in(self, browser):
        Session.objects.all().delete()
        assert browser.get(reverse("admin:polls_election_changelist")).headers["Location"].startswith("/admin/login/")

    @pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
    def test_sends_what_was_kept_nowhere_else(self, browser, path):
        page = browser.get(reverse("admin:polls_election_changelist"))
        form = {"kept": '[["title", "x"]]', "path": path, "username": "mia", "password": PASSWORD}
        back = browser.send(page, reverse("sign_in_again"), **form)
        assert 'action="/admin/"' in back.content.decode()
        assert "evil" not in back.content.decode()

    @pytest.mark.parametrize("kept", ["", "{", "[1]", "null", '{"a": 1}', "[[1, 2, 3]]"])
    def test_makes_nothing_of_what_no_page_has_kept(self, browser, kept):
        page = browser.get(reverse("admin:polls_election_changelist"))
        form = {"kept": kept, "path": "/admin/", "username": "mia", "password": PASSWORD}
        assert browser.send(page, reverse("sign_in_again"), **form).status_code == 200


class TestTokenOfAnEarlierSignIn:
    def test_loses_nothing_that_was_typed(self, browser):
        page = browser.get(reverse("admin:polls_election_add"))
        browser.sign_in()
        refused = browser.send(page, reverse("admin:polls_election_add"), **typed())
        assert refused.status_code == 403
        assert "Nothing has been done yet" in refused.content.decode()
        assert browser.press(refused).status_code == 302
        assert Election.objects.get().title == "A <long> one"

    @pytest.mark.parametrize("origin", [{"HTTP_ORIGIN": "https://evil.example"}, {"HTTP_ORIGIN": "null"}, {}])
    def test_is_not_what_a_form_of_another_site_is_taken_for(self, browser, origin):
        browser.defaults.pop("HTTP_ORIGIN")
        answer = browser.post(reverse("admin:office_organisation_add"), {"name": "Evil"}, **origin)
        assert answer.status_code == 403
        assert "Evil" not in answer.content.decode()
        assert not Organisation.objects.filter(name="Evil").exists()

    def test_tells_that_a_file_has_to_be_chosen_again(self, browser, tmp_path):
        page = browser.get(reverse("admin:polls_election_import"))
        browser.sign_in()
        with (tmp_path / "paper.json").open("wb+") as file:
            file.write(b"{}")
            file.seek(0)
            refused = browser.send(page, reverse("admin:polls_election_import"), file=file)
        assert "The file is not kept" in refused.content.decode()


class TestOutage:
    def test_loses_nothing_that_was_typed(self, browser, monkeypatch):
        page = browser.get(reverse("admin:polls_election_add"))

        def fail(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("away")

        with monkeypatch.context() as patch:
            patch.setattr(ElectionAdmin, "save_model", fail)
            answer = browser.send(page, reverse("admin:polls_election_add"), **typed())
        assert (answer.status_code, answer["Retry-After"]) == (503, "2")
        assert "What you typed is kept on this page" in answer.content.decode()
        assert browser.press(answer).status_code == 302
        assert Election.objects.get().title == "A <long> one"

    def test_of_the_sessions_keeps_nothing_that_another_site_has_sent(self, browser, monkeypatch):
        def fail(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("away")

        monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", fail)
        browser.raise_request_exception = False
        form, origin = {"name": "Evil"}, "https://evil.example"
        answer = browser.post(reverse("admin:office_organisation_add"), form, HTTP_ORIGIN=origin)
        assert "Evil" not in answer.content.decode()
