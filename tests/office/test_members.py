"""Managers say who is a member of their organisation, and decide nothing else about a person."""

import threading
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from office.member_acts import AddMember, ChangeRole, LastManager, MakeLink, NotDone, RemoveMember
from office.models import LoggedAct, MemberRole, Membership, Organisation
from tests.conftest import beside
from tests.office.test_acts import run
from tests.office.test_first_password import OWN, choose

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def choir(transactional_db: None) -> Organisation:
    return Organisation.objects.create(name="Choir")


def make_member(organisation: Organisation, name: str, role: str = MemberRole.MANAGER, **fields: Any) -> Membership:
    user = User.objects.create_user(name, is_staff=True, **fields)
    return Membership.objects.create(organisation=organisation, user=user, role=role)


@pytest.fixture
def mia(choir: Organisation) -> Membership:
    """A manager of the choir."""
    return make_member(choir, "mia", password="correct horse battery")


@pytest.fixture
def client(mia: Membership) -> Client:
    client = Client()
    client.force_login(mia.user)
    return client


def members_page(organisation: Organisation) -> str:
    return reverse("admin:office_organisation_members", args=[organisation.pk])


class TestAddMember:
    def test_gives_a_new_person_an_account_and_the_manager_a_link_that_works_once(self, client, choir):
        page = client.post(members_page(choir), {"who": "eva@choir.example", "role": "operator"})
        link = page.context["link"]
        assert link in page.content.decode()
        choose(Client(), link.removeprefix("http://testserver"))
        eva = User.objects.get(username="eva@choir.example")
        assert (eva.email, eva.is_staff, eva.is_superuser) == ("eva@choir.example", True, False)
        assert eva.check_password(OWN)
        again = choose(Client(), link.removeprefix("http://testserver"), "another long enough one")
        assert "This link does not work any more." in again.content.decode()
        assert LoggedAct.objects.get().changes == {"eva@choir.example": [None, "operator"]}

    @pytest.mark.parametrize("who", ["EVA", "eva", "Eva@Example.org", " eva "])
    def test_finds_an_account_by_user_name_or_address_however_it_is_written(self, client, choir, who):
        User.objects.create_user("eva", "eva@example.org", is_staff=True)
        page = client.post(members_page(choir), {"who": who, "role": "chair"}, follow=True)
        assert "“eva” had an account already" in page.content.decode()
        assert choir.memberships.get(user__username="eva").role == MemberRole.CHAIR

    @pytest.mark.parametrize(
        ("who", "reason"),
        [
            ("mia", "“mia” is a member already"),
            ("two words", "Enter a valid username"),
            ("a\u200bna", "Enter a valid username"),
            ("x" * 151, "at most 150 characters"),
            ("", "This field is required"),
            ("off", "is switched off"),
            ("both@example.org", "Several accounts fit"),
        ],
    )
    def test_says_why_not_and_keeps_what_was_typed(self, client, choir, who, reason):
        User.objects.create_user("off", is_active=False)
        for name in ("one", "two"):
            User.objects.create_user(name, "both@example.org")
        page = client.post(members_page(choir), {"who": who, "role": "auditor"})
        assert page.status_code == 400
        assert reason in page.content.decode()
        assert page.context["form"]["who"].value() == who
        assert choir.memberships.count() == 1
        assert not LoggedAct.objects.exists()

    def test_gives_no_administrators_rights_whatever_is_sent(self, client, choir):
        form = {"who": "eva", "role": "manager", "is_superuser": "on", "user_permissions": "1"}
        client.post(members_page(choir), form)
        assert not User.objects.get(username="eva").is_superuser
        assert client.post(members_page(choir), {"who": "ida", "role": "administrator"}).status_code == 400

    def test_makes_one_account_of_two_at_once(self, choir, mia):
        chess = Organisation.objects.create(name="Chess")
        max_ = make_member(chess, "max")
        both = threading.Barrier(2)

        def add(organisation: Organisation, by: User) -> str:
            both.wait(10)
            try:
                AddMember(organisation, "eva", MemberRole.CHAIR).perform(by=by)
            except ValidationError as problem:
                return problem.messages[0]
            return "added"

        adding = [beside(partial(add, choir, mia.user)), beside(partial(add, chess, max_.user))]
        assert "added" in [one.result(20) for one in adding]
        assert User.objects.filter(username="eva").count() == 1


class TestLink:
    def test_is_made_again_for_somebody_who_has_not_used_one(self, client, choir):
        client.post(members_page(choir), {"who": "eva", "role": "chair"})
        eva = choir.memberships.get(user__username="eva")
        assert "No password chosen yet." in client.get(members_page(choir)).content.decode()
        page = client.post(reverse("admin:office_organisation_link", args=[choir.pk, eva.pk]))
        choose(Client(), page.context["link"].removeprefix("http://testserver"))
        eva.user.refresh_from_db()
        assert eva.user.check_password(OWN)

    @pytest.mark.parametrize(
        "case", ["has a password", "is an administrator", "has signed in", "is of another as well"]
    )
    def test_is_made_for_no_account_that_is_not_the_managers_to_give(self, choir, mia, case):
        eva = make_member(choir, "eva", MemberRole.CHAIR)
        eva.user.set_unusable_password()
        if case == "has a password":
            eva.user.set_password(OWN)
        elif case == "is an administrator":
            eva.user.is_superuser = True
        elif case == "has signed in":
            eva.user.last_login = timezone.now()
        else:
            Membership.objects.create(organisation=Organisation.objects.create(name="Chess"), user=eva.user)
        eva.user.save()
        with pytest.raises(NotDone, match="No link was made"):
            MakeLink(eva).perform(by=mia.user)
        assert not LoggedAct.objects.exists()


