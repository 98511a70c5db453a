"""QR codes for terminals."""

import io

import segno

# White and black of the 256 colours, which no theme of a terminal changes, as it does with the first 16.
_WHITE_ON_BLACK, _RESET = "\x1b[38;5;231;48;5;16m", "\x1b[0m"


def draw_code(text: str, *, encoding: str, coloured: bool) -> str:
    """Draw a text as QR code in half blocks; return nothing if the terminal's encoding has none.

    With colours it is black on white in any terminal; without them it is so in a dark one, and the reverse in a light
    one, which most phones read as well.
    """
    drawing = io.StringIO()
    segno.make(text, micro=False).terminal(drawing, compact=True)
    lines = drawing.getvalue().splitlines()
    try:
        "".join(lines).encode(encoding)
    except UnicodeEncodeError:
        return ""
    if coloured:
        lines = [f"{_WHITE_ON_BLACK}{line}{_RESET}" for line in lines]
    return "".join(f"  {line}\n" for line in lines)
