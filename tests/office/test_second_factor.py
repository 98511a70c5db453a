"""Whoever has a second factor signs in with it, and with nothing less."""

import logging
from functools import partial
from typing import Any

import pyotp
import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from office.first_password import link_path
from office.models import Membership, Organisation, SecondFactor
from office.sign_in import factors
from office.sign_in.entering import DUE, TIME
from polls.models import Election
from tests.conftest import beside
from tests.office.doors import PASSWORD, begin, code_of, give_app, is_in, later, show, wrong_code
from tests.office.test_admin import election_form
from tests.office.test_first_password import OWN, choose
from tests.office.test_kept_forms import Browser

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def mia(transactional_db: None) -> User:
    return User.objects.create_superuser("mia", password=PASSWORD)


@pytest.fixture
def app(mia: User) -> pyotp.TOTP:
    return give_app(mia)[0]


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django's clock stands still, so that no step of 30 seconds and no pause ends meanwhile."""
    moment = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.fixture
def codes(mia: User, app: pyotp.TOTP) -> list[str]:
    return factors.renew_codes(mia)


class TestSignIn:
    def test_takes_the_password_and_then_a_code(self, client, app):
        assert begin(client, next="/admin/office/loggedact/").headers["Location"] == "/second-factor/"
        assert "The password of mia is right." in client.get("/second-factor/").content.decode()
        assert show(client, code_of(app)).headers["Location"] == "/admin/office/loggedact/"
        assert is_in(client)

    @pytest.mark.usefixtures("stopped_clock")
    @pytest.mark.parametrize("steps", [-1, 1])
    def test_takes_a_code_of_a_clock_that_is_a_little_off(self, client, app, steps):
        begin(client)
        show(client, code_of(app, steps))
        assert is_in(client)

    @pytest.mark.parametrize("code", ["", " ", "12345", "1234567", "abcdef", "٣٣٣٣٣٣", "x" * 101, "\x00", "0" * 24])
    def test_takes_nothing_else(self, client, app, codes, code):
        begin(client)
        assert show(client, code).status_code == 200
        assert not is_in(client)

    def test_takes_a_code_however_it_is_grouped(self, client, app):
        begin(client)
        code = code_of(app)
        show(client, f" {code[:3]} {code[3:]} ")
        assert is_in(client)

    def test_takes_a_code_once(self, client, app):
        code = code_of(app)
        begin(client)
        show(client, code)
        other = Client()
        begin(other)
        assert "This did not work" in show(other, code).content.decode()
        assert not is_in(other)

    def test_takes_a_code_once_of_two_at_the_same_time(self, app):
        clients = [Client(), Client()]
        for client in clients:
            begin(client)
        code = code_of(app)
        answers = [beside(partial(show, client, code)) for client in clients]
        assert sorted(answer.result().status_code for answer in answers) == [200, 302]

    def test_gives_ten_minutes_for_it(self, client, app):
        begin(client)
        session = client.session
        session[DUE] = {**session[DUE], "until": session[DUE]["until"] - TIME - 1}
        session.save()
        assert show(client, code_of(app)).headers["Location"] == "/admin/login/"
        assert not is_in(client)

    @pytest.mark.parametrize("change", ["password", "is_active", "is_staff"])
    def test_ends_if_the_account_changes_meanwhile(self, client, mia, app, change):
        begin(client)
        if change == "password":
            mia.set_password("another long enough one")
        else:
            setattr(mia, change, False)
        mia.save()
        assert show(client, code_of(app)).headers["Location"] == "/admin/login/"

    def test_sends_nobody_elsewhere(self, client, app):
        begin(client, next="https://evil.example/")
        assert show(client, code_of(app)).headers["Location"] == "/admin/"

    def test_gives_a_new_session_to_the_password_and_to_the_code(self, client, app):
        client.get("/admin/login/")
        begin(client)
        half = client.session.session_key
        show(client, code_of(app))
        assert client.session.session_key != half
        assert DUE not in client.session

    def test_asks_for_the_password_first(self, client, app):
        assert client.get("/second-factor/").headers["Location"] == "/admin/login/"
        assert show(client, code_of(app)).headers["Location"] == "/admin/login/"

    def test_is_asked_for_after_the_link_to_a_password_too(self, client, mia, app):
        page = choose(client, link_path(mia))
        assert page.redirect_chain[-1] == ("/second-factor/", 302)
        assert not is_in(client)
        mia.refresh_from_db()
        assert mia.check_password(OWN)
        show(client, code_of(app))
        assert is_in(client)


