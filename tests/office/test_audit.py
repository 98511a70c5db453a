"""The audit by sample in the office: prepared, drawn by dice, opened, and in the way of certifying if it differs."""

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from office import sample_acts
from office.access import hold
from office.acts import NotDone
from office.certify_acts import Certify
from office.models import LoggedAct, Membership, Organisation
from office.sample_acts import DrawSample, NoteSample, PrepareAudit
from polls.life import State
from polls.models import Election
from record import recorder
from record.models import Audit, OpenedEntry, Sample
from record.sampling.opening import carry_out_all
from tally.drain import drain_all
from tally.lifecycle import close_election, release_result, turn_phases
from tally.models import Certification, CountedBallot
from tally.outcomes import catch_up
from tests.conftest import beside
from tests.tally.test_certification import finish
from tests.tally.test_turnout import fill, vote
from voting_site.roles import ROLES

pytestmark = pytest.mark.urls("voting_site.urls.admin")

DICE = "16354216354216354216"
OTHER_DICE = "65432165432165432165"


@pytest.fixture
def choir(transactional_db: None) -> Organisation:
    return Organisation.objects.create(name="Choir")


@pytest.fixture
def client_of(django_user_model: Any, choir: Organisation) -> Callable[[str], Client]:
    def sign_in(role: str) -> Client:
        user = django_user_model.objects.create_user(role, is_staff=True)
        if role != "stranger":
            Membership.objects.create(user=user, organisation=choir, role=role)
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def final(make_election: Any, cast: Any, choir: Organisation) -> Election:
    """Thirty for one drink and ten for the other; one voter has changed the vote: 41 entries."""
    drink: Election = make_election()
    hold(drink, choir)
    for number in range(40):
        cast(drink, f"v{number}", "nesquik" if number < 30 else "cola-cao")
    drain_all()
    cast(drink, "v0", "nesquik")
    end(drink)
    return drink


def end(election: Election) -> None:
    drain_all()
    finish(election)
    recorder.keep_logs()
    catch_up()


def prepared(election: Election) -> Audit:
    return PrepareAudit(election).perform(by=None)


def drawn(election: Election, draws: int = 5, dice: str = DICE) -> Sample:
    return DrawSample(election, dice, draws, Decimal("0.05")).perform(by=None)


def tamper(election: Election) -> None:
    """Let the count have a ballot as another one than its entry says."""
    changed = CountedBallot.objects.filter(election=election, marking="q1=cola-cao").first()
    CountedBallot.objects.filter(pk=changed.pk).update(marking="q1=nesquik")


def page(client: Client, election: Election) -> str:
    return client.get(reverse("admin:polls_election_audit", args=[election.pk])).content.decode()


def press(client: Client, election: Election, name: str = "audit", **fields: Any) -> Any:
    return client.post(reverse(f"admin:polls_election_{name}", args=[election.pk]), fields, follow=True)


