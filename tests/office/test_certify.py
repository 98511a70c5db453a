"""Certifying from the office: one press or two managers, and never half."""

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from office import certify_acts
from office.access import hold
from office.certify_acts import Certify, ChangeCertifying
from office.models import LoggedAct, Membership, Organisation
from polls import ballot_box
from polls.life import State
from polls.models import Election
from tally import outcomes
from tally.models import Certification, CertifiedResult, Count, Reconciliation
from tests.conftest import beside
from tests.tally.test_certification import finish
from voting_site.roles import ROLES

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def choir(transactional_db: None) -> Organisation:
    return Organisation.objects.create(name="Choir")


@pytest.fixture
def person(django_user_model: Any, choir: Organisation) -> Callable[..., Any]:
    def make(name: str, role: str = "manager") -> Any:
        user = django_user_model.objects.create_user(name, is_staff=True)
        Membership.objects.create(user=user, organisation=choir, role=role)
        return user

    return make


@pytest.fixture
def final(make_election: Any, cast: Any, choir: Organisation) -> Election:
    drink: Election = make_election()
    hold(drink, choir)
    cast(drink, "ana", "nesquik")
    finish(drink)
    return drink


def sign_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, election: Election, name: str = "certify") -> str:
    return client.get(reverse(f"admin:polls_election_{name}", args=[election.pk])).content.decode()


def press(client: Client, election: Election, name: str = "certify", **fields: Any) -> str:
    address = reverse(f"admin:polls_election_{name}", args=[election.pk])
    result = str(Election.objects.values_list("result_revision", flat=True).get(pk=election.pk))
    return client.post(address, {"set_aside": "0", "result": result} | fields, follow=True).content.decode()


def state_of(election: Election) -> str:
    return Election.objects.values_list("state", flat=True).get(pk=election.pk)


class TestOneManager:
    def test_certifies_with_one_press(self, final, person):
        client = sign_in(person("mia"))
        shown = page(client, final)
        assert "It cannot be undone." in shown
        assert "Winner" in shown
        assert "Certified." in press(client, final)
        assert state_of(final) == State.CERTIFIED
        [act] = LoggedAct.objects.all()
        assert (act.actor, act.act, act.changes) == ("mia", "certify", {"certification": [None, "asked"]})
        assert "account balances" in page(client, final, "standing")

    def test_is_told_that_it_is_certified_already(self, final, person):
        client = sign_in(person("mia"))
        press(client, final)
        text = CertifiedResult.objects.get().text
        assert "It is certified already." in page(client, final)
        assert "It is certified already." in press(client, final)
        assert CertifiedResult.objects.get().text == text

    def test_has_to_take_note_of_what_is_set_aside(self, make_election, choir, person, redis):
        drink = make_election()
        hold(drink, choir)
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), {"v": 2, "voter": "?"})
        finish(drink)
        client = sign_in(person("mia"))
        assert "I know that 1 ballot is set aside" in page(client, drink)
        # Without the tick, and with a page of before.
        assert "I know that 1 ballot is set aside" in press(client, drink, set_aside="1")
        assert "Another number of ballots is set aside" in press(client, drink, set_aside="0", known="on")
        assert state_of(drink) == State.FINAL
        press(client, drink, set_aside="1", known="on")
        assert state_of(drink) == State.CERTIFIED

    def test_reads_what_stands_against_it(self, final, person):
        Count.objects.filter(key="q1:nesquik").update(n=7)
        client = sign_in(person("mia"))
        assert "it gives another result" in press(client, final)
        assert "7 kept, 1 by the cast records" in page(client, final)
        Reconciliation.objects.update(problems=["ballot 1 is missing"])
        assert "Its account does not balance" in press(client, final)
        assert state_of(final) == State.FINAL

    def test_reads_how_far_a_slow_worker_is(self, final, person, settings, monkeypatch):
        settings.ROLE = ROLES["admin"]
        monkeypatch.setattr("polls.by_worker.PATIENCE_S", 0)
        asked = []
        monkeypatch.setattr(certify_acts, "ask_for_certification", lambda: asked.append(True))
        client = sign_in(person("mia"))
        assert "The worker is at it" in press(client, final)
        assert asked == [True]
        assert "Certification: waits for the worker" in page(client, final, "standing")
        assert "It is being certified already." in press(client, final)
        assert Certification.objects.get().step == "asked"

    def test_is_a_manager(self, final, person):
        for role in ("operator", "auditor", "chair"):
            with pytest.raises(PermissionDenied):
                Certify(final).perform(by=person(role, role))
        assert state_of(final) == State.FINAL


