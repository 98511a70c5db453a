"""The voting methods: how a ballot is marked, what is counted, how counts become a result.

A method is a folder beside this file: a module that satisfies `VotingMethod` and two templates,
`polls/methods/<name>/ballot.html` and `result.html`. Adding one to `_KNOWN` is all the registration there is. What
several methods have in common is in the modules beside the folders: `ranking`, `grading`.
"""

from django.utils.functional import Promise

from .approval import Approval
from .approval_committee import ApprovalCommittee
from .base import BALLOT_RULES, ContestOnBallot, InvalidMarking, InvalidRules, OptionOnBallot, VotingMethod
from .borda import Borda
from .irv import InstantRunoff
from .majority_judgment import MajorityJudgment
from .motion import Motion
from .plurality import Plurality
from .schulze import Schulze
from .score import Score
from .star import Star
from .stv import SingleTransferableVote

__all__ = [
    "BALLOT_RULES",
    "ContestOnBallot",
    "InvalidMarking",
    "InvalidRules",
    "OptionOnBallot",
    "VotingMethod",
    "choices",
    "get",
]

_KNOWN: tuple[VotingMethod, ...] = (
    Plurality(),
    Approval(),
    Motion(),
    Score(),
    Star(),
    MajorityJudgment(),
    Borda(),
    InstantRunoff(),
    SingleTransferableVote(),
    Schulze(),
    ApprovalCommittee(),
)

METHODS: dict[str, VotingMethod] = {method.name: method for method in _KNOWN}


def get(name: str) -> VotingMethod:
    """Return the method called `name`; raises KeyError with the known names where there is none."""
    try:
        return METHODS[name]
    except KeyError:
        raise KeyError(f"no voting method {name!r}; known are {', '.join(METHODS)}") from None


def choices() -> list[tuple[str, str | Promise]]:
    """Return (name, label) of each method, for a form."""
    return [(method.name, method.label) for method in METHODS.values()]
