"""Which entries a sample has: they follow from the manifest and the dice, and anybody can compute them.

It is the sampler of R. L. Rivest that ColoradoRLA uses: SHA-256 of the seed, a comma and the number of the draw, as a
number, modulo the number of entries. Draws are with replacement, as the formula for their number has it: an entry that
is drawn twice is opened once, and counts twice.
"""

import re
from hashlib import sha256

FEWEST_DICE, MOST_DICE = 20, 200
# Of one sample, and of one election. They bound what somebody could have opened who has taken over the office.
MOST_DRAWS, MOST_SAMPLES = 10_000, 20
_DICE = re.compile(rf"[1-6]{{{FEWEST_DICE},{MOST_DICE}}}", re.ASCII)


class BadDice(ValueError):
    """What was typed are no dice; the message says what is wrong."""


def read_dice(typed: str) -> str:
    """Return the digits of what somebody has typed, without blanks, lines and commas between them; raises BadDice."""
    dice = re.sub(r"[\s,;.-]+", "", typed)
    if other := re.search(r"[^1-6]", dice):
        raise BadDice(f"{other[0]!r} is no face of a die")
    if not _DICE.fullmatch(dice):
        raise BadDice(f"there are {len(dice)} throws, and it takes {FEWEST_DICE} to {MOST_DICE}")
    return dice


def hash_manifest(text: str) -> str:
    """Return the SHA-256 of the manifest's text as hex."""
    return sha256(text.encode()).hexdigest()


def write_seed(manifest: str, dice: str) -> str:
    """Return the seed: SHA-256 of the manifest's text as hex, a comma, and the dice."""
    return f"{hash_manifest(manifest)},{dice}"


def draw(seed: str, draws: int, entries: int) -> list[int]:
    """Return the entries that are drawn, in the order of the draws; an entry can come several times.

    If there are as many draws as entries or more, all entries are taken, each once and in their order.
    """
    if draws >= entries:
        return list(range(entries))
    return [_pick(seed, number, entries) for number in range(1, draws + 1)]


def _pick(seed: str, number: int, entries: int) -> int:
    return int.from_bytes(sha256(f"{seed},{number}".encode()).digest(), "big") % entries
