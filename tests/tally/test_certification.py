"""Certification: what it waits for, what it stores, and what it destroys."""

import hashlib
import io
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.urls import reverse

from polls import ballot_box
from polls.ballot_box import Unavailable
from polls.definition import Definition
from polls.delivery import with_secrets
from polls.design import Paper
from polls.life import State
from polls.models import Election, VoterSecret
from polls.voters import derive_voter
from results.views import get_snapshot
from tally import certification, healing
from tally.audit.accounts import check_accounts
from tally.audit.reconcile import reconcile
from tally.audit.recount import recount, repair, standing_still
from tally.certification import certify_all
from tally.drain import drain_all
from tally.lifecycle import close_election, turn_phases
from tally.models import (
    AnonymousBallots,
    CastRecord,
    Certification,
    CertifiedResult,
    Count,
    CountedBallot,
    Reconciliation,
    RejectedBallot,
    StoredOutcome,
    Tally,
)
from tally.outcomes import catch_up
from tally.tie_breaks import enter_lot
from tally.turnout import note_all
from tally.withdrawals import withdraw
from tests.conftest import beside, fresh_ballot_id, voter_key
from tests.tally.test_turnout import fill, flagged, key_of, vote
from voting_site.rights.database_users import grant, users

Step, Problem = Certification.Step, Certification.Problem


@pytest.fixture
def final(make_election, cast) -> Election:
    """An election that is final; ana has changed her vote."""
    drink = make_election()
    for voter, marking in (("ana", "nesquik"), ("eva", "cola-cao"), ("ana", "cola-cao"), ("leo", "nesquik")):
        cast(drink, voter, marking)
    drain_all()
    finish(drink)
    return drink


def finish(election: Election) -> None:
    close_election(election)
    drain_all()
    turn_phases()
    check_accounts()
    election.refresh_from_db()
    assert election.state == State.FINAL


def ask(election: Election, **fields: Any) -> Certification:
    row, _ = Certification.objects.update_or_create(election=election, defaults={"asked_by": "mia", **fields})
    return row


def certified(election: Election, **fields: Any) -> Certification:
    """Ask, let a worker look, and return how far it is."""
    row = ask(election, **fields)
    certify_all()
    election.refresh_from_db()
    row.refresh_from_db()
    return row


