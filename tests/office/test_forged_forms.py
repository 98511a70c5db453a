"""Forms that no page of the office has made: each gets a refusal in words, and never an error of the server."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from polls.models import Election
from tests.office.test_admin import change_form, election_form

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def organiser(transactional_db: None, admin_user: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(admin_user)
    return client


NUMBERS = ["1", "99", "-1", "x"]


@pytest.mark.parametrize("number", NUMBERS)
def test_of_a_new_election_are_refused(organiser, number):
    form = election_form() | {"contests-INITIAL_FORMS": number}
    response = organiser.post(reverse("admin:polls_election_add"), form)
    assert response.status_code == 400
    assert "nothing was done" in response.content.decode()
    assert not Election.objects.exists()


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ["INITIAL_FORMS", "TOTAL_FORMS"])
def test_of_an_election_change_nothing(organiser, make_election, name, number):
    draft = Election.objects.create(slug="draft", title="Draft")
    draft.contests.create(key="q1")
    form = change_form(draft, title="Changed", slug="draft", **{f"contests-{name}": number})
    response = organiser.post(reverse("admin:polls_election_change", args=[draft.pk]), form)
    assert response.status_code in (200, 302, 400, 409)


@pytest.mark.parametrize("ident", ["another's", "999999", "x", "-1", "9" * 30])
@pytest.mark.parametrize("page", ["add", "change"])
def test_that_name_a_question_of_another_election_change_nothing(organiser, make_election, page, ident):
    other = make_election().contests.get()
    named = {"contests-INITIAL_FORMS": "1", "contests-0-id": str(other.pk) if ident == "another's" else ident}
    if page == "add":
        response = organiser.post(reverse("admin:polls_election_add"), election_form() | named)
    else:
        draft = Election.objects.create(slug="draft", title="Draft")
        draft.contests.create(key="q1")
        form = change_form(draft, title="Changed", slug="draft") | named
        response = organiser.post(reverse("admin:polls_election_change", args=[draft.pk]), form)
    assert response.status_code in (200, 400, 409)
    assert not Election.objects.filter(title="Changed").exists()
    before = other.title
    other.refresh_from_db()
    assert (other.title, other.election.slug) == (before, "drink")


@pytest.mark.parametrize("number", NUMBERS)
def test_of_a_new_person_are_refused(organiser, number):
    form = {"username": "ana", "usable_password": "false", "memberships-TOTAL_FORMS": "1"}
    response = organiser.post(reverse("admin:auth_user_add"), form | {"memberships-INITIAL_FORMS": number})
    assert response.status_code == 400
