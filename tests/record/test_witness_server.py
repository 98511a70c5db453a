"""A witness by HTTP: what it answers, what it remembers, and what becomes of that when it is killed."""

import http.client
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from record import witness_memory
from record.formats.checkpoint import open_checkpoint
from record.formats.cosignature import CosignatureVerifier, cosigned_at
from record.formats.keys import SignatureType, SignerKey, VerifierKey
from record.formats.note import Note, NoteSigner
from record.formats.tree_proofs import hashes_over, prove_consistency
from record.formats.witness import LONGEST_REQUEST, AddCheckpoint, monitoring_path, read_cosignatures
from record.witness_memory import Memory, Unusable, own, write_durably
from record.witness_requests import Answer, post
from tests.voting_site.processes import Running as Command
from tests.voting_site.processes import run

from .formats.logs import LOG, ORIGIN, leaves, log_key, signed
from .running_witness import Running

HASHES = leaves(300)
KEY = str(log_key().verifier_key)


def request(old: int, new: int, hashes: list[bytes] = HASHES, **changes: Any) -> bytes:
    proof = tuple(prove_consistency(old, new, hashes_over(hashes[:new])))
    parts: dict[str, Any] = {"old_size": old, "proof": proof, "checkpoint": signed(hashes[:new])} | changes
    return AddCheckpoint(**parts).to_bytes()


def verify(answer: Answer, key: str, size: int, hashes: list[bytes] = HASHES) -> None:
    """Fail unless an answer is a cosignature of the head of this size."""
    assert answer.status == 200, answer
    [cosignature] = read_cosignatures(answer.body, signed(hashes[:size]), [CosignatureVerifier(VerifierKey.parse(key))])
    assert abs(cosigned_at(cosignature.signature) - time.time()) < 60


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "w", [KEY, KEY])
    yield running
    running.stop()


@pytest.fixture
def ask(witness: Running) -> Callable[[bytes], Answer]:
    return lambda body: post(witness.address, body)


def state(witness: Running) -> bytes:
    return (witness.folder / "state").read_bytes()


