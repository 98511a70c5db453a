"""Frames of sockets: what browsers make of them, and what each socket is sent."""

import json
import zlib

import pytest
from autobahn.websocket.compress import PerMessageDeflateOffer

from voting_site.serving import frames
from voting_site.serving.frames import (
    COMPRESSED,
    FLUSHED,
    LEAST_COMPRESSED,
    MOST_BEFORE,
    Frame,
    accept_compression,
    frame_of,
)

OPTIONS = 60


def snapshot(version: int, options: int = OPTIONS) -> str:
    """Return something like a snapshot, in which all numbers differ from those of any other version."""
    counts = [1000 + 17 * version + 31 * number for number in range(options)]
    shown = [{"key": f"o{one}", "label": f"Option {one}", "count": one, "share": one / (7 * version)} for one in counts]
    return json.dumps({"version": version, "options": shown})


def payload_of(frame: bytes) -> bytes:
    head = {126: 4, 127: 10}.get(frame[1], 2)
    assert (int.from_bytes(frame[2:head]) or frame[1]) == len(frame) - head
    return frame[head:]


class Browser:
    """What a browser reads of one socket: it keeps its window from frame to frame."""

    def __init__(self) -> None:
        self._window = zlib.decompressobj(wbits=-15)

    def read(self, frame: bytes) -> str:
        payload = payload_of(frame)
        if frame[0] & COMPRESSED:
            payload = self._window.decompress(payload + FLUSHED)
        return payload.decode()


class TestFrame:
    @pytest.mark.parametrize("size", [0, 125, 126, 2**16 - 1, 2**16])
    def test_of_any_size_is_read_by_browsers(self, size: int):
        text = "é" * (size // 2) + "x" * (size % 2)
        assert Browser().read(Frame(text).plain) == text
        assert Browser().read(Frame(text).compressed(None)) == text

    def test_is_read_by_a_browser_that_was_sent_the_one_before(self):
        browser, before = Browser(), None
        for version in range(1, 50):
            text = snapshot(version)
            assert browser.read(frame_of(text).compressed(before)) == text
            before = text

    def test_is_read_by_a_browser_that_missed_some(self):
        browser, before = Browser(), None
        for version in (1, 2, 5, 6, 90, 91):
            text = snapshot(version)
            assert browser.read(frame_of(text).compressed(before)) == text
            # Plain ones in between leave the window as it is.
            assert browser.read(Frame("heartbeat").plain) == "heartbeat"
            before = text

    @pytest.mark.parametrize("options", [1, 400, 2000])
    def test_is_read_however_long_it_is(self, options: int):
        browser, first, second = Browser(), snapshot(1, options), snapshot(2, options)
        assert browser.read(Frame(first).compressed(None)) == first
        assert browser.read(Frame(second).compressed(first)) == second

    def test_of_a_change_is_much_shorter(self):
        [plain, whole, change] = [
            len(one)
            for one in (
                Frame(snapshot(9)).plain,
                Frame(snapshot(9)).compressed(None),
                Frame(snapshot(9)).compressed(snapshot(8)),
            )
        ]
        assert plain > 2 * whole > 2 * change
        # Ten a second.
        assert change < 1000

    def test_is_made_once_for_all(self):
        frame = frame_of(snapshot(1))
        assert frame_of(snapshot(1)) is frame
        assert frame.compressed(snapshot(2)) is frame.compressed(snapshot(2))
        assert frame.compressed(None) is frame.compressed(None)

    def test_is_compressed_once_for_all_sockets_that_are_at_the_same_place(self, monkeypatch: pytest.MonkeyPatch):
        """Five thousand: most have the one before, some the one before that, and new ones none."""
        compressed, deflate = [], frames._deflate

        def count(payload: bytes, before: str | None) -> bytes:
            compressed.append(before)
            return deflate(payload, before)

        monkeypatch.setattr(frames, "_deflate", count)
        # Versions of which no other test makes a frame, since frames are kept.
        sockets = [snapshot(908)] * 4000 + [snapshot(907)] * 500 + [None] * 500
        sent = {frame_of(snapshot(909)).compressed(before) for before in sockets}
        assert (len(compressed), len(sent)) == (3, 3)

    def test_is_made_in_few_forms_however_different_the_sockets_are(self):
        frame = Frame(snapshot(1000))
        forms = {frame.compressed(snapshot(version)) for version in range(1, 100)}
        assert len(forms) == MOST_BEFORE + 2
        assert {frame.compressed(snapshot(version)) for version in range(50, 100)} == {frame.compressed(None)}

    def test_is_not_compressed_where_it_is_short(self):
        assert not Frame("x" * (LEAST_COMPRESSED - 1)).is_worth_compressing
        assert Frame("x" * LEAST_COMPRESSED).is_worth_compressing


class TestAcceptCompression:
    @pytest.mark.parametrize(
        ("offer", "answer"),
        [
            # Chromium, and Firefox.
            ({"client_max_window_bits": [True]}, "permessage-deflate"),
            ({}, "permessage-deflate"),
            ({"server_max_window_bits": ["15"]}, "permessage-deflate; server_max_window_bits=15"),
            ({"client_no_context_takeover": [True]}, "permessage-deflate"),
        ],
    )
    def test_takes_what_browsers_offer(self, offer, answer):
        accepted = accept_compression([PerMessageDeflateOffer.parse(offer)])
        assert accepted
        assert accepted.get_extension_string() == answer

    def test_leaves_clients_alone_that_keep_less(self):
        less = PerMessageDeflateOffer.parse({"server_max_window_bits": ["12"]})
        assert accept_compression([less]) is None
        assert accept_compression([less, PerMessageDeflateOffer.parse({})]) is not None

    def test_takes_an_offer_by_which_nothing_is_kept_where_there_is_no_other(self):
        nothing = PerMessageDeflateOffer.parse({"server_no_context_takeover": [True]})
        accepted = accept_compression([nothing])
        assert accepted
        assert accepted.get_extension_string() == "permessage-deflate; server_no_context_takeover"
        accepted = accept_compression([nothing, PerMessageDeflateOffer.parse({})])
        assert accepted
        assert accepted.get_extension_string() == "permessage-deflate"

    def test_needs_an_offer(self):
        assert accept_compression([]) is None
