"""The election's admin, as an organiser uses it."""

import datetime as dt
import html
import re
from collections import Counter
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.db.models import F
from django.test import Client
from django.urls import reverse

from office.account_page import write_sum
from office.admin import ElectionAdmin
from polls import ballot_box
from polls.life import State
from polls.models import Election
from tally.audit.accounts import balance, check_accounts
from tally.drain import drain_all
from tally.healing import keep_box
from tally.lifecycle import close_election, turn_phases
from tally.models import CastRecord, Reconciliation, RejectedBallot
from voting_site.throttle import SignInThrottle

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def organiser(transactional_db: None, admin_user: Any) -> Client:
    """A signed-in organiser, with a ballot box that has begun its first epoch."""
    keep_box()
    client = Client()
    client.force_login(admin_user)
    return client


def election_form(options: tuple[str, ...] = ("Tea", "Coffee"), **fields: str) -> dict[str, str]:
    """Fill in the admin's form for an election with one contest."""
    form = {
        "title": "Tea or coffee?",
        "slug": "",
        "description": "",
        "time_zone": "Europe/Madrid",
        "opens_at_0": "2026-01-05",
        "opens_at_1": "10:00",
        "closes_at_0": "",
        "closes_at_1": "",
        "contests-TOTAL_FORMS": "1",
        "contests-INITIAL_FORMS": "0",
        "contests-0-title": "",
        "contests-0-description": "",
        "contests-0-method": "plurality",
        "contests-0-seats": "1",
        "contests-0-option_lines": "\n".join(options),
    }
    return form | {name.replace("contest_", "contests-0-"): value for name, value in fields.items()}


def draft(organiser: Client, **changes: Any) -> Any:
    """Save a new election; return the page that follows."""
    return organiser.post(reverse("admin:polls_election_add"), election_form(**changes), follow=True)


def publish(organiser: Client, election: Election) -> Any:
    """Publish a draft from its check-list; return the page that follows."""
    address = reverse("admin:polls_election_publish", args=[election.pk])
    seen = organiser.get(address).context["checklist"].fingerprint
    return organiser.post(address, {"seen": seen}, follow=True)


def add(organiser: Client, **changes: Any) -> Any:
    """Save a new election and publish it; return the page that follows on saving."""
    response = draft(organiser, **changes)
    if saved := Election.objects.filter(state=State.DRAFT).first():
        publish(organiser, saved)
    return response


def change_form(election: Election, **fields: str) -> dict[str, str]:
    """Fill in the form of an election that is open, in which the contests cannot be changed."""
    form = {"time_zone": "Europe/Madrid", "contests-TOTAL_FORMS": "1", "contests-INITIAL_FORMS": "1"}
    return form | {"contests-0-id": str(election.contests.get().pk), "contests-0-election": str(election.pk)} | fields


def page_of(election: Election) -> str:
    return reverse("admin:polls_election_page", args=[election.pk])


def change_page(election: Election) -> str:
    return reverse("admin:polls_election_change", args=[election.pk])


class TestSave:
    def test_publishes_with_good_defaults(self, organiser):
        add(organiser)
        election = Election.objects.get()
        contest = election.contests.get()
        assert (election.slug, election.revision) == ("tea-or-coffee", 1)
        assert (contest.key, contest.method, contest.seats, contest.rules) == ("q1", "plurality", 1, {})
        assert [option.key for option in contest.options.all()] == ["tea", "coffee"]
        assert ballot_box.read_definition("tea-or-coffee")[0].title == "Tea or coffee?"

    def test_offers_an_election_that_opens_once_published_by_plurality(self, organiser):
        context = organiser.get(reverse("admin:polls_election_add")).context
        form = context["adminform"].form
        contest, _another = context["inline_admin_formsets"][0].formset.forms
        assert contest["method"].value() == "plurality"
        assert form["opens_at"].value() is None

    def test_finds_another_address_when_the_question_comes_again(self, organiser):
        add(organiser)
        add(organiser)
        assert set(Election.objects.values_list("slug", flat=True)) == {"tea-or-coffee", "tea-or-coffee-2"}

    def test_reads_times_in_the_elections_own_zone(self, organiser):
        draft(organiser, time_zone="America/Lima")
        election = Election.objects.get()
        assert election.opens_at == dt.datetime(2026, 1, 5, 15, 0, tzinfo=dt.UTC)
        page = organiser.get(page_of(election)).content.decode()
        assert "Monday 5 January 2026, 10:00 America/Lima (-05), " in page

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"options": ("Tea",)}, "at least two options"),
            ({"options": ("Tea", "tea")}, "look the same"),
            ({"options": ("Caf\u00e9", "Cafe\u0301")}, "look the same"),
            ({"options": ("Tea", "T\u200bea")}, "look the same"),
            ({"options": ("Tea", "\u200b")}, "shows nothing"),
            ({"options": ("Tea", "x" * 121)}, "more than 120 characters"),
            ({"slug": "admin"}, "address of the site itself"),
            ({"time_zone": "Mars/Base"}, "no time zone"),
            ({"step": "0"}, "greater than or equal to 1"),
            ({"step": "1001"}, "less than or equal to 1000"),
            ({"step": "10", "shows": "turnout"}, "Write 1 as the ballots in a step"),
            ({"time_zone": "../../etc/passwd"}, "no time zone"),
            ({"contest_seats": "0"}, "at least one is needed"),
            ({"contest_method": "approval", "contest_approval_max_choices": "0"}, "greater than or equal to 1"),
            ({"contest_method": "motion", "contest_motion_quorum": "0"}, "valid value"),
            (
                {"opens_at_0": "2099-02-01", "closes_at_0": "2099-01-04", "closes_at_1": "10:00"},
                "closes before it opens",
            ),
        ],
    )
    def test_refuses_what_makes_no_election(self, organiser, changes, said):
        response = add(organiser, **changes)
        assert said in response.content.decode()
        assert not Election.objects.exists()

    def test_keeps_the_steps_of_live_results(self, organiser):
        draft(organiser, step="10", checkable="on")
        assert Election.objects.values_list("step", "checkable").get() == (10, True)

    def test_takes_a_form_that_was_loaded_before_there_were_steps(self, organiser):
        draft(organiser)
        assert Election.objects.values_list("step", "checkable").get() == (1, False)


