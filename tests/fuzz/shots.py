"""What is shot at a web role: requests that are almost right, and requests that are nothing of the kind.

All is drawn by Hypothesis, from what a visitor could send to this very Urna: its addresses, and a form that is valid.
"""

import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.fuzz.frames import CONVERSATIONS, handshake

# What a request claims to be larger than this is not sent in full.
HUGE = 400_000


@dataclass(frozen=True)
class Target:
    """A web role, the paths that it knows, and what a visitor of its form has: cookies and hidden fields."""

    name: str
    port: int
    paths: tuple[str, ...]
    form: str = ""
    cookies: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    sockets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shot:
    """The bytes of one connection, in parts that are sent one after the other, and how it ends.

    A `proper` one is a request that has to be answered; after a `cut` one nobody waits for an answer.
    """

    parts: tuple[bytes, ...]
    requests: int = 1
    proper: bool = False
    cut: bool = False

    def __repr__(self) -> str:
        whole = b"".join(self.parts)
        return f"Shot({len(self.parts)} parts, {len(whole)} bytes, {whole[:200]!r})"


BYTES = st.binary(max_size=40)
WORDS = st.text(max_size=20)
METHODS = st.sampled_from(
    [b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"get",
     b"GE\0T", b"", b" GET", b"G" * 5000, b"\xff\xfe", b"PRI"]
)  # fmt: skip
VERSIONS = st.sampled_from(
    [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.1 x", b"http/1.1", b"", b"HTTP/9999.1", b"ICY"]
)
ENDINGS = st.sampled_from(
    ["", "?", "?a=b&a=c", "?%00", "?next=//evil.example/", "%00", "%c0%af", "%c1%9c..", "/../../etc/passwd", "//", "%",
     "%zz", "?" + "x=1&" * 2000, "/" * 3000, "%F0%9F%97%B3", "#x", ";a", "%0d%0aSet-Cookie:%20a=b", "\u202e", "'\"<x>",
     "?q=%ED%A0%80", "%2e%2e/", "\\..\\", "?_method=DELETE", "?" + "a[b]" * 500]
)  # fmt: skip
TYPES = st.sampled_from(
    ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-7", "application/json",
     "application/x-www-form-urlencoded; charset=nonsense", "multipart/form-data", "multipart/form-data; boundary=",
     "multipart/form-data; boundary=" + "b" * 300, "multipart/form-data; boundary=\xff", "text/plain; charset=utf-16",
     "", "/", "a/b; c", "multipart/mixed; boundary=x", "application/x-www-form-urlencoded; charset=\"\0\""]
)  # fmt: skip
# Headers that servers and Django look into, each with what could be in it.
HEADERS = st.sampled_from(
    [b"Accept-Language: " + b"de-" * 200, b"Accept-Language: xx;q=nan, \xff;q=1", b"Accept-Encoding: gzip;q=9, \0",
     b"Range: bytes=0-0,1-1,2-,-5", b"Range: bytes=99999999999999999999-", b"If-Modified-Since: yesterday",
     b"If-Modified-Since: Thu, 01 Jan 99999 00:00:00 GMT", b'If-None-Match: W/"', b"Expect: 100-continue",
     b"Expect: nonsense", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: x",
     b"Connection: close", b"Connection: keep-alive, close, \xff", b"X-Forwarded-For: ::1, 1.2.3.4, \xff",
     b"X-Forwarded-For: " + b"1.1.1.1, " * 500, b"X-Forwarded-Proto: https", b"X-Forwarded-Host: evil.example",
     b"Forwarded: for=_\0", b"Origin: null", b"Origin: http://evil.example", b"Referer: http://[::1",
     b"Referer: " + b"r" * 8000, b"Host: other", b"X-HTTP-Method-Override: PUT", b"Sec-Fetch-Site: cross-site",
     b"Cookie: " + b"a=b; " * 700, b"Cookie: =; ;;\xff=\0", b"Cookie: urna_vote_voter=" + b"A" * 4000,
     b"Cookie: urna_vote_csrf=\xe2\x98\x83; urna_language=../../x", b"Cookie: urna_language=" + b"e" * 600,
     b"Cookie: urna_admin_session=' OR 1=1 --", b"X-Request-ID: \xf0\x9f\x97\xb3" + b"r" * 300, b"no colon at all",
     b"Space : before the colon", b" folded: line", b": no name", b"Bad\0Name: x", b"X: a\0b", b"X: \x7f\x01\x08",
     b"Content-Length: 10", b"Content-Length: -1", b"Content-Length: +3", b"Content-Length: 99999999999999999999",
     b"Content-Length: 0, 5", b"Content-Length: x", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked",
     b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: \x0bchunked", b"Content-Encoding: gzip",
     b"Authorization: Basic \xff", b"Authorization: " + b"a" * 9000, b"TE: trailers", b"Trailer: Content-Length",
     b"Accept: " + b"text/html," * 300, b"User-Agent: \xf0\x28\x8c\x28", b"Via: 1.0 " + b"x," * 900,
     *[b"\r\n".join(b"X-%d: y" % number for number in range(how_many)) for how_many in (50, 99, 150, 1200)]]
)  # fmt: skip


