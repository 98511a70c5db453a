"""An election as published to Redis: everything that `vote` needs to show, check and accept a ballot."""

import datetime as dt
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Self

from django.utils import timezone

from . import methods
from .methods import BallotPaper, OptionOnBallot

if TYPE_CHECKING:
    from .models import Election


@dataclass(frozen=True)
class Definition:
    """One revision of an election. Times are milliseconds since 1970 UTC, as the box's clock gives them."""

    election: int
    revision: int
    slug: str
    title: str
    description: str
    method: str
    options: tuple[OptionOnBallot, ...]
    max_choices: int | None
    votes_final: bool
    opens_at: int
    closes_at: int | None
    time_zone: str
    shards: int
    voter_secret: str
    sealed: bool
    archived: bool
    # Not part of the design: it may be switched on while people vote, and changes nothing of what they vote on.
    proof_of_work: bool = False

    @classmethod
    def of(cls, election: "Election") -> Self:
        """Read the definition off the models."""
        return cls(
            election=election.pk,
            revision=election.revision,
            slug=election.slug,
            title=election.title,
            description=election.description,
            method=election.method,
            options=tuple(OptionOnBallot(option.key, option.label) for option in election.options.all()),
            max_choices=election.max_choices,
            votes_final=election.votes_final,
            opens_at=milliseconds(election.opens_at),
            closes_at=milliseconds(election.closes_at) if election.closes_at else None,
            time_zone=election.time_zone,
            shards=election.shards,
            voter_secret=election.voter_secret,
            sealed=election.sealed_at is not None,
            archived=election.archived_at is not None,
            proof_of_work=election.proof_of_work,
        )

    @classmethod
    @lru_cache(maxsize=128)
    def from_json(cls, text: str | bytes) -> Self:
        """Read a definition as `to_json` writes it; fields of a newer release are passed over."""
        fields = {name: value for name, value in json.loads(text).items() if name in cls.__dataclass_fields__}
        fields["options"] = tuple(OptionOnBallot(**option) for option in fields["options"])
        return cls(**fields)

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @cached_property
    def paper(self) -> BallotPaper:
        return BallotPaper(self.options, self.max_choices)

    @cached_property
    def design(self) -> str:
        """Hash what the voter sees: a vote that was given on another design is refused."""
        seen = [
            self.title,
            self.description,
            self.method,
            self.max_choices,
            self.votes_final,
            [(option.key, option.label) for option in self.options],
        ]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]

    def derive(self, text: str) -> bytes:
        """Derive 256 bits from `text` that nobody can link to it without the election's own secret: HMAC-SHA256."""
        return hmac.digest(self._secret, text.encode(), hashlib.sha256)

    @cached_property
    def _secret(self) -> bytes:
        return bytes.fromhex(self.voter_secret)

    @property
    def voting_method(self) -> methods.VotingMethod:
        return methods.get(self.method)

    @property
    def opens(self) -> dt.datetime:
        return moment(self.opens_at)

    @property
    def closes(self) -> dt.datetime | None:
        return None if self.closes_at is None else moment(self.closes_at)

    def phase(self, now: int) -> str:
        """Tell the phase at `now`, in milliseconds of the box's clock."""
        if self.sealed or self.archived or (self.closes_at is not None and self.closes_at <= now):
            return "closed"
        return "open" if self.opens_at <= now else "scheduled"


def milliseconds(time: dt.datetime) -> int:
    """Convert an aware time to whole milliseconds since 1970 UTC."""
    return int(time.timestamp() * 1000)


def moment(time: int) -> dt.datetime:
    """Convert milliseconds since 1970 UTC to an aware time."""
    return dt.datetime.fromtimestamp(time / 1000, tz=timezone.get_default_timezone())
