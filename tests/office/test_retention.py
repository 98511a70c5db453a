"""Deleting the voters of a roll that nobody needs any more, and what stays."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from office.access import hold
from office.acts import NotDone
from office.certify_acts import Certify
from office.models import LoggedAct, MailMessage, MailOrder, Organisation
from office.retention_acts import DeleteRoll, delete_due, find_due
from office.tasks import delete_due_rolls
from polls.life import State
from polls.models import Election, Roll, RollEntry
from results.views import get_snapshot
from tally.models import CertifiedResult
from tally.turnout import note_all
from tests.office.test_access import choir, sign_in
from tests.tally.audit.test_recount import run
from tests.tally.test_certification import finish
from tests.tally.test_turnout import fill, vote
from voting_site.rights.database_users import grant, users

__all__ = ["choir", "sign_in"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")
PAGE = "admin:polls_election_delete_roll"


@pytest.fixture
def final(make_election: Any, redis: Any, choir: Organisation) -> Election:
    """An election of three voters that is final; two have voted, and a mail went to one."""
    drink: Election = make_election(eligibility="roll", shows_who_voted=True)
    hold(drink, choir)
    Roll.objects.create(election=drink, last_number=3)
    fill(drink, 3)
    drink.refresh_from_db()
    vote(redis, drink, 1, weight=12)
    vote(redis, drink, 2)
    note_all()
    order = MailOrder.objects.create(election=drink, kind="invitation", language="en", sender="Choir", address="x")
    MailMessage.objects.create(order=order, number=1, state="sent", reason="250 ok <ana@example.org>")
    finish(drink)
    return drink


@pytest.fixture
def certified(final: Election) -> Election:
    Certify(final).perform(by=None)
    final.refresh_from_db()
    assert final.state == State.CERTIFIED
    return final


def voters(election: Election) -> int:
    return RollEntry.objects.filter(election=election).count()


class TestDeleteRoll:
    def test_leaves_no_trace_of_a_voter_and_is_logged_as_a_number(self, certified, make_election):
        other = make_election("tea", eligibility="roll")
        fill(other, 2)
        assert DeleteRoll(certified).perform(by=None) == 3
        assert voters(certified) == 0
        assert not MailOrder.objects.exists()
        assert not MailMessage.objects.exists()
        assert voters(other) == 2
        logged = LoggedAct.objects.filter(election=certified.pk).latest("pk")
        assert (logged.act, logged.changes) == ("delete-roll", {"roll": ["3", "0"]})

    def test_leaves_what_the_count_is_checked_with(self, certified, tmp_path):
        before = get_snapshot(certified.slug).to_json(), CertifiedResult.objects.get().hash
        turnout = json.loads(before[0])["turnout"]
        assert (turnout["voted"], turnout["entitled"]) == (2, 3)
        DeleteRoll(certified).perform(by=None)
        after = json.loads(get_snapshot(certified.slug).to_json())
        assert {name: value for name, value in after.items() if name != "as_of"} == {
            name: value for name, value in json.loads(before[0]).items() if name != "as_of"
        }
        assert CertifiedResult.objects.get().hash == before[1]
        folder = tmp_path / "record"
        call_command("export_record", certified.slug, str(folder))
        assert verify(folder) == 0

    def test_waits_for_the_certification(self, final, make_election):
        tea = make_election("tea", eligibility="roll")
        fill(tea, 3)
        for election in (final, tea):
            with pytest.raises(NotDone, match="Certify it first"):
                DeleteRoll(election).perform(by=None)
            assert voters(election) == 3

    def test_is_possible_for_an_election_that_was_called_off(self, make_election):
        tea = make_election("tea", eligibility="roll")
        fill(tea, 2)
        Election.objects.filter(pk=tea.pk).update(state=State.CANCELLED, cancelled_at=timezone.now())
        assert DeleteRoll(tea).perform(by=None) == 2

    def test_waits_for_mails_that_are_on_their_way(self, certified):
        MailMessage.objects.update(state="waiting")
        with pytest.raises(NotDone, match="Wait for them, or stop them"):
            DeleteRoll(certified).perform(by=None)
        assert voters(certified) == 3

    def test_is_done_once(self, certified):
        DeleteRoll(certified).perform(by=None)
        with pytest.raises(NotDone, match="nobody is on this roll"):
            DeleteRoll(certified).perform(by=None)

    def test_is_for_managers(self, certified, sign_in, django_user_model):
        sign_in("operator")
        with pytest.raises(PermissionDenied):
            DeleteRoll(certified).perform(by=django_user_model.objects.get(username="operator"))
        assert voters(certified) == 3


def verify(folder: Path) -> int:
    from verifier.__main__ import main

    return main([str(folder)])


class TestPage:
    def test_says_what_stays_and_deletes_once_it_is_confirmed(self, certified, sign_in):
        manager = sign_in("manager")
        listed = reverse("admin:polls_election_voters", args=[certified.pk])
        assert 'href="delete/"' in manager.get(listed).content.decode()
        address = reverse(PAGE, args=[certified.pk])
        assert "the count can be checked as before" in manager.get(address).content.decode()
        assert manager.post(address).status_code == 400
        assert voters(certified) == 3
        said = manager.post(address, {"is_signed": "on"}, follow=True).content.decode()
        assert "3 voters were deleted from the roll." in said
        assert "3 voters were deleted from this roll on" in said
        assert 'href="delete/"' not in said
        # Pressed twice, or after going back.
        again = manager.post(address, {"is_signed": "on"}, follow=True).content.decode()
        assert "nobody is on this roll" in again

    def test_offers_nothing_before_the_certification(self, final, sign_in):
        manager = sign_in("manager")
        listed = manager.get(reverse("admin:polls_election_voters", args=[final.pk])).content.decode()
        assert 'href="delete/"' not in listed
        said = manager.post(reverse(PAGE, args=[final.pk]), {"is_signed": "on"}, follow=True).content.decode()
        assert "Certify it first" in said
        assert voters(final) == 3

    @pytest.mark.parametrize("role", ["operator", "auditor", "chair"])
    def test_is_for_managers(self, certified, sign_in, role):
        assert sign_in(role).post(reverse(PAGE, args=[certified.pk]), {"is_signed": "on"}).status_code == 403
        assert voters(certified) == 3


class TestCommand:
    def test_deletes_only_for_good(self, certified):
        with pytest.raises(CommandError, match="add --for-good"):
            call_command("delete_roll", certified.slug)
        assert voters(certified) == 3
        assert run("delete_roll", certified.slug, "--for-good") == "drink: 3 voters were deleted from the roll.\n"


class TestTerm:
    def test_is_over_when_its_days_are(self, certified):
        at = certified.certified_at
        assert list(find_due(30, now=at + dt.timedelta(days=29, hours=23))) == []
        assert list(find_due(30, now=at + dt.timedelta(days=30, hours=1))) == [certified]

    def test_without_one_all_stays(self, certified, settings):
        Election.objects.update(certified_at=timezone.now() - dt.timedelta(days=3000))
        settings.ROLL_RETENTION_DAYS = 0
        delete_due()
        assert voters(certified) == 3

    def test_is_kept_by_the_worker_with_its_rights_and_logged(self, certified, settings):
        Election.objects.update(certified_at=timezone.now() - dt.timedelta(days=31))
        settings.ROLL_RETENTION_DAYS = 30
        grant(users(settings.ROLE_DATABASE_URLS))
        # A task closes a connection that has become too old, and the next one would be the owner's.
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE urna_worker")
            try:
                delete_due_rolls()
                delete_due_rolls()
            finally:
                cursor.execute("RESET ROLE")
        assert voters(certified) == 0
        [logged] = LoggedAct.objects.filter(act="delete-roll")
        assert logged.changes == {"roll": ["3", "0"], "term": [None, "30 days"]}

    def test_leaves_a_roll_for_which_mails_wait_and_deletes_the_others(
        self, certified, make_election, settings, caplog
    ):
        tea = make_election("tea", eligibility="roll")
        fill(tea, 2)
        Election.objects.filter(pk=tea.pk).update(
            state=State.CANCELLED, cancelled_at=timezone.now() - dt.timedelta(days=31)
        )
        Election.objects.filter(pk=certified.pk).update(certified_at=timezone.now() - dt.timedelta(days=31))
        MailMessage.objects.update(state="waiting")
        settings.ROLL_RETENTION_DAYS = 30
        delete_due()
        assert (voters(certified), voters(tea)) == (3, 0)
        assert "drink: its roll is kept beyond its term" in caplog.text


@pytest.mark.parametrize("role", ["worker", "admin"])
def test_the_database_keeps_the_roll_of_a_result_that_may_be_certified(final, settings, role):
    grant(users(settings.ROLE_DATABASE_URLS))
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE urna_{role}")
        try:
            cursor.execute("DELETE FROM polls_rollentry")
        finally:
            cursor.execute("RESET ROLE")
    assert voters(final) == 3
