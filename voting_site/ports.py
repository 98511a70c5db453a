"""The addresses that roles listen on."""

import errno
import socket

from .data_folder import Unusable


def find_address(host: str, port: int, option: str = "--port") -> str:
    """Return the IP address of `host`; raise Unusable, naming the remedy, where nobody can listen on it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            remedy = f"port {port} is in use on {host}: stop that program, or choose another port with {option}"
        elif error.errno == errno.EACCES:
            remedy = f"port {port} needs more rights than this user has: choose one above 1023 with {option}"
        else:
            remedy = f"cannot listen on {host}:{port} ({error.strerror}): choose another address with --host"
        raise Unusable(remedy) from error
    return str(address[0])
