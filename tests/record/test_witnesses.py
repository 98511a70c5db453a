"""Witnesses cosign the heads of a record as it grows: the log's side, with real witnesses over HTTP."""

import datetime as dt
import functools
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from office.witness_acts import RequireWitnesses
from polls.models import Election
from record import recorder, witnesses
from record.cosignatures import find_cosignatures
from record.formats.cosignature import Cosigner
from record.formats.note import Note
from record.formats.policy import NoQuorum, Policy
from record.formats.proof import Proof
from record.formats.tree import leaf_hash
from record.formats.witness import write_cosignatures
from record.models import Batch, Cosignature, InstallationLog, Log, Tile, Witness
from record.tasks import push_to_witnesses
from record.witness_requests import Answer, post
from tally import store
from tally.lifecycle import close_election, turn_phases
from tests.conftest import beside
from tests.tally.test_certification import ask, certify_all, finish

from .formats.logs import witness_key
from .running_witness import NAME, Running, answering, http, read_request
from .whole import read_entries, read_head, serve

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "PAUSE_S", 0)


@pytest.fixture
def drink(make_election: Any) -> Election:
    """An election with an empty record."""
    made: Election = make_election()
    turn_phases()
    recorder.keep_logs()
    return made


@pytest.fixture
def run_witness(tmp_path: Any, drink: Election) -> Iterator[Any]:
    """Return a function that starts a witness which knows the record, and adds it to the election."""
    started: list[Running] = []

    def run(name: str = NAME, **options: Any) -> Running:
        known = [Log.objects.get(election=drink).verifier_key]
        witness = Running(tmp_path / f"w{len(started)}", known, name, **options)
        started.append(witness)
        add(drink, witness.address, witness.key)
        return witness

    yield run
    for witness in started:
        witness.stop()


def add(election: Election, address: str, key: str = "") -> Witness:
    key = key or str(witness_key().verifier_key)
    return Witness.objects.create(election=election, name=key.split("+")[0], verifier_key=key, address=address)


def push() -> None:
    """Push to all, also to those that would be left alone for a while."""
    Witness.objects.update(try_at=timezone.now() - dt.timedelta(seconds=1))
    witnesses.push_all()


def served() -> bytes:
    return bytes(serve("/drink/record/checkpoint").content)


def policy(*names: str) -> Policy:
    """Make a policy of what the record serves of its keys; all these witnesses have to have cosigned."""
    keys = serve("/drink/record/witnesses").content.decode().splitlines()
    lines = [f"log {serve('/drink/record/key').content.decode().strip()}"]
    lines += [f"witness w{number} {key}" for number, key in enumerate(keys)]
    lines += [f"group all all {' '.join(f'w{number}' for number in range(len(keys)))}", "quorum all", ""]
    return Policy.parse("\n".join(lines).encode())


