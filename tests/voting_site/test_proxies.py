"""Which proxies are trusted to name a visitor's address."""

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from voting_site.serving import proxy_names
from voting_site.serving.proxies import AsgiProxies, Proxies, WsgiProxies

TRUSTED = Proxies(["10.0.0.0/8", "2001:db8::/32"])


class TestFindClient:
    @pytest.mark.parametrize(
        ("peer", "forwarded_for", "found"),
        [
            # No proxy is trusted.
            ("192.0.2.7", "", ("192.0.2.7", False)),
            ("192.0.2.7", "198.51.100.1", ("192.0.2.7", False)),
            ("192.0.2.7:50000", "198.51.100.1", ("192.0.2.7", False)),
            ("[2001:db9::1]:50000", "198.51.100.1", ("2001:db9::1", False)),
            ("", "198.51.100.1", ("", False)),
            ("not an address", "198.51.100.1", ("not an address", False)),
            # A trusted proxy.
            ("10.0.0.1", "198.51.100.1", ("198.51.100.1", True)),
            ("10.0.0.1:50000", "198.51.100.1:443", ("198.51.100.1", True)),
            ("::ffff:10.0.0.1", "::ffff:198.51.100.1", ("198.51.100.1", True)),
            ("2001:db8::1", "[2a00::1]:443", ("2a00::1", True)),
            # The text of the visitor is on the left.
            ("10.0.0.1", "203.0.113.9, 198.51.100.1", ("198.51.100.1", True)),
            ("10.0.0.1", "rubbish, 198.51.100.1", ("198.51.100.1", True)),
            # A proxy behind a proxy, and a visitor in the proxies' own network.
            ("10.0.0.1", "203.0.113.9,198.51.100.1, 10.0.0.2 ", ("198.51.100.1", True)),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", ("10.0.0.3", True)),
            # Rubbish from the proxy itself.
            ("10.0.0.1", "", ("10.0.0.1", True)),
            ("10.0.0.1", "198.51.100.1, unknown", ("10.0.0.1", True)),
            ("10.0.0.1", "198.51.100.1, 10.0.0.2, ,", ("10.0.0.1", True)),
            ("10.0.0.1", "198.51.100.1\x00", ("10.0.0.1", True)),
            ("10.0.0.1", "1" * 5000, ("10.0.0.1", True)),
            ("10.0.0.1", " " * 5000 + "198.51.100.1", ("198.51.100.1", True)),
        ],
    )
    def test_takes_the_last_address_that_is_no_proxys(self, peer, forwarded_for, found):
        assert TRUSTED.find_client(peer, forwarded_for) == found

    def test_trusts_nobody_by_default(self):
        assert Proxies([]).find_client("127.0.0.1", "198.51.100.1") == ("127.0.0.1", False)

    @pytest.mark.parametrize(
        "entry", ["10.0.0.1/8", "10.0.0.0/33", "10.0.0", "*", "", "::1/x", "a b", "a..b", "a" * 64]
    )
    def test_refuses_a_list_that_means_nothing(self, entry):
        with pytest.raises(ValueError, match=r"IPv4|host bits|no host name"):
            Proxies([entry])


class TestMemory:
    def test_has_a_limit(self, monkeypatch):
        monkeypatch.setattr("voting_site.serving.proxies.REMEMBERED", 3)
        trusting = Proxies(["10.0.0.0/8"])
        for _ in range(2):
            for number in range(5):
                assert trusting.find_client("10.0.0.1", f"198.51.100.{number}") == (f"198.51.100.{number}", True)
                assert len(trusting._found) <= 3

    def test_does_not_hold_long_headers(self):
        trusting = Proxies(["10.0.0.0/8"])
        for _ in range(2):
            assert trusting.find_client("10.0.0.1", "a, " * 100 + "198.51.100.1") == ("198.51.100.1", True)
        assert not trusting._found

    def test_tells_connections_apart_that_send_the_same_header(self):
        trusting = Proxies(["10.0.0.0/8"])
        assert trusting.find_client("10.0.0.1", "198.51.100.1") == ("198.51.100.1", True)
        assert trusting.find_client("192.0.2.7", "198.51.100.1") == ("192.0.2.7", False)


