"""The signer that keeps its derived keys: its signatures are Django's own."""

import base64

import pytest
from django.core import signing

from polls.signing import Signer, url_safe

VALUES = ("", "visitor", "1.7.1", "ñ:x", "a" * 10_000)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("salt", ["polls.voters.cookie", "polls.ballots.ballot_id", "ñ"])
def test_signs_as_django_does(value, salt):
    ours, djangos = Signer(salt=salt), signing.Signer(salt=salt)
    assert ours.sign(value) == djangos.sign(value)
    assert ours.unsign(djangos.sign(value)) == value


def test_signs_many_values_as_django_does():
    # With all characters that a signature may end with.
    values = [f"visitor {number}" for number in range(500)]
    signed = [Signer(salt="x").sign(value) for value in values]
    assert signed == [signing.Signer(salt="x").sign(value) for value in values]
    assert len({one[-1] for one in signed}) == 16


def test_reads_what_an_earlier_key_has_signed():
    signed = signing.Signer(key="earlier", salt="x").sign("visitor")
    assert Signer(key="now", fallback_keys=["earlier"], salt="x").unsign(signed) == "visitor"
    with pytest.raises(signing.BadSignature):
        Signer(key="now", fallback_keys=["another"], salt="x").unsign(signed)


def test_takes_keys_of_bytes():
    assert Signer(key=b"\xff\x00", salt="x").sign("v") == signing.Signer(key=b"\xff\x00", salt="x").sign("v")


def test_refuses_the_signature_of_another_salt_or_value():
    signed = Signer(salt="x").sign("visitor")
    for other in (
        Signer(salt="x").sign("visitos")[:-43] + signed[-43:],
        signed.replace("visitor", "visitos"),
        "visitor",
        signed[:-1] + "ñ",
        ":" + signed[-43:],
        Signer(salt="x").signature(""),
        "",
    ):
        with pytest.raises(signing.BadSignature):
            Signer(salt="x").unsign(other)
    with pytest.raises(signing.BadSignature):
        Signer(salt="y").unsign(signed)


def test_writes_bytes_for_addresses():
    for length in range(40):
        data = bytes(range(200, 200 + length))
        assert url_safe(data) == base64.urlsafe_b64encode(data).rstrip(b"=").decode()
