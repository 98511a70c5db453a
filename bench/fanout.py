"""What a frame to many sockets costs."""

import http.client
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial

from voting_site.local.ports import free_port

from .figure import Figure, percentile
from .papers import new_election, paper_of
from .sockets import CHANGES, SHORT, Audience, open_socket, read_frame
from .stand import MEASURED, Broken, Role, Stand, wait_until
from .viewer import OPTIONS, count

SLUG = "fanout"
PATH = f"/ws/{SLUG}/"


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield the processor time of a frame to many sockets, beside a bare loop that writes the same bytes.

    The time from the first socket to the last would say less: a server that is quicker at the first one would look
    slower.
    """
    election = make_election()
    for number in (500,) if quick else (1000, 5000):
        rounds = 30
        with stand.role("result", cores=MEASURED) as result:
            recorder = Recorder(result.port)
            ours, spreads = cost(result, PATH, number, rounds, lambda _: count(election))
            texts = recorder.close()[-rounds:]
        with bare_server(stand) as bare:
            bare_loop, _ = cost(bare, "/", number, rounds, partial(post_one, bare, texts))
        median, slowest = percentile(spreads, 0.5), percentile(spreads, 0.99)
        yield Figure(
            f"a frame to {number:,} sockets",
            ours * 1000,
            "ms",
            bare_loop * 1000,
            "a bare ASGI loop on the same server",
            less_is_better=True,
            goal="0.9 of the ceiling" + (", p99 100 ms" if number == 1000 else ""),
            reached=ours * 0.9 <= bare_loop and (number != 1000 or slowest <= 0.1),
            note=f"{OPTIONS} options that change; processor time, mean of {rounds} frames; "
            f"first socket to last: median {median * 1000:.0f} ms, slowest {slowest * 1000:.0f} ms",
        )


def make_election() -> int:
    """Return the election whose frames are sent."""
    election = int(new_election(SLUG, paper_of(1, OPTIONS)).pk)
    count(election)
    return election


class Recorder:
    """One that listens, and keeps the texts of all frames but heartbeats, to send the same ones elsewhere."""

    def __init__(self, port: int) -> None:
        self._socket = open_socket(port, PATH, offer=CHANGES)
        self._texts: list[bytes] = []
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def close(self) -> Sequence[bytes]:
        """Return the texts."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        return self._texts

    def _listen(self) -> None:
        with suppress(Broken, OSError):
            while True:
                text = read_frame(self._socket)
                if len(text) > SHORT:
                    self._texts.append(text)


def bare_server(stand: Stand) -> AbstractContextManager[Role]:
    """Run the ceiling's server during a block."""
    port = free_port()
    return stand.running(
        "bare", [sys.executable, "-m", "bench.bare_asgi", str(port)], port, MEASURED, "voting_site.settings", None
    )


def cost(server: Role, path: str, number: int, rounds: int, change: Callable[[int], None]) -> tuple[float, list[float]]:
    """Return the processor seconds of a change, and the seconds from the first to the last socket for each change.

    `change` gets the number of the round, from 0.
    """
    wait_until(lambda: _listens(server), f"{server.name} listens")
    audience = Audience(server.port, path, number)
    try:
        audience.quieten()
        spreads, used = [], 0.0
        for turn in range(rounds):
            before = server.processor_time()
            change(turn)
            heard = audience.hear()
            used += server.processor_time() - before
            spreads.append(max(heard) - min(heard))
            audience.quieten(0.3)
        return used / rounds, spreads
    finally:
        audience.close()


def _listens(server: Role) -> bool:
    try:
        http.client.HTTPConnection("127.0.0.1", server.port, timeout=2).connect()
    except OSError:
        return False
    return True


def post_one(server: Role, texts: Sequence[bytes], turn: int) -> None:
    """Let the bare server write the text of a turn to every socket."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/frame", texts[turn])
    connection.getresponse().read()
    connection.close()