class TestWitness:
    def test_cosigns_a_log_that_grows(self, witness, ask):
        old = 0
        for size in (0, 1, 7, 256, 300, 300):
            verify(ask(request(old, size)), witness.key, size)
            old = size

    def test_says_from_where_it_needs_a_proof(self, witness, ask):
        verify(ask(request(0, 7)), witness.key, 7)
        for old in (0, 6, 8):
            assert ask(request(old, 9))[:4] == (409, "text/x.tlog.size", "", b"7\n")

    def test_refuses_a_fork(self, witness, ask):
        verify(ask(request(0, 7)), witness.key, 7)
        other = leaves(300, start=1000)
        before = state(witness)
        assert ask(request(7, 7, other))[:4] == (409, "text/plain", "", b"another tree of 7 entries was cosigned\n")
        for size in (8, 300):
            assert ask(request(7, size, other)).status == 422
        assert state(witness) == before

    def test_refuses_a_smaller_tree(self, witness, ask):
        verify(ask(request(0, 7)), witness.key, 7)
        assert ask(AddCheckpoint(7, (), signed(HASHES[:5])).to_bytes()).status == 400
        assert ask(request(0, 5)).body == b"7\n"

    def test_refuses_a_proof_that_does_not_fit(self, witness, ask):
        verify(ask(request(0, 7)), witness.key, 7)
        proof = tuple(prove_consistency(7, 300, hashes_over(HASHES)))
        for bad in ((), proof[1:], proof[::-1], (*proof, bytes(32))):
            assert ask(request(7, 300, proof=bad)).status == 422
        verify(ask(request(7, 300)), witness.key, 300)

    def test_does_not_know_other_logs(self, witness, ask):
        answer = ask(request(0, 7, checkpoint=signed(HASHES[:7], origin="other.example/x")))
        assert (answer.status, answer.body) == (404, b"other.example/x is not known here\n")
        assert state(witness) == b"{}\n"

    @pytest.mark.parametrize("key", [log_key(seed=9), log_key("other.example/x")])
    def test_refuses_a_signature_that_is_not_the_log_s(self, witness, ask, key):
        checkpoint = signed(HASHES[:7])
        text = Note.parse(checkpoint).text
        forged = Note(text, (NoteSigner(key).sign(text),)).to_bytes()
        assert ask(request(0, 7, checkpoint=forged)).status == 403
        wrong = Note(text, (NoteSigner(log_key()).sign(text.replace("7", "8")),)).to_bytes()
        assert ask(request(0, 7, checkpoint=wrong)).status == 403
        assert state(witness) == b"{}\n"

    @pytest.mark.parametrize("body", [b"", b"old 0\n\n", b"\n\n", b"old x\n\n" + signed(HASHES), b"\xff" * 100])
    def test_refuses_what_it_cannot_read(self, witness, ask, body):
        assert ask(body).status == 400

    def test_keeps_no_signatures_of_strangers(self, witness, ask):
        text = Note.parse(signed(HASHES)).text
        keys = [log_key("stranger.example"), log_key(seed=77)]
        extra = Note.parse(signed(HASHES)).with_signatures(NoteSigner(key).sign(text) for key in keys).to_bytes()
        verify(ask(request(0, 300, checkpoint=extra)), witness.key, 300)
        assert len(Note.parse(shown(witness).body).signatures) == 2

    def test_shows_what_it_has_cosigned_last(self, witness, ask):
        assert shown(witness).status == 404
        ask(request(0, 7))
        ask(request(7, 9))
        verifier = CosignatureVerifier(VerifierKey.parse(witness.key))
        opened = open_checkpoint(shown(witness).body, origin=ORIGIN, logs=[LOG], witnesses=[verifier])
        assert (opened.checkpoint.size, len(opened.note.verified)) == (9, 2)

    def test_of_many_requests_at_once_cosigns_one_history(self, witness, ask, monkeypatch):
        def write_slowly(*arguments: Any) -> None:
            time.sleep(0.1)
            write_durably(*arguments)

        monkeypatch.setattr(witness_memory, "write_durably", write_slowly)
        bodies = [request(0, 7), request(0, 7, leaves(7, start=50)), request(0, 9), request(0, 9, leaves(9, start=70))]
        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(ask, bodies * 8))
        cosigned = [index % 4 for index, answer in enumerate(answers) if answer.status == 200]
        assert len(cosigned) == 1
        assert {answer.status for answer in answers} == {200, 409}

    @pytest.mark.expects_logged_exceptions
    def test_that_cannot_store_cosigns_nothing(self, witness, ask, monkeypatch, caplog):
        def fail(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(witness_memory, "write_durably", fail)
            assert ask(request(0, 7)).status == 500
        assert "was not cosigned" in caplog.text
        caplog.clear()
        verify(ask(request(0, 9)), witness.key, 9)


def shown(witness: Running, path: str = monitoring_path(ORIGIN)) -> Answer:
    return http_request(witness, "GET", f"/{path}")


def http_request(witness: Running, method: str, path: str, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", witness.port, timeout=10)
    try:
        connection.putrequest(method, path)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return Answer(response.status, "", "", response.read())
    finally:
        connection.close()


class TestServer:
    def test_refuses_a_body_that_is_too_large_before_it_comes(self, witness):
        for length in (LONGEST_REQUEST + 1, 2**62):
            answer = http_request(witness, "POST", "/add-checkpoint", Content_Length=str(length))
            assert answer.status == 413

    @pytest.mark.parametrize("headers", [{}, {"Content_Length": "-1"}, {"Content_Length": "1e3"}])
    def test_needs_to_know_how_long_a_body_is(self, witness, headers):
        assert http_request(witness, "POST", "/add-checkpoint", **headers).status == 411

    def test_knows_no_other_addresses(self, witness):
        for path in ("/", "/add-checkpoint", "/x/checkpoint", "/../key", "//"):
            assert http_request(witness, "GET", path).status == 404
        assert http_request(witness, "POST", "/", Content_Length="0").status == 404
        assert http_request(witness, "PUT", "/add-checkpoint", Content_Length="0").status == 501

    def test_goes_on_beside_clients_that_say_nothing_and_that_go(self, witness, ask):
        silent = [socket.create_connection(("127.0.0.1", witness.port)) for _ in range(50)]
        with socket.create_connection(("127.0.0.1", witness.port)) as gone:
            gone.sendall(b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: 999\r\n\r\nold 0\n")
        verify(ask(request(0, 7)), witness.key, 7)
        for one in silent:
            one.close()


class TestMemory:
    def test_survives_a_restart(self, witness, ask):
        key = witness.key
        verify(ask(request(0, 7)), key, 7)
        witness.stop()
        witness.start()
        assert witness.key == key
        assert ask(request(0, 9)).body == b"7\n"

    def test_is_for_its_owner_alone(self, witness):
        for name in ("key", "state"):
            assert stat.S_IMODE((witness.folder / name).stat().st_mode) == 0o600

    def test_is_of_one_witness_at_a_time(self, witness):
        again = own(witness.folder / "key", witness.folder / "state", name="x", seed=bytes(32))
        with pytest.raises(Unusable, match="Another witness runs on"), again:
            pass

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda folder: (folder / "state").unlink(), "a witness that has forgotten what it has cosigned is none"),
            (lambda folder: (folder / "state").write_text("{"), "cannot be read"),
            (lambda folder: (folder / "state").write_text("[]"), "cannot be read: it is no object"),
            (lambda folder: (folder / "state").write_text('{"a": "b"}'), "cannot be read"),
            (lambda folder: (folder / "state").write_text('{"a": 1}'), "cannot be read"),
            (lambda folder: (folder / "state").write_bytes(b"\xff"), "cannot be read"),
            (lambda folder: (folder / "key").chmod(0o640), "Run `chmod 600`"),
            (lambda folder: (folder / "key").write_text(log_key().to_secret_text()), "is no key of a witness"),
            (lambda folder: (folder / "key").write_text(""), "is no key of a witness"),
        ],
    )
    def test_that_is_damaged_lets_no_witness_start(self, witness, change, words):
        witness.stop()
        change(witness.folder)
        with pytest.raises(Unusable, match=words):
            witness.start()

    def test_of_another_log_under_this_name_is_damaged(self, witness, ask):
        ask(request(0, 7))
        witness.stop()
        file = witness.folder / "state"
        file.write_text(file.read_text().replace(f'"{ORIGIN}"', '"other.example/x"'))
        with pytest.raises(Unusable, match="is of another log"):
            witness.start()

    def test_needs_two_files(self, tmp_path):
        with pytest.raises(Unusable, match="a file each"), own(tmp_path / "x", tmp_path / "x", name="x", seed=b""):
            pass

    def test_that_was_being_written_is_the_old_one_or_the_new_one(self, tmp_path, monkeypatch):
        file = tmp_path / "state"
        write_durably(file, "old")

        def die(*_: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", die)
            with pytest.raises(KeyboardInterrupt):
                write_durably(file, "new")
        assert file.read_text() == "old"
        write_durably(file, "new")
        assert file.read_text() == "new"

    def test_is_on_the_disk_before_it_is_remembered(self, tmp_path, monkeypatch):
        memory = Memory(tmp_path / "state")
        order: list[str] = []
        monkeypatch.setattr(os, "fsync", lambda _: order.append("disk"))
        memory.store(ORIGIN, signed(HASHES[:7]).decode())
        assert order == ["disk", "disk"]
        latest = memory.latest(ORIGIN)
        assert latest
        assert latest.size == 7


@pytest.mark.large
class TestCommand:
    """The program itself, as a process that needs neither settings nor servers."""

    @pytest.fixture
    def start(self, tmp_path: Path) -> Callable[..., Any]:
        number = iter(range(100))

        def command(*more: str) -> Command:
            files = ("--key-file", str(tmp_path / "key"), "--state", str(tmp_path / "state"))
            log = tmp_path / f"log{next(number)}"
            return Command(log, "witness", *files, "--port", "0", "--name", "w.example", "--log", KEY, *more)

        return command

    def test_keeps_what_it_has_cosigned_when_it_is_killed(self, start):
        keys = set()
        old = 0
        for size in (3, 7, 9):
            with start() as running:
                key, address = said(running)
                keys.add(key)
                verify(post(address, request(old, size)), key, size)
                running.process.send_signal(signal.SIGKILL)
                running.process.wait(10)
            old = size
        assert len(keys) == 1

    def test_never_cosigns_two_histories_however_often_it_is_killed_under_load(self, start):
        """Each answer 200 has to be of one growing tree, though two logs race for the witness."""
        histories = [leaves(300), leaves(300, start=1000)]
        cosigned: list[tuple[int, int]] = []
        for _ in range(3):
            with start() as running:
                _, address = said(running)
                killed = threading.Timer(0.3, running.process.kill)
                killed.start()
                with ThreadPoolExecutor(2) as threads:
                    list(threads.map(grow, [address] * 2, (0, 1), histories, [cosigned] * 2))
                killed.join()
                running.process.wait(10)
        with start() as running:
            _, address = said(running)
            answer = post(address, request(300, 300))
        followed = {which for which, _ in cosigned}
        if answer.body.strip().isdigit():
            last = int(answer.body)
            assert followed in ({0}, {1})
        else:
            # On a quick machine all of a history is cosigned by then: it is that head once more, or not that one.
            last = 300
            assert (answer.status, followed) in ((200, {0}), (409, {1}))
        sizes = [size for _, size in cosigned]
        assert sizes == sorted(sizes)
        assert last >= max(sizes)

    def test_says_what_is_wrong(self, tmp_path):
        files = ("--key-file", str(tmp_path / "key"), "--state", str(tmp_path / "state"))
        for arguments, words in (
            ((*files, "--log", "nonsense"), "What --log names is no key of a record"),
            ((*files, "--log", str(SignerKey("x", SignatureType.COSIGNATURE, bytes(32)).verifier_key)), "no key of a"),
            ((*files, "--log", KEY, "--name", "a+b"), "A witness cannot have the name a+b"),
            ((*files, "--log", KEY, "--host", "192.0.2.1"), "The witness cannot run"),
            (("--key-file", "/nowhere/x", "--state", "/nowhere/y", "--log", KEY), "The witness cannot run"),
        ):
            refused = run("witness", *arguments)
            assert refused.returncode == 1
            assert words in refused.stderr
            assert "Traceback" not in refused.stderr


def said(running: Command) -> tuple[str, str]:
    """Return the key and the address that a witness prints."""
    running.wait_for("address: ")
    lines = dict(line.split(": ", 1) for line in running.output.splitlines() if ": " in line)
    return lines["key"], lines["address"]


def grow(address: str, which: int, hashes: list[bytes], cosigned: list[tuple[int, int]]) -> None:
    """Have a tree cosigned as long as the witness lives; note each answer 200."""
    old = size = 0
    while size < 300:
        try:
            answer = post(address, request(old, size + 1, hashes), patience=2)
        except Exception:
            return
        if answer.status == 200:
            cosigned.append((which, size + 1))
            old = size = size + 1
        elif answer.status == 409:
            old = int(answer.body)
            if old >= 299:
                return
            size = max(size, old)
        else:
            return
