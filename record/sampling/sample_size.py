"""How many entries an audit by sample has to open, and what a sample in which nothing is wrong shows.

The numbers are those of a comparison audit by Kaplan and Markov, for draws with replacement: M. Lindeman and P. B.
Stark, "A Gentle Introduction to Risk-limiting Audits", IEEE Security & Privacy 10 (2012). All shares are from 0 to 1.
"""

import math

# The inflator of errors. Any number above 1 is right; 1.03905 is the one that audits use, and rlacalc too.
GAMMA = 1.03905


def draws_needed(margin: float, risk_limit: float) -> int:
    """Return how many draws show an outcome if no difference is found.

    `margin` is the diluted margin: by how many votes the outcome is decided, over all entries from which is drawn. With
    so many draws a wrong outcome is noticed with a chance of 1 - `risk_limit` at least. Each ballot has to give each
    option one vote at most. Raises ValueError.
    """
    _require_shares(margin=margin, risk_limit=risk_limit)
    return math.ceil(-2 * GAMMA * math.log(risk_limit) / margin)


def risk_after(draws: int, margin: float) -> float:
    """Return the highest chance with which a wrong outcome is not noticed by so many draws without a difference."""
    _require_shares(margin=margin)
    return float((1 - margin / (2 * GAMMA)) ** draws)


def draws_to_find(share: float, risk_limit: float) -> int:
    """Return how many draws meet a wrong entry with a chance of 1 - `risk_limit`, if this share of them is wrong."""
    _require_shares(share=share, risk_limit=risk_limit)
    return 1 if share == 1 else math.ceil(math.log(risk_limit) / math.log(1 - share))


def share_found(draws: int, risk_limit: float) -> float:
    """Return the share of wrong entries of which so many draws meet one with a chance of 1 - `risk_limit`."""
    _require_shares(risk_limit=risk_limit)
    return 1.0 if draws < 1 else float(1 - risk_limit ** (1 / draws))


def _require_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 < share <= 1:
            raise ValueError(f"{name} is {share}, and has to be above 0 and 1 at most")
