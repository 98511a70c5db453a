"""Django's check of tokens: the mask that is taken off faster leaves what Django's own arithmetic leaves."""

import string

import pytest
from django.http import QueryDict
from django.middleware import csrf

from voting_site.serving.csrf_check import FIELD, unmask, unmask_token

LETTERS = string.ascii_letters + string.digits


class TestUnmask:
    def test_is_djangos_for_each_pair_of_letters(self):
        for mask in LETTERS:
            for masked in (LETTERS[:32], LETTERS[-32:]):
                assert unmask(mask * 32 + masked) == csrf._unmask_cipher_token(mask * 32 + masked)

    def test_is_djangos_for_what_django_has_masked(self):
        for _ in range(500):
            secret = csrf._get_new_csrf_string()
            token = csrf._mask_cipher_secret(secret)
            assert unmask(token) == csrf._unmask_cipher_token(token) == secret


class TestUnmaskToken:
    @pytest.mark.parametrize(
        "token", ["", "a" * 32, "a" * 63, "a" * 65, "a" * 63 + "-", "a" * 63 + "ñ", "٣" * 64, "a" * 63 + "\n"]
    )
    def test_leaves_what_is_no_masked_token(self, token):
        form = QueryDict(mutable=True)
        form[FIELD] = token
        unmask_token(form)
        assert form.getlist(FIELD) == [token]

    def test_needs_no_token(self):
        form = QueryDict("q1=a", mutable=True)
        unmask_token(form)
        assert list(form) == ["q1"]

    def test_takes_the_last_one_as_django_does(self):
        first, last = (csrf._mask_cipher_secret(one * 32) for one in "ab")
        form = QueryDict(f"{FIELD}={first}&{FIELD}={last}", mutable=True)
        unmask_token(form)
        assert form[FIELD] == "b" * 32
