"""What was done, as people read it: the history of an election and the list of acts, and what is asked before."""

import html
import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from office.acts import Close, Publish
from office.member_acts import AddMember
from office.models import LoggedAct, MemberRole, Organisation
from polls.models import Election
from tests.office.test_admin import draft, organiser, publish

__all__ = ["organiser"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")


def lines_of(page: str) -> list[str]:
    """Return the items of the log on a page, without their times."""
    found = re.findall(r"<li><time.*?</time>(.*?)</li>", page, re.DOTALL)
    return [html.unescape(re.sub("<[^>]*>", " ", one)).strip() for one in found]


class TestHistory:
    def test_shows_acts_in_words_with_what_they_changed(self, organiser, make_election):
        drink = make_election()
        Close(drink).perform(by=User.objects.get(username="admin"))
        page = organiser.get(reverse("admin:polls_election_history", args=[drink.pk])).content.decode()
        [line] = lines_of(page)
        assert line.startswith("closed, admin")
        assert "State: published → closed; Closes: – → " in line
        assert "closes_at" not in line

    def test_shows_what_was_saved_in_the_form_as_well(self, organiser):
        draft(organiser)
        election = Election.objects.get()
        publish(organiser, election)
        page = organiser.get(reverse("admin:polls_election_history", args=[election.pk])).content.decode()
        assert "What was saved in the form" in page
        assert re.search("State: draft → published; Paper: – → [0-9a-f]{8}; Opens: ", "\n".join(lines_of(page)))

    def test_is_not_told_where_there_is_none(self, organiser):
        empty = Election.objects.create(title="Empty", slug="empty")
        page = organiser.get(reverse("admin:polls_election_history", args=[empty.pk])).content.decode()
        assert "Nothing was done with it yet." in page
        assert "change history" not in page.partition("<body")[2].replace("Change history", "")


class TestActs:
    def test_of_members_name_their_roles(self, organiser):
        choir = Organisation.objects.create(name="Choir")
        AddMember(choir, "eva", MemberRole.CHAIR).perform(by=None)
        act = LoggedAct.objects.get()
        for address in (
            reverse("admin:office_loggedact_changelist"),
            reverse("admin:office_loggedact_change", args=[act.pk]),
        ):
            assert "eva: – → chair: shows elections on the screen" in organiser.get(address).content.decode()

    def test_name_the_old_and_the_new_value_of_what_an_edit_moved(self, organiser, make_election):
        drink = make_election()
        before = {"unlisted": "False", "state": "published"}
        drink.unlisted = True
        drink.save()
        Publish(drink, before=before).perform(by=None)
        page = organiser.get(reverse("admin:office_loggedact_changelist")).content.decode()
        assert "Unlisted: no → yes" in page


class TestDeletion:
    def test_of_a_draft_is_asked_for_in_words_of_its_own(self, organiser):
        draft(organiser, title="Tea?")
        election = Election.objects.get()
        address = reverse("admin:polls_election_delete", args=[election.pk])
        page = organiser.get(address).content.decode()
        assert "Delete the draft “\u2068Tea?\u2069”? Its questions go with it, and cannot be brought back." in page
        assert "olding" not in page
        organiser.post(address, {"post": "yes"})
        assert not Election.objects.exists()


class TestLists:
    @pytest.mark.parametrize(
        ("name", "title"),
        [("polls_election", "Elections"), ("office_loggedact", "Acts"), ("auth_user", "Users")],
    )
    def test_are_called_what_they_hold(self, organiser, name, title):
        page = organiser.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert f"<h1>{title}</h1>" in page
        assert f"<title>{title} | Urna</title>" in page
        assert re.search('<link rel="icon" href="[^"]*favicon[^"]*svg"', page)
