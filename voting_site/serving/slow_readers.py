"""End connections to Granian whose client does not read its answers.

Granian waits for the client without a limit. It has no setting for that, and an application can neither see a
connection nor close it. So this module looks into the kernel's queues of the connections that this process has open.
"""

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from django.conf import settings

from telemetry import throttled_log

from .send_queue import count_queued, count_taken

# Looks within the time that a client has to read what waits for it.
LOOKS = 6
OPEN_FILES = "/proc/self/fd"
# To close at once, and to discard what was not read: `struct linger`, on for 0 seconds.
AT_ONCE = struct.pack("ii", 1, 0)


class SlowReaders:
    """The connections at a port of this process with data that waits for the client."""

    def __init__(self, port: int) -> None:
        self._port = port
        # By inode, which is unique: how many bytes have to be received, and since when they wait.
        self._due: dict[int, tuple[int, float]] = {}

    def look(self, now: float) -> int:
        """End the connections that have not received what waited ANSWER_TIMEOUT ago; return their number."""
        due: dict[int, tuple[int, float]] = {}
        ended = 0
        for connection in waiting_connections(self._port):
            with connection, suppress(OSError):
                inode = os.fstat(connection.fileno()).st_ino
                taken = count_taken(connection)
                bytes_due, since = self._due.get(inode, (taken, now))
                if taken >= bytes_due:
                    due[inode] = (taken + count_queued(connection.fileno()), now)
                elif now - since < settings.ANSWER_TIMEOUT:
                    due[inode] = (bytes_due, since)
                else:
                    end(connection)
                    ended += 1
        self._due = due
        return ended

    def watch(self) -> None:
        """Look every few seconds, for as long as the process lives."""
        while True:
            time.sleep(settings.ANSWER_TIMEOUT / LOOKS)
            # If this process cannot open another file, because of too many connections, it looks again next time.
            with suppress(OSError):
                for _ in range(self.look(time.monotonic())):
                    throttled_log.note("a connection: its answer was not taken")


def waiting_connections(port: int) -> Iterator[socket.socket]:
    """Yield the connections at a port of this process with waiting data; the caller has to close them."""
    for file in map(int, os.listdir(OPEN_FILES)):
        # The file may be no connection, or closed meanwhile.
        with suppress(OSError):
            if count_queued(file):
                connection = share(file)
                if connection.family in (socket.AF_INET, socket.AF_INET6) and connection.getsockname()[1] == port:
                    yield connection
                else:
                    connection.close()


def share(file: int) -> socket.socket:
    """Return the same connection as another open file, which stays open when the first one is closed."""
    own = os.dup(file)
    try:
        return socket.socket(fileno=own)
    except OSError:
        os.close(own)
        raise


def end(connection: socket.socket) -> None:
    """End a connection that Granian has open as well: Granian reads its end, and closes it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    connection.shutdown(socket.SHUT_RDWR)


def watch(port: int) -> None:
    """End the connections of slow readers from now on, in a thread; only on Linux, where large elections are served."""
    if sys.platform == "linux":
        threading.Thread(target=SlowReaders(port).watch, name="slow-readers", daemon=True).start()
