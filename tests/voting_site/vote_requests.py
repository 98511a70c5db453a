"""Requests like those of a browser that votes, and others that differ from them in one or two places."""

import io
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

from django.conf import settings
from django.core.signing import Signer
from django.middleware import csrf
from django.test import Client

from polls.kiosk import device
from tests.web import read_form
from voting_site.serving import csrf_check

HOST = "testserver"
FORM = "application/x-www-form-urlencoded"
# The key of the server before it was changed.
EARLIER_KEY = "earlier"
# What stands in fields where something else should.
ODD = ("", " ", "beer", "ñandú", "nesquik\x00", "nesquik ", "NESQUIK", "a" * 3000, "\u202e", "1", "-1", "null")


@dataclass
class Sent:
    """One request, before it is written."""

    path: str
    fields: list[tuple[str, str]]
    cookies: list[tuple[str, str]]
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = FORM
    method: str = "POST"
    query: str = ""
    # In place of the fields.
    body: bytes | None = None

    def environ(self) -> dict[str, Any]:
        """Return the request as a server describes it, with a body that can be read once."""
        body = urlencode(self.fields).encode() if self.body is None else self.body
        usual = {
            "REQUEST_METHOD": self.method, "SCRIPT_NAME": "", "QUERY_STRING": self.query, "REMOTE_ADDR": "127.0.0.1",
            "PATH_INFO": unquote_to_bytes(self.path).decode("latin-1"), "SERVER_NAME": HOST, "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": HOST, "CONTENT_TYPE": self.content_type,
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies),
            "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr,
        }  # fmt: skip
        return usual | self.headers | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


