"""Texts as XML can hold them."""

import re

# Control characters but for white space, halves of characters, and two that are none.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def xml_text(text: str) -> str:
    """Return a text without the characters that no XML may have."""
    return _NO_XML.sub("", text)
