"""Acts: what is done with an election, who may do it, and the trace that it leaves."""

import io
import json
import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from office import acts
from office.acts import Archive, Cancel, Close, Duplicate, NotDone, Publish
from office.models import LoggedAct
from polls import ballot_box
from polls.ballot_box import Verdict
from polls.definition import Definition
from polls.delivery import Arrival
from polls.design import Paper
from polls.life import Phase, State
from polls.models import Election, Option, VoterSecret
from polls.pictures import store_picture
from polls.publishing import Frozen, publish_election
from polls.redrawing import redraw_picture
from tally.drain import drain_all
from tally.healing import keep_box
from tally.lifecycle import turn_phases
from tests.conftest import open_now
from tests.office.test_admin import change_form
from tests.pictures import draw

TOMORROW = timezone.timedelta(days=1)


@pytest.fixture
def scheduled(make_election) -> Election:
    return make_election(opens_at=timezone.now() + TOMORROW)


@pytest.fixture
def organiser(django_user_model) -> Any:
    return django_user_model.objects.create_superuser("ana")


def run(command: str, *arguments: str) -> str:
    """Run a command; return what it printed, or why it exited 1."""
    out = io.StringIO()
    try:
        call_command(command, *arguments, stdout=out)
    except CommandError as error:
        return f"EXIT {error}"
    return out.getvalue().strip()