class TestWay:
    def test_goes_from_the_text_over_the_dice_to_the_table(self, final, client_of):
        client = client_of("operator")
        assert "Prepare the audit before anybody throws dice" in page(client, final)
        told = press(client, final, "prepare_audit").content.decode()
        assert "Prepared. Now throw the dice in public." in told
        assert "urna-manifest/1" in told
        assert hashlib.sha256(Audit.objects.get().manifest_text.encode()).hexdigest() in told
        # A lead of 20 votes among 41 entries.
        assert ">20</td>" in told
        fields = {"dice": "16354 21635 42163 54216", "risk_limit": "0.05", "draws": "", "known": "0"}
        told = press(client, final, **fields).content.decode()
        assert "Opened. All entries of the sample are what is published." in told
        assert "All opened entries are what is published for them." in told
        sample = Sample.objects.get()
        assert (sample.dice, sample.draws, sample.entered_by) == (DICE, 13, "operator")
        assert told.count("✓ equal") + told.count("the voter has replaced it") == sample.opened.count()
        # 1 - (1 - 20 / 41 / 2.0781) ** 13.
        assert "with a chance of 96.9 % or more" in told
        assert [act.act for act in LoggedAct.objects.order_by("pk")] == ["prepare-audit", "draw-sample"]
        assert LoggedAct.objects.order_by("pk").last().changes["sample"] == [None, f"13 draws, {DICE}"]

    def test_shows_labels_and_numbers(self, final, client_of):
        prepared(final)
        drawn(final, 41)
        told = page(client_of("auditor"), final)
        assert told.count("Cola-Cao</bdi>") == 20
        assert "All entries of the record were opened." in told
        assert "Enter the dice" not in told

    def test_is_seen_by_auditors_who_take_the_file_away(self, final, client_of):
        prepared(final)
        sample = drawn(final)
        client = client_of("auditor")
        address = reverse("admin:polls_election_sample_file", args=[final.pk])
        assert f"{address}?sample={sample.pk}" in page(client, final)
        told = json.loads(client.get(f"{address}?sample={sample.pk}").content)
        assert len(told["entries"]) == sample.opened.count()
        for wrong in ("", "x", "9999", str(sample.pk + 1)):
            assert client.get(f"{address}?sample={wrong}").status_code == 404

    @pytest.mark.parametrize("role", ["auditor", "chair", "stranger"])
    def test_is_done_by_those_alone_who_run_elections(self, final, client_of, role):
        client = client_of(role)
        assert press(client, final, "prepare_audit").status_code in (403, 404)
        prepared(final)
        press(client, final, dice=DICE, risk_limit="0.05", draws="5", known="0")
        press(client, final, "note_sample", sample="1", note="x")
        assert not Sample.objects.exists()
        address = reverse("admin:polls_election_sample_file", args=[final.pk])
        sample = drawn(final)
        status = client.get(f"{address}?sample={sample.pk}").status_code
        assert status == (200 if role == "auditor" else 403 if role == "chair" else 404)

    def test_waits_for_a_slow_worker(self, final, client_of, settings, monkeypatch):
        settings.ROLE = ROLES["admin"]
        monkeypatch.setattr("polls.by_worker.PATIENCE_S", 0)
        asked = []
        monkeypatch.setattr(sample_acts, "ask_for_audits", lambda: asked.append(True))
        client = client_of("manager")
        assert "The worker is at it." in press(client, final, "prepare_audit").content.decode()
        told = press(client, final, dice=DICE, risk_limit="0.05", draws="5", known="0").content.decode()
        assert "prepare the audit first" in told
        carry_out_all()
        told = press(client, final, dice=DICE, risk_limit="0.05", draws="5", known="0").content.decode()
        assert "The worker opens the entries." in told
        assert len(asked) == 2
        with pytest.raises(NotDone, match="Entries of its audit by sample are being opened"):
            Certify(final).perform(by=None)
        carry_out_all()
        assert "All opened entries" in page(client, final)


class TestDice:
    @pytest.mark.parametrize("dice", ["", "123", "1" * 19, "7" * 20, DICE + "a", "1" * 201, "\u0661" * 20])
    def test_that_are_none_are_kept_for_correction(self, final, client_of, dice):
        prepared(final)
        response = press(client_of("manager"), final, dice=dice, risk_limit="0.05", draws="5", known="0")
        assert response.status_code == 400
        assert dice in response.content.decode()
        assert not Sample.objects.exists()

    def test_never_replace_others(self, final, client_of):
        prepared(final)
        drawn(final)
        client = client_of("manager")
        press(client, final, dice=OTHER_DICE, risk_limit="0.05", draws="5", known="1")
        told = page(client, final)
        assert DICE in told
        assert OTHER_DICE in told
        assert "There is a sample already." in told

    def test_of_a_page_that_knows_not_of_others_are_refused(self, final, client_of):
        prepared(final)
        drawn(final)
        told = press(client_of("manager"), final, dice=OTHER_DICE, risk_limit="0.05", draws="5", known="0")
        assert "somebody else has entered dice meanwhile" in told.content.decode()
        assert Sample.objects.count() == 1

    def test_that_are_sent_twice_are_entered_once(self, final, client_of):
        prepared(final)
        client = client_of("manager")
        press(client, final, dice=DICE, risk_limit="0.05", draws="5", known="0")
        told = press(client, final, dice=DICE, risk_limit="0.05", draws="5", known="0").content.decode()
        assert "These dice are entered already" in told
        assert Sample.objects.count() == 1

    def test_of_two_people_at_once_are_entered_once(self, final):
        prepared(final)
        acts = [DrawSample(final, dice, 5, Decimal("0.05"), known=0) for dice in (DICE, OTHER_DICE)]

        def enter(act: DrawSample) -> str:
            try:
                act.perform(by=None)
            except NotDone as problem:
                return problem.message
            return ""

        other = beside(lambda: enter(acts[0]))
        told = {enter(acts[1]), other.result(timeout=60)}
        assert told == {"", "Not drawn: somebody else has entered dice meanwhile. Their sample is below."}
        assert Sample.objects.count() == 1

    @pytest.mark.parametrize("draws", [0, -1, 10_001])
    def test_draw_neither_nothing_nor_everything_of_a_large_record(self, final, draws):
        prepared(final)
        with pytest.raises(NotDone, match="a sample has 1 to 10000 draws"):
            drawn(final, draws)

    def test_can_be_entered_a_limited_number_of_times(self, final, monkeypatch):
        monkeypatch.setattr(sample_acts, "MOST_SAMPLES", 1)
        prepared(final)
        drawn(final)
        with pytest.raises(NotDone, match="there are 1 samples already"):
            drawn(final, dice=OTHER_DICE)