class TestRecoveryCodes:
    def test_sign_in_once_each(self, client, app, codes):
        for code in codes[:2]:
            begin(client)
            show(client, code)
            assert is_in(client)
            client.post("/admin/logout/")
        begin(client)
        show(client, codes[0])
        assert not is_in(client)

    def test_are_taken_however_they_are_written(self, client, app, codes):
        begin(client)
        typed = codes[0].upper().replace("-", " ").replace("0", "O").replace("1", "l")
        page = client.post("/second-factor/", {"code": typed}, follow=True)
        assert "7 recovery codes are left." in page.content.decode()

    def test_are_stored_as_hashes(self, mia, codes):
        stored = str(SecondFactor.objects.get(user=mia, kind="recovery").data)
        assert not any(code in stored or code.replace("-", "") in stored for code in codes)

    def test_are_void_once_there_are_new_ones(self, client, mia, app, codes):
        factors.renew_codes(mia)
        begin(client)
        show(client, codes[0])
        assert not is_in(client)


class TestGuessing:
    def test_pauses_after_ten_wrong_codes(self, client, mia, app):
        begin(client)
        answers = [show(client, wrong_code(app)).status_code for _ in range(11)]
        assert answers[:9] == [200] * 9
        assert answers[9:] == [429] * 2
        # The right one does not get in either, and neither does the password.
        assert show(client, code_of(app)).status_code == 429
        assert begin(client).status_code == 429

    def test_is_not_forgiven_by_the_right_password(self, app):
        client = Client()
        for _ in range(2):
            for _ in range(5):
                begin(client)
                answer = show(client, wrong_code(app))
        assert answer.status_code == 429

    @pytest.mark.usefixtures("stopped_clock")
    def test_is_slowed_down_from_whichever_address(self, mia, app):
        for number in range(factors.FREE + 2):
            other = Client(REMOTE_ADDR=f"127.0.1.{number}")
            begin(other)
            show(other, wrong_code(app))
        other = Client(REMOTE_ADDR="127.0.2.1")
        begin(other)
        assert show(other, code_of(app)).status_code == 200
        SecondFactor.objects.filter(kind="app").update(wrong_at=later(-5))
        show(other, code_of(app))
        assert is_in(other)

    def test_never_keeps_the_owner_out_who_has_a_recovery_code(self, mia, app, codes):
        SecondFactor.objects.filter(kind="app").update(wrong=40, wrong_at=later(0))
        client = Client(REMOTE_ADDR="127.0.2.1")
        begin(client)
        show(client, codes[0])
        assert is_in(client)

    def test_pauses_at_most_for_about_an_hour(self):
        assert [factors.pause(wrong).seconds for wrong in (0, 5, 6, 7)] == [0, 0, 2, 4]
        assert factors.pause(32_000).seconds == 4096

    def test_leaves_no_code_behind(self, client, app, codes, caplog):
        begin(client)
        almost = codes[0][:-1] + ("0" if codes[0][-1] != "0" else "2")
        with caplog.at_level(logging.DEBUG):
            show(client, almost, kept='[["title", "Secret paper"]]', path="/admin/")
        attempt = AccessAttempt.objects.get()
        for text in (attempt.post_data, caplog.text):
            assert almost not in text
            assert "Secret paper" not in text


ELECTION = "admin:polls_election_"


class TestThePasswordAlone:
    """Pages of each kind, of somebody who has shown the password and not the second factor."""

    @pytest.fixture
    def half(self, client: Client, app: pyotp.TOTP) -> Client:
        begin(client)
        return client

    @pytest.mark.parametrize("name", ["index", "password_change", "polls_election_changelist", "polls_election_add",
                                      "auth_user_changelist", "office_loggedact_changelist", "jsi18n"])  # fmt: skip
    def test_opens_no_page(self, half, name):
        assert half.get(reverse(f"admin:{name}")).headers["Location"].startswith("/admin/login/")

    @pytest.mark.parametrize("name", ["page", "standing", "export", "preview", "preview_ballot", "change", "publish"])
    def test_opens_no_page_of_an_election(self, half, make_election, name):
        address = reverse(f"{ELECTION}{name}", args=[make_election().pk])
        assert half.get(address).headers["Location"].startswith("/admin/login/")

    @pytest.mark.parametrize("name", ["members", "look", "demand"])
    def test_opens_no_page_of_an_organisation(self, half, name):
        address = reverse(f"admin:office_organisation_{name}", args=[Organisation.objects.create(name="Choir").pk])
        assert half.get(address).headers["Location"].startswith("/admin/login/")

    @pytest.mark.parametrize("name", ["account", "account_app", "account_passkey", "account_codes"])
    def test_opens_no_page_of_the_account(self, half, name):
        assert half.get(reverse(name)).headers["Location"].startswith("/admin/login/")

    def test_does_nothing(self, half, make_election):
        drink = make_election()
        assert half.post(reverse(f"{ELECTION}close", args=[drink.pk])).status_code == 302
        drink.refresh_from_db()
        assert drink.sealed_at is None


