"""One emoji, as people choose it for an option."""

import regex

from .labels import LONGEST_EMOJI

# A character that is shown as a picture, a flag of two letters, or a keycap such as 1️⃣.
_PICTURE = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3")
_GRAPHEME = regex.compile(r"\X")


def is_emoji(text: str) -> bool:
    """Tell whether a text is one emoji, which may have several characters: a flag, a skin tone, a family."""
    return len(text) <= LONGEST_EMOJI and bool(_GRAPHEME.fullmatch(text) and _PICTURE.match(text))