# Names of fields: those of the paper's contests and of none, spelt wrongly, of other methods and of other forms.
NAMES = ["q1", "q2", "q3", "q4", "q99", "Q1", "q1 ", "q", "", "q1[]", "q1:nesquik", "q2:cake", "q4:yes", "q1=nesquik",
         "choice", "score-nesquik", "rank-nesquik", "username", "password", "next", "\0"]  # fmt: skip
# Values: options of each contest, so that they also come under another one, and what only looks like a marking.
VALUES = ["nesquik", "water", "cake", "fruit", "yes", "", "-blank", "nesquik,water", "cake,churros,toast",
          "nesquik;q2=", "q1=nesquik;q2=cake;q3=", "q1:nesquik", "NESQUIK", "nesquik ", "\0", "é" * 200, "9" * 4000,
          "-1", "1e999", "%"]  # fmt: skip


def forms(target: Target) -> st.SearchStrategy[bytes]:
    """Bodies: the valid form with its fields changed or repeated, or what a parser of forms may stumble upon."""
    valid = list(target.fields)
    names = st.sampled_from([*NAMES, *(name for name, _ in valid)])
    values = st.one_of(WORDS, st.sampled_from(VALUES))
    changed = st.dictionaries(names, values, max_size=4).map(lambda more: encode((dict(valid) | more).items()))
    added = st.lists(st.tuples(names, values), max_size=6).map(lambda more: encode([*valid, *more]))
    # As many as a paper with a thousand options has, and around the most that Django takes.
    many = st.builds(
        lambda number, field: encode([*valid, *[field] * number]),
        st.sampled_from([1000, 1990, 2000, 2010, 5000]),
        st.sampled_from([("q2", "cake"), ("q1", "water"), ("q9", "x"), ("choice", "x")]),
    )
    unlike = st.sampled_from([1000, 3000]).map(
        lambda number: encode([*valid, *((f"q{place}", "water") for place in range(number))])
    )
    rubbish = st.sampled_from(
        [b"", b"=", b"&" * 900, b"a" + b"[b]" * 3000 + b"=1", b"q1=x&" * 1100, b"q1=%", b"q1=%c0%80", b"q1=\xff\xfe",
         b"q1=%ED%A0%80&ballot_id=%00", b"a=" + b"x" * 300_000, b'{"a":' * 2000, b"\0" * 500,
         b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"../\0\"\r\n\r\n\xff\r\n--x--\r\n",
         b"--x\r\n" * 300, b"--x\r\nContent-Disposition: form-data; name*=utf-8''%ff\r\n\r\n\r\n--x--",
         b"--x\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--"]
    )  # fmt: skip
    return st.one_of(changed, changed, added, added, many, unlike, rubbish, BYTES)


def encode(fields: Iterable[tuple[str, str]]) -> bytes:
    """Write fields as a browser does."""
    return urllib.parse.urlencode(list(fields)).encode()


def addresses(target: Target) -> st.SearchStrategy[bytes]:
    """Request targets: the role's own, with odd endings, in other forms, and rubbish."""
    own = st.sampled_from(target.paths)
    odd = st.builds(lambda path, ending: (path + ending).encode(), own, ENDINGS)
    return st.one_of(
        own.map(str.encode),
        odd,
        st.sampled_from([b"*", b"evil.example:80", b"", b"/" + b"a" * 20_000, b"/\xff\xfe/", b"\0", b"x"]),
        st.builds(lambda path: b"http://evil.example" + path.encode(), own),
        st.builds(lambda rubbish: b"/" + rubbish, BYTES),
    )