class TestLastManager:
    def test_is_told_before_leaving_and_may_leave_then(self, client, choir, mia):
        page = reverse("admin:office_organisation_remove", args=[choir.pk, mia.pk])
        told = client.post(page)
        assert "would have no manager any more" in told.content.decode()
        assert choir.memberships.exists()
        assert client.post(page, {"sure": "yes"}).headers["Location"] == "/admin/"
        assert not choir.memberships.exists()
        assert client.get(members_page(choir)).status_code == 404

    def test_is_told_before_giving_the_role_up(self, client, choir, mia):
        page = reverse("admin:office_organisation_role", args=[choir.pk, mia.pk])
        told = client.post(page, {"role": "auditor"})
        assert "would have no manager any more" in told.content.decode()
        assert '<input type="hidden" name="role" value="auditor">' in told.content.decode()
        mia.refresh_from_db()
        assert mia.role == MemberRole.MANAGER

    def test_counts_only_those_who_can_sign_in(self, choir, mia):
        make_member(choir, "off", is_active=False)
        with pytest.raises(LastManager):
            ChangeRole(mia, MemberRole.CHAIR).perform(by=mia.user)

    def test_stays_where_two_managers_remove_each_other_at_once(self, choir, mia):
        max_ = make_member(choir, "max")
        both = threading.Barrier(2)

        def remove(other: Membership, by: User) -> bool:
            both.wait(10)
            try:
                RemoveMember(other).perform(by=by)
            except (LastManager, NotDone, PermissionDenied):
                return False
            return True

        done = [beside(partial(remove, max_, mia.user)), beside(partial(remove, mia, max_.user))]
        assert sorted(one.result(20) for one in done) == [False, True]
        assert choir.memberships.count() == 1


class TestMemberWhoIsGone:
    @pytest.mark.parametrize("name", ["role", "remove", "link"])
    def test_is_told(self, client, choir, name):
        eva = make_member(choir, "eva", MemberRole.CHAIR)
        page = reverse(f"admin:office_organisation_{name}", args=[choir.pk, eva.pk])
        Membership.objects.filter(pk=eva.pk).delete()
        answer = client.post(page, {"role": "auditor"}, follow=True)
        assert "removed meanwhile" in answer.content.decode()

    def test_of_another_organisation_is_not_reached_through_the_own_one(self, client, choir):
        other = make_member(Organisation.objects.create(name="Chess"), "max")
        client.post(reverse("admin:office_organisation_remove", args=[choir.pk, other.pk]))
        assert Membership.objects.filter(pk=other.pk).exists()


def test_managers_find_their_members_on_the_first_page(client, choir):
    assert members_page(choir) in client.get("/admin/").content.decode()


class TestCommands:
    """The same acts, with the same lines in the log, by the operator of the server."""

    def test_add_change_and_remove_a_member(self, mia, choir):
        assert run("add_member", "eva@choir.example", "operator") == (
            "eva@choir.example is a member of Choir. The account is new: `password_link eva@choir.example` prints a "
            "link at which they choose a password."
        )
        assert run("change_role", "eva@choir.example", "auditor") == "eva@choir.example is auditor of Choir."
        assert run("remove_member", "eva@choir.example") == "eva@choir.example is no member of Choir any more."
        rows = LoggedAct.objects.order_by("pk").values_list("act", "organisation", "changes")
        assert list(rows) == [
            ("add-member", choir.pk, {"eva@choir.example": [None, "operator"]}),
            ("change-role", choir.pk, {"eva@choir.example": ["operator", "auditor"]}),
            ("remove-member", choir.pk, {"eva@choir.example": ["auditor", None]}),
        ]
        assert all(row.actor.startswith("command, ") for row in LoggedAct.objects.all())

    def test_find_somebody_by_the_address_of_an_account(self, mia, choir):
        User.objects.create_user("eva", "eva@example.org", is_staff=True)
        assert run("add_member", "eva@example.org", "chair") == "eva is a member of Choir."

    @pytest.mark.parametrize("command", [("change_role", "mia", "chair"), ("remove_member", "mia")])
    def test_leave_no_organisation_without_a_manager_unasked(self, mia, choir, command):
        assert run(*command).endswith("Say --leave-no-manager if that is meant.")
        assert choir.memberships.get().role == MemberRole.MANAGER
        run(*command, "--leave-no-manager")
        assert not choir.memberships.filter(role=MemberRole.MANAGER).exists()

    def test_ask_which_organisation_is_meant(self, mia, choir):
        Organisation.objects.create(name="Band")
        said = "EXIT Say which organisation with --organisation NAME; there are: Band, Choir"
        assert run("remove_member", "mia") == run("remove_member", "mia", "--organisation", "Bnad") == said
        assert run("add_member", "mia", "chair", "--organisation", "Band") == "mia is a member of Band."

    def test_say_who_is_a_member_where_somebody_is_not(self, mia, choir):
        said = "EXIT leo is no member of Choir; members are: mia"
        assert run("remove_member", "leo") == run("change_role", "leo", "chair") == said

    def test_say_why_an_act_is_not_done(self, mia, choir):
        assert run("add_member", "mia", "chair").startswith("EXIT “mia” is a member already.")
        assert not LoggedAct.objects.exists()
