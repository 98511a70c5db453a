"""A typo that is found before the first ballot can be mended, by an act that tells it; after that never."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from office.acts import NotDone
from office.mending import Mend
from office.models import LoggedAct
from polls import ballot_box, by_worker, publishing
from polls.ballot_box import Verdict
from polls.definition import Definition
from polls.delivery import Arrival
from polls.design import Paper
from polls.mending import list_texts
from polls.mending import mend as mend_text
from polls.models import Election
from polls.publishing import Frozen
from polls.wording import find_translated, with_translated
from results.snapshot import read_snapshots
from tally.drain import drain_all
from tally.healing import keep_box
from tally.lifecycle import close_election, turn_phases
from tally.models import CastRecord
from tests.conftest import beside
from tests.web import read_form
from voting_site.roles import ROLES

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def drink(make_election: Callable[..., Election]) -> Election:
    """An open election whose first label has a typo, and whose worker has noticed that it is open."""
    election = make_election(options=("nesqik", "cola-cao"))
    turn_phases()
    election.refresh_from_db()
    return election


LABEL = ("q1.nesqik.label", "Nesqik", "Nesquik")


def mend(election: Election, place: str = LABEL[0], old: str = LABEL[1], new: str = LABEL[2]) -> Any:
    return Mend(election, place, old, new).perform(by=None)


def labels() -> list[str]:
    return [one.label for one in ballot_box.read_definition("drink")[0].contests[0].options]


def page(address: str, urls: str, client: Client | None = None, **post: Any) -> Any:
    with override_settings(ROOT_URLCONF=f"voting_site.urls.{urls}"):
        client = client or Client()
        return client.post(address, post) if post else client.get(address)


class TestMend:
    def test_changes_the_text_and_nothing_else(self, drink):
        before = Paper.of(drink)
        assert mend(drink).arrival is Arrival.TAKEN
        after = Paper.of(Election.objects.get())
        assert labels() == ["Nesquik", "Cola-Cao"]
        [contest], [old] = after.contests, before.contests
        assert [one.key for one in contest.options] == ["nesqik", "cola-cao"]
        assert replace(after, contests=(replace(contest, options=old.options),)) == before

    @pytest.mark.parametrize(
        ("place", "old", "new"),
        [
            LABEL,
            ("title", "drink?", "Drink?"),
            ("q1.cola-cao.description", "", "Cocoa.\nSweet."),
            ("q1.title", "", "Q"),
        ],
    )
    def test_is_logged_with_both_texts(self, drink, place, old, new):
        mend(drink, place, old, new)
        act = LoggedAct.objects.get()
        assert (act.act, act.changes[place]) == ("mend", [old, new])

    def test_is_told_on_ballot_and_results(self, drink):
        assert "was mended" not in page("/drink/", "vote").content.decode()
        mend(drink)
        assert "A text on this ballot was mended before the first vote" in page("/drink/", "vote").content.decode()
        assert "A text was mended before the first vote" in page("/drink/", "result").content.decode()

    def test_gives_a_voter_with_the_old_form_a_fresh_one_filled_in(self, drink):
        voter = Client()
        form = read_form(page("/drink/", "vote", voter).content.decode())
        mend(drink)
        answer = page("/drink/", "vote", voter, **form, q1="nesqik")
        assert answer.status_code == 409
        assert "Nesquik" in answer.content.decode()
        assert answer.context["contests"][0].marked
        fresh = read_form(answer.content.decode())
        assert page("/drink/", "vote", voter, **fresh, q1="nesqik").status_code == 303

    def test_counts_the_ballots_that_follow(self, drink, cast):
        mend(drink)
        cast(Election.objects.get(), "ana", "nesqik")
        drain_all()
        [snapshot] = read_snapshots(Election.objects.all(), whole=True)
        assert [(one.label, one.count) for one in snapshot.contests[0].options] == [("Nesquik", 1), ("Cola-Cao", 0)]

    def test_can_be_done_twice_and_back(self, drink):
        mend(drink)
        assert mend(drink, LABEL[0], LABEL[2], LABEL[1]).arrival is Arrival.TAKEN
        assert labels() == ["Nesqik", "Cola-Cao"]
        assert mend(drink).arrival is Arrival.TAKEN
        keep_box()
        assert labels() == ["Nesquik", "Cola-Cao"]


class TestTranslation:
    @pytest.fixture
    def drink(self, make_election: Callable[..., Election]) -> Election:
        """An open election whose German title has a typo."""
        election = make_election(language="es", translations={"de": {"title": "Getrank?"}})
        turn_phases()
        election.refresh_from_db()
        return election

    TITLE = ("de/title", "Getrank?", "Getränk?")

    def test_is_among_the_texts_and_mended_alone(self, drink):
        before = Paper.of(drink)
        assert [one.name for one in list_texts(before) if one.place == "de/title"] == ["Title (Deutsch)"]
        assert mend(drink, *self.TITLE).arrival is Arrival.TAKEN
        definition = ballot_box.read_definition("drink")[0]
        assert (definition.title, definition.translations) == ("drink?", {"de": {"title": "Getränk?"}})
        assert replace(Paper.of(Election.objects.get()), translations=before.translations) == before
        assert LoggedAct.objects.get().changes["de/title"] == ["Getrank?", "Getränk?"]

    def test_is_told_on_results_that_stand_open_elsewhere(self, drink):
        assert "mended_at" not in page("/drink/results.json", "result").content.decode()
        mend(drink, *self.TITLE)
        assert "mended_at" in page("/drink/results.json", "result").content.decode()
        german = Client(HTTP_ACCEPT_LANGUAGE="de")
        assert "Getränk?" in page("/drink/", "result", german).content.decode()

    def test_may_be_taken_away(self, drink):
        mend(drink, "de/title", "Getrank?", "")
        assert Paper.of(Election.objects.get()).languages == ("es",)

    def test_keeps_labels_apart_in_each_language(self, drink):
        twin = with_translated(Paper.of(drink), "de", {"q1.nesquik.label": "Kakao", "q1.cola-cao.label": "Cola"})
        [text] = [one for one in list_texts(twin) if one.place == "de/q1.cola-cao.label"]
        with pytest.raises(ValidationError, match="could not tell “Kakao” and “KAKAO” apart"):
            mend_text(text, "KAKAO")
        assert find_translated(mend_text(text, " Cola  Cao "), "de")["q1.cola-cao.label"] == "Cola Cao"


class TestMendThatComesTooLate:
    def test_is_refused_after_the_first_ballot(self, drink, cast):
        cast(drink, "ana", "nesqik")
        with pytest.raises(Frozen, match="A ballot has been accepted"):
            mend(drink)
        assert labels() == ["Nesqik", "Cola-Cao"]
        assert Paper.of(drink).contests[0].options[0].label == "Nesqik"
        assert not LoggedAct.objects.exists()

    def test_is_refused_after_a_ballot_in_any_shard(self, make_election, cast):
        election = make_election(options=("nesqik", "cola-cao"), shards=4)
        cast(election, "ana", "nesqik")
        with pytest.raises(Frozen, match="A ballot has been accepted"):
            mend(election)

    @pytest.mark.parametrize("counted", [True, False])
    def test_is_refused_after_a_ballot_of_a_box_that_was_healed(self, drink, cast, redis, counted):
        cast(drink, "ana", "nesqik")
        if counted:
            drain_all()
            redis.flushall()
        else:
            redis.delete(ballot_box.EPOCH)
        keep_box()
        with pytest.raises(Frozen, match="A ballot has been accepted"):
            mend(drink)

    def test_is_taken_back_where_the_ballot_came_between_the_look_and_the_act(self, drink, cast, monkeypatch):
        cast(drink, "ana", "nesqik")
        monkeypatch.setattr(publishing, "_refuse_what_has_begun", lambda election: None)
        with pytest.raises(NotDone, match="a ballot has been accepted meanwhile"):
            mend(drink)
        drink.refresh_from_db()
        assert Paper.of(drink).contests[0].options[0].label == "Nesqik"
        assert drink.mended_at is None
        assert "was mended" not in page("/drink/", "vote").content.decode()
        back, mended = LoggedAct.objects.all()
        assert (mended.act, back.act, back.actor) == ("mend", "take-back", "ballot box")
        assert back.changes == {"design": mended.changes["design"][::-1]}

    def test_waits_for_a_worker_and_is_not_told_before(self, drink, cast, settings, monkeypatch):
        settings.ROLE = ROLES["admin"]
        monkeypatch.setattr(by_worker, "PATIENCE_S", 0)
        assert mend(drink).worker_is_silent
        assert Definition.of(Election.objects.get()).mended_at is None
        voters_see = ballot_box.read_definition("drink")[0]
        settings.ROLE = ROLES["worker"]
        assert cast(voters_see, "ana", "nesqik").verdict is Verdict.ACCEPTED
        keep_box()
        drink.refresh_from_db()
        assert (labels(), drink.mended_at) == (["Nesqik", "Cola-Cao"], None)
        assert drink.refused_edit["contests"][0]["options"][0]["label"] == "Nesquik"

    def test_is_refused_while_the_box_is_away(self, drink, unreachable_redis):
        with pytest.raises(NotDone, match="the ballot box cannot be reached"):
            mend(drink)
        assert Paper.of(drink).contests[0].options[0].label == "Nesqik"

    def test_is_refused_before_the_opening_and_after_the_close(self, make_election):
        later = make_election("later", opens_at=timezone.now() + timezone.timedelta(days=1))
        closed = make_election("closed")
        close_election(closed)
        for election in (later, closed):
            with pytest.raises(ValidationError, match="the election is not open"):
                mend(election, "title", election.title, "Another?")

    @pytest.mark.parametrize("round_", range(5))
    def test_never_lets_a_voter_of_twenty_vote_on_another_paper_than_they_saw(self, drink, cast, round_):
        seen = ballot_box.read_definition("drink")[0]
        start = threading.Barrier(21)

        def vote(number: int) -> Verdict:
            start.wait(20)
            return cast(seen, f"voter {round_} {number}", "nesqik").verdict

        def act() -> bool:
            start.wait(20)
            try:
                return mend(drink).arrival is Arrival.TAKEN
            except ValidationError:
                return False

        voters = [beside(partial(vote, number)) for number in range(20)]
        mended = beside(act).result(30)
        verdicts = {one.result(30) for one in voters}
        assert verdicts == {Verdict.OTHER_DESIGN if mended else Verdict.ACCEPTED}
        assert labels() == ["Nesquik" if mended else "Nesqik", "Cola-Cao"]
        drain_all()
        assert CastRecord.objects.count() == (0 if mended else 20)


class TestText:
    def test_is_each_one_of_the_paper_once(self, make_election):
        paper = Paper.of(make_election(contests=2))
        places = [one.place for one in list_texts(paper)]
        assert len(set(places)) == len(places) == 2 + 2 * (2 + 2 * 2)

    @pytest.mark.parametrize(
        ("place", "old", "new", "reason"),
        [
            ("title", "drink?", " \u200b", "the paper needs a text"),
            (*LABEL[:2], "cola-CAO", "could not tell"),
            (*LABEL[:2], "x" * 121, "at most 120 characters"),
            (*LABEL[:2], "", "the paper needs a text"),
            (LABEL[0], "something else", "Nesquik", "somebody else has changed this text"),
            ("q9.title", "", "Nesquik", "somebody else has changed this text"),
        ],
    )
    def test_that_no_paper_may_have_is_refused(self, drink, place, old, new, reason):
        with pytest.raises(ValidationError, match=reason):
            mend(drink, place, old, new)
        assert labels() == ["Nesqik", "Cola-Cao"]


class TestPages:
    @pytest.fixture
    def organiser(self, admin_user) -> Client:
        client = Client()
        client.force_login(admin_user)
        return client

    def test_show_old_and_new_and_ask(self, organiser, drink):
        address = reverse("admin:polls_election_mend", args=[drink.pk])
        assert f"?text={LABEL[0]}" in organiser.get(address).content.decode()
        asked = organiser.post(f"{address}?text={LABEL[0]}", {"new": "Nesquik"})
        assert "<del" in asked.content.decode()
        assert labels() == ["Nesqik", "Cola-Cao"]
        sure = {"old": "Nesqik", "new": "Nesquik", "sure": "yes"}
        told = organiser.post(f"{address}?text={LABEL[0]}", sure, follow=True)
        assert "Mended." in told.content.decode()
        assert labels() == ["Nesquik", "Cola-Cao"]

    def test_mend_a_text_of_several_lines(self, organiser, drink):
        mend(drink, "description", "", "First.\nSecnd.")
        address = reverse("admin:polls_election_mend", args=[drink.pk]) + "?text=description"
        asked = organiser.post(address, {"new": "First.\r\nSecond."})
        sure = {"old": "First.\r\nSecnd.", "new": asked.context["new"].replace("\n", "\r\n"), "sure": "yes"}
        organiser.post(address, sure)
        assert ballot_box.read_definition("drink")[0].description == "First.\nSecond."

    @pytest.mark.parametrize(
        ("new", "reason"), [("Nesqik", "stands there"), ("", "needs a text"), ("Cola-Cao", "apart")]
    )
    def test_say_why_not_and_keep_what_was_typed(self, organiser, drink, new, reason):
        address = reverse("admin:polls_election_mend", args=[drink.pk]) + f"?text={LABEL[0]}"
        answer = organiser.post(address, {"new": new})
        assert (answer.status_code, answer.context["form"]["new"].value()) == (400, new)
        assert reason in answer.content.decode()

    def test_are_not_offered_once_a_ballot_is_counted_that_no_step_shows_yet(self, organiser, make_election, cast):
        tea = make_election("tea", step=5)
        address = reverse("admin:polls_election_page", args=[tea.pk])
        assert "Mend a typo…" in organiser.get(address).content.decode()
        cast(tea, "ana", "nesquik")
        drain_all()
        assert "Mend a typo…" not in organiser.get(address).content.decode()

    def test_are_offered_until_the_first_ballot(self, organiser, drink, cast):
        address = reverse("admin:polls_election_page", args=[drink.pk])
        assert "Mend a typo…" in organiser.get(address).content.decode()
        cast(drink, "ana", "nesqik")
        assert "Mend a typo…" not in organiser.get(address).content.decode()
        sure = {"old": "Nesqik", "new": "Nesquik", "sure": "yes"}
        late = organiser.post(
            reverse("admin:polls_election_mend", args=[drink.pk]) + f"?text={LABEL[0]}", sure, follow=True
        )
        assert "A ballot has been accepted" in late.content.decode()
        # What was typed is not lost.
        assert late.context["form"]["new"].value() == "Nesquik"