class TestSessions:
    def test_that_began_without_it_end(self, client, mia):
        begin(client)
        assert is_in(client)
        app, _codes = give_app(mia)
        assert not is_in(client)
        begin(client)
        show(client, code_of(app))
        assert is_in(client)

    def test_that_have_shown_one_which_is_gone_end(self, client, app):
        begin(client)
        show(client, code_of(app))
        SecondFactor.objects.all().delete()
        assert not is_in(client)

    def test_of_somebody_without_one_go_on(self, client, mia):
        begin(client)
        assert is_in(client)


class TestKeptForms:
    """What was typed before the session ended is there after the second factor."""

    @pytest.fixture
    def browser(self, mia: User) -> Browser:
        browser = Browser()
        browser.sign_in()
        return browser

    def send_late(self, browser: Browser, mia: User) -> tuple[Any, pyotp.TOTP]:
        page = browser.get(reverse("admin:polls_election_add"))
        # Set up in another window, which ends this session.
        app, _codes = give_app(mia)
        asked = browser.send(page, reverse("admin:polls_election_add"), **election_form(title="A <long> one"))
        assert asked.status_code == 403
        return asked, app

    def test_survive_it(self, browser, mia):
        asked, app = self.send_late(browser, mia)
        page = browser.press(asked, username="mia", password=PASSWORD)
        assert "The password of mia is right." in page.content.decode()
        wrong = browser.press(page, code=wrong_code(app))
        back = browser.press(wrong, code=code_of(app))
        assert "A &lt;long&gt; one" in back.content.decode()
        assert not Election.objects.exists()
        assert browser.press(back).status_code == 302
        assert Election.objects.get().title == "A <long> one"

    def test_survive_one_that_comes_too_late(self, browser, mia, monkeypatch):
        asked, app = self.send_late(browser, mia)
        with monkeypatch.context() as patch:
            patch.setattr("office.sign_in.entering.TIME", -1)
            page = browser.press(asked, username="mia", password=PASSWORD)
        asked = browser.press(page, code=code_of(app))
        assert asked.status_code == 403
        back = browser.press(browser.press(asked, username="mia", password=PASSWORD), code=code_of(app))
        assert "A &lt;long&gt; one" in back.content.decode()


class TestMandatory:
    """A member of an organisation that demands a second factor, and who has none."""

    @pytest.fixture
    def eva(self, mia: User) -> User:
        eva = User.objects.create_user("eva", password=PASSWORD, is_staff=True)
        choir = Organisation.objects.create(name="Choir", demands_second_factor=True)
        Membership.objects.create(user=eva, organisation=choir, role="manager")
        return eva

    @pytest.mark.parametrize("path", ["/admin/", "/admin/polls/election/add/", "/admin/office/loggedact/",
                                      "/account/codes/", "/account/remove/1/"])  # fmt: skip
    def test_is_led_to_set_one_up(self, client, eva, path):
        begin(client, "eva")
        page = client.get(path, follow=True)
        assert page.redirect_chain[-1][0] == "/account/"
        assert "“Choir” asks its members for a second factor." in page.content.decode()

    def test_can_do_nothing_before(self, client, eva, make_election):
        begin(client, "eva")
        answer = client.post(reverse("admin:polls_election_add"), election_form(title="Mine"))
        assert answer.headers["Location"] == "/account/"
        assert not Election.objects.exists()

    def test_can_do_everything_after(self, client, eva):
        begin(client, "eva")
        client.get("/account/app/")
        key = client.session[factors.NEW_KEY]
        client.post("/account/app/", {"code": code_of(pyotp.TOTP(key)), "password": PASSWORD})
        assert is_in(client)

    def test_can_leave(self, client, eva):
        begin(client, "eva")
        assert client.post("/admin/logout/").status_code == 200
        assert client.get("/admin/").headers["Location"].startswith("/admin/login/")

    def test_keeps_what_was_typed_when_it_became_mandatory(self, eva):
        Organisation.objects.update(demands_second_factor=False)
        browser = Browser()
        page = browser.get("/admin/login/")
        browser.press(page, username="eva", password=PASSWORD)
        page = browser.get(reverse("admin:polls_election_add"))
        Organisation.objects.update(demands_second_factor=True)
        kept = browser.send(page, reverse("admin:polls_election_add"), **election_form(title="Mine"))
        assert "your organisation asks its members for a second factor now" in kept.content.decode()
        again = browser.press(kept)
        assert "your organisation asks its members" in again.content.decode()
        browser.get("/account/app/")
        code = code_of(pyotp.TOTP(browser.session[factors.NEW_KEY]))
        browser.send(browser.get("/account/app/"), "/account/app/", code=code, password=PASSWORD)
        assert browser.press(again).status_code == 302
        assert Election.objects.get().title == "Mine"
