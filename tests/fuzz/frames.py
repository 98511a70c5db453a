"""WebSocket openings and frames (RFC 6455), right and wrong."""

import base64
import struct

from hypothesis import strategies as st

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FINAL = 0x80
OPCODES = [0, 1, 2, 3, 7, 8, 9, 10, 11, 15]
PAYLOADS = st.one_of(
    st.binary(max_size=140),
    st.sampled_from(
        [b"", b"\xff", b"\x03\xe8", b"\x03\xed", b"\x00\x00", b"\xff\xff" + b"x" * 123, b"a" * 126, b"x" * 70_000]
    ),
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """One frame, whose bits, opcode, mask and length may all lie."""
    payload = draw(PAYLOADS)
    head = draw(st.sampled_from([0x80, 0x80, 0x80, 0x00, 0xC0, 0x90, 0xF0])) | draw(st.sampled_from(OPCODES))
    size = draw(st.sampled_from([len(payload)] * 6 + [0, 1, 125, 2**16 + 1, 2**31, 2**63 - 1, 2**64 - 1]))
    if size < 126:
        length = bytes([size])
    elif size < 2**16:
        length = b"\x7e" + struct.pack(">H", size)
    else:
        length = b"\x7f" + struct.pack(">Q", size)
    if draw(st.integers(0, 4)) == 0:
        return bytes([head]) + length + payload
    mask = draw(st.binary(min_size=4, max_size=4))
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([head, length[0] | 0x80]) + length[1:] + mask + masked


def masked(first: int, payload: bytes = b"") -> bytes:
    """Return a short frame as a client has to send it; a mask of zeros leaves its payload as it is."""
    return bytes([first, 0x80 | len(payload), 0, 0, 0, 0]) + payload


SHORT = st.binary(max_size=125)
# A message in pieces, mostly without an end.
FRAGMENTS = st.builds(
    lambda opcode, first, pieces, last: masked(opcode, first) + b"".join(masked(0, one) for one in pieces) + last,
    st.sampled_from([TEXT, BINARY]),
    SHORT,
    st.lists(st.one_of(st.just(b""), SHORT), max_size=20),
    st.sampled_from([b"", b"", masked(FINAL), masked(FINAL | PING), masked(FINAL | CLOSE)]),
)
# Pings and pongs: one is allowed, a thousand are not.
FLOODS = st.builds(
    lambda opcode, payload, times: masked(FINAL | opcode, payload) * times,
    st.sampled_from([PING, PONG]),
    SHORT,
    st.sampled_from([1, 2, 10, 1000]),
)
HALVES = st.builds(lambda whole, part: whole[: int(len(whole) * part)], frames(), st.floats(0, 1))
CONVERSATIONS = st.one_of(
    st.lists(frames(), max_size=6).map(b"".join), st.binary(max_size=200), FRAGMENTS, FLOODS, HALVES
)


@st.composite
def handshake(draw: st.DrawFn, path: str, port: int) -> bytes:
    """An opening, in which one thing may be missing or wrong."""
    key = draw(st.sampled_from([base64.b64encode(b"0123456789abcdef").decode()] * 6 + ["", "short", "\xff" * 24]))
    version = draw(st.sampled_from(["13"] * 6 + ["8", "0", "13, 8", "x", ""]))
    lines = [
        f"GET {path}{draw(st.sampled_from([''] * 6 + ['?a=%00', '%00', 'x/', '/' * 2000]))} HTTP/1.1",
        f"Host: {draw(st.sampled_from([f'localhost:{port}'] * 6 + ['evil.example', '']))}",
        f"Upgrade: {draw(st.sampled_from(['websocket'] * 6 + ['WEBSOCKET, h2c', 'x']))}",
        f"Connection: {draw(st.sampled_from(['Upgrade'] * 6 + ['close', 'keep-alive, Upgrade']))}",
        f"Sec-WebSocket-Key: {key}",
        f"Sec-WebSocket-Version: {version}",
        *draw(
            st.lists(
                st.sampled_from(
                    [
                        "Origin: http://evil.example",
                        f"Origin: http://localhost:{port}",
                        "Origin: \xff",
                        "Sec-WebSocket-Protocol: a, b, " + "c" * 500,
                        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99",
                        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
                        "Sec-WebSocket-Extensions: " + "x," * 900,
                        "Cookie: a=\xff",
                    ]
                ),
                max_size=2,
            )
        ),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
