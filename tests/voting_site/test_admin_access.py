"""Signing in to the administration: passwords, guessing, and the end of a session."""

import logging
import time

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from voting_site.admin_access import SIGNED_IN_AT

PASSWORD = "correct horse battery staple"
PAGE = "/admin/polls/election/"


@pytest.fixture
def user(transactional_db):
    return get_user_model().objects.create_superuser("eva", password=PASSWORD)


def sign_in(client: Client, password: str = PASSWORD, username: str = "eva") -> int:
    return client.post("/admin/login/", {"username": username, "password": password, "next": PAGE}).status_code


def is_in(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


class TestLogin:
    def test_pauses_after_ten_wrong_passwords(self, user, caplog):
        client = Client()
        with caplog.at_level(logging.INFO):
            answers = [sign_in(client, f"wrong {number}") for number in range(11)]
        assert answers[:9] == [200] * 9
        assert answers[-1] == 429
        assert sign_in(client) == 429
        # Each is logged, without the password.
        assert "New login failure" in caplog.text
        assert "wrong" not in caplog.text

    def test_pauses_for_that_name_and_address_alone(self, user):
        for number in range(11):
            sign_in(Client(), f"wrong {number}")
        assert sign_in(Client(REMOTE_ADDR="127.0.0.9")) == 302
        get_user_model().objects.create_superuser("ana", password=PASSWORD)
        assert sign_in(Client(), username="ana") == 302

    def test_is_not_fooled_by_a_claimed_address(self, user):
        answers = [sign_in(Client(headers={"x-forwarded-for": f"10.0.0.{number}"}), "wrong") for number in range(11)]
        assert answers[-1] == 429

    def test_is_logged(self, user, caplog):
        with caplog.at_level(logging.INFO):
            sign_in(Client(REMOTE_ADDR="127.0.0.9"))
        assert 'Successful login by {username: "eva", ip_address: "127.0.0.9"' in caplog.text


class TestSessions:
    def test_end_after_an_hour_of_doing_nothing(self, user, settings):
        client = Client()
        sign_in(client)
        assert client.session.get_expiry_age() == 3600
        assert client.get(PAGE).cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 3600

    def test_end_after_twelve_hours(self, user):
        client = Client()
        sign_in(client)
        session = client.session
        session[SIGNED_IN_AT] = time.time() - 12 * 3600 - 1
        session.save()
        assert not is_in(client)

    def test_that_never_noted_their_beginning_end(self, user):
        client = Client()
        sign_in(client)
        session = client.session
        del session[SIGNED_IN_AT]
        session.save()
        assert not is_in(client)

    def test_get_a_new_token_on_signing_in(self, user):
        client = Client()
        sign_in(client)
        first = client.session.session_key
        sign_in(client)
        assert client.session.session_key != first or client.get(PAGE).status_code == 200

    def test_are_void_after_signing_out(self, user, settings):
        client, thief = Client(), Client()
        sign_in(client)
        thief.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        assert is_in(thief)
        client.post("/admin/logout/")
        assert not is_in(thief)

    def test_of_a_user_end_with_a_new_password(self, user):
        client, other = Client(), Client()
        sign_in(client)
        sign_in(other)
        new = "another long enough one"
        form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        assert client.post("/admin/password_change/", form).status_code == 302
        assert is_in(client)
        assert not is_in(other)

    def test_of_a_user_end_when_it_is_deactivated(self, user):
        client = Client()
        sign_in(client)
        get_user_model().objects.update(is_active=False)
        assert not is_in(client)


class TestPasswords:
    @pytest.mark.parametrize(
        "password", ["x" * 5 + "y" * 6, "urna-admin-1", "Password1234", "passwordpassword", "qwertyuiop123"]
    )
    def test_that_are_weak_are_refused(self, password):
        with pytest.raises(ValidationError):
            validate_password(password)

    @pytest.mark.parametrize(
        "password", ["719402846357", "lowercaseonlywords", "ñandú con paraguas", "x-" * 64, "vote for my own horse"]
    )
    def test_of_any_composition_are_taken(self, password):
        validate_password(password)
