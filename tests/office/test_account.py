"""The page “Your account”: everybody sets up, renews and removes the own second factors, and nobody else's."""

from typing import Any

import pyotp
import pytest
from django.contrib.auth.models import User
from django.test import Client

from office.models import Membership, Organisation, SecondFactor
from office.sign_in.factors import NEW_KEY, SHOWN
from office.sign_in.passkeys import MOST
from tests.office.doors import PASSWORD, begin, code_of, give_app, is_in, show, wrong_code

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def mia(transactional_db: None) -> User:
    return User.objects.create_user("mia", password=PASSWORD, is_staff=True)


@pytest.fixture
def client(mia: User) -> Client:
    client = Client()
    begin(client)
    return client


def set_up(client: Client, password: str = PASSWORD, code: str = "") -> Any:
    """Set up an app as it is shown on the page."""
    client.get("/account/app/")
    app = pyotp.TOTP(client.session[NEW_KEY])
    return client.post("/account/app/", {"code": code or code_of(app), "password": password})


def add_passkey(user: User, host: str = "office.example") -> SecondFactor:
    """Store a passkey that nobody can show."""
    return SecondFactor.objects.create(user=user, kind="passkey", name="phone", data={"host": host})


def number_of(kind: str) -> int:
    return SecondFactor.objects.get(kind=kind).pk


class TestApp:
    def test_is_set_up_with_a_code_and_shows_recovery_codes_once(self, client):
        page = set_up(client)
        codes = page.context["codes"]
        assert len(codes) == 8
        assert all(code in page.content.decode() for code in codes)
        assert "8 codes are left." in client.get("/account/").content.decode()
        other = Client()
        begin(other)
        assert not is_in(other)
        show(other, codes[3])
        assert is_in(other)

    def test_is_drawn_for_a_camera_and_written_for_typing(self, client):
        page = client.get("/account/app/").content.decode()
        key = client.session[NEW_KEY]
        assert "<svg" in page
        assert " ".join(key[at : at + 4] for at in range(0, 32, 4)) in page
        assert f"otpauth://totp/Urna:mia?secret={key}&amp;issuer=Urna" in page

    def test_has_one_key_in_two_windows_and_after_a_wrong_code(self, client):
        client.get("/account/app/")
        key = client.session[NEW_KEY]
        wrong = set_up(client, code=wrong_code(pyotp.TOTP(key)))
        assert wrong.status_code == 400
        assert "This is not what the app shows now." in wrong.content.decode()
        assert client.session[NEW_KEY] == key
        assert not SecondFactor.objects.exists()

    @pytest.mark.parametrize("code", ["", "abcdef", "٣٣٣٣٣٣", "1" * 101, "12 34"])
    def test_is_not_set_up_with_what_is_no_code(self, client, code):
        assert set_up(client, code=code or " ").status_code == 400
        assert not SecondFactor.objects.exists()

    def test_asks_for_the_password(self, client):
        page = set_up(client, password="wrong")
        assert "This is not your password." in page.content.decode()
        assert not SecondFactor.objects.exists()

    def test_slows_down_who_guesses_the_password_there(self, client):
        assert [set_up(client, password=f"wrong {number}").status_code for number in range(10)][-1] == 429

    def test_is_set_up_once(self, client):
        set_up(client)
        page = client.get("/account/app/", follow=True)
        assert "You have set up an app already." in page.content.decode()
        assert client.post("/account/app/", {"code": "123456", "password": PASSWORD}).status_code == 302

    def test_ends_all_other_sessions(self, client):
        other = Client()
        begin(other)
        set_up(client)
        assert is_in(client)
        assert not is_in(other)

    def test_does_not_count_the_code_of_its_set_up_again(self, client):
        client.get("/account/app/")
        code = code_of(pyotp.TOTP(client.session[NEW_KEY]))
        set_up(client, code=code)
        other = Client()
        begin(other)
        show(other, code)
        assert not is_in(other)