class TestCosigned:
    def test_heads_are_served_as_the_record_grows(self, drink, grow, run_witness):
        run_witness()
        for number in (0, 1, 2, 300, 5):
            grow(number)
            push()
            judged = policy().judge(served())
            assert (judged.checkpoint, judged.witnesses) == (read_head("drink"), {"w0"})
        witness = Witness.objects.get()
        assert (witness.size, witness.problem, witness.failures, witness.contradicts) == (308, "", 0, False)
        assert Cosignature.objects.get().size == 308

    def test_by_two_witnesses_they_meet_a_policy_of_both(self, drink, grow, run_witness):
        run_witness()
        run_witness("witness.example/w2")
        grow(3)
        push()
        assert policy().judge(served()).witnesses == {"w0", "w1"}
        assert serve("/drink/record/witnesses")["Access-Control-Allow-Origin"] == "*"

    def test_heads_are_sent_without_a_newer_one_in_between(self, drink, grow, run_witness, monkeypatch):
        run_witness()
        grow(3)
        push()
        sent: list[bytes] = []

        def watch(address: str, body: bytes) -> Any:
            sent.append(body)
            return post(address, body)

        monkeypatch.setattr(witnesses, "post", watch)
        push()
        assert sent == []
        grow(2)
        grow(2)
        push()
        [request] = sent
        assert request.startswith(b"old 3\n")

    def test_are_receipts_of_that_head(self, drink, grow, run_witness):
        run_witness()
        grow(3)
        push()
        name = f"{Batch.objects.latest('pk').pk}.0"
        proof = Proof.parse(serve(f"/drink/record/{name}.tlog-proof").content)
        leaf = leaf_hash(read_entries("drink", 3)[proof.index])
        assert proof.verify(leaf, policy()).witnesses == {"w0"}

    def test_is_only_the_head_that_is_served(self, drink, grow, run_witness):
        run_witness()
        grow(3)
        push()
        grow(1)
        assert served() == Log.objects.get().checkpoint.encode()
        with pytest.raises(NoQuorum):
            policy().judge(served())

    def test_is_not_what_only_looks_so_in_the_database(self, drink, grow, run_witness):
        run_witness()
        grow(3)
        push()
        grow(1)
        Cosignature.objects.update(size=4)
        assert served() == Log.objects.get().checkpoint.encode()

    def test_is_the_last_head_of_a_certified_election(self, drink, grow, run_witness):
        witness = run_witness()
        grow(3)
        witness.stop()
        push()
        finish(drink)
        ask(drink)
        certify_all()
        recorder.keep_logs()
        push()
        assert "cannot be reached" in Witness.objects.get().problem
        witness.start()
        push()
        assert policy().judge(served()).checkpoint.size == 3

    def test_is_what_a_result_waits_for_that_requires_it(self, drink, grow, run_witness):
        run_witness()
        witness = run_witness("w2.example")
        RequireWitnesses(drink, 2).perform(by=None)
        grow(3)
        push()
        witness.stop()
        grow(1)
        finish(drink)
        recorder.keep_logs()
        push()
        row = ask(drink)
        certify_all()
        row.refresh_from_db()
        assert row.problem == "witnesses"
        assert row.details[0] == "cosigned the last head: 1, required: 2"
        assert row.details[1].startswith("w2.example has not cosigned the last head: it cannot be reached: ")
        witness.start()
        push()
        row = ask(drink, step="asked")
        certify_all()
        row.refresh_from_db()
        assert row.step == "done"
        assert policy().judge(served()).checkpoint.size == 4

    def test_is_the_last_head_once_alone(self, drink, grow, run_witness):
        run_witness()
        grow(3)
        close_election(drink)
        turn_phases()
        recorder.keep_logs()
        push()
        Witness.objects.update(cosigned_at=timezone.now() - dt.timedelta(days=1))
        assert not witnesses.due(timezone.now()).exists()

    def test_is_a_head_that_stays_now_and_then_as_long_as_it_may_grow(self, drink, grow, run_witness):
        witness = run_witness(clock=lambda: 1_700_000_000)
        grow(3)
        push()
        before = served()
        witness.clock = lambda: 1_700_000_600
        assert not witnesses.due(timezone.now()).exists()
        Witness.objects.update(cosigned_at=timezone.now() - dt.timedelta(minutes=11))
        push()
        assert served() != before
        assert policy().judge(served()).checkpoint.size == 3

    def test_goes_on_where_a_witness_has_forgotten_or_the_worker_has_died_before_it_noted_anything(
        self, drink, grow, run_witness
    ):
        run_witness()
        grow(3)
        push()
        grow(300)
        push()
        Witness.objects.update(size=3)
        Cosignature.objects.all().delete()
        push()
        assert policy().judge(served()).checkpoint.size == 303
        Witness.objects.update(size=0, cosigned_at=None)
        grow(1)
        push()
        assert policy().judge(served()).checkpoint.size == 304

    def test_is_the_newest_head_also_where_the_database_says_more_than_there_is(self, drink, grow, run_witness):
        run_witness()
        grow(3)
        Witness.objects.update(size=99, cosigned_at=timezone.now() - dt.timedelta(days=1))
        push()
        assert policy().judge(served()).checkpoint.size == 3

    def test_is_nothing_before_the_record_begins(self, make_election):
        tea = make_election("tea")
        add(tea, "http://127.0.0.1:9")
        witnesses.push_all()
        assert Witness.objects.get().problem == ""