class TestContests:
    def test_get_keys_in_any_script_and_keep_them(self, organiser):
        add(organiser, options=("C", "C++", "C#", "شاي", "Sí", "👍"), opens_at_0="2099-01-01")
        keys = [option.key for option in Election.objects.get().contests.get().options.all()]
        assert keys == ["c", "c-2", "c-3", "option", "si", "option-2"]

    def test_take_the_rules_of_their_method_alone(self, organiser):
        fields = {"contest_approval_max_choices": "2", "contest_blank": "on", "contest_motion_quorum": "9"}
        add(organiser, options=("A", "B", "C"), contest_method="approval", **fields)
        assert Election.objects.get().contests.get().rules == {"max_choices": 2, "blank": True}
        assert ballot_box.read_definition("tea-or-coffee")[0].contests[0].may_be_blank

    def test_of_a_motion_take_yes_and_no_in_any_language(self, organiser):
        majority = {"contest_motion_majority": "two-thirds", "contest_motion_basis": "cast"}
        add(organiser, options=("Sí", "No", "Abstención"), contest_method="motion", **majority)
        rules = Election.objects.get().contests.get().rules
        assert (rules["yes"], rules["no"], rules["abstain"]) == ("si", "no", "abstencion")
        assert rules["majority"] == "two-thirds"

    def test_can_be_several_on_one_paper(self, organiser):
        second = {
            "contests-TOTAL_FORMS": "2",
            "contests-0-title": "What?",
            "contests-1-title": "When?",
            "contests-1-method": "approval",
            "contests-1-seats": "1",
            "contests-1-option_lines": "Monday\nTuesday",
        }
        add(organiser, **second)
        assert [(one.key, one.title) for one in Election.objects.get().contests.all()] == [
            ("q1", "What?"),
            ("q2", "When?"),
        ]
        assert "needs its own text" in add(organiser, **second | {"contests-0-title": ""}).content.decode()


