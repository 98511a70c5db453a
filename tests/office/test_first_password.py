"""The link by which somebody chooses a password, and where it leads."""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from office.first_password import link_path

pytestmark = pytest.mark.urls("voting_site.urls.admin")

PRINTED = "the-one-that-was-printed"
OWN = "correct horse battery staple"
DAY = 24 * 3600


@pytest.fixture(autouse=True)
def _fast(settings: Any) -> None:
    # A slow one takes a second for each try.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def user(transactional_db: None) -> AbstractBaseUser:
    return get_user_model().objects.create_superuser("admin", password=PRINTED)


def choose(client: Client, path: str, password: str = OWN) -> Any:
    """Open a link, and choose a password there."""
    form = client.get(path, follow=True)
    where = form.redirect_chain[-1][0] if form.redirect_chain else path
    return client.post(where, {"new_password1": password, "new_password2": password}, follow=True)


def passwords() -> list[str]:
    return [one for one in (PRINTED, OWN) if authenticate(None, username="admin", password=one)]


class TestLink:
    def test_lets_its_user_choose_a_password_and_in(self, user):
        page = choose(Client(), link_path(user))
        assert page.redirect_chain[-1] == ("/admin/", 302)
        assert page.context["user"] == user
        assert passwords() == [OWN]

    def test_keeps_the_printed_password_until_another_is_chosen(self, user):
        Client().get(link_path(user), follow=True)
        assert passwords() == [PRINTED]

    def test_works_once(self, user):
        path = link_path(user)
        choose(Client(), path)
        again = choose(Client(), path, "another long enough one")
        assert "This link does not work any more." in again.content.decode()
        assert passwords() == [OWN]

    def test_takes_no_weak_password(self, user):
        page = choose(Client(), link_path(user), "urna-admin-1")
        assert "can’t be made of words" in page.content.decode()
        assert passwords() == [PRINTED]

    @pytest.mark.parametrize("change", ["password", "sign-in", "deactivated"])
    def test_is_void_after(self, user, change: str):
        path = link_path(user)
        if change == "password":
            user.set_password("somebody else has changed it")
        elif change == "sign-in":
            user.last_login = timezone.now()
        else:
            user.is_active = False
        user.save()
        page = choose(Client(), path)
        assert "This link does not work any more." in page.content.decode()
        user.refresh_from_db()
        assert not user.check_password(OWN)

    @pytest.mark.parametrize(("age", "works"), [(DAY - 60, True), (DAY + 60, False)])
    def test_works_for_a_day(self, user, monkeypatch, age: int, works: bool):
        made = dt.datetime.now() - dt.timedelta(seconds=age)
        monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: made)
        path = link_path(user)
        monkeypatch.undo()
        choose(Client(), path)
        assert passwords() == ([OWN] if works else [PRINTED])

    def test_of_one_user_is_none_of_another(self, user):
        get_user_model().objects.create_superuser("eva", password=PRINTED)
        evas = link_path(get_user_model().objects.get(username="eva")).split("/")
        own = link_path(user).split("/")
        choose(Client(), "/".join([*own[:-2], *evas[-2:]]))
        assert passwords() == [PRINTED]


class TestPasswordLink:
    def run(self, *arguments: str) -> str:
        out = StringIO()
        call_command("password_link", *arguments, stdout=out)
        return out.getvalue().strip()

    def test_prints_a_link_that_works(self, user):
        link = self.run("--url", "http://127.0.0.1:9002/")
        assert link.startswith("http://127.0.0.1:9002/choose-password/")
        choose(Client(), link.removeprefix("http://127.0.0.1:9002"))
        assert passwords() == [OWN]

    def test_names_those_who_can_sign_in(self, user):
        with pytest.raises(CommandError, match=r"'eva' cannot sign in .*: admin"):
            self.run("eva")


class TestFirstPage:
    @pytest.fixture
    def first(self, user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    @pytest.mark.parametrize("demo", [True, False])
    def test_leads_to_the_first_election_in_one_step(self, first: Client, demo: bool):
        if demo:
            call_command("seed_demo")
        page = first.get("/admin/").content.decode()
        [section] = page.split('class="first-step"')[1:]
        assert 'href="/admin/polls/election/add/"' in section.partition("</section>")[0]
        assert first.get("/admin/polls/election/add/").status_code == 200

    def test_says_nothing_of_it_once_there_is_one(self, first: Client, make_election):
        make_election()
        assert "first-step" not in first.get("/admin/").content.decode()

    def test_offers_nobody_what_he_may_not(self, user):
        get_user_model().objects.create_user("eva", password=PRINTED, is_staff=True)
        client = Client()
        client.force_login(get_user_model().objects.get(username="eva"))
        assert "first-step" not in client.get("/admin/").content.decode()


class TestEmptyList:
    @pytest.fixture
    def organiser(self, user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def test_says_what_to_do(self, organiser: Client):
        page = organiser.get("/admin/polls/election/").content.decode()
        assert "There is nothing here yet." in page
        assert '<a class="button" href="/admin/polls/election/add/">Add election</a>' in page

    def test_of_a_search_says_how_to_see_all(self, organiser: Client, make_election):
        make_election()
        page = organiser.get("/admin/polls/election/?q=nowhere").content.decode()
        assert "Nothing here fits your search or your filters." in page
        assert '<a class="button" href="?">Show all</a>' in page
        assert 'first-step"' not in organiser.get("/admin/polls/election/").content.decode()