class TestInstallation:
    def test_heads_are_cosigned_as_those_of_records(self, drink, grow, run_witness, tmp_path):
        log = InstallationLog.objects.get()
        witness = Running(tmp_path / "installation", [log.verifier_key])
        try:
            Witness.objects.create(name=witness.name, verifier_key=witness.key, address=witness.address)
            push()
            grow(3)
            push()
            assert not witnesses.due(timezone.now()).exists()
            finish(drink)
            recorder.keep_logs()
            push()
        finally:
            witness.stop()
        row = Witness.objects.get()
        assert (row.size, row.problem) == (3, "")
        [cosignature] = find_cosignatures(InstallationLog.objects.get())
        assert cosignature.name == witness.name
        assert serve("/installation.log/witnesses").content.decode().strip() == witness.key
        assert cosignature.name in serve("/installation.log/checkpoint").content.decode()
        assert serve("/drink/record/witnesses").content == b""

    def test_that_contradicts_is_an_alarm(self, drink, grow, tmp_path, caplog):
        with answering(http(409, b"9\n", "Content-Type: text/x.tlog.size")) as address:
            Witness.objects.create(name="w", verifier_key=str(witness_key().verifier_key), address=address)
            push()
        assert "ALARM installation.log: witness w contradicts the record: it has cosigned 9 entries" in caplog.text


class TestOtherRecord:
    """What a witness has cosigned is not what the record has."""

    @pytest.fixture
    def restored(self, grow: Any, run_witness: Any) -> Running:
        """A witness of ten entries, of which PostgreSQL has only five after it came back from a backup."""
        witness: Running = run_witness()
        grow(5)
        push()
        tables = (Witness, Log, Tile, Batch, Cosignature)
        backup = [(table, list(table.objects.all())) for table in tables]
        grow(5)
        push()
        for table, _ in reversed(backup):
            table.objects.all().delete()
        for table, rows in backup:
            table.objects.bulk_create(rows)
        return witness

    def test_that_is_larger_is_an_alarm(self, drink, grow, restored, caplog):
        grow(2)
        push()
        alarm = "ALARM drink: witness witness.example/w1 contradicts the record: it has cosigned 10 entries, and the"
        assert f"{alarm} record has only 7: PostgreSQL came back from a backup" in caplog.text
        witness = Witness.objects.get()
        assert witness.contradicts
        assert "10 entries" in witness.problem
        assert served() == Log.objects.get().checkpoint.encode()
        assert read_head("drink").size == 7

    def test_is_an_alarm_once(self, drink, grow, restored, caplog):
        for _ in range(3):
            grow(1)
            push()
        assert caplog.text.count("ALARM drink: witness") == 1
        assert "only 8" in Witness.objects.get().problem

    def test_stays_one_while_the_witness_does_not_answer(self, drink, grow, restored, caplog):
        grow(1)
        push()
        restored.stop()
        push()
        witness = Witness.objects.get()
        assert witness.contradicts
        assert "cannot be reached" in witness.problem
        restored.start()
        push()
        assert "10 entries" in Witness.objects.get().problem
        assert caplog.text.count("ALARM drink: witness") == 1

    def test_is_noticed_though_no_ballot_comes(self, drink, restored, caplog):
        assert policy().judge(served()).checkpoint.size == 5
        Witness.objects.update(cosigned_at=timezone.now() - dt.timedelta(minutes=11))
        push()
        assert "it has cosigned 10 entries, and the record has only 5" in caplog.text
        # It has cosigned these five, too.
        assert policy().judge(served()).checkpoint.size == 5

    @pytest.mark.parametrize(
        ("number", "said"),
        [
            (5, "it has cosigned another record of 10 entries, with other entries"),
            (6, "it has cosigned another record: the 10 entries that it has seen are not the first here (status 422"),
            (300, "it has cosigned another record: the 10 entries that it has seen are not the first here (status 422"),
        ],
    )
    def test_of_the_same_size_or_a_smaller_one_is_refused_and_an_alarm(
        self, drink, grow, restored, caplog, number, said
    ):
        grow(number)
        push()
        assert caplog.text.count("ALARM drink: witness") == 1
        assert said in Witness.objects.get().problem
        assert said in caplog.text
        assert served() == Log.objects.get().checkpoint.encode()

    @pytest.mark.parametrize("headers", [[], ["Content-Type: text/x.tlog.size"]])
    def test_of_the_same_size_is_known_from_a_conflict_as_well(self, drink, grow, caplog, headers):
        with answering(http(409, b"3\n", *headers)) as address:
            add(drink, address)
            grow(3)
            Witness.objects.update(size=3)
            push()
        assert "it has cosigned another record of 3 entries" in caplog.text
        assert Witness.objects.get().contradicts

    def test_is_forgotten_once_the_witness_cosigns(self, drink, grow, run_witness, caplog):
        run_witness()
        Witness.objects.update(contradicts=True, problem="it has cosigned another record", failures=9)
        grow(1)
        push()
        witness = Witness.objects.get()
        assert (witness.contradicts, witness.problem, witness.failures) == (False, "", 0)


