"""How much one browser is sent that watches the results of a long paper while everything moves."""

import socket
import threading
from collections.abc import Iterator

from .figure import Figure
from .papers import new_election, paper_of
from .sockets import CHANGES, COMPRESSED, COMPRESSION, SHORT, open_socket
from .stand import Stand

SLUG = "viewer"
OPTIONS = 60
# Frames a second, as many as there can be, and votes that come between two of them: most options change each time.
RATE = 10
VOTES = 200


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield how much a browser is sent, by changes and by whole snapshots, beside clients that take no compression."""
    frames = 50 if quick else 200
    election = new_election(SLUG, paper_of(1, OPTIONS))
    count(election.pk)
    offers = (COMPRESSION + CHANGES, CHANGES, COMPRESSION, "")
    with stand.role("result") as result:
        viewers = [Viewer(result.port, offer) for offer in offers]
        try:
            for _ in range(frames):
                count(election.pk)
                # Faster than frames may follow each other.
                threading.Event().wait(1 / (2 * RATE))
        finally:
            sizes = [viewer.close() for viewer in viewers]
    changes, plain_changes, ours, plain = (sum(ones) / len(ones) / 1000 for ones in sizes)
    told = f"mean of {len(sizes[0])} frames, heads and whole snapshots included"
    yield Figure(
        f"a frame of changes of {OPTIONS} options",
        changes,
        "kB",
        plain_changes,
        "a client that takes no compression",
        less_is_better=True,
        goal="1 kB",
        reached=changes <= 1,
        note=told,
    )
    yield Figure(
        f"a viewer of {OPTIONS} options",
        RATE * ours,
        "kB/s",
        RATE * plain,
        "a client that takes no compression",
        less_is_better=True,
        goal="10 kB/s",
        reached=RATE * ours <= 10,
        note=f"whole snapshots at {RATE} frames a second; {told}",
    )


class Viewer:
    """One that is always listening, and knows how long each frame was."""

    def __init__(self, port: int, offer: str) -> None:
        self._socket = open_socket(port, f"/ws/{SLUG}/", offer=offer)
        self._sizes: list[int] = []
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def close(self) -> list[int]:
        """Return the bytes of each frame with results but the first, which is no change."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        return self._sizes[1:]

    def _listen(self) -> None:
        stream = self._socket.makefile("rb")
        while head := stream.read(2):
            length, head_size = head[1], 2
            if length >= 126:
                more = 2 if length == 126 else 8
                length, head_size = int.from_bytes(stream.read(more), "big"), 2 + more
            stream.read(length)
            # Heartbeats and pings are short, and never compressed.
            if head[0] & COMPRESSED or length > SHORT:
                self._sizes.append(head_size + length)


def count(election: int) -> None:
    """Count some votes for options at random, in SQL, and let the results page hear of them."""
    from django.db import connection

    from tally.announce import announce
    from tally.outcomes import make_outcome

    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO tally_count AS old (election_id, shard, key, n)
            SELECT %(election)s, 0, 'q1:option-' || option, count(*)
            FROM (SELECT floor(random() * %(options)s)::int AS option FROM generate_series(1, %(votes)s)) AS votes
            GROUP BY option
            ON CONFLICT (election_id, shard, key) DO UPDATE SET n = old.n + excluded.n
            """,
            {"election": election, "options": OPTIONS, "votes": VOTES},
        )
        cursor.execute(
            """
            INSERT INTO tally_tally AS old (election_id, shard, version, ballots, epoch, last_serial)
            VALUES (%(election)s, 0, 1, %(votes)s, 'bench', 1)
            ON CONFLICT (election_id, shard) DO UPDATE
            SET version = old.version + 1, ballots = old.ballots + excluded.ballots
            """,
            {"election": election, "votes": VOTES},
        )
    make_outcome(election)
    announce(election)
