"""Passkeys (WebAuthn), by fido2: made for the host under which the office is open, and valid there alone."""

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ..models import SecondFactor
from .factors import Kind, Wrong, factors_of, signed_in

# In a session: what was asked of the browser.
ASKED = "passkey_asked"
MOST = 10
# What json and fido2 raise for an answer that no browser gives.
NO_ANSWERS = (
    ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError, RecursionError, struct.error,
)  # fmt: skip


def host_of(request: HttpRequest) -> str:
    """Return the host of a request, without its port."""
    return urlsplit(f"//{request.get_host()}").hostname or ""


def are_possible(request: HttpRequest) -> bool:
    """Tell whether browsers make passkeys for this address: they want a name, and TLS unless it is this machine's."""
    host = host_of(request)
    try:
        ip_address(host)
    except ValueError:
        return request.is_secure() or host == "localhost" or host.endswith(".localhost")
    return False


def passkeys_of(user: User) -> list[SecondFactor]:
    """Return all passkeys of somebody, for whichever host."""
    return [one for one in factors_of(user) if one.kind == Kind.PASSKEY]


def passkeys_here(request: HttpRequest, user: User) -> list[SecondFactor]:
    """Return those passkeys of somebody that are valid under the address of a request."""
    return [one for one in passkeys_of(user) if one.data["host"] == host_of(request)] if are_possible(request) else []


def ask_for_new(request: HttpRequest) -> dict[str, Any]:
    """Return what the browser needs to make a passkey, as JSON has it."""
    user = signed_in(request)
    person = PublicKeyCredentialUserEntity(
        # It stays in the passkey, where it is to tell nothing about the person.
        id=salted_hmac("office.passkeys", str(user.pk), algorithm="sha256").digest(),
        name=user.get_username(),
        display_name=user.get_username(),
    )
    options, asked = _server(request).register_begin(
        person,
        [read_credential(one) for one in passkeys_here(request, user)],
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=_challenge(request),
    )
    request.session[ASKED] = asked
    return dict(options)


def read_new(request: HttpRequest, answer: str) -> dict[str, Any]:
    """Return what is stored of a passkey that a browser has made; raises Wrong if it is not what was asked for."""
    with _only_wrong():
        made = _server(request).register_complete(request.session.pop(ASKED), json.loads(answer))
        assert made.credential_data is not None
        return {
            "credential": websafe_encode(bytes(made.credential_data)),
            "host": host_of(request),
            "count": made.counter,
        }


def ask_for_one(request: HttpRequest, user: User) -> dict[str, Any] | None:
    """Return what the browser needs to show one of somebody's passkeys, None if none is valid here."""
    own = passkeys_here(request, user)
    if not own:
        return None
    options, asked = _server(request).authenticate_begin(
        [read_credential(one) for one in own],
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=_challenge(request),
    )
    request.session[ASKED] = asked
    return dict(options)


def check_passkey(request: HttpRequest, user: User, answer: str) -> SecondFactor:
    """Return the passkey that a browser has shown; raises Wrong if it is none of somebody's."""
    own = passkeys_here(request, user)
    with _only_wrong():
        shown = json.loads(answer)
        found = _server(request).authenticate_complete(
            request.session.get(ASKED), [read_credential(one) for one in own], shown
        )
        count = AuthenticationResponse.from_dict(shown).response.authenticator_data.counter
    [number] = [one.pk for one in own if read_credential(one) == found]
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(pk=number).first()
        # One that counts has signed less often than before: a copy of it does.
        if factor is None or (0 < factor.data["count"] >= count):
            raise Wrong
        factor.data["count"], factor.used_at = count, timezone.now()
        factor.save(update_fields=["data", "used_at"])
    del request.session[ASKED]
    return factor


def read_credential(passkey: SecondFactor) -> AttestedCredentialData:
    """Return the public part of a passkey."""
    return AttestedCredentialData(websafe_decode(passkey.data["credential"]))


def _server(request: HttpRequest) -> Fido2Server:
    origin = f"{request.scheme}://{request.get_host()}"
    return Fido2Server(
        PublicKeyCredentialRpEntity(name="Urna", id=host_of(request)), verify_origin=lambda said: said == origin
    )


def _challenge(request: HttpRequest) -> bytes | None:
    """Return the challenge that waits for its answer, so that a page that is open in two windows works in both."""
    asked = request.session.get(ASKED)
    return websafe_decode(asked["challenge"]) if asked else None


@contextmanager
def _only_wrong() -> Iterator[None]:
    """Let everything that comes of an answer which no browser gives be Wrong."""
    try:
        yield
    except NO_ANSWERS as error:
        raise Wrong from error