class Visitor:
    """A browser that has opened ballots, with its cookies and with the last form of each election."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = Client(enforce_csrf_checks=True, headers={"host": HOST})
        self.forms: dict[str, dict[str, str]] = {}

    @property
    def cookies(self) -> list[tuple[str, str]]:
        return [(name, one.value) for name, one in self.client.cookies.items()]

    def open(self, slug: str) -> None:
        """Open a ballot, if it can be opened."""
        page = self.client.get(f"/{slug}/").content.decode()
        if 'name="ballot_id"' in page:
            self.forms[slug] = read_form(page)


# The marks for each election of the test's, as forms send them.
Marks = dict[str, Callable[[random.Random], list[tuple[str, str]]]]


class Requests:
    """Draws requests by chance: a third of them as they should be, the others with one or two changes."""

    def __init__(self, visitors: list[Visitor], marks: Marks, chance: random.Random) -> None:
        self.visitors, self.marks, self.chance = visitors, marks, chance

    def draw(self) -> Sent:
        """Return the next request, from somebody who may have opened the ballot anew before."""
        who, slug = self.chance.choice(self.visitors), self.chance.choice(list(self.marks))
        if slug not in who.forms or self.chance.random() < 0.3:
            who.open(slug)
        opened = who.forms.get(slug) or self.chance.choice(list(who.forms.values()))
        sent = Sent(f"/{slug}/", [*opened.items(), *self.marks[slug](self.chance)], who.cookies)
        sent.headers = {
            "HTTP_ORIGIN": f"http://{HOST}",
            "HTTP_ACCEPT_LANGUAGE": "es-ES,es;q=0.9",
            "REMOTE_ADDR": who.address,
        }
        if self.chance.random() < 0.15:
            sent = replace(sent, path=f"/{slug}/cast/state.json", method="GET", body=b"")
        for _ in range(self.chance.choice((0, 1, 1, 2))):
            sent = self.chance.choice(CHANGES)(self, sent)
        return sent

    def other(self) -> Visitor:
        return self.chance.choice(self.visitors)


def drop_field(of: Requests, sent: Sent) -> Sent:
    kept = list(sent.fields)
    kept.pop(of.chance.randrange(len(kept)))
    return replace(sent, fields=kept or [("q1", "nesquik")])


def double_field(of: Requests, sent: Sent) -> Sent:
    name, value = of.chance.choice(sent.fields)
    return replace(sent, fields=[*sent.fields, (name, of.chance.choice((value, "cola-cao", "")))])


def shuffle_fields(of: Requests, sent: Sent) -> Sent:
    return replace(sent, fields=of.chance.sample(sent.fields, len(sent.fields)))


def change_field(of: Requests, sent: Sent) -> Sent:
    at = of.chance.randrange(len(sent.fields))
    return replace(
        sent,
        fields=[(name, of.chance.choice(ODD)) if i == at else (name, v) for i, (name, v) in enumerate(sent.fields)],
    )


def add_field(of: Requests, sent: Sent) -> Sent:
    added = of.chance.choice(
        [
            ("q9", "x"), ("q1:nesquik", "1"), ("paper_language", "nl"), ("csrfmiddlewaretoken", ""),
            ("choice", "nesquik"),
            ("proof", "cHJvb2Y="), ("roll_groups", '["Board"]'), ("kiosk_voter", "1.7.1:x"), ("design", "f" * 32),
            ("", ""),
        ]
    )  # fmt: skip
    return replace(sent, fields=[added, *sent.fields] if of.chance.random() < 0.5 else [*sent.fields, added])


def take_fields_of_another(of: Requests, sent: Sent) -> Sent:
    forms = [form for form in of.other().forms.values() if form]
    theirs = of.chance.choice(forms)
    name = of.chance.choice(("ballot_id", "csrfmiddlewaretoken", "design"))
    return replace(sent, fields=[(one, theirs[name] if one == name else value) for one, value in sent.fields])


def take_cookies_of_another(of: Requests, sent: Sent) -> Sent:
    theirs = dict(of.other().cookies)
    name = of.chance.choice(sorted(theirs))
    return replace(sent, cookies=[*(one for one in sent.cookies if one[0] != name), (name, theirs[name])])


def write_token_otherwise(of: Requests, sent: Sent) -> Sent:
    """Send the token with another mask, with none, of another secret, or as what is no token."""
    secret = dict(sent.cookies).get(settings.CSRF_COOKIE_NAME, "")
    own = secret if len(secret) == csrf.CSRF_SECRET_LENGTH and secret.isascii() and secret.isalnum() else "a" * 32
    token = csrf._mask_cipher_secret(own)
    written = of.chance.choice(
        [
            token, token, own, csrf._mask_cipher_secret("b" * 32), "b" * 32, token[:32] * 2, token[32:] + token[:32],
            token.swapcase(), token[:-1], f"{token} ", token[:-1] + "-", token[:-1] + "ñ", token[:-1] + "٣", "٣" * 64,
            "",
        ]
    )  # fmt: skip
    if of.chance.random() < 0.2:
        return replace(sent, headers=sent.headers | {"HTTP_X_CSRFTOKEN": written})
    return replace(sent, fields=[(one, written if one == csrf_check.FIELD else value) for one, value in sent.fields])


def mask_cookie(of: Requests, sent: Sent) -> Sent:
    """Send the cookie of the token as Django wrote it long ago, with a mask."""
    name = settings.CSRF_COOKIE_NAME
    return replace(
        sent,
        cookies=[
            (one, csrf._mask_cipher_secret(value) if one == name and value.isalnum() and value.isascii() else value)
            for one, value in sent.cookies
        ],
    )


def sign_with_another_key(of: Requests, sent: Sent) -> Sent:
    """Sign the voter's cookie or the ballot id anew: with a key of earlier, or with one that nobody had here."""
    key = of.chance.choice((EARLIER_KEY, EARLIER_KEY, "nobody's"))
    if of.chance.random() < 0.5:
        signer = Signer(key=key, salt="polls.voters.cookie")
        name = settings.VOTER_COOKIE_NAME
        cookies = [
            (one, signer.sign(value.rpartition(":")[0]) if one == name else value) for one, value in sent.cookies
        ]
        return replace(sent, cookies=cookies)
    signer = Signer(key=key, salt="polls.ballots.ballot_id")
    fields = [
        (one, signer.sign(value.rpartition(":")[0]) if one == "ballot_id" else value) for one, value in sent.fields
    ]
    return replace(sent, fields=fields)


def break_cookie(of: Requests, sent: Sent) -> Sent:
    if not sent.cookies:
        return sent
    at = of.chance.randrange(len(sent.cookies))
    name, value = sent.cookies[at]
    broken = of.chance.choice((value[:-1], value + "x", value[::-1], "", f'"{value}"', "x" * 64, value.upper(), "ñ"))
    return replace(sent, cookies=[*sent.cookies[:at], (name, broken), *sent.cookies[at + 1 :]])


def lose_cookies(of: Requests, sent: Sent) -> Sent:
    gone = of.chance.choice((*(name for name, _value in sent.cookies), None))
    return replace(sent, cookies=[one for one in sent.cookies if gone and one[0] != gone])