class TestRemoving:
    @pytest.fixture
    def number(self, client: Client) -> int:
        set_up(client)
        return number_of("app")

    def test_asks_for_the_password_and_takes_the_codes_along(self, client, number):
        page = client.get(f"/account/remove/{number}/")
        assert "your password alone will be enough" in page.content.decode()
        assert client.post(f"/account/remove/{number}/", {"password": "wrong"}).status_code == 400
        assert SecondFactor.objects.count() == 2
        client.post(f"/account/remove/{number}/", {"password": PASSWORD})
        assert not SecondFactor.objects.exists()
        assert is_in(client)
        assert begin(Client()).headers["Location"] == "/admin/"

    def test_of_one_of_two_keeps_the_session_and_the_codes(self, client, mia, number):
        key = add_passkey(mia)
        client.post(f"/account/remove/{number}/", {"password": PASSWORD})
        assert set(SecondFactor.objects.values_list("kind", flat=True)) == {"passkey", "recovery"}
        assert client.session[SHOWN] in {key.pk, number_of("recovery")}
        assert is_in(client)

    def test_twice_is_told(self, client, mia, number):
        SecondFactor.objects.get(pk=number).delete()
        page = client.post(f"/account/remove/{number}/", {"password": PASSWORD}, follow=True)
        # The session had shown what is gone.
        assert page.redirect_chain[-1][0].startswith("/admin/login/")
        begin(client)
        assert SecondFactor.objects.filter(user=mia).exists()

    def test_of_somebody_else_is_none(self, client, number):
        eva = User.objects.create_user("eva", is_staff=True)
        key = add_passkey(eva)
        page = client.post(f"/account/remove/{key.pk}/", {"password": PASSWORD}, follow=True)
        assert "It was removed already." in page.content.decode()
        assert SecondFactor.objects.filter(user=eva).exists()

    def test_of_the_last_one_is_refused_where_it_is_mandatory(self, client, mia, number):
        choir = Organisation.objects.create(name="Choir", demands_second_factor=True)
        Membership.objects.create(user=mia, organisation=choir)
        page = client.post(f"/account/remove/{number}/", {"password": PASSWORD}, follow=True)
        assert "“Choir” asks its members for a second factor." in page.content.decode()
        assert SecondFactor.objects.filter(pk=number).exists()

    def test_of_the_codes_alone_is_not_offered(self, client, number):
        page = client.post(f"/account/remove/{number_of('recovery')}/", {"password": PASSWORD}, follow=True)
        assert "It was removed already." in page.content.decode()
        assert number_of("recovery")


class TestRecoveryCodes:
    def test_are_renewed_with_the_password(self, client):
        first = set_up(client).context["codes"]
        assert client.post("/account/codes/", {"password": "wrong"}).status_code == 400
        second = client.post("/account/codes/", {"password": PASSWORD}).context["codes"]
        assert not set(first) & set(second)
        other = Client()
        begin(other)
        show(other, first[0])
        assert not is_in(other)
        show(other, second[0])
        assert is_in(other)

    def test_are_for_those_who_have_a_second_factor(self, client):
        assert client.post("/account/codes/", {"password": PASSWORD}).headers["Location"] == "/account/"
        assert not SecondFactor.objects.exists()


class TestSomebodyWithoutAPassword:
    """Who signs in elsewhere, and has no password here."""

    @pytest.fixture
    def guest(self, mia: User) -> Client:
        mia.set_unusable_password()
        mia.save()
        client = Client()
        client.force_login(mia)
        return client

    def test_sets_up_an_app_without_one(self, guest):
        assert "id_password" not in guest.get("/account/app/").content.decode()
        assert set_up(guest).context["codes"]

    def test_removes_it_with_a_code(self, guest):
        codes = set_up(guest).context["codes"]
        number = number_of("app")
        assert (
            "This code is not valid."
            in guest.post(f"/account/remove/{number}/", {"password": "0000-0000"}).content.decode()
        )
        guest.post(f"/account/remove/{number}/", {"password": codes[0]})
        assert not SecondFactor.objects.exists()


class TestPasskeys:
    @pytest.mark.parametrize("host", ["127.0.0.1:8002", "[::1]:8002", "office.example"])
    def test_are_not_offered_where_browsers_make_none(self, client, settings, host):
        settings.ALLOWED_HOSTS = ["*"]
        page = client.get("/account/", headers={"host": host}).content.decode()
        assert "Passkeys cannot be made at this address" in page
        assert client.get("/account/passkey/", headers={"host": host}).status_code == 302

    def test_are_so_many_at_most(self, client, mia, settings):
        for number in range(MOST):
            add_passkey(mia, f"{number}.example")
        client.force_login(mia)
        session = client.session
        session[SHOWN] = SecondFactor.objects.first().pk
        session.save()
        assert client.get("/account/passkey/", headers={"host": "localhost"}).status_code == 302

    @pytest.mark.parametrize(
        "answer", ["", "{}", "[]", "null", "7", '{"id": "x"}', '{"id": "eA", "rawId": "eA", "response": {}}', "[" * 999]
    )
    def test_are_not_made_of_what_no_browser_sends(self, client, answer):
        where = {"headers": {"host": "localhost"}}
        client.get("/account/passkey/", **where)
        sent = {"name": "phone", "password": PASSWORD, "passkey": answer}
        page = client.post("/account/passkey/", sent, **where)
        assert page.status_code == 400
        assert not SecondFactor.objects.exists()

    @pytest.mark.parametrize("answer", ["{}", "null", '{"id": "eA", "rawId": "eA", "response": {}}'])
    def test_are_not_shown_by_what_no_browser_sends(self, mia, answer):
        give_app(mia)
        client = Client(headers={"host": "localhost"})
        begin(client)
        assert client.post("/second-factor/", {"passkey": answer}).status_code == 200
        assert not is_in(client)

    def test_of_another_address_are_named(self, mia):
        add_passkey(mia)
        client = Client(headers={"host": "localhost"})
        begin(client)
        assert "You have passkeys for office.example." in client.get("/second-factor/").content.decode()
