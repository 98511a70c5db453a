"""What a run is to be, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.crash_points import HEALING
from tests.faults.installation import Reads
from tests.faults.mutants import MUTANTS
from tests.faults.paper import PAPER, Contest


@dataclass(frozen=True)
class Plan:
    """How long a run is: at least so many faults, accepted ballots, and seconds.

    `emptied` times Redis loses all that it has, and the worker dies while it brings that back. With `older` it comes
    back once with an older file. `closing` ballots wait
    in the box when it is closed. `sockets` dashboards follow the results while hints are lost for `hints_lost`
    seconds. `outage` is how long PostgreSQL may be away, in seconds. `mutant` puts a mistake in, and strikes with the
    faults under which it shows; `control` strikes with the same, without the mistake. With `only` those faults strike
    that have it in their name. Papers have so many `contests`, but for the one with rankings. Where a full box is
    closed, its election is certified at the end, and its record verified, and kept in the folder `record`. `reads` says
    from which server results come. In a `cluster` the ballot box is on three masters, which are killed, emptied and
    brought back older one by one. With `copies` it is on a primary with two replicas, of which so many confirm a
    ballot.
    """

    seed: int
    faults: int = 40
    ballots: int = 0
    seconds: float = 0
    emptied: int = len(HEALING)
    older: bool = False
    closing: int = 1000
    outage: float = 5
    sockets: int = 0
    hints_lost: float = 5
    lines: int = 8
    mutant: str | None = None
    control: str | None = None
    only: str = ""
    contests: int = len(PAPER)
    record: Path | None = None
    reads: Reads = Reads.PRIMARY
    cluster: bool = False
    copies: int = 0

    @property
    def ranked(self) -> bool:
        """Tell whether people vote on a paper with rankings as well; a mistake elsewhere is found sooner without."""
        like = self.mutant or self.control
        return not like or MUTANTS[like].ranked

    @property
    def rolled(self) -> bool:
        """Tell whether people vote with codes as well."""
        like = self.mutant or self.control
        return not like or MUTANTS[like].rolled

    @property
    def paper(self) -> Sequence[Contest]:
        return PAPER[: self.contests]


@dataclass
class Verdict:
    """What a run has shown; all five numbers have to be 0."""

    lost: int
    doubled: int
    unentitled: int
    unexpected: int
    wrong: int

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.unentitled or self.unexpected or self.wrong)


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    plan: Plan
    faults: int
    ok: int
    unknown: int
    verdict: Verdict
    converged: float | None

    def __str__(self) -> str:
        verdict = self.verdict
        converged = "never" if self.converged is None else f"{self.converged:.1f}"
        return (
            f"faults={self.faults} ok={self.ok} unknown={self.unknown} lost={verdict.lost} doubled={verdict.doubled} "
            f"unentitled={verdict.unentitled} unexpected={verdict.unexpected} wrong={verdict.wrong} "
            f"converged={converged} seed={self.plan.seed}"
        )