SIZE = "Content-Type: text/x.tlog.size"
BAD = [
    (http(400, b"no proof\n"), "it cannot read what it is sent (status 400: no proof)"),
    (http(403, b"\xff\x1b[31mwho?\nmore"), "it does not trust the key of the record"),
    (http(404), "or there is no witness at this address (status 404)"),
    (http(422, b"no\n"), "are not the first here (status 422: no)"),
    (http(429, b"slower\n"), "it does not answer as a witness does (status 429: slower)"),
    (http(500), "its server has failed (status 500)"),
    (http(503, b"x" * 999), "its server has failed (status 503: " + "x" * 200 + ")"),
    (http(204), "it does not answer as a witness does (status 204)"),
    (http(301, b"", "Location: http://127.0.0.1:9/x"), "it sends on to http://127.0.0.1:9/x, which is not followed"),
    (http(307, b""), "it sends on to another address, which is not followed"),
    (http(409), "it has cosigned another size of this record, and does not say which"),
    (http(409, b"3", SIZE), "the size that it has cosigned cannot be read"),
    (http(409, b"03\n", SIZE), "the size that it has cosigned cannot be read"),
    (http(409, b"-1\n", SIZE), "the size that it has cosigned cannot be read"),
    (http(409, b"2\n", SIZE), "it refuses a proof from 2 entries, and says that it has cosigned just these"),
    (http(409, b"0\n", SIZE), "it refuses a proof from 0 entries, and says that it has cosigned just these"),
    (http(200), "its answer cannot be read"),
    (http(200, b"cosigned!\n"), "its answer cannot be read"),
    (http(200, b"\xff\n"), "its answer cannot be read"),
    (http(200, b"x" * 64_001), "its answer has more than 64 kB"),
    (b"HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\nabc", "what it answers is no HTTP, or is cut"),
    (b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "what it answers is no HTTP, or is cut"),
    (b"SSH-2.0-x\r\n", "what it answers is no HTTP, or is cut"),
    (b"\r\n", "what it answers is no HTTP, or is cut"),
    (b"", "what it answers is no HTTP, or is cut"),
    (b"HTTP/1.1 200 x\r\n" + b"A: b\r\n" * 200 + b"\r\n", "what it answers is no HTTP, or is cut"),
]  # fmt: skip


