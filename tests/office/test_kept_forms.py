"""Nothing typed is lost: by the end of a session, by a sign-in in another window, or by an outage."""

import html
import re
from typing import Any

import pytest
from axes.utils import reset
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from office.admin import ElectionAdmin
from office.kept_labels import tell_typed
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

    @pytest.mark.parametrize("kept", ["", "{", "[1]", "null", '{"a": 1}', "[[1, 2, 3]]", "[" * 9999])
    def test_makes_nothing_of_what_no_page_has_kept(self, browser, kept):
        page = browser.get(reverse("admin:polls_election_changelist"))
        form = {"kept": kept, "path": "/admin/", "username": "mia", "password": PASSWORD}
        assert browser.send(page, reverse("sign_in_again"), **form).status_code == 200


class TestWhatIsShown:
    """People see what they typed, under the labels of the page on which they typed it, and no names of fields."""

    def told(self, browser: Browser, address: str, fields: dict[str, Any]) -> list[tuple[str, str]]:
        page = browser.get(address)
        browser.sign_in()
        refused = browser.send(page, address, **fields)
        terms = re.findall("<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", refused.content.decode(), re.DOTALL)
        return [(html.unescape(label), html.unescape(value)) for label, value in terms]

    def test_has_the_labels_of_the_form_and_nothing_hidden(self, browser):
        fields = election_form(title="Meeting", closes_at_0="2027-01-05", closes_at_2="soon", contest_title="Chair")
        fields |= {"contests-0-key": "q1", "initial-time_zone": "Europe/Madrid", "base": "{}", "unlisted": "on"}
        fields |= {"contests-0-position": "1", "contests-0-motion_quorum": "9", "contests-0-id": "7"}
        assert self.told(browser, reverse("admin:polls_election_add"), fields) == [
            ("Title", "Meeting"),
            ("Time zone", "Europe/Madrid"),
            ("Opens (date)", "2026-01-05"),
            ("Opens (time of day)", "10:00"),
            ("Closes (date)", "2027-01-05"),
            ("Question 1: Question", "Chair"),
            ("Question 1: Method", "Plurality: one choice, most votes win"),
            ("Question 1: Seats", "1"),
            ("Question 1: Options", "Tea<br>Coffee"),
            ("Closes (in words)", "soon"),
            ("Unlisted", "yes"),
        ]

    def test_says_what_is_to_be_done_with_several_elections(self, browser, make_election):
        chosen = {"action": "close_selected", "_selected_action": make_election().pk, "sure": "yes"}
        told = self.told(browser, reverse("admin:polls_election_changelist"), chosen)
        assert told == [("Action", "Close the chosen elections now")]

    @pytest.mark.parametrize(
        "page",
        [
            "/admin/polls/election/add/",
            "/admin/office/organisation/add/",
            "/admin/office/organisation/{choir}/members/",
            "/admin/office/organisation/{choir}/look/",
            "/admin/auth/user/{mia}/change/",
        ],
    )
    def test_has_a_label_for_each_field_that_a_page_shows(self, browser, page):
        numbers = {"choir": Organisation.objects.create(name="Choir").pk, "mia": User.objects.get().pk}
        content = browser.get(page.format(**numbers)).content.decode()
        forms = re.findall("<form.*?</form>", content, re.DOTALL)
        [form] = [one for one in forms if 'name="csrf' in one and ' id="id_' in one]
        seen = re.findall(r"<(?:input|select|textarea)[^>]*>", form.replace("\n", " "))
        names = [
            found[1]
            for tag in seen
            if not re.search('type="(hidden|submit|file)"', tag) and (found := re.search(r' name="([^"]+)"', tag))
        ]
        unknown = []
        for name in names:
            # The rule of a method is seen where that method is chosen.
            rule = re.fullmatch(r"(contests-\w+)-([a-z-]+)_.*", name.replace("__prefix__", "1"))
            fields = [(name.replace("__prefix__", "1"), "x"), *([(f"{rule[1]}-method", rule[2])] if rule else [])]
            if not tell_typed(fields) and not name.endswith(("-position", "-DELETE")):
                unknown.append(name)
        assert names
        assert unknown == []


class TestTooManyWrongPasswords:
    def test_keep_what_was_typed(self, browser, settings):
        page = browser.get(reverse("admin:polls_election_add"))
        Session.objects.all().delete()
        asked = browser.send(page, reverse("admin:polls_election_add"), **typed())
        for _ in range(settings.AXES_FAILURE_LIMIT):
            asked = browser.press(asked, username="mia", password="wrong")
        assert (asked.status_code, asked["Retry-After"]) == (429, "900")
        assert "Wait 15 minutes, then try again." in asked.content.decode()
        reset()
        back = browser.press(asked, username="mia", password=PASSWORD)
        assert browser.press(back).status_code == 302
        assert Election.objects.get().title == "A <long> one"

    def test_are_told_at_the_usual_sign_in(self, browser, settings):
        Session.objects.all().delete()
        for _ in range(settings.AXES_FAILURE_LIMIT):
            page = browser.get("/admin/login/")
            answer = browser.send(page, "/admin/login/", username="mia", password="wrong")
        assert answer.status_code == 429
        assert "there were too many wrong attempts" in answer.content.decode()
        assert 'name="kept"' not in answer.content.decode()


class TestTokenOfAnEarlierSignIn:
    def test_loses_nothing_that_was_typed(self, browser):
        page = browser.get(reverse("admin:polls_election_add"))
        browser.sign_in()
        refused = browser.send(page, reverse("admin:polls_election_add"), **typed())
        assert refused.status_code == 403
        assert "Nothing has been done yet" in refused.content.decode()
        assert browser.press(refused).status_code == 302
        assert Election.objects.get().title == "A <long> one"

    def test_is_not_spoken_of_to_somebody_who_is_signed_out(self, browser):
        page = browser.get(reverse("admin:polls_election_add"))
        browser.sign_in()
        Session.objects.all().delete()
        refused = browser.send(page, reverse("admin:polls_election_add"), **typed())
        assert "you are not signed in any more" in refused.content.decode()
        asked = browser.press(refused)
        browser.press(browser.press(asked, username="mia", password=PASSWORD))
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