class TestHindrance:
    def test_is_an_election_that_is_not_final(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        with pytest.raises(NotDone, match="The election is not final"):
            prepared(drink)

    def test_is_a_hidden_result(self, make_election, cast):
        drink = make_election(shows="hidden")
        cast(drink, "ana", "nesquik")
        close_election(drink)
        drain_all()
        turn_phases()
        drink.refresh_from_db()
        with pytest.raises(NotDone, match="Its result is hidden"):
            prepared(drink)
        release_result(drink)
        recorder.keep_logs()
        assert prepared(drink).manifest

    def test_is_a_record_without_entries(self, make_election):
        drink = make_election()
        end(drink)
        with pytest.raises(NotDone, match="Its record has no entries"):
            prepared(drink)

    def test_is_a_certified_election(self, final, client_of):
        Certify(final).perform(by=None)
        with pytest.raises(NotDone, match="nobody can open them any more"):
            prepared(final)
        assert "nobody can open them any more" in page(client_of("manager"), final)

    def test_is_a_certification_under_way(self, final):
        prepared(final)
        Certification.objects.create(election=final, asked_by="mia", step=Certification.Step.ASKED)
        with pytest.raises(NotDone, match="It is being certified"):
            drawn(final)

    def test_is_a_second_preparation(self, final):
        first = prepared(final)
        with pytest.raises(NotDone, match="It is prepared already"):
            prepared(final)
        assert Audit.objects.get().manifest == first.manifest

    def test_is_a_record_that_does_not_fit(self, final, client_of):
        CountedBallot.objects.filter(pk=CountedBallot.objects.first().pk).delete()
        told = press(client_of("manager"), final, "prepare_audit").content.decode()
        assert "Not prepared: the record and the ballots do not fit" in told
        assert "has another fate than was published" in page(client_of("auditor"), final)


class TestDifference:
    def test_keeps_the_election_from_being_certified_until_it_is_explained(self, final, client_of):
        tamper(final)
        prepared(final)
        sample = drawn(final, 41)
        client = client_of("manager")
        told = page(client, final)
        assert told.count("✗ <strong>different</strong>") == 1
        assert "1 entry is not what is published for it" in told
        with pytest.raises(NotDone, match="Its audit by sample has found a difference"):
            Certify(final).perform(by=None)
        assert (
            "Not noted: say what was found out"
            in press(client, final, "note_sample", sample=sample.pk, note=" ").content.decode()
        )
        # Nothing that was typed is lost.
        long = press(client, final, "note_sample", sample=sample.pk, note="found " * 500)
        assert long.status_code == 400
        assert "found " * 499 in long.content.decode()
        press(client, final, "note_sample", sample=sample.pk, note="A test of the audit.")
        told = page(client, final)
        assert "A test of the audit." in told
        assert "manager" in told
        assert "note-sample" in LoggedAct.objects.values_list("act", flat=True)
        # What stands against it now is the count itself.
        row = Certify(final).perform(by=None)
        assert row.problem == Certification.Problem.COUNT

    def test_is_explained_by_managers_alone_and_once(self, final, client_of):
        tamper(final)
        prepared(final)
        sample = drawn(final, 41)
        assert press(client_of("operator"), final, "note_sample", sample=sample.pk, note="x").status_code == 403
        NoteSample(final, sample.pk, "first").perform(by=None)
        with pytest.raises(NotDone, match="it has a note already"):
            NoteSample(final, sample.pk, "second").perform(by=None)

    def test_is_not_explained_where_there_is_none(self, final):
        prepared(final)
        sample = drawn(final)
        for number in (sample.pk, sample.pk + 1):
            with pytest.raises(NotDone, match="this sample has no difference"):
                NoteSample(final, number, "x").perform(by=None)

    def test_of_other_ballots_than_were_fixed_is_told(self, final, client_of):
        prepared(final)
        tamper(final)
        drawn(final)
        assert "It could not be opened" in page(client_of("auditor"), final)
        with pytest.raises(NotDone, match="found a difference"):
            Certify(final).perform(by=None)


class TestCertified:
    def test_keeps_the_dice_and_forgets_the_markings(self, final, client_of):
        prepared(final)
        drawn(final, 41)
        Certify(final).perform(by=None)
        final.refresh_from_db()
        assert final.state == State.CERTIFIED
        assert not OpenedEntry.objects.exists()
        told = page(client_of("auditor"), final)
        assert DICE in told
        assert "Its opened entries were deleted" in told
        assert "✓ equal" not in told


class TestLead:
    def test_is_not_known_where_options_are_ranked(self, make_election, cast, choir, client_of):
        drink = make_election(method="irv", options=("a", "b", "c"))
        hold(drink, choir)
        for number in range(6):
            cast(drink, f"v{number}", "a>b" if number else "c")
        end(drink)
        prepared(drink)
        client = client_of("manager")
        told = page(client, drink)
        assert "say yourself how many entries are opened" in told
        assert "59 entries, if at least 5% of all are wrong" in told
        response = press(client, drink, dice=DICE, risk_limit="0.05", draws="", known="0")
        assert response.status_code == 400
        assert DICE in response.content.decode()
        told = press(client, drink, dice=DICE, risk_limit="0.05", draws="3", known="0").content.decode()
        assert told.count("A &gt; B</bdi>") + told.count("C</bdi>") == 2 * OpenedEntry.objects.count()
        assert "63.2 % of the entries or more" in told

    def test_of_nothing_opens_all(self, make_election, cast, choir, client_of):
        drink = make_election()
        hold(drink, choir)
        for number in range(4):
            cast(drink, f"v{number}", "nesquik" if number % 2 else "cola-cao")
        end(drink)
        prepared(drink)
        press(client_of("manager"), drink, dice=DICE, risk_limit="0.05", draws="", known="0")
        assert OpenedEntry.objects.count() == 4

    def test_of_a_motion_is_that_of_yes_over_no(self, make_election, cast, choir, client_of):
        rules = {"yes": "nesquik", "no": "cola-cao"}
        drink = make_election(method="motion", rules=rules)
        hold(drink, choir)
        for number in range(9):
            cast(drink, f"v{number}", "nesquik" if number < 7 else "cola-cao")
        end(drink)
        assert ">5</td>" in page(client_of("manager"), drink)

    def test_is_not_known_where_votes_have_weights(self, make_election, redis, choir, client_of):
        drink = make_election(eligibility="roll")
        hold(drink, choir)
        fill(drink, 5)
        drink.refresh_from_db()
        for number in range(1, 6):
            vote(redis, drink, number, weight=number)
        end(drink)
        told = page(client_of("manager"), drink)
        assert "ballots have different weights" in told
        assert ">15</td>" not in told
        prepared(drink)
        drawn(drink, 5)
        assert "weight 5" in page(client_of("auditor"), drink)


class TestCommand:
    def test_prints_the_same(self, final, capsys, tmp_path: Path):
        call_command("audit_sample", "drink", "--prepare")
        assert "urna-manifest/1" in capsys.readouterr().out
        call_command("audit_sample", "drink", "--dice", DICE, "--out", str(tmp_path / "sample.json"))
        told = capsys.readouterr().out
        assert "13 draws" in told
        assert "all are what is published" in told
        assert "Nesquik | ballot " in told
        assert json.loads((tmp_path / "sample.json").read_text())["draws"] == 13

    def test_names_the_difference(self, final, capsys):
        tamper(final)
        call_command("audit_sample", "drink", "--prepare")
        with pytest.raises(CommandError, match="1 of 41 opened entries are not what is published"):
            call_command("audit_sample", "drink", "--dice", DICE, "--draws", "41")
        assert "DIFFERENT" in capsys.readouterr().out

    def test_refuses_dice_before_it_is_prepared(self, final):
        with pytest.raises(CommandError, match="prepare the audit first"):
            call_command("audit_sample", "drink", "--dice", DICE)

    def test_says_what_is_in_the_way_before_it_asks_for_a_number(self, make_election):
        make_election()
        with pytest.raises(CommandError, match="The election is not final"):
            call_command("audit_sample", "drink", "--dice", DICE)

    def test_refuses_wrong_dice(self, final):
        prepared(final)
        with pytest.raises(CommandError, match="as digits from 1 to 6"):
            call_command("audit_sample", "drink", "--dice", "123")


class TestAct:
    def test_is_refused_to_others(self, final, django_user_model):
        stranger = django_user_model.objects.create_user("sam", is_staff=True)
        for act in (PrepareAudit(final), DrawSample(final, DICE, 5, Decimal("0.05")), NoteSample(final, 1, "x")):
            with pytest.raises(PermissionDenied):
                act.perform(by=stranger)
