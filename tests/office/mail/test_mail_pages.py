"""The pages of mail: for whom they are, what they show before a mail is sent, and what after."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from office.access import hold
from office.mail.acts import SendInvitations, SendReminders, SendResult
from office.models import LoggedAct, MailMessage, MailOrder, Membership, Organisation
from office.roll_acts import StrikeEntry
from polls.models import Election, RollEntry
from tally.lifecycle import close_election, turn_phases

from .conftest import order
from .server import Inbox
from .test_sending import states, turn

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def choir(drink: Election) -> Organisation:
    choir = Organisation.objects.create(name="Choir", public_name="The choir")
    hold(drink, choir)
    return choir


def sign_in(choir: Organisation, role: str) -> Client:
    user = User.objects.create_user(f"{role}-of-{choir.pk}", is_staff=True)
    Membership.objects.create(user=user, organisation=choir, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager(choir: Organisation, inbox: Inbox) -> Client:
    return sign_in(choir, "manager")


def mail(election: Election, page: str = "") -> str:
    return f"/admin/polls/election/{election.pk}/mail/{page}"


def read(answer: Any) -> str:
    return str(answer.content.decode())


class TestOrdering:
    def test_shows_the_text_and_how_many_get_it_then_sends(self, manager, drink, inbox):
        page = read(manager.get(mail(drink, "invitation/")))
        assert "<b>2</b> mails would be sent." in page
        assert "http://testserver:8000/drink/#XXXX-XXXX" in page
        form = {"number": "2", "language": "en", "reply_to": "mia@choir.example"}
        page = read(manager.post(mail(drink, "invitation/"), form, follow=True))
        assert "2 mails are sent, as fast as this server may." in page
        turn()
        assert str(inbox.mails[0]["From"]) == "The choir <votes@choir.example>"
        page = read(manager.get(mail(drink)))
        assert "<b>2</b> sent" in page
        act = LoggedAct.objects.first()
        assert (act.act, act.changes) == ("send-invitations", {"mails": [None, "2"], "new codes": [None, "True"]})

    def test_of_a_page_that_was_opened_before_the_roll_changed_sends_nothing(self, manager, drink):
        SendInvitations(drink, order(with_code=True)).perform(by=None)
        page = read(manager.post(mail(drink, "invitation/"), {"number": "2", "language": "en"}, follow=True))
        assert "Not sent: meanwhile the roll has changed" in page
        assert MailOrder.objects.count() == 1

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ({"reply_to": "no address", "language": "en"}, "Enter a valid email address."),
            ({"reply_to": "a" * 300 + "@choir.example", "language": "en"}, "at most 254 characters"),
            ({"language": "xx"}, "xx is not one of the available choices."),
            ({}, "This field is required."),
        ],
    )
    def test_needs_a_language_and_takes_an_address_only(self, manager, drink, sent, said):
        answer = manager.post(mail(drink, "invitation/"), {"number": "2"} | sent)
        assert answer.status_code == 400
        assert said in read(answer)
        assert not MailOrder.objects.exists()

    def test_of_an_operator_makes_no_codes(self, choir, drink, inbox):
        operator = sign_in(choir, "operator")
        assert operator.get(mail(drink, "invitation/")).status_code == 403
        assert "with_code" not in read(operator.get(mail(drink, "reminder/")))
        operator.post(mail(drink, "reminder/"), {"number": "2", "language": "en", "with_code": "on"})
        assert MailOrder.objects.get().with_code is False

    def test_is_not_offered_before_its_time(self, manager, drink):
        assert "not final" in read(manager.get(mail(drink, "result/")))
        assert 'href="result/"' not in read(manager.get(mail(drink)))
        close_election(drink)
        turn_phases()
        assert 'href="result/"' in read(manager.get(mail(drink)))
        assert 'href="invitation/"' not in read(manager.get(mail(drink)))

    def test_of_a_draft_that_opens_when_it_is_published_shows_the_text(self, choir, inbox):
        draft = Election.objects.create(slug="later", title="Later?", eligibility="roll")
        hold(draft, choir)
        page = sign_in(choir, "manager").get(mail(draft, "invitation/"))
        assert page.status_code == 200
        assert "Voting opens" not in read(page)


class TestWhatDidNotGoOut:
    def test_is_named_with_its_reason_and_sent_again(self, manager, drink, inbox):
        inbox.answers["ana@example.org"] = ["550 5.1.1 no such <user>"]
        SendInvitations(drink, order(with_code=True)).perform(by=None)
        turn()
        page = read(manager.get(mail(drink)))
        assert "550 5.1.1 no such &lt;user&gt;" in page
        assert "ana@example.org" in page
        row = MailMessage.objects.get(number=1)
        page = read(manager.post(mail(drink, "again/"), {"message": [row.pk, "x", "9" * 40]}, follow=True))
        assert "1 mail is sent, as fast as this server may." in page
        page = read(manager.post(mail(drink, "again/"), {"message": [row.pk]}, follow=True))
        assert "Nothing was sent again" in page
        turn()
        assert len(inbox.to("ana@example.org")) == 1

    def test_is_not_said_to_be_sent_again_once_nobody_can_vote(self, manager, drink, inbox):
        inbox.answers["ana@example.org"] = ["550 5.1.1 no such user"]
        SendInvitations(drink, order(with_code=True)).perform(by=None)
        turn()
        close_election(drink)
        row = MailMessage.objects.get(number=1)
        page = read(manager.post(mail(drink, "again/"), {"message": [row.pk]}, follow=True))
        assert "Nothing was sent again: nobody can vote any more" in page
        assert "as fast as this server may" not in page
        assert "550 5.1.1 no such user" in page
        assert MailMessage.objects.get(pk=row.pk).state == "failed"
        assert not LoggedAct.objects.filter(act="send-again").exists()

    def test_is_left_out_for_those_alone_who_need_it_no_more(self, manager, drink, inbox):
        for name in ("ana", "eva"):
            inbox.answers[f"{name}@example.org"] = ["550 5.1.1 no such user"]
        SendInvitations(drink, order(with_code=True)).perform(by=None)
        turn()
        StrikeEntry(RollEntry.objects.select_related("election").get(name="ana"), reason="left").perform(by=None)
        rows = {row.number: row.pk for row in MailMessage.objects.all()}
        page = read(manager.post(mail(drink, "again/"), {"message": [rows[1]]}, follow=True))
        assert "Nothing was sent again: the voters were struck off the roll" in page
        page = read(manager.post(mail(drink, "again/"), {"message": list(rows.values())}, follow=True))
        assert "1 mail is sent, as fast as this server may. 1 mail was left out and stays in the list" in page
        assert "550 5.1.1 no such user" in page
        turn()
        assert states() == {1: "failed", 2: "sent"}
        assert LoggedAct.objects.get(act="send-again").changes == {"mails": [None, "1"]}

    def test_of_reminders_is_not_sent_again_to_who_has_voted(self, manager, drink, inbox):
        SendReminders(drink, order()).perform(by=None)
        MailMessage.objects.update(state="unsure")
        RollEntry.objects.filter(name="ana").update(voted=True)
        rows = MailMessage.objects.values_list("pk", flat=True)
        page = read(manager.post(mail(drink, "again/"), {"message": list(rows)}, follow=True))
        assert "1 mail is sent, as fast as this server may. 1 mail was left out" in page
        turn()
        assert [one["To"] for one in inbox.mails] == ["eva@example.org"]

    def test_of_the_result_is_sent_again_after_the_close(self, manager, drink, inbox):
        close_election(drink)
        turn_phases()
        drink.refresh_from_db()
        SendResult(drink, order()).perform(by=None)
        MailMessage.objects.update(state="returned")
        rows = list(MailMessage.objects.values_list("pk", flat=True))
        page = read(manager.post(mail(drink, "again/"), {"message": rows}, follow=True))
        assert "2 mails are sent, as fast as this server may." in page
        assert "left out and stay" not in page

    def test_of_reminders_names_nobody(self, manager, drink, inbox):
        inbox.answers["ana@example.org"] = ["451 later"]
        SendReminders(drink, order()).perform(by=None)
        turn()
        MailMessage.objects.update(state="unsure")
        page = read(manager.get(mail(drink)))
        assert "Somebody on the roll" in page
        assert "ana@example.org" not in page

    def test_is_sent_again_by_managers_alone_and_stopped_by_operators(self, choir, drink, inbox):
        SendInvitations(drink, order(with_code=True)).perform(by=None)
        auditor, operator = sign_in(choir, "auditor"), sign_in(choir, "operator")
        assert auditor.get(mail(drink)).status_code == 200
        assert auditor.post(mail(drink, "stop/")).status_code == 403
        assert operator.post(mail(drink, "again/")).status_code == 403
        assert "2 mails were stopped." in read(operator.post(mail(drink, "stop/"), follow=True))
        assert not MailMessage.objects.exists()

    def test_of_another_organisation_is_not_there(self, drink, choir, inbox):
        another = sign_in(Organisation.objects.create(name="Chess"), "manager")
        for page in ("", "invitation/", "reminder/", "result/"):
            assert another.get(mail(drink, page)).status_code == 404
        for page in ("again/", "stop/"):
            assert another.post(mail(drink, page)).status_code == 404

    def test_says_what_the_server_said_when_it_takes_no_mail(self, manager, drink, inbox, settings):
        SendInvitations(drink, order(with_code=True)).perform(by=None)
        settings.EMAIL_PORT = 9
        turn()
        assert "The mail server takes no mail at the moment." in read(manager.get(mail(drink)))


def test_the_page_of_an_election_leads_to_its_mail_where_there_is_a_server(manager, drink, settings):
    page = f"/admin/polls/election/{drink.pk}/"
    assert mail(drink) in read(manager.get(page))
    settings.EMAIL_HOST = ""
    assert mail(drink) not in read(manager.get(page))
    assert "This server sends no mail." in read(manager.get(mail(drink)))
