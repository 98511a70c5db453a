"""Sizes that a contest may not exceed, so that each of its markings can be counted and shown."""

from django.utils.translation import gettext as _

from .base import ContestOnBallot, InvalidRules

# Bytes of one count key. PostgreSQL keeps the keys in an index, whose rows hold about 2,700 bytes.
LONGEST_COUNT_KEY = 2400
# Options of a contest that compares each with each other, or that gives each a rank.
MOST_COMPARED = 100


def check_number(contest: ContestOnBallot) -> None:
    """Raise InvalidRules if there are too many options to rank or to compare."""
    if len(contest.keys) > MOST_COMPARED:
        raise InvalidRules(
            _("This method takes at most %(most)d options, and there are %(number)d. Take some away.")
            % {"most": MOST_COMPARED, "number": len(contest.keys)}
        )


def check_count_keys(contest: ContestOnBallot, together: int | None = None) -> None:
    """Raise InvalidRules if a count key could be too long that has `together` options, or all of them, in it."""
    longest = sorted((len(key.encode()) + 1 for key in contest.keys), reverse=True)[:together]
    if len(contest.key.encode()) + sum(longest) > LONGEST_COUNT_KEY:
        raise InvalidRules(
            _(
                "A ballot that marks all options would be too long to be counted: all keys together may have about "
                "%(most)d characters. Take some options away, or write shorter ones."
            )
            % {"most": LONGEST_COUNT_KEY}
        )