class TestLog:
    def test_says_who_did_what_and_what_it_changed(self, make_election, organiser):
        drink = make_election()
        Close(drink).perform(by=organiser)
        row = LoggedAct.objects.get()
        assert (row.actor, row.act, row.election, row.slug) == ("ana", "close", drink.pk, "drink")
        assert row.changes["state"] == ["published", "closed"]
        assert abs((timezone.now() - row.at).total_seconds()) < 60

    @pytest.mark.urls("voting_site.urls.admin")
    def test_has_what_an_edit_said_before_and_says_now(self, make_election, organiser):
        drink = make_election()
        client = Client()
        client.force_login(organiser)
        form = change_form(drink, closes_at_0="2099-01-01", closes_at_1="10:00")
        assert client.post(f"/admin/polls/election/{drink.pk}/change/", form).status_code == 302
        assert LoggedAct.objects.get().changes == {"closes_at": [None, "2099-01-01 09:00:00+00:00"]}

    def test_of_a_command_names_the_user_of_the_server(self, make_election):
        make_election()
        assert run("close_election", "drink") == "drink is closed. Every ballot is counted."
        assert LoggedAct.objects.get().actor.startswith("command, ")

    def test_has_nothing_of_what_could_not_be_done(self, make_election, organiser):
        drink = make_election()
        with pytest.raises(NotDone, match="close the election first"):
            Archive(drink).perform(by=organiser)
        assert not LoggedAct.objects.exists()

    def test_and_change_come_together_or_not_at_all(self, make_election, organiser, monkeypatch):
        drink = make_election(opens_at=timezone.now() + TOMORROW)

        def fail(*_: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr(acts, "differences", fail)
        with pytest.raises(RuntimeError):
            Cancel(drink).perform(by=organiser)
        drink.refresh_from_db()
        assert drink.state == State.PUBLISHED

    @pytest.mark.parametrize("act", [Publish, Cancel, Close, Archive, Duplicate])
    def test_is_not_for_somebody_without_the_permission(self, make_election, django_user_model, act):
        drink = make_election(opens_at=timezone.now() + TOMORROW)
        with pytest.raises(PermissionDenied):
            act(drink).perform(by=django_user_model.objects.create_user("eva"))
        assert Election.objects.get().state == State.PUBLISHED

    @pytest.mark.urls("voting_site.urls.admin")
    def test_is_read_in_the_administration(self, make_election, organiser):
        Close(make_election()).perform(by=organiser)
        client = Client()
        client.force_login(organiser)
        page = client.get("/admin/office/loggedact/").content.decode()
        assert "State: published → closed" in page


class TestCancel:
    def test_an_election_never_opens(self, scheduled, organiser, cast):
        assert Cancel(scheduled).perform(by=organiser).arrival is Arrival.TAKEN
        definition, now = ballot_box.read_definition("drink")
        assert definition.phase(now) == Phase.CANCELLED
        open_now(scheduled)
        assert cast(scheduled, "ana", "nesquik").verdict is Verdict.CLOSED
        keep_box()
        turn_phases()
        drain_all()
        scheduled.refresh_from_db()
        assert (scheduled.state, scheduled.sealed_at, scheduled.opened_at) == (State.CANCELLED, None, None)

    def test_comes_too_late_for_one_that_is_open(self, make_election, organiser):
        drink = make_election()
        with pytest.raises(Frozen, match="has begun"):
            Cancel(drink).perform(by=organiser)
        drink.refresh_from_db()
        assert drink.state == State.PUBLISHED

    def test_that_the_box_does_not_take_is_taken_back(self, scheduled, organiser, monkeypatch):
        with monkeypatch.context() as patch:
            # By PostgreSQL's clock the opening is still to come; only the box knows that it has passed.
            patch.setattr("polls.publishing._refuse_what_has_begun", lambda election: None)
            open_now(scheduled)
            with pytest.raises(NotDone, match="opened meanwhile"):
                Cancel(scheduled).perform(by=organiser)
        scheduled.refresh_from_db()
        assert (scheduled.state, scheduled.cancelled_at) == (State.PUBLISHED, None)
        back, cancelled = LoggedAct.objects.all()
        assert (cancelled.actor, cancelled.changes["state"]) == ("ana", ["published", "cancelled"])
        assert (back.actor, back.act, back.changes["state"]) == (
            "ballot box", "take-back", ["cancelled", "published"],
        )  # fmt: skip

    def test_is_not_done_while_the_box_is_away(self, scheduled, organiser, request):
        request.getfixturevalue("unreachable_redis")
        with pytest.raises(NotDone, match="cannot be reached"):
            Cancel(scheduled).perform(by=organiser)
        scheduled.refresh_from_db()
        assert scheduled.state == State.PUBLISHED

    def test_that_is_not_done_keeps_the_reason_that_was_typed(self, scheduled, admin_client, request):
        request.getfixturevalue("unreachable_redis")
        address = f"/admin/polls/election/{scheduled.pk}/cancel/"
        answer = admin_client.post(address, {"reason": "The hall is flooded, and we meet in May."}, follow=True)
        assert answer.status_code == 400
        assert "cannot be reached" in answer.content.decode()
        assert "The hall is flooded, and we meet in May." in answer.content.decode()

    def test_outlives_an_emptied_box(self, scheduled, organiser, redis):
        Cancel(scheduled).perform(by=organiser)
        redis.flushall()
        keep_box()
        definition, now = ballot_box.read_definition("drink")
        assert definition.phase(now) == Phase.CANCELLED

    def test_cannot_be_edited_away(self, scheduled, organiser):
        Cancel(scheduled).perform(by=organiser)
        with pytest.raises(Frozen, match="is cancelled"):
            publish_election(scheduled)

    def test_can_be_archived(self, scheduled, organiser):
        Cancel(scheduled).perform(by=organiser)
        Archive(scheduled).perform(by=organiser)
        assert not Election.objects.current().exists()

    @pytest.mark.urls("voting_site.urls.vote")
    def test_is_what_voters_read(self, scheduled, organiser, browser):
        Cancel(scheduled).perform(by=organiser)
        answer = browser.get("/drink/")
        assert answer.status_code == 410
        assert "This election is cancelled" in answer.content.decode()
        assert "drink" not in browser.get("/").content.decode()

    @pytest.mark.urls("voting_site.urls.result")
    def test_is_what_the_results_say(self, scheduled, organiser, client):
        Cancel(scheduled).perform(by=organiser)
        assert client.get("/drink/results.json").json()["phase"] == "cancelled"
        page = client.get("/drink/").content.decode()
        assert '<span data-when-phase="cancelled">Cancelled</span>' in page

    @pytest.mark.urls("voting_site.urls.admin")
    def test_leaves_a_page_on_which_nothing_can_be_typed(self, scheduled, organiser):
        client = Client()
        client.force_login(organiser)
        address = f"/admin/polls/election/{scheduled.pk}/change/"
        assert 'name="title"' in client.get(address).content.decode()
        Cancel(scheduled).perform(by=organiser)
        page = client.get(address).content.decode()
        assert not re.search('name="(title|opens_at_0|closes_at_0|contests-0-option_lines)"', page)


def secret_of(election: Election) -> str:
    return VoterSecret.objects.get(election=election).value


class TestDuplicate:
    def test_keeps_the_steps_and_whether_voters_can_check(self, make_election, organiser):
        draft = Duplicate(make_election(step=10, checkable=True)).perform(by=organiser)
        assert (draft.step, draft.checkable) == (10, True)

    def test_keeps_the_languages_and_looks_of_the_paper(self, make_election, organiser):
        drink = make_election(language="en", translations={"es": {"title": "¿Bebida?"}})
        drink.contests.update(translations={"es": {"description": "*Fría*"}})
        name = store_picture(drink, redraw_picture(io.BytesIO(draw((40, 40))), 1000))
        Option.objects.filter(key="nesquik").update(emoji="🥛", picture=name)
        draft = Duplicate(drink).perform(by=organiser)
        assert (draft.language, draft.translations) == (drink.language, drink.translations)
        assert Paper.of(draft).contests == Paper.of(drink).contests
        assert draft.pictures.get().hash == name

    def test_is_a_draft_with_the_same_paper(self, make_election, organiser):
        drink = make_election(contests=2, method="approval", rules={"max_choices": 1, "blank": True})
        draft = Duplicate(drink).perform(by=organiser)
        assert (draft.state, draft.title, draft.slug) == (State.DRAFT, "drink? (copy)", "drink-copy")
        publish_election(draft)
        assert secret_of(draft) != secret_of(drink)
        copy, original = Definition.of(draft), Definition.of(drink)
        assert copy.contests == original.contests
        assert LoggedAct.objects.get().slug == "drink-copy"

    def test_of_a_title_that_is_as_long_as_can_be_is_not_longer(self, make_election, organiser):
        drink = make_election()
        drink.title = "x" * 200
        drink.save()
        draft = Duplicate(drink).perform(by=organiser)
        draft.full_clean()

    def test_is_seen_by_nobody(self, make_election, organiser):
        drink = make_election()
        Duplicate(drink).perform(by=organiser)
        keep_box()
        assert [one.slug for one in ballot_box.read_definitions()[0]] == ["drink"]


class TestCommands:
    def test_take_an_election_through_its_life(self, make_election, tmp_path, redis):
        make_election("other")
        paper = {"title": "Tea?", "slug": "tea", "contests": [{"options": [{"label": "Yes"}, {"label": "No"}]}]}
        file = tmp_path / "tea.json"
        file.write_text(json.dumps(paper))
        assert run("import_election", str(file)) == "tea is a draft; publish it with `publish_election tea`."
        assert run("close_election", "tea").startswith("EXIT Not closed: it has not opened yet.")
        assert run("cancel_election", "tea").startswith("EXIT Not cancelled: it is a draft")
        assert run("publish_election", "tea") == "tea is published."
        assert run("cancel_election", "tea").startswith("EXIT The election has begun")
        assert run("archive_election", "tea").startswith("EXIT Not archived")
        assert run("close_election", "tea") == "tea is closed. Every ballot is counted."
        assert run("cancel_election", "tea") == "EXIT Not cancelled: the election is over. Archive it instead."
        turn_phases()
        assert run("archive_election", "tea") == "tea is archived."
        assert run("duplicate_election", "tea") == "tea-copy is a draft with the paper of tea."
        done = list(LoggedAct.objects.order_by("id").values_list("act", flat=True))
        assert done == ["publish", "close", "archive", "duplicate"]

    def test_cancel_one_that_has_not_opened(self, scheduled):
        assert run("cancel_election", "drink") == "drink is cancelled."
        assert run("cancel_election", "drink") == "EXIT It is cancelled already."

    def test_say_that_there_is_no_such_election(self, transactional_db):
        assert run("close_election", "nothing").startswith("EXIT There is no election nothing.")

    def test_say_what_still_waits(self, make_election, cast):
        cast(make_election(), "ana", "nesquik")
        assert "1 ballots still wait" in run("close_election", "drink")

    @pytest.mark.parametrize("command", ["close_election", "cancel_election"])
    def test_change_nothing_while_the_box_is_away(self, make_election, request, command):
        drink = make_election(opens_at=timezone.now() + (TOMORROW if command == "cancel_election" else -TOMORROW))
        request.getfixturevalue("unreachable_redis")
        assert "cannot be reached" in run(command, "drink")
        drink.refresh_from_db()
        assert drink.state == State.PUBLISHED
