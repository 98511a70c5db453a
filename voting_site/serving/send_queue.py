"""What the other end of a connection has taken, and what the kernel still holds for it; 0 where this is not Linux."""

import fcntl
import socket
import struct
import sys
import termios

# Where `struct tcp_info` (linux/tcp.h) has `tcpi_bytes_acked`, in bytes from its beginning.
ACKED = 120


def count_taken(connection: socket.socket) -> int:
    """Return the bytes of a connection that the other end has taken in all."""
    if sys.platform != "linux":
        return 0
    information = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKED + 8)
    [taken] = struct.unpack_from("Q", information, ACKED)
    return int(taken)


def count_queued(file: int) -> int:
    """Return the bytes that were written to a connection and not taken; raises OSError for a file that is none."""
    if sys.platform != "linux":
        return 0
    [queued] = struct.unpack("i", fcntl.ioctl(file, termios.TIOCOUTQ, bytes(4)))
    return int(queued)