class TestBadAnswer:
    @pytest.mark.parametrize(("answer", "words"), BAD, ids=[f"{number}" for number in range(len(BAD))])
    def test_is_a_problem_in_words_and_nothing_else(self, drink, grow, answer, words, caplog):
        with answering(answer) as address:
            add(drink, address)
            grow(3)
            push()
        witness = Witness.objects.get()
        assert words in witness.problem
        assert witness.problem.isprintable()
        assert (witness.size, witness.cosigned_at, witness.failures) == (0, None, 1)
        assert served() == Log.objects.get().checkpoint.encode()
        assert ("ALARM" in caplog.text) == (b" 422 " in answer)

    @pytest.mark.parametrize(
        "bad",
        ["other key", "other name", "other checkpoint", "far ahead", "no time", "signature of a note"],
    )
    def test_is_also_a_cosignature_that_is_not_one_of_this_head_by_this_key(self, drink, grow, bad):
        grow(3)
        text = Note.parse(Log.objects.get().checkpoint.encode()).text
        now = int(time.time())
        key = {"other key": witness_key(seed=102), "other name": witness_key("witness.example/w9")}.get(
            bad, witness_key()
        )
        if bad == "other checkpoint":
            text = text.replace("\n3\n", "\n4\n")
        cosignature = Cosigner(key).cosign(text, now + 3600 if bad == "far ahead" else now)
        if bad == "no time":
            cosignature = cosignature._replace(signature=bytes(8) + cosignature.signature[8:])
        if bad == "signature of a note":
            cosignature = cosignature._replace(signature=cosignature.signature[8:])
        with answering(http(200, write_cosignatures([cosignature]))) as address:
            add(drink, address)
            push()
        words = {"other key": "by the key", "other name": "by the key", "far ahead": "3600 s ahead"}
        problem = Witness.objects.get().problem.replace("3599 s", "3600 s")
        assert words.get(bad, "its cosignature is wrong") in problem
        assert served() == Log.objects.get().checkpoint.encode()

    def test_is_not_one_with_further_signatures_by_strangers(self, drink, grow):
        grow(3)
        text = Note.parse(Log.objects.get().checkpoint.encode()).text
        keys = [witness_key("stranger.example", 7), witness_key(), witness_key("another.example", 8)]
        body = write_cosignatures(Cosigner(key).cosign(text, int(time.time())) for key in keys)
        with answering(http(200, body)) as address:
            add(drink, address)
            push()
        assert policy().judge(served()).witnesses == {"w0"}
        assert len(Note.parse(served()).signatures) == 2

    @pytest.mark.parametrize(
        ("pieces", "pause"),
        [
            ([b"", b"H"], 9),
            ([b"HTTP/1.1 200 x\r\n", b"A"], 0.02),
            ([b"HTTP/1.1 100 x\r\n\r\n"], 0.02),
            ([b"HTTP/1.1 200 x\r\n\r\n", b"x"], 0.02),
            ([b"HTTP/1.1 200 x\r\nContent-Length: 60000\r\n\r\n", b"x"], 0.02),
            ([b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"], 0.02),
        ],
    )
    def test_that_never_ends_is_ended(self, drink, grow, monkeypatch, pieces, pause):
        monkeypatch.setattr(witnesses, "post", functools.partial(post, patience=0.4))
        grow(3)
        with answering(*pieces, pause=pause, forever=True) as address:
            add(drink, address)
            began = time.monotonic()
            push()
        assert time.monotonic() - began < 5
        assert Witness.objects.get().problem == "it has not answered within 0.4 s"

    def test_without_an_end_but_quick_is_too_long(self, drink, grow):
        grow(3)
        with answering(b"HTTP/1.1 200 x\r\n\r\n", b"x" * 9999, forever=True) as address:
            add(drink, address)
            push()
        assert Witness.objects.get().problem == "its answer has more than 64 kB"

    def test_of_a_redirection_is_not_followed(self, drink, grow, run_witness):
        witness = run_witness()
        grow(3)
        location = f"Location: {witness.address}/add-checkpoint"
        with answering(http(308, b"", location)) as address:
            Witness.objects.update(address=address)
            push()
        assert "which is not followed: add the witness at its own address" in Witness.objects.get().problem
        assert not Cosignature.objects.exists()

    @pytest.mark.parametrize("address", ["http://nowhere.invalid", "https://127.0.0.1:9", f"http://{'x' * 70}.invalid"])
    def test_may_be_none(self, drink, grow, address):
        grow(1)
        add(drink, address)
        push()
        assert "it cannot be reached: " in Witness.objects.get().problem

    def test_by_plain_http_where_https_was_meant_is_none(self, drink, grow):
        grow(1)
        with answering(http(200), at_once=True) as address:
            add(drink, address.replace("http:", "https:"))
            push()
        assert "it cannot be reached: [SSL" in Witness.objects.get().problem

    def test_with_another_size_each_time_is_given_up(self, drink, grow, monkeypatch):
        sizes = iter([b"1\n", b"2\n", b"1\n"])
        monkeypatch.setattr(witnesses, "post", lambda *_: Answer(409, "text/x.tlog.size", "", next(sizes)))
        grow(3)
        add(drink, "http://127.0.0.1:9")
        push()
        assert Witness.objects.get().problem == "it says each time that it has cosigned another size"
        assert next(sizes) == b"1\n"


class TestPauses:
    def test_grow_up_to_a_minute(self, drink, grow):
        grow(1)
        add(drink, "http://127.0.0.1:9")
        for pause in (1, 2, 4, 8, 16, 32, 60, 60, 60):
            before = timezone.now()
            push()
            noted = Witness.objects.get().try_at - dt.timedelta(seconds=pause)
            assert before <= noted <= timezone.now()
        assert Witness.objects.get().failures == 9

    def test_are_kept(self, drink, grow):
        grow(1)
        add(drink, "http://127.0.0.1:9")
        witnesses.push_all()
        witnesses.push_all()
        assert Witness.objects.get().failures == 1

    def test_and_problems_are_logged_once(self, drink, grow, caplog):
        grow(1)
        add(drink, "http://127.0.0.1:9")
        push()
        push()
        assert caplog.text.count("has not cosigned") == 1


class TestBeside:
    """What one witness does is no matter of others, nor of the count."""

    def test_a_witness_that_is_down_holds_no_other_up(self, drink, grow, run_witness):
        add(drink, "http://127.0.0.1:9", str(witness_key("down.example").verifier_key))
        run_witness()
        grow(3)
        push()
        assert [one.problem != "" for one in Witness.objects.order_by("pk")] == [True, False]
        assert Cosignature.objects.get().size == 3

    def test_a_witness_that_is_slow_keeps_no_other_one_from_the_next_head(self, drink, grow, run_witness, monkeypatch):
        monkeypatch.setattr(witnesses, "post", functools.partial(post, patience=30))
        # As if it took longer than a witness is left alone.
        monkeypatch.setattr(witnesses, "TAKEN_S", 0)
        run_witness()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            add(drink, address, str(witness_key("slow.example").verifier_key))
            pushing = beside(push)
            connection_, _ = listener.accept()
            with connection_:
                read_request(connection_)
                grow(3)
                wait_until(lambda: Cosignature.objects.filter(size=3).exists())
                grow(1)
                wait_until(lambda: Cosignature.objects.filter(size=4).exists())
                assert not pushing.done()
                listener.settimeout(0)
                with pytest.raises(BlockingIOError):
                    listener.accept()
                connection_.sendall(http(503))
            pushing.result(30)
        assert "503" in Witness.objects.get(name="slow.example").problem

    def test_only_one_worker_pushes(self, drink, grow, run_witness):
        run_witness()
        grow(1)
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with store.alone(*witnesses.PUSHING_LOCK) as alone:
                assert alone
                held.set()
                release.wait(10)

        other = beside(hold)
        held.wait(10)
        push()
        assert not Cosignature.objects.exists()
        release.set()
        other.result(10)
        push()
        assert Cosignature.objects.exists()

    def test_the_task_does_not_wait_for_witnesses(self, drink, grow, monkeypatch):
        grow(1)
        monkeypatch.setattr(witnesses, "post", functools.partial(post, patience=30))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            add(drink, f"http://127.0.0.1:{listener.getsockname()[1]}")
            push_to_witnesses()
            connection_, _ = listener.accept()
            with connection_:
                # A second tick starts nothing more.
                push_to_witnesses()
                assert sum(one.name == "witnesses" for one in threading.enumerate()) == 1
                connection_.sendall(http(503))
            wait_until(lambda: not any(one.name == "witnesses" for one in threading.enumerate()))
        assert Witness.objects.get().problem

    def test_the_task_starts_nothing_where_nothing_is_due(self, drink, grow, run_witness, monkeypatch):
        run_witness()
        push()
        monkeypatch.setattr(witnesses, "_push_in_thread", lambda: pytest.fail("started"))
        push_to_witnesses()

    @pytest.mark.expects_logged_exceptions
    def test_what_fails_for_one_election_does_not_stop_another(
        self, drink, grow, run_witness, make_election, cast, monkeypatch, caplog
    ):
        tea = make_election("tea")
        cast(tea, "ana", "nesquik")
        run_witness()
        grow(3)
        add(tea, "http://127.0.0.1:9")
        prove_growth = witnesses.prove_growth

        def fail(log: Log, old_size: int) -> list[bytes]:
            if log.slug == "tea":
                raise ArithmeticError("no tree")
            return prove_growth(log, old_size)

        monkeypatch.setattr(witnesses, "prove_growth", fail)
        push()
        assert "ALARM election tea: its witnesses are not asked" in caplog.text
        assert Cosignature.objects.get().size == 3

    def test_a_witness_that_was_removed_meanwhile_is_left_out(self, drink, grow, run_witness, monkeypatch):
        run_witness()
        grow(3)

        def remove_and_post(address: str, body: bytes) -> Any:
            Witness.objects.all().delete()
            connection.close()
            return post(address, body)

        monkeypatch.setattr(witnesses, "post", remove_and_post)
        push()
        assert not Cosignature.objects.exists()


def wait_until(found: Any) -> None:
    end = time.monotonic() + 20
    while not found():
        assert time.monotonic() < end
        time.sleep(0.02)