class TestTwoManagers:
    @pytest.fixture(autouse=True)
    def _two(self, choir, person):
        ChangeCertifying(choir, two=True).perform(by=person("head"))
        LoggedAct.objects.all().delete()

    def test_certify_together(self, final, person):
        mia, leo = person("mia"), person("leo")
        assert "another manager has confirmed it" in press(sign_in(mia), final)
        assert state_of(final) == State.FINAL
        assert "Confirm, and certify" not in page(sign_in(mia), final)
        assert "You have ordered it already" in press(sign_in(mia), final)
        assert "mia has ordered it" in page(sign_in(leo), final)
        press(sign_in(leo), final)
        row = Certification.objects.get()
        assert (state_of(final), row.asked_by, row.confirmed_by) == (State.CERTIFIED, "mia", "leo")
        assert list(LoggedAct.objects.order_by("pk").values_list("actor", "act")) == [
            ("mia", "certify"),
            ("leo", "certify"),
        ]

    def test_certify_no_result_that_the_first_one_has_not_seen(self, make_election, cast, choir, person):
        drink = make_election(options=("ant", "bee", "cat"))
        hold(drink, choir)
        cast(drink, "ana", "ant")
        finish(drink)
        mia, leo = sign_in(person("mia")), sign_in(person("leo"))
        press(mia, drink)
        assert "mia has ordered it" in page(leo, drink)
        said = press(leo, drink, "withdraw", option="q1:ant", reason="Moved away.")
        assert "It had been ordered to certify the first one: that order has ended." in said
        assert LoggedAct.objects.first().changes == {
            "withdrawn in q1": [None, "ant (Moved away.)"],
            "certification": ["waiting", None],
        }
        outcomes.catch_up()
        # From the page of before, and then from a page that shows both results.
        assert "the result has changed since you opened the page" in press(leo, drink, result="0")
        assert not Certification.objects.exists()
        assert "another manager has confirmed it" in press(leo, drink)
        press(mia, drink)
        assert state_of(drink) == State.CERTIFIED

    def test_may_withdraw_before_the_other_has_confirmed(self, final, person):
        client = sign_in(person("mia"))
        press(client, final)
        assert "Withdrawn" in press(client, final, "take_back_order")
        assert "Nothing was withdrawn" in press(client, final, "take_back_order")
        assert not Certification.objects.exists()
        assert state_of(final) == State.FINAL

    def test_who_press_at_once_are_two_all_the_same(self, final, person):
        mia, leo = person("mia"), person("leo")
        for result in [beside(lambda by=by: Certify(final).perform(by=by)) for by in (mia, leo)]:
            result.result()
        row = Certification.objects.get()
        assert {row.asked_by, row.confirmed_by} == {"mia", "leo"}
        assert state_of(final) == State.CERTIFIED

    def test_are_told_of_a_change_of_the_number(self, choir, person):
        client = sign_in(person("mia"))
        address = reverse("admin:office_organisation_certification", args=[choir.pk])
        assert "checked" in client.get(address).content.decode()
        client.post(address, {})
        choir.refresh_from_db()
        assert not choir.two_certify
        assert LoggedAct.objects.get().changes == {"managers": ["2", "1"]}


class TestCommand:
    def test_certifies_and_tells_the_hash(self, final):
        out = io.StringIO()
        call_command("certify_election", "drink", stdout=out)
        assert CertifiedResult.objects.get().hash in out.getvalue()

    def test_says_why_not(self, make_election):
        make_election()
        with pytest.raises(CommandError, match="not final"):
            call_command("certify_election", "drink")

    def test_counts_as_one_of_two(self, final, choir, person):
        ChangeCertifying(choir, two=True).perform(by=person("head"))
        out = io.StringIO()
        call_command("certify_election", "drink", stdout=out)
        assert "waits for another manager" in out.getvalue()
        with pytest.raises(CommandError, match="another manager has to confirm"):
            call_command("certify_election", "drink")
        Certify(final).perform(by=person("mia"))
        assert state_of(final) == State.CERTIFIED


@pytest.mark.urls("voting_site.urls.result")
class TestResultsPage:
    def test_says_that_the_result_is_certified_and_gives_it_byte_for_byte(self, final, client):
        assert client.get("/drink/certified.json").status_code == 404
        Certify(final).perform(by=None)
        certified = CertifiedResult.objects.get()
        answer = client.get("/drink/certified.json")
        assert answer.content.decode() == certified.text
        shown = client.get("/drink/results.json").json()
        assert (shown["certified"], shown["certificate"]["sha256"]) == (True, certified.hash)
        assert certified.hash in client.get("/drink/").content.decode()
        told = json.loads(certified.text)["contests"][0]["outcome"]["winners"]
        assert told == shown["contests"][0]["winners"] == ["nesquik"]
        assert re.fullmatch("[0-9a-f]{64}", certified.hash)