def tables() -> dict[str, str]:
    """Return all that stands in the database, as text by table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            cursor.execute(f"SELECT coalesce(string_agg(row_to_json(t)::text, E'\\n'), '') FROM \"{name}\" AS t")
            [(found[name],)] = cursor.fetchall()
    return found


def box_contents(redis: Any) -> dict[str, str]:
    """Return all that stands in Redis, and in the files behind it."""
    readers: dict[bytes, Callable[[bytes], Any]] = {
        b"hash": redis.hgetall, b"string": redis.get, b"stream": redis.xrange, b"set": redis.smembers,
        b"list": lambda key: redis.lrange(key, 0, -1), b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
    }  # fmt: skip
    found = {key.decode(): repr(readers[redis.type(key)](key)) for key in redis.keys("*")}
    folder = Path(redis.config_get("dir")["dir"]) / redis.config_get("appenddirname")["appenddirname"]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        # One may be deleted just now.
        with suppress(FileNotFoundError):
            found[str(path)] = path.read_bytes().decode("latin-1")
    return found


def find(traces: set[str], redis: Any) -> set[tuple[str, str]]:
    """Return which of the traces stand where: in which table, key or file."""
    everything = tables() | box_contents(redis)
    return {(trace, name) for trace in traces for name, text in everything.items() if trace in text}


class TestCertify:
    def test_stores_the_result_with_its_hash(self, final):
        assert certified(final).step == Step.DONE
        assert (final.state, final.certified_at is not None) == (State.CERTIFIED, True)
        row = CertifiedResult.objects.get()
        assert row.hash == hashlib.sha256(row.text.encode()).hexdigest()
        told = json.loads(row.text)
        assert (told["election"], told["ballots"], told["set_aside"]) == ("drink", 3, {})
        assert told["account"]["accepted"] == 4
        assert told["account"]["ballots"] == {"counted": 3, "replaced": 1}
        assert told["contests"] == StoredOutcome.objects.get().contests
        assert told["contests"][0]["outcome"]["winners"] == ["cola-cao"]
        assert told["paper"]["contests"][0]["options"][0]["label"] == "Nesquik"

    def test_keeps_the_ballots_as_markings_alone(self, final):
        certified(final)
        kept = AnonymousBallots.objects.order_by("pk").values_list("marking", "weight", "number")
        assert list(kept) == [("q1=cola-cao", 1, 2), ("q1=nesquik", 1, 1)]
        gone = (CastRecord, CountedBallot, RejectedBallot, VoterSecret)
        assert [model.objects.count() for model in gone] == [0] * 4

    def test_twice_changes_nothing(self, final):
        certified(final)
        before = CertifiedResult.objects.get().text
        assert certified(final, step=Step.ASKED).step == Step.DONE
        assert CertifiedResult.objects.get().text == before
        assert AnonymousBallots.objects.count() == 2

    def test_by_two_workers_at_once_is_done_by_one(self, final, monkeypatch):
        ask(final)
        seen = []

        def look_beside(election: Election) -> None:
            seen.append(beside(certify_all).result())
            seen.append(CertifiedResult.objects.count())

        monkeypatch.setattr(certification, "_require_known_set_aside", look_beside)
        certify_all()
        assert seen == [None, 0]
        assert Certification.objects.get().step == Step.DONE

    def test_waits_for_the_other_manager(self, final):
        assert certified(final, step=Step.WAITING).step == Step.WAITING
        assert final.state == State.FINAL

    def test_of_all_shards_leaves_no_shard_to_tell(self, make_election, cast, settings):
        settings.BALLOT_BOX_SHARDS = 4
        drink = make_election()
        for number in range(9):
            cast(drink, f"v{number}", "nesquik" if number % 2 else "cola-cao")
        finish(drink)
        certified(drink)
        assert set(Count.objects.values_list("shard", flat=True)) == {0}
        assert [tally.ballots for tally in Tally.objects.order_by("shard")] == [9, 0, 0, 0]
        with standing_still():
            assert recount(drink, lambda _: None).differences == []


class TestRefusal:
    def test_before_it_is_final(self, make_election):
        row = certified(make_election())
        assert (row.step, row.problem) == (Step.REFUSED, Problem.NOT_FINAL)

    def test_while_its_result_is_hidden(self, make_election, cast):
        drink = make_election(shows="hidden")
        cast(drink, "ana", "nesquik")
        finish(drink)
        assert certified(drink).problem == Problem.WITHHELD

    def test_while_the_account_does_not_balance_and_nobody_knows(self, final):
        CastRecord.objects.filter(voter_key=voter_key("leo")).delete()
        row = certified(final)
        assert (row.step, row.problem) == (Step.REFUSED, Problem.ACCOUNT)
        assert "ballot 4 is missing" in row.details[0]

    def test_while_the_count_differs_from_the_records(self, final):
        Count.objects.filter(key="q1:nesquik").update(n=7)
        row = certified(final)
        assert (row.step, row.problem) == (Step.REFUSED, Problem.COUNT)
        assert "7 kept, 1 by the cast records" in row.details[0]
        assert (final.state, CertifiedResult.objects.count(), CountedBallot.objects.count()) == (State.FINAL, 0, 3)

    def test_while_a_ballot_is_set_aside_of_which_nobody_took_note(self, make_election, cast, redis):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), {"v": 2, "voter": "?"})
        finish(drink)
        row = certified(drink)
        assert (row.step, row.problem) == (Step.REFUSED, Problem.SET_ASIDE)
        assert certified(drink, step=Step.ASKED, set_aside=1).step == Step.DONE
        assert json.loads(CertifiedResult.objects.get().text)["set_aside"] == {"unreadable": 1}
        assert not RejectedBallot.objects.exists()

    def test_can_be_asked_again_afterwards(self, final):
        Count.objects.filter(key="q1:nesquik").update(n=7)
        certified(final)
        repair(final, lambda _: None)
        assert certified(final, step=Step.ASKED).step == Step.DONE


class Killed(BaseException):
    """A worker that ends here, as by `kill -9`."""


class TestDeath:
    """Wherever a worker dies, nothing is half done, and the next one finishes."""

    @pytest.mark.parametrize("at", ["_check", "_certify", "recount", "_fix", "_separate", "republish_election"])
    def test_before_the_commit_leaves_everything(self, final, monkeypatch, at):
        before = {name: text for name, text in tables().items() if name.startswith("tally_")}
        ask(final)
        self.die(monkeypatch, at)
        after = tables()
        for name in before.keys() - {"tally_certification", "tally_reconciliation"}:
            assert after[name] == before[name], name
        self.finish(final)

    @pytest.mark.parametrize("at", ["_separate_box", "healing.deliver_election", "forgetting.forget_voters"])
    def test_after_the_commit_leaves_the_box_to_clean(self, final, redis, monkeypatch, at):
        ask(final)
        self.die(monkeypatch, at)
        final.refresh_from_db()
        assert final.state == State.CERTIFIED
        self.finish(final)
        assert redis.exists(ballot_box.key(final.pk, 0, "voters")) == 0

    def die(self, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
        def end(*_: Any, **__: Any) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(f"tally.certification.{at}", end)
            with pytest.raises(Killed):
                certify_all()

    def finish(self, election: Election) -> None:
        certify_all()
        election.refresh_from_db()
        assert (election.state, Certification.objects.get().step) == (State.CERTIFIED, Step.DONE)
        assert AnonymousBallots.objects.count() == 2

    def test_of_redis_is_waited_for(self, final, monkeypatch):
        ask(final)

        def fail(*_: Any) -> None:
            raise Unavailable("gone")

        with monkeypatch.context() as patch:
            patch.setattr("tally.certification.forgetting.rewrite_file", fail)
            with pytest.raises(Unavailable):
                certify_all()
        assert Certification.objects.get().step == Step.SEPARATING
        self.finish(final)


class TestSeparation:
    @pytest.fixture
    def known(self, make_election, cast) -> Any:
        """An election, and a voter whose cookie is known, with all that could name the ballot."""
        drink = make_election()
        [definition] = with_secrets([Definition.of(drink)])
        voter = derive_voter(definition, "the-cookie-of-ana")
        ballot_id = fresh_ballot_id(definition, voter)
        ballot_box.cast(
            definition, voter=voter, ballot_id=ballot_id, marking="q1=nesquik", design=definition.design, network="x"
        )
        cast(drink, "eva", "cola-cao")
        finish(drink)
        return drink, definition, voter, ballot_id

    def test_leaves_nothing_by_which_a_known_voter_is_found(self, known, redis):
        drink, definition, voter, ballot_id = known
        traces = {voter.key, str(ballot_id), definition.voter_secret}
        epoch = redis.get(ballot_box.EPOCH).decode()
        accepted = CastRecord.objects.get(voter_key=voter.key).accepted_at.isoformat()[:19]
        everything = tables() | box_contents(redis)
        for trace in traces:
            assert any(trace in text for text in everything.values()), "otherwise this test shows nothing"
        assert certified(drink).step == Step.DONE
        found = find(traces, redis)
        deadline = time.monotonic() + 5
        # Valkey deletes the older file in a thread of its own, a moment after it says that the newer one is whole.
        while found and time.monotonic() < deadline:
            time.sleep(0.05)
            found = find(traces, redis)
        assert found == set()
        # Neither a place nor a time is beside a marking.
        kept = {name for name, text in tables().items() if "q1=nesquik" in text}
        assert kept == {"tally_anonymousballots"}
        assert epoch not in tables()["tally_anonymousballots"] + tables()["tally_tally"]
        assert accepted not in tables()["tally_anonymousballots"]

    def test_makes_no_secret_again(self, known, redis):
        drink, *_ = known
        certified(drink)
        healing.keep_box()
        redis.flushall()
        healing.keep_box()
        assert not VoterSecret.objects.exists()
        definition = ballot_box.read_definition("drink")[0]
        assert (definition.certified, definition.voter_secret, definition.sealed) == (True, "", True)

    @pytest.mark.urls("voting_site.urls.vote")
    def test_is_told_to_a_voter_who_comes_back(self, make_election, client):
        drink = make_election()
        client.get("/drink/")
        finish(drink)
        certified(drink)
        ballot_box.reading._remembered.clear()
        for page, status in (("/drink/", 410), ("/drink/cast/", 200)):
            answer = client.get(page)
            assert answer.status_code == status
            assert "nobody can tell who has cast which vote" in answer.content.decode()
        late = client.post("/drink/", {"q1": "nesquik", "ballot_id": "x", "design": drink.in_force})
        assert late.status_code == 410
        assert client.get(reverse("cast_state", args=["drink"])).json() == {"state": ""}

    def test_is_guarded_by_the_database(self, final, settings):
        grant(users(settings.ROLE_DATABASE_URLS))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE urna_worker")
            for table in ("tally_castrecord", "tally_countedballot", "tally_count", "polls_votersecret"):
                cursor.execute(f"DELETE FROM {table}")
                assert cursor.rowcount == 0, table
            cursor.execute("SELECT count(*) FROM tally_castrecord")
            assert cursor.fetchone() == (4,)

    def test_is_within_the_rights_of_the_worker(self, final, settings):
        grant(users(settings.ROLE_DATABASE_URLS))
        ask(final)
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE urna_worker")
        try:
            certify_all()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")
        assert Certification.objects.get().step == Step.DONE
        assert not CastRecord.objects.exists()


class TestAfterwards:
    def test_the_count_can_be_checked(self, final):
        certified(final)
        out = io.StringIO()
        call_command("recount", "drink", stdout=out, stderr=io.StringIO())
        call_command("reconcile", "drink", stdout=out, stderr=io.StringIO())
        assert "drink: 3 ballots, no difference" in out.getvalue()
        assert "4 accepted = 0 waiting + 3 counted + 1 replaced" in out.getvalue()

    @pytest.mark.parametrize(
        ("damage", "command", "said"),
        [
            (lambda: AnonymousBallots.objects.filter(marking="q1=nesquik").update(number=5), "recount", "1 kept, 5 by"),
            (lambda: AnonymousBallots.objects.filter(marking="q1=nesquik").delete(), "reconcile", "and 2 are kept"),
            (lambda: CertifiedResult.objects.update(hash="0" * 64), "recount", "another hash"),
            (lambda: Count.objects.filter(key="q1:nesquik").update(n=3), "recount", "3 kept, 1 by"),
        ],
    )
    def test_whatever_is_changed_by_hand_is_found(self, final, damage, command, said):
        certified(final)
        damage()
        out = io.StringIO()
        with pytest.raises(CommandError):
            call_command(command, "drink", stdout=out, stderr=io.StringIO())
        assert said in out.getvalue()

    def test_nothing_is_repaired(self, final):
        certified(final)
        with pytest.raises(CommandError, match="its count stays as it is"):
            call_command("recount", "drink", "--repair", stderr=io.StringIO())

    def test_its_account_is_closed(self, final):
        certified(final)
        before = Reconciliation.objects.get().checked_at
        check_accounts()
        assert Reconciliation.objects.get().checked_at == before
        assert [account.balances for account in reconcile(final)] == [True]


class TestTies:
    def test_are_drawn_when_the_result_is_certified(self, make_election, cast):
        drink = make_election(tie_break="draw")
        cast(drink, "ana", "nesquik")
        cast(drink, "eva", "cola-cao")
        finish(drink)
        assert StoredOutcome.objects.get().contests[0]["outcome"]["winners"] == []
        assert certified(drink).step == Step.DONE
        told = json.loads(CertifiedResult.objects.get().text)
        secret = told["draw"]["secret"]
        assert hashlib.sha256(secret.encode()).hexdigest() == told["draw"]["sha256"] == drink.draw_hash
        [winner] = told["contests"][0]["outcome"]["winners"]
        assert winner in ("nesquik", "cola-cao")
        assert StoredOutcome.objects.get().contests == told["contests"]
        with standing_still():
            assert recount(drink, lambda _: None).differences == []

    def test_wait_for_their_lot(self, make_election, cast):
        drink = make_election(tie_break="lot")
        cast(drink, "ana", "nesquik")
        cast(drink, "eva", "cola-cao")
        finish(drink)
        assert certified(drink).problem == Problem.TIE
        enter_lot(drink, "q1", 1, ["cola-cao", "nesquik"], "Drawn by Leo in the hall")
        catch_up()
        assert certified(drink, step=Step.ASKED).step == Step.DONE
        assert json.loads(CertifiedResult.objects.get().text)["contests"][0]["outcome"]["winners"] == ["cola-cao"]

    def test_wait_for_the_next_lot_also_before_the_worker_has_seen_that_it_is_needed(self, make_election, cast):
        drink = make_election(options=("ant", "bee", "cat"), method="irv", tie_break="lot")
        for option in ("ant", "bee", "cat"):
            cast(drink, option, option)
        drain_all()
        finish(drink)
        enter_lot(drink, "q1", 1, ["ant", "bee", "cat"], "Eva.")
        row = certified(drink)
        assert (row.step, row.problem, drink.state) == (Step.REFUSED, Problem.TIE, State.FINAL)
        assert not CertifiedResult.objects.exists()
        catch_up()
        enter_lot(drink, "q1", 2, ["ant", "bee"], "Eva.")
        assert certified(drink, step=Step.ASKED).step == Step.DONE
        assert get_snapshot("drink").contests[0].winners == ["ant"]

    def test_a_second_result_without_who_withdrew_is_certified_as_well(self, make_election, cast):
        drink = make_election(options=("ant", "bee", "cat"), method="approval")
        for voter, marking in (("ana", "ant,bee"), ("eva", "ant"), ("leo", "bee"), ("mia", "ant,cat")):
            cast(drink, voter, marking)
        finish(drink)
        withdraw(drink, Paper.of(drink), "q1", "ant", "moved away")
        catch_up()
        certified(drink)
        [contest] = json.loads(CertifiedResult.objects.get().text)["contests"]
        assert contest["outcome"]["winners"] == ["ant"]
        assert contest["recounted"]["outcome"]["winners"] == ["bee"]
        with standing_still():
            assert recount(drink, lambda _: None).differences == []


class TestRoll:
    def test_of_different_weights_is_certified_with_its_votes_and_turnout(self, make_election, redis):
        drink = make_election(eligibility="roll")
        fill(drink, 12)
        drink.refresh_from_db()
        for number, weight in ((1, 12), (2, 1), (3, 1)):
            vote(redis, drink, number, "q1=cola-cao" if number == 1 else "q1=nesquik", weight)
        close_election(drink)
        turn_phases()
        check_accounts()
        drink.refresh_from_db()
        # The entries were not written by `cast.lua`, so that the box has given no serials.
        Reconciliation.objects.update(acknowledged=F("problems"))
        key = key_of(drink, 1)
        assert certified(drink).step == Step.DONE
        told = json.loads(CertifiedResult.objects.get().text)
        [contest] = told["contests"]
        assert (told["ballots"], told["votes"], contest["entitled"]) == (3, 14, 23)
        assert contest["outcome"]["winners"] == ["cola-cao"]
        kept = AnonymousBallots.objects.order_by("pk").values_list("marking", "weight", "number")
        assert list(kept) == [("q1=cola-cao", 12, 1), ("q1=nesquik", 1, 2)]
        # Who has voted stays known, and what leads from there to a ballot is gone.
        assert flagged() == [1, 2, 3]
        assert [name for name, text in (tables() | box_contents(redis)).items() if key in text] == []
        note_all()
        with standing_still():
            assert recount(drink, lambda _: None).differences == []
        assert get_snapshot("drink").turnout["voted"] == 3
