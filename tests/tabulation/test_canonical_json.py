"""Canonical JSON: equal values, equal text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation import canonical_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


class TestWrite:
    def test_sorts_keys_and_writes_nothing_needless(self):
        assert canonical_json.write({"b": [1, None, True], "a": {"ñ": "é\n\x1f"}}) == (
            '{"a":{"ñ":"é\\n\\u001f"},"b":[1,null,true]}'
        )

    @given(VALUES)
    def test_can_be_read_and_written_again(self, value):
        text = canonical_json.write(value)
        assert canonical_json.write(json.loads(text)) == text
        assert json.loads(text) == value

    @given(st.dictionaries(TEXTS, st.integers()))
    def test_does_not_depend_on_the_order_of_keys(self, value):
        assert canonical_json.write(dict(reversed(value.items()))) == canonical_json.write(value)

    @pytest.mark.parametrize("value", [0.5, (1, 2), {1, 2}, b"x", {1: 2}, {"a": [{"b": 1.0}]}])
    def test_refuses_what_is_not_plain(self, value):
        with pytest.raises(TypeError, match="JSON"):
            canonical_json.write(value)

    @pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}])
    def test_refuses_a_text_that_utf8_cannot_hold(self, value):
        with pytest.raises(ValueError, match="surrogates not allowed"):
            canonical_json.write(value)
