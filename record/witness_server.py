"""A witness of one's own: C2SP tlog-witness by HTTP, https://c2sp.org/tlog-witness.

It knows neither Django nor a database, and does not need the Urna whose records it cosigns.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from .formats.cosignature import Cosigner
from .formats.encodings import Malformed, read_decimal
from .formats.note import Note, NoteVerifier
from .formats.witness import (
    LONGEST_REQUEST,
    SIZE_TYPE,
    AddCheckpoint,
    Status,
    decide,
    monitoring_path,
    write_cosignatures,
    write_size,
)
from .witness_memory import Memory

logger = logging.getLogger(__name__)

TEXT = "text/plain; charset=utf-8"
# Seconds that a client may take for each piece of its request.
PATIENCE_S = 10


class Reply(NamedTuple):
    status: int
    body: bytes
    kind: str = TEXT


class Witness:
    """Cosigns the heads of the logs that it knows, as long as they only grow; `clock` returns seconds since 1970."""

    def __init__(
        self, cosigner: Cosigner, memory: Memory, logs: Iterable[NoteVerifier], clock: Callable[[], float]
    ) -> None:
        self._cosigner, self._memory, self._clock = cosigner, memory, clock
        self._logs: dict[str, list[NoteVerifier]] = {}
        for log in logs:
            known = self._logs.setdefault(log.name, [])
            if log not in known:
                known.append(log)
        # From reading what was cosigned last until the next head is on the disk.
        self._lock = threading.Lock()

    def add_checkpoint(self, body: bytes) -> Reply:
        """Answer a request; what is cosigned is on the disk by then. Raises OSError if the disk does not take it."""
        try:
            request = AddCheckpoint.parse(body)
        except Malformed as problem:
            return Reply(Status.BAD_REQUEST, f"{problem}\n".encode())
        origin = request.head.origin
        with self._lock:
            latest = self._memory.latest(origin)
            decision = decide(request, logs=self._logs.get(origin, ()), latest=latest)
            logger.info("%r: %s %s", origin, decision.status.name, decision.reason)
            if decision.status == Status.OTHER_SIZE and decision.size is not None:
                return Reply(decision.status, write_size(decision.size), SIZE_TYPE)
            if decision.status != Status.COSIGNED:
                return Reply(decision.status, f"{decision.reason}\n".encode())
            note = Note.parse(request.checkpoint)
            cosignature = self._cosigner.cosign(note.text, int(self._clock()))
            # What was checked and this one: whoever sends a head can put any other signatures under it.
            known = {(log.name, log.key_id) for log in self._logs[origin]}
            own = [one for one in note.signatures if (one.name, one.key_id) in known]
            self._memory.store(origin, Note(note.text, (*own, cosignature)).to_bytes().decode())
        return Reply(decision.status, write_cosignatures([cosignature]))

    def show(self, path: str) -> Reply | None:
        """Return the checkpoint that was cosigned last of the log whose path this is, None if it is no log's."""
        for origin in self._logs:
            if path == monitoring_path(origin) and (note := self._memory.note(origin)):
                return Reply(HTTPStatus.OK, note.encode())
        return None


def make_server(witness: Witness, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server that listens; the caller has it serve."""

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_S
        server_version = "urna-witness"
        sys_version = ""

        def do_POST(self) -> None:
            if self.path != "/add-checkpoint":
                self._answer(Reply(HTTPStatus.NOT_FOUND, b"post to /add-checkpoint\n"))
                return
            try:
                length = read_decimal(self.headers.get("Content-Length", ""))
            except Malformed:
                self._answer(Reply(HTTPStatus.LENGTH_REQUIRED, b"say how long the request is\n"))
                return
            if length > LONGEST_REQUEST:
                self._answer(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{LONGEST_REQUEST} bytes at most\n".encode()))
                return
            body = self.rfile.read(length)
            if len(body) < length:
                return
            try:
                reply = witness.add_checkpoint(body)
            except OSError:
                logger.exception("what was to be cosigned is not on the disk, and was not cosigned")
                reply = Reply(HTTPStatus.INTERNAL_SERVER_ERROR, b"the disk of the witness does not take it\n")
            self._answer(reply)

        def do_GET(self) -> None:
            self._answer(witness.show(self.path.removeprefix("/")) or Reply(HTTPStatus.NOT_FOUND, b"not here\n"))

        def _answer(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:
            """Log no request as such: decisions are logged."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            # A client that has gone, most of all. Of itself it would print past the log.
            logger.warning("a request of %s has failed: %r", client_address, sys.exception())

    return Server((host, port), Handler)
