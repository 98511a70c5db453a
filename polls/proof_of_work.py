"""Proof of work for open polls: a short computation in the browser, which makes thousands of ballots expensive.

The protocol is ALTCHA's, served from here: find the number whose hash with the salt is the challenge. The salt names
the ballot, so that a solution is good for one ballot only, and nothing has to be stored. It also names the time, by
the box's clock, until which the solution is good.
"""

import base64
import json
from typing import Any
from uuid import UUID

from altcha import v1 as altcha
from django.conf import settings

from .definition import Definition, moment

# Milliseconds. Long enough to read a ballot, too short to compute solutions a day ahead.
GOOD_FOR = 3_600_000
ALGORITHM: altcha.AlgoType = "SHA-256"
# The key of each election is derived from this text.
KEY = "proof of work"


def challenge(definition: Definition, ballot_id: UUID, now: int) -> dict[str, Any]:
    """Make a challenge for a form rendered at `now`, in milliseconds by the box's clock, for its script to solve."""
    made = altcha.create_challenge(
        algorithm=ALGORITHM,
        max_number=settings.POW_DIFFICULTY,
        salt_length=12,
        hmac_key=definition.derive(KEY),
        salt="",
        number=None,
        expires=moment(now + GOOD_FOR),
        params={"ballot": str(ballot_id)},
    )
    found: dict[str, Any] = made.to_dict()
    return found


def is_solved(definition: Definition, ballot_id: UUID, solution: str, now: int) -> bool:
    """Tell whether `solution`, as the page's script writes it, is one for this ballot, and still good at `now`."""
    payload = _read(solution)
    if payload is None:
        return False
    # ALTCHA would check it by this machine's clock, but only the box's clock tells the time of a ballot.
    solved, _ = altcha.verify_solution(payload, definition.derive(KEY), check_expires=False)
    parameters = altcha.extract_params(payload)
    return bool(
        solved
        and parameters.get("ballot") == [str(ballot_id)]
        and now <= int(parameters.get("expires", ["0"])[0]) * 1000
    )


def _read(solution: str) -> altcha.PayloadType | None:
    """Read ALTCHA's payload, JSON in Base64; None for anything that its verification does not expect."""
    try:
        fields = json.loads(base64.b64decode(solution, validate=True))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("number"), int):
        return None
    texts = [fields.get(name) for name in ("challenge", "salt", "signature")]
    if not all(isinstance(text, str) and text.isascii() for text in texts):
        return None
    hashed, salt, signature = map(str, texts)
    # The sender must not choose the algorithm.
    return altcha.PayloadType(
        algorithm=ALGORITHM, number=fields["number"], challenge=hashed, salt=salt, signature=signature
    )
