"""Requests to witnesses over TLS; those over plain HTTP are tested with what is made of their answers."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from record import witness_requests
from record.witness_requests import NoAnswer, post

from .running_witness import http, read_request


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that only itself has signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "witness")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


class Served:
    """A server with TLS that answers each request, after a pause; `bodies` are those of the requests."""

    def __init__(self, certificate: Path, pause: float) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.pause, self.over = pause, threading.Event()
        self.bodies: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"https://127.0.0.1:{self.listener.getsockname()[1]}/below/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, suppress(OSError):
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        with self.context.wrap_socket(connection, server_side=True) as encrypted:
            self.bodies.append(read_request(encrypted))
            self.over.wait(self.pause)
            encrypted.sendall(http(200, b"yes\n"))


@pytest.fixture
def serve(certificate: Path) -> Iterator[list[Served]]:
    started: list[Served] = []
    yield started
    for one in started:
        one.over.set()
        one.listener.shutdown(socket.SHUT_RDWR)
        one.listener.close()


def trust(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(witness_requests, "_trust", lambda: context)


def test_come_over_tls(certificate, serve, monkeypatch):
    trust(monkeypatch, certificate)
    serve.append(Served(certificate, 0))
    assert post(serve[0].address, b"old 0\n").body == b"yes\n"
    assert serve[0].bodies == [b"old 0\n"]


def test_go_to_nobody_whose_certificate_is_not_trusted(certificate, serve):
    serve.append(Served(certificate, 0))
    with pytest.raises(NoAnswer, match=r"it cannot be reached: .*CERTIFICATE_VERIFY_FAILED"):
        post(serve[0].address, b"old 0\n")
    assert serve[0].bodies == []


def test_end_in_time_over_tls_as_well(certificate, serve, monkeypatch):
    trust(monkeypatch, certificate)
    serve.append(Served(certificate, 60))
    began = time.monotonic()
    with pytest.raises(NoAnswer, match=r"it has not answered within 0\.4 s"):
        post(serve[0].address, b"old 0\n", patience=0.4)
    assert time.monotonic() - began < 5


def test_end_in_time_where_nobody_shakes_hands():
    late = pytest.raises(NoAnswer, match=r"it has not answered within 0\.4 s")
    with socket.create_server(("127.0.0.1", 0)) as silent, late:
        post(f"https://127.0.0.1:{silent.getsockname()[1]}", b"", patience=0.4)