class TestFrozenElection:
    def test_keeps_what_voters_have_seen(self, organiser):
        add(organiser)
        election = Election.objects.get()
        page = organiser.get(change_page(election)).content.decode()
        assert 'name="title"' not in page
        assert 'name="contests-0-option_lines"' not in page
        assert "Coffee" in page
        form = change_form(election, title="Beer?", closes_at_0="2099-01-01", closes_at_1="10:00")
        organiser.post(change_page(election), form)
        election.refresh_from_db()
        assert (election.title, election.closes_at.year) == ("Tea or coffee?", 2099)

    def test_may_be_extended_but_not_closed_in_the_past(self, organiser):
        add(organiser)
        election = Election.objects.get()
        form = change_form(election, closes_at_0="2026-02-01", closes_at_1="10:00")
        response = organiser.post(change_page(election), form)
        assert "That time is past" in response.content.decode()

    def test_keeps_a_seal_that_was_stored_while_the_form_was_open(self, organiser, monkeypatch):
        add(organiser)
        election = Election.objects.get()
        save = ElectionAdmin.save_model

        def close_first(self: Any, request: Any, obj: Election, *args: Any) -> None:
            close_election(Election.objects.get())
            save(self, request, obj, *args)

        monkeypatch.setattr(ElectionAdmin, "save_model", close_first)
        organiser.post(change_page(election), change_form(election, closes_at_0="2099-01-01", closes_at_1="10:00"))
        election.refresh_from_db()
        assert election.sealed_at is not None
        assert ballot_box.read_definition("tea-or-coffee")[0].sealed

    def test_cannot_be_deleted(self, organiser):
        add(organiser)
        election = Election.objects.get()
        assert (
            organiser.post(reverse("admin:polls_election_delete", args=[election.pk]), {"post": "yes"}).status_code
            == 403
        )
        assert "delete_selected" not in organiser.get(reverse("admin:polls_election_changelist")).content.decode()

    def test_a_scheduled_one_can_be_changed(self, organiser):
        add(organiser, opens_at_0="2099-01-01")
        election = Election.objects.get()
        page = organiser.get(change_page(election)).content.decode()
        assert 'name="title"' in page
        assert 'name="contests-0-option_lines"' in page


class TestCloseNow:
    def close(self, organiser: Client, election: Election) -> str:
        return organiser.post(reverse("admin:polls_election_close", args=[election.pk]), follow=True).content.decode()

    def test_asks_first(self, organiser):
        add(organiser)
        election = Election.objects.get()
        page = organiser.get(reverse("admin:polls_election_close", args=[election.pk])).content.decode()
        assert "Nobody can vote any more" in page
        election.refresh_from_db()
        assert election.sealed_at is None

    def test_seals_and_says_what_still_waits(self, organiser, cast):
        add(organiser)
        election = Election.objects.get()
        cast(election, "ana", "tea")
        assert "1 ballot still waits" in self.close(organiser, election)
        election.refresh_from_db()
        assert election.sealed_at is not None

    def test_says_not_closed_when_redis_is_away(self, organiser, request):
        add(organiser)
        election = Election.objects.get()
        request.getfixturevalue("unreachable_redis")
        assert "Not closed" in self.close(organiser, election)
        election.refresh_from_db()
        assert election.sealed_at is None

    def test_is_not_for_somebody_who_may_only_look(self, organiser, django_user_model):
        add(organiser)
        election = Election.objects.get()
        visitor = Client()
        visitor.force_login(django_user_model.objects.create_user("eva", is_staff=True))
        assert visitor.post(reverse("admin:polls_election_close", args=[election.pk])).status_code == 404

    def test_then_the_election_can_be_archived(self, organiser):
        add(organiser)
        election = Election.objects.get()
        archive = reverse("admin:polls_election_archive", args=[election.pk])
        assert "Not archived" in organiser.post(archive, follow=True).content.decode()
        self.close(organiser, election)
        drain_all()
        turn_phases()
        assert "Archived." in organiser.post(archive, follow=True).content.decode()
        assert ballot_box.read_definitions()[0] == []


class TestRejectedBallots:
    def test_are_shown_with_their_reason_and_cannot_be_changed(self, organiser, redis):
        add(organiser)
        election = Election.objects.get()
        redis.xadd(ballot_box.key(election.pk, 0, "ballots"), {"v": "1"})
        drain_all()
        page = organiser.get(reverse("admin:tally_rejectedballot_changelist")).content.decode()
        assert "cannot be read" in page
        rejected = RejectedBallot.objects.get()
        detail = organiser.get(reverse("admin:tally_rejectedballot_change", args=[rejected.pk])).content.decode()
        assert 'name="_save"' not in detail


