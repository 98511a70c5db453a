"""Which path of a role a request is for, with a proxy that passes the prefix on, and without one."""

import asyncio
from typing import Any

import pytest

from voting_site.serving.path_prefix import AsgiPrefix, WsgiPrefix, strip


class TestStrip:
    @pytest.mark.parametrize(
        ("path", "stripped"),
        [
            ("/urna/", "/"),
            ("/urna", "/"),
            ("/urna/drink/", "/drink/"),
            # An election of that name.
            ("/urna/urna/", "/urna/"),
            # As the health check asks, and proxies that take it off.
            ("/healthz", "/healthz"),
            ("/urna-results/drink/", "/urna-results/drink/"),
        ],
    )
    def test_takes_the_prefix_off_once_and_as_a_whole(self, path: str, stripped: str) -> None:
        assert strip(path, "/urna") == stripped


class TestWsgiPrefix:
    @pytest.mark.parametrize(("prefix", "path"), [("/urna", "/drink/"), (None, "/urna/drink/")])
    def test_shows_the_application_its_own_path(self, prefix: str | None, path: str) -> None:
        application = WsgiPrefix(lambda environ, _start: environ["PATH_INFO"], prefix)
        assert application({"PATH_INFO": "/urna/drink/"}, None) == path


class TestAsgiPrefix:
    @pytest.mark.parametrize("kind", ["http", "websocket"])
    @pytest.mark.parametrize("path", ["/urna/ws/drink/", "/ws/drink/"])
    def test_shows_the_application_the_whole_path_and_what_of_it_is_the_prefix(self, kind: str, path: str) -> None:
        seen: list[dict[str, Any]] = []

        async def application(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
            seen.append(scope)

        asyncio.run(AsgiPrefix(application, "/urna")({"type": kind, "path": path, "root_path": ""}, None, None))
        assert seen == [{"type": kind, "path": "/urna/ws/drink/", "root_path": "/urna"}]