class TestNames:
    """A container's name, whose address changes."""

    @pytest.fixture
    def dns(self, monkeypatch) -> dict[str, Any]:
        """Names that a name server knows; without "up" it does not answer."""
        known: dict[str, Any] = {"up": True, "asked": 0, "now": 0.0}

        def look_up(name: str, *_: Any, **__: Any) -> list[Any]:
            known["asked"] += 1
            if not known["up"] or name not in known:
                raise socket.gaierror(name)
            return [(None, None, None, "", (known[name], 0))]

        monkeypatch.setattr(proxy_names.socket, "getaddrinfo", look_up)
        monkeypatch.setattr(proxy_names.time, "monotonic", lambda: known["now"])
        return known

    @pytest.fixture
    def find_client(self):
        """Ask as the applications do: look names up first, where that is due."""
        trusted = Proxies(["proxy"])

        def find(peer: str) -> tuple[str, bool]:
            if trusted.is_stale(peer):
                trusted.refresh(peer)
            return trusted.find_client(peer, "198.51.100.1")

        return find

    def test_stand_for_their_addresses(self, dns, find_client):
        dns["proxy"] = "172.18.0.5"
        assert find_client("172.18.0.5") == ("198.51.100.1", True)
        assert find_client("172.18.0.1") == ("172.18.0.1", False)

    def test_are_followed_to_a_new_address(self, dns, find_client):
        dns["proxy"] = "172.18.0.5"
        find_client("172.18.0.5")
        dns.update(proxy="172.18.0.6", now=1.0)
        assert find_client("172.18.0.6") == ("198.51.100.1", True)
        assert find_client("172.18.0.5") == ("172.18.0.5", False)

    def test_are_kept_while_the_name_server_is_away(self, dns, find_client):
        dns["proxy"] = "172.18.0.5"
        find_client("172.18.0.5")
        dns.update(up=False, now=60.0)
        assert find_client("172.18.0.5") == ("198.51.100.1", True)

    def test_are_not_looked_up_for_each_stranger(self, dns, find_client):
        dns["proxy"] = "172.18.0.5"
        for _ in range(100):
            find_client("192.0.2.7")
            find_client("172.18.0.5")
        assert dns["asked"] == 1

    def test_are_looked_up_once_by_all_who_find_them_stale(self, dns):
        dns["proxy"] = "172.18.0.5"
        trusted = Proxies(["proxy"])
        assert trusted.is_stale("172.18.0.5")
        trusted.refresh("172.18.0.5")
        trusted.refresh("172.18.0.5")
        assert dns["asked"] == 1
        assert not trusted.is_stale("172.18.0.5")

    def test_are_looked_up_anew_before_an_address_is_believed_that_was_long_quiet(self, dns, find_client):
        dns["proxy"] = "172.18.0.5"
        find_client("172.18.0.5")
        dns.update(proxy="172.18.0.6", now=100.0)
        assert find_client("172.18.0.5") == ("172.18.0.5", False)

    def test_a_known_proxy_does_not_wait_for_the_name_server(self, monkeypatch):
        trusted, name_server = Proxies(["proxy"]), SlowNameServer(monkeypatch)
        name_server.answers.set()
        trusted.refresh("172.18.0.5")
        name_server.answers.clear()
        name_server.is_asked.clear()
        monkeypatch.setattr(proxy_names, "KNOWN_S", 0.0)
        assert not trusted.is_stale("172.18.0.5")
        assert trusted.find_client("172.18.0.5", "198.51.100.1") == ("198.51.100.1", True)
        # The look-up goes on beside it.
        assert name_server.is_asked.wait(10)
        name_server.answers.set()

    def test_one_request_alone_waits_for_a_dead_name_server(self, monkeypatch):
        trusted, name_server = Proxies(["proxy"]), SlowNameServer(monkeypatch)
        monkeypatch.setattr(proxy_names, "WAIT_S", 0.1)
        trusted.refresh("192.0.2.7")
        assert name_server.is_asked.is_set()
        assert not any(trusted.is_stale(f"192.0.2.{n}") for n in range(100))
        # As soon as it answers again, strangers are looked up as before.
        name_server.answers.set()
        monkeypatch.setattr(proxy_names, "UNKNOWN_S", 0.0)
        deadline = time.monotonic() + 10
        while not trusted.is_stale("192.0.2.7"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert trusted.find_client("172.18.0.5", "198.51.100.1") == ("198.51.100.1", True)


class SlowNameServer:
    """Knows one proxy, and says so while `answers` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers, self.is_asked = threading.Event(), threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, *_: Any, **__: Any) -> list[Any]:
        self.is_asked.set()
        assert self.answers.wait(30)
        return [(None, None, None, "", ("172.18.0.5", 0))]


def through_wsgi(peer: str, *, believe_scheme: bool = False, **headers: str) -> dict[str, str]:
    """Return what an application sees of a request."""
    seen: dict[str, str] = {}
    wrapped = WsgiProxies(lambda environ, _: seen.update(environ), TRUSTED, believe_scheme=believe_scheme)
    wrapped({"REMOTE_ADDR": peer, **headers}, lambda: None)
    return seen


def through_asgi(peer: str, kind: str = "http", *, believe_scheme: bool = False, **headers: str) -> dict[str, str]:
    """Return what an application sees of a request or a socket, in WSGI's words."""
    seen: dict[str, str] = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen["REMOTE_ADDR"] = scope["client"][0]
        seen.update(
            {f"HTTP_{name.decode().upper().replace('-', '_')}": value.decode() for name, value in scope["headers"]}
        )

    wrapped = AsgiProxies(application, TRUSTED, believe_scheme=believe_scheme)
    sent = [(name[5:].lower().replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(wrapped({"type": kind, "client": [peer, 50000], "headers": sent}, None, None))
    return seen


FORWARDED = {"HTTP_X_FORWARDED_FOR": "198.51.100.1", "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "evil"}


@pytest.mark.parametrize("through", [through_wsgi, through_asgi, lambda *a, **k: through_asgi(*a, "websocket", **k)])
class TestHeaders:
    def test_of_a_trusted_proxy_are_believed(self, through):
        assert through("10.0.0.1", **FORWARDED) == FORWARDED | {"REMOTE_ADDR": "198.51.100.1"}

    def test_of_anybody_else_are_removed(self, through):
        sent = FORWARDED | {"HTTP_HOST": "vote.example.org"}
        assert through("192.0.2.7", **sent) == {"HTTP_HOST": "vote.example.org", "REMOTE_ADDR": "192.0.2.7"}

    def test_keep_the_scheme_where_no_proxy_is_named(self, through):
        seen = through("192.0.2.7", believe_scheme=True, **FORWARDED)
        assert seen == {"HTTP_X_FORWARDED_PROTO": "https", "REMOTE_ADDR": "192.0.2.7"}


class TestAsgi:
    def test_leaves_the_lifespan_alone(self):
        seen = []

        async def application(scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope)

        asyncio.run(AsgiProxies(application, TRUSTED, believe_scheme=False)({"type": "lifespan"}, None, None))
        assert seen == [{"type": "lifespan"}]

    def test_goes_on_serving_while_a_name_is_looked_up(self, monkeypatch):
        answered = threading.Event()

        def look_up(*_: Any, **__: Any) -> list[Any]:
            # A name server that answers only once somebody else was served.
            assert answered.wait(10)
            return [(None, None, None, "", ("172.18.0.5", 0))]

        async def application(scope: Any, receive: Any, send: Any) -> None:
            assert scope["client"][0] == "198.51.100.1"

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        wrapped = AsgiProxies(application, Proxies(["proxy"]), believe_scheme=False)
        request = {"type": "http", "client": ["172.18.0.5", 1], "headers": [(b"x-forwarded-for", b"198.51.100.1")]}

        async def serve() -> None:
            waiting = asyncio.create_task(wrapped(request, None, None))
            await asyncio.sleep(0)
            answered.set()
            await waiting

        asyncio.run(serve())
