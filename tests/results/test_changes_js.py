"""Clients that follow an election by changes in a real browser: our own script, and the one that docs/api.md gives."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Page

from results.channel import Channel

from .moves import Moves
from .test_link_js import START_LINK

DOCS = Path(__file__).resolve().parents[2] / "docs/api.md"
SEEDS = range(10)

# Both give back, after each message, what they would show then.
OUR_OWN = """(texts) => {
    return texts.map((text) => {
        sockets[0].onmessage({ data: text });
        return JSON.stringify(link.base);
    });
}"""
FROM_DOCS = """([texts, script]) => {
    let socket;
    window.WebSocket = class { constructor() { socket = this; } };
    window.draw = () => {};
    const shown = new Function(script + "; return () => JSON.stringify(shown);")();
    return texts.map((text) => {
        socket.onmessage({ data: text });
        return shown();
    });
}"""


def script_of_docs() -> str:
    """Return the client that the documentation gives."""
    scripts = re.findall(r"```js\n(.*?)```", DOCS.read_text(), re.DOTALL)
    [script] = [one for one in scripts if "new WebSocket" in one]
    return str(script)


def messages(seed: int) -> list[tuple[str, str]]:
    """Return what a socket is sent of a random election, each with the snapshot that is to be shown after it."""
    moves, channel, chance = Moves(seed), Channel(), Random(seed)
    follower = channel.add(changes=True, write=None)
    sent = []
    for _ in range(40):
        channel.take(moves.go_on(), moves.wall if seed % 2 else None)
        if chance.random() < 0.2:
            channel.beat()
        # A slow one does not take each.
        if chance.random() < 0.7:
            sent += [(text, channel.whole) for text in follower.take()]
    return sent


def content(text: str) -> Any:
    """Return what JSON says, in one spelling: JavaScript writes 1.0 as 1."""
    return json.dumps(json.loads(text, parse_float=lambda one: f"{float(one):.17g}", parse_int=str), sort_keys=True)


@pytest.fixture
def show(page: Page) -> Callable[[list[str]], list[list[str]]]:
    """Return a function that lets both clients hear messages, and returns what each shows after each of them."""

    def show(texts: list[str]) -> list[list[str]]:
        page.evaluate(START_LINK)
        # What is newer than the page, and what it asks for, is for test_link_js.py.
        page.evaluate("() => { link.shown = { version: -1, as_of: '' }; link.catchUp = () => {}; }")
        return [page.evaluate(OUR_OWN, texts), page.evaluate(FROM_DOCS, [texts, script_of_docs()])]

    return show


class TestClients:
    def test_show_what_whole_snapshots_would(self, show: Any) -> None:
        for seed in SEEDS:
            texts, wholes = zip(*messages(seed), strict=True)
            assert sum('"type":"change"' in text for text in texts) >= 5
            for shown in show(texts):
                assert list(map(content, shown)) == list(map(content, wholes)), seed

    def test_show_nothing_wrong_where_messages_are_lost(self, show: Any) -> None:
        """Each third one, as behind a proxy that is none."""
        for seed in SEEDS:
            sent = messages(seed)
            snapshots = {content(whole) for _, whole in sent} | {"null"}
            for shown in show([text for place, (text, _) in enumerate(sent) if place % 3 != 1]):
                assert set(map(content, shown)) <= snapshots, seed