def add_cookie(of: Requests, sent: Sent) -> Sent:
    kiosk = f"{settings.KIOSK_COOKIE_NAME}_6"
    added = of.chance.choice(
        [
            (settings.LANGUAGE_COOKIE_NAME, of.chance.choice(("de", "gl", "xx", "es-mx", "de; x", "d" * 400))),
            (settings.CSRF_COOKIE_NAME, "a" * 32), ("urna_paper_language_8", "nl"),
            (kiosk, device._signer.sign("6.1")), (kiosk, device._signer.sign("6.9")), (kiosk, "6.1"),
        ]
    )  # fmt: skip
    return replace(sent, cookies=of.chance.choice(([added, *sent.cookies], [*sent.cookies, added])))


def write_otherwise(of: Requests, sent: Sent) -> Sent:
    usual = urlencode(sent.fields).encode()
    return replace(
        sent,
        body=of.chance.choice(
            [
                usual + b"&", b"&&" + usual, usual.replace(b"&", b";"), usual.replace(b"=", b"%3D"), usual + b"&q1=%FF",
                usual + b"&\xff=\xfe", usual.replace(b"nesquik", b"%6Eesquik"), usual.replace(b"-", b"+"), usual[:-1],
                usual.upper(), b"", b"=", b"\x00", usual * 2, usual + b"&a=b" * 2500, usual.replace(b"%3A", b":"),
            ]
        ),
    )  # fmt: skip


def name_other_content(of: Requests, sent: Sent) -> Sent:
    kind = of.chance.choice(
        (
            "", "text/plain", "application/json", "multipart/form-data; boundary=x", f"{FORM}; charset=utf-8",
            f"{FORM}; charset=latin-1", f"{FORM}; charset=hex", FORM.upper(), f" {FORM}",
        )
    )  # fmt: skip
    return replace(sent, content_type=kind)


def change_header(of: Requests, sent: Sent) -> Sent:
    name, values = of.chance.choice(
        [
            ("HTTP_ORIGIN", ("http://evil.example", "null", "", f"https://{HOST}", f"http://{HOST}:80", f"http://{HOST}:8000")),
            ("HTTP_REFERER", (f"http://{HOST}/", "http://evil.example/", "")),
            ("HTTP_HOST", (f"{HOST}:80", f"{HOST}:8000", "evil.example", "", "a b", "[::1]")),
            ("HTTP_ACCEPT_LANGUAGE", ("de", "es-MX,es", "*", "", "ar", "de-CH;q=0.1,fr", "x" * 400, "gl,es;q=0.5")),
            ("HTTP_X_REQUEST_ID", ("0" * 32, "12345678-1234-1234-1234-123456789abc", "no id", "x" * 500)),
            ("HTTP_X_CSRFTOKEN", ("a" * 32, "")),
            ("REMOTE_ADDR", ("2001:db8::1", "2001:db8::2", "::ffff:127.0.0.1", "", "nobody", "10.0.0.1")),
            ("HTTP_TRANSFER_ENCODING", ("chunked",)),
            ("wsgi.url_scheme", ("https",)),
        ]
    )  # fmt: skip
    return replace(sent, headers=sent.headers | {name: of.chance.choice(values)})


def leave_out_header(of: Requests, sent: Sent) -> Sent:
    gone = of.chance.choice(sorted(sent.headers))
    kept = {name: value for name, value in sent.headers.items() if name != gone}
    return replace(sent, headers=kept)


def go_elsewhere(of: Requests, sent: Sent) -> Sent:
    path = of.chance.choice(
        (
            sent.path[:-1], sent.path.upper(), "//", "/", "/none/", f"{sent.path}cast/", f"{sent.path}x/", "/%ff/",
            "/open%2F/", *(f"/{slug}/" for slug in of.marks),
        )
    )  # fmt: skip
    return replace(sent, path=path)


def ask_for_more(of: Requests, sent: Sent) -> Sent:
    return replace(sent, query=of.chance.choice(("a=b", "language=nl", "language=xx", "?", "q1=cola-cao")))


def use_other_method(of: Requests, sent: Sent) -> Sent:
    return replace(sent, method=of.chance.choice(("GET", "PUT", "HEAD", "post", "DELETE")))


CHANGES: list[Callable[[Requests, Sent], Sent]] = [
    drop_field, double_field, shuffle_fields, change_field, add_field, take_fields_of_another, take_cookies_of_another,
    write_token_otherwise, mask_cookie, sign_with_another_key, break_cookie, lose_cookies, add_cookie, write_otherwise,
    name_other_content, change_header, leave_out_header, go_elsewhere, ask_for_more, use_other_method,
]  # fmt: skip
