"""What mail servers say, as it is stored."""

LONGEST_REASON = 300


def shorten(text: str) -> str:
    # PostgreSQL stores no NUL.
    return " ".join(text.replace("\0", "").split())[:LONGEST_REASON]
