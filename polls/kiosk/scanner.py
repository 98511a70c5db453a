"""What a scanner types that is plugged in like a keyboard: the whole address of a card, and Enter."""

import re

from ..roll.codes import LENGTH

# Scanners type by an American keyboard, whatever the device has: of an address only letters and digits are sure.
_NO_LETTER = re.compile(r"[^0-9A-Za-z]+")


def take_code(typed: str) -> str:
    """Return the code at the end of a scanned address; what is no longer than a code is returned as it was typed."""
    letters = _NO_LETTER.sub("", typed)
    return letters[-LENGTH:] if len(letters) > LENGTH else typed