class TestOutage:
    @pytest.mark.parametrize(
        ("owner", "place"),
        [
            (SessionStore, "load"),
            (SessionStore, "save"),
            # Django takes this one for a session that was deleted meanwhile.
            pytest.param(Session, "save", marks=pytest.mark.expects_logged_exceptions),
        ],
    )
    def test_of_the_sessions_is_told_as_such(self, organiser, monkeypatch, caplog, owner, place):
        def fail(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("away")

        monkeypatch.setattr(owner, place, fail)
        organiser.raise_request_exception = False
        response = organiser.get(reverse("admin:polls_election_changelist"))
        assert (response.status_code, response["Retry-After"]) == (503, "2")
        assert {one.levelname for one in caplog.records} == {"WARNING"}

    def test_is_not_what_a_session_that_was_deleted_meanwhile_is_taken_for(self, organiser, monkeypatch):
        save = SessionStore.save

        def delete_first(self: Any, *args: Any, **kwargs: Any) -> None:
            Session.objects.all().delete()
            save(self, *args, **kwargs)

        monkeypatch.setattr(SessionStore, "save", delete_first)
        assert organiser.get(reverse("admin:polls_election_changelist")).status_code == 400

    def test_gives_no_password_back_on_the_page_that_says_try_again(self, client, monkeypatch):
        def fail(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("away")

        monkeypatch.setattr(SignInThrottle, "authenticate", fail)
        response = client.post("/admin/login/", {"username": "admin", "password": "s3cret"})
        assert response.status_code == 503
        assert "s3cret" not in response.content.decode()


class TestAccounts:
    @pytest.fixture
    def drink(self, organiser, make_election, cast) -> Election:
        election: Election = make_election()
        for voter, marking in (("ana", "nesquik"), ("eva", "cola-cao"), ("ana", "cola-cao")):
            cast(election, voter, marking)
        drain_all()
        check_accounts()
        return election

    @pytest.fixture
    def broken(self, drink) -> Election:
        CastRecord.objects.get(serial=2).delete()
        balance(drink, 0)
        return drink

    def page(self, organiser: Client, election: Election) -> str:
        return organiser.get(page_of(election)).content.decode()

    def list_mark(self, organiser: Client) -> str:
        page = organiser.get(reverse("admin:polls_election_changelist")).content.decode()
        [mark] = re.findall(r'class="account-mark (\w*)"', page)
        return mark

    def test_stand_on_the_page_in_words_and_numbers(self, organiser, drink):
        page = self.page(organiser, drink)
        assert "3 accepted = 0 waiting + 2 counted + 1 replaced + 0 duplicate + 0 set aside" in page
        assert re.search(r"Checked \d+ seconds? ago; the numbers are from \d+ seconds? ago", page)
        assert "Every accepted ballot is in its place" in page
        assert (self.list_mark(organiser), 'class="accounts good"' in page) == ("good", True)

    def test_group_the_digits_of_large_numbers(self):
        text = write_sum(1204, Counter({"waiting": 3, "counted": 1190, "replaced": 11}))
        assert text == "1,204 accepted = 3 waiting + 1,190 counted + 11 replaced + 0 duplicate + 0 set aside"

    def test_show_a_problem_and_offer_to_take_note(self, organiser, broken):
        page = self.page(organiser, broken)
        assert "3 accepted ≠" in page
        assert "ballot 2 is missing" in page
        assert (self.list_mark(organiser), 'class="accounts problem"' in page) == ("problem", True)

    def test_are_red_when_nobody_checks_them(self, organiser, drink):
        Reconciliation.objects.update(checked_at=F("checked_at") - dt.timedelta(seconds=31))
        page = self.page(organiser, drink)
        assert "Nobody checks it at the moment" in page
        assert (self.list_mark(organiser), 'class="accounts stale"' in page) == ("stale", True)

    def test_of_a_new_election_are_not_there_yet(self, organiser, make_election):
        assert "account-sum" not in self.page(organiser, make_election())
        assert self.list_mark(organiser) == ""

    def test_take_one_statement_for_the_whole_list(
        self, organiser, drink, make_election, django_assert_max_num_queries
    ):
        for number in range(5):
            make_election(f"other-{number}")
        check_accounts()
        # One of them asks for the second factor of who is signed in.
        with django_assert_max_num_queries(10):
            organiser.get(reverse("admin:polls_election_changelist"))

    def test_keep_who_has_taken_note(self, organiser, broken):
        address = reverse("admin:polls_election_acknowledge", args=[Reconciliation.objects.get().pk])
        asked = organiser.get(address).content.decode()
        [shown] = re.findall(r'name="problem" value="([^"]+)"', asked)
        page = organiser.post(address, {"problem": html.unescape(shown)}, follow=True).content.decode()
        assert "Noted." in page
        assert "admin has known of it since" in page
        assert "ballot 2 is missing" in page
        assert (self.list_mark(organiser), 'class="accounts known"' in page) == ("known", True)

    def test_are_not_silenced_unseen(self, organiser, broken):
        address = reverse("admin:polls_election_acknowledge", args=[Reconciliation.objects.get().pk])
        page = organiser.post(address, {"problem": "something else"}, follow=True).content.decode()
        assert "Not noted" in page
        assert Reconciliation.objects.get().is_alarming

    def test_are_not_for_somebody_who_may_only_look(self, organiser, broken, django_user_model):
        visitor = Client()
        visitor.force_login(django_user_model.objects.create_user("eva", is_staff=True))
        address = reverse("admin:polls_election_acknowledge", args=[Reconciliation.objects.get().pk])
        assert visitor.post(address, {"problem": Reconciliation.objects.get().problems}).status_code == 403
        assert Reconciliation.objects.get().is_alarming