@st.composite
def odd_requests(draw: st.DrawFn, target: Target) -> Shot:
    """A request any part of which may be odd, delivered in any way."""
    method = draw(st.one_of(st.sampled_from([b"GET", b"POST"]), METHODS))
    line = b" ".join([method, draw(addresses(target)), draw(st.one_of(st.just(b"HTTP/1.1"), VERSIONS))])
    lines = [line]
    if draw(st.integers(0, 9)):
        lines.append(b"Host: localhost:%d" % target.port)
    if target.cookies and draw(st.booleans()):
        lines.append(b"Cookie: " + target.cookies.encode())
    lines += draw(st.lists(HEADERS, max_size=3))
    body = b""
    if draw(st.booleans()):
        body = draw(forms(target))
        lines.append(b"Content-Type: " + draw(TYPES).encode("latin-1"))
        match draw(st.integers(0, 7)):
            case 0:
                lines.append(b"Content-Length: %d" % (len(body) + draw(st.integers(-5, 5_000_000))))
            case 1:
                lines.append(b"Transfer-Encoding: chunked")
                sizes = draw(st.sampled_from([b"%x", b"%x;ext=1", b"-%x", b"0x%x", b"%x\0", b"fffffffffffffffff%x"]))
                body = (
                    (sizes % len(body))
                    + b"\r\n"
                    + body
                    + draw(st.sampled_from([b"\r\n0\r\n\r\n", b"", b"\r\n0\r\nX: y\r\n\r\n"]))
                )
            case 2:
                pass
            case _:
                lines.append(b"Content-Length: %d" % len(body))
    end = draw(st.sampled_from([b"\r\n"] * 8 + [b"\n", b"\r"]))
    return draw(delivered(end.join([*lines, b"", b""]) + body))


@st.composite
def delivered(draw: st.DrawFn, whole: bytes) -> Shot:
    """Send it in one piece, again and again on one connection, in pieces with a pause between, or not to its end."""
    match draw(st.integers(0, 19)):
        case 0:
            cuts = sorted(draw(st.lists(st.integers(0, len(whole)), min_size=1, max_size=3)))
            return Shot(tuple(whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)))
        case 1 | 2:
            return Shot((whole[: draw(st.integers(0, len(whole)))],), cut=True)
        case 3:
            number = draw(st.integers(2, 5))
            return Shot((whole * number,), requests=number)
        case _:
            return Shot((whole[:HUGE],))


@st.composite
def proper_requests(draw: st.DrawFn, target: Target) -> Shot:
    """A well-formed request, whose form may hold anything: the role has to answer."""
    cookies = f"Cookie: {target.cookies}\r\n" if target.cookies and draw(st.booleans()) else ""
    head = f"Host: localhost:{target.port}\r\n{cookies}"
    if not target.form or draw(st.booleans()):
        path = draw(st.sampled_from(target.paths)) + draw(st.sampled_from(["", "?a=b", "?%00=%ff", "?page=9e9"]))
        return Shot((f"GET {path} HTTP/1.1\r\n{head}\r\n".encode(),), proper=True)
    body = draw(forms(target))
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    return Shot((f"POST {target.form} HTTP/1.1\r\n{head}\r\n".encode(), body), proper=True)


@st.composite
def rubbish(draw: st.DrawFn) -> Shot:
    """Bytes that are no request."""
    return Shot((draw(st.binary(max_size=300)) + draw(st.sampled_from([b"", b"\r\n\r\n"])),))


@st.composite
def sockets(draw: st.DrawFn, target: Target) -> Shot:
    """A WebSocket, opened more or less as it should be, and what a client must never send over it."""
    opening = draw(handshake(draw(st.sampled_from(target.sockets)), target.port))
    return Shot((opening, draw(CONVERSATIONS)), cut=draw(st.integers(0, 3)) == 0)


def shots(target: Target) -> st.SearchStrategy[Shot]:
    """Return what can be shot at a role."""
    kinds = [odd_requests(target), odd_requests(target), proper_requests(target), proper_requests(target), rubbish()]
    return st.one_of(*kinds, *([sockets(target)] * 2 if target.sockets else []))
