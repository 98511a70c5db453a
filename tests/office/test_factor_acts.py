"""Managers make a second factor mandatory, and take a lost one off a member; the log says so."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from office.acts import NotDone
from office.factor_acts import DemandFactor, ResetFactor
from office.models import LoggedAct, MemberRole, Membership, Organisation, SecondFactor
from tests.office.doors import PASSWORD, begin, code_of, give_app, is_in, show
from tests.office.test_members import choir, make_member, members_page, mia

__all__ = ["choir", "mia"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def client(mia: Membership) -> Client:
    """Mia, who has a second factor."""
    app, _codes = give_app(mia.user)
    client = Client()
    begin(client)
    show(client, code_of(app))
    return client


def demand_page(organisation: Organisation) -> str:
    return reverse("admin:office_organisation_demand", args=[organisation.pk])


def reset_page(member: Membership) -> str:
    return reverse("admin:office_organisation_reset", args=[member.organisation.pk, member.pk])


class TestDemand:
    def test_is_asked_made_and_logged(self, client, choir):
        make_member(choir, "eva", MemberRole.AUDITOR)
        question = client.get(demand_page(choir)).content.decode()
        assert "1 of them has none yet" in question
        page = client.post(demand_page(choir), {"demanded": "yes"}, follow=True).content.decode()
        assert "A second factor is mandatory now." in page
        assert "Every member needs a second factor" in page
        assert "No second factor yet." in page
        act = LoggedAct.objects.get()
        assert (act.act, act.actor, act.organisation) == ("demand-factor", "mia", choir.pk)
        assert act.changes == {"second factor": ["optional", "mandatory"]}
        client.post(demand_page(choir), {"demanded": "no"})
        choir.refresh_from_db()
        assert not choir.demands_second_factor

    def test_is_refused_to_a_manager_without_one(self, mia, choir):
        with pytest.raises(NotDone, match="set up a second factor of your own first"):
            DemandFactor(choir, True).perform(by=mia.user)
        choir.refresh_from_db()
        assert not choir.demands_second_factor
        assert not LoggedAct.objects.exists()

    def test_pressed_by_two_is_done_once(self, client, mia, choir):
        client.post(demand_page(choir), {"demanded": "yes"})
        page = client.post(demand_page(choir), {"demanded": "yes"}, follow=True)
        assert "somebody else has done it meanwhile" in page.content.decode()
        choir.refresh_from_db()
        assert choir.demands_second_factor
        assert LoggedAct.objects.count() == 1

    @pytest.mark.parametrize("role", ["operator", "auditor", "chair"])
    def test_is_for_managers(self, client, choir, role):
        eva = make_member(choir, "eva", role)
        other = Client()
        other.force_login(eva.user)
        assert other.post(demand_page(choir), {"demanded": "yes"}).status_code == 403
        with pytest.raises(PermissionDenied):
            DemandFactor(choir, True).perform(by=eva.user)

    def test_is_not_for_another_organisation(self, client):
        chess = Organisation.objects.create(name="Chess")
        assert client.post(demand_page(chess), {"demanded": "yes"}).status_code == 404

    def test_names_nobody_where_all_have_one(self, client, choir):
        assert "All of them have one." in client.get(demand_page(choir)).content.decode()


class TestReset:
    @pytest.fixture
    def eva(self, choir: Organisation) -> Membership:
        eva = make_member(choir, "eva", MemberRole.OPERATOR, password=PASSWORD)
        give_app(eva.user)
        return eva

    def test_lets_a_member_in_with_the_password_and_ends_sessions(self, client, choir):
        eva = make_member(choir, "eva", MemberRole.OPERATOR, password=PASSWORD)
        app, _codes = give_app(eva.user)
        browser = Client()
        begin(browser, "eva")
        show(browser, code_of(app))
        assert is_in(browser)
        assert "Has a second factor." in client.get(members_page(choir)).content.decode()
        assert "by telephone" in client.get(reset_page(eva)).content.decode()
        client.post(reset_page(eva))
        assert not is_in(browser)
        begin(browser, "eva")
        assert is_in(browser)
        act = LoggedAct.objects.get()
        assert (act.act, act.actor, act.changes) == ("reset-factor", "mia", {"eva": [None, None]})

    def test_leads_to_setting_one_up_where_it_is_mandatory(self, client, choir, eva):
        Organisation.objects.update(demands_second_factor=True)
        client.post(reset_page(eva))
        browser = Client()
        begin(browser, "eva")
        assert browser.get("/admin/").headers["Location"] == "/account/"

    def test_is_not_for_the_own_one_nor_an_administrator_nor_a_member_elsewhere(self, client, mia, choir, eva):
        chief = make_member(choir, "chief", MemberRole.OPERATOR, is_superuser=True)
        give_app(chief.user)
        chess = Organisation.objects.create(name="Chess")
        Membership.objects.create(user=eva.user, organisation=chess)
        for member in (mia, chief, eva):
            page = client.post(reset_page(member), follow=True)
            assert "only whoever runs this server can reset" in page.content.decode()
        assert SecondFactor.objects.filter(kind="app").count() == 3
        assert reset_page(eva) not in client.get(members_page(choir)).content.decode()
        assert not LoggedAct.objects.exists()

    @pytest.mark.parametrize("role", ["operator", "auditor", "chair"])
    def test_is_for_managers(self, client, choir, eva, role):
        leo = make_member(choir, "leo", role)
        other = Client()
        other.force_login(leo.user)
        assert other.post(reset_page(eva)).status_code == 403
        with pytest.raises(PermissionDenied):
            ResetFactor(eva).perform(by=leo.user)
        assert SecondFactor.objects.filter(user=eva.user).exists()

    def test_pressed_twice_is_told(self, client, eva):
        client.post(reset_page(eva))
        page = client.post(reset_page(eva), follow=True)
        assert "“eva” has no second factor." in page.content.decode()
        assert LoggedAct.objects.count() == 1


class TestCommand:
    def run(self, *arguments: str) -> str:
        out = StringIO()
        call_command("reset_second_factor", *arguments, stdout=out)
        return out.getvalue()

    def test_resets_and_logs_in_each_organisation(self, mia, choir):
        chess = Organisation.objects.create(name="Chess")
        Membership.objects.create(user=mia.user, organisation=chess)
        give_app(mia.user)
        assert "mia signs in with the password alone now" in self.run("mia")
        assert not SecondFactor.objects.exists()
        assert set(LoggedAct.objects.values_list("act", "organisation")) == {
            ("reset-factor", choir.pk),
            ("reset-factor", chess.pk),
        }
        assert LoggedAct.objects.first().actor.startswith("command, ")

    def test_helps_an_administrator_of_no_organisation(self, transactional_db):
        admin = User.objects.create_superuser("admin", password=PASSWORD)
        give_app(admin)
        self.run("admin")
        assert LoggedAct.objects.get().changes == {"admin": [None, None]}

    def test_says_why_not(self, mia):
        with pytest.raises(CommandError, match="There is no account 'nobody'"):
            self.run("nobody")
        with pytest.raises(CommandError, match="mia has no second factor"):
            self.run("mia")
