"""How much the other end of a connection has received, and how much the kernel still holds for it; 0 without Linux."""

import fcntl
import socket
import struct
import sys
import termios

# The offset of `tcpi_bytes_acked` in `struct tcp_info` (linux/tcp.h), in bytes.
ACKED = 120


def count_taken(connection: socket.socket) -> int:
    """Return how many bytes of a connection the other end has received so far."""
    if sys.platform != "linux":
        return 0
    information = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKED + 8)
    [taken] = struct.unpack_from("Q", information, ACKED)
    return int(taken)


def count_queued(file: int) -> int:
    """Return how many bytes were written to a connection and not received; raises OSError for another kind of file."""
    if sys.platform != "linux":
        return 0
    [queued] = struct.unpack("i", fcntl.ioctl(file, termios.TIOCOUTQ, bytes(4)))
    return int(queued)
