"""An election as published to Redis: everything that `vote` needs to show, check and accept a ballot."""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Self

from . import markings
from .design import Paper, hash_paper, is_of_first_scheme, leave_out_newer, only_contest, read_contest
from .kiosk.device import Kiosk
from .life import Phase, State, phase_of
from .look import Look
from .methods import ContestOnBallot, OptionOnBallot
from .wording import InLanguages

if TYPE_CHECKING:
    from .models import Election


# How many count keys are remembered, of all markings together; an election with two options has two markings of one
# key, a comparison of 100 options up to 4,950 keys for each ranking.
REMEMBERED_KEYS = 100_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


@dataclass(frozen=True)
class Definition(InLanguages):
    """One revision of an election. Times are milliseconds since 1970 UTC, as the box's clock gives them."""

    election: int
    revision: int
    slug: str
    title: str
    description: str
    votes_final: bool
    contests: tuple[ContestOnBallot, ...]
    opens_at: int
    closes_at: int | None
    time_zone: str
    shards: int
    sealed: bool
    archived: bool
    # The hash of what voters see, made when it was published.
    design: str
    # Not part of the design: it may be switched on while people vote, and does not change what they vote on.
    proof_of_work: bool = False
    cancelled: bool = False
    # Then there is no voter secret any more, and nobody can tell who is a voter.
    certified: bool = False
    cancel_reason: str = ""
    # Not part of the design. Where voters sign in; with none they have codes.
    providers: tuple[str, ...] = ()
    # Part of the design since its third scheme.
    eligibility: str = "open"
    shows: str = "live"
    tie_break: str = ""
    draw_hash: str = ""
    # Since its fourth.
    language: str = ""
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # Since its fifth.
    step: int = 1
    checkable: bool = False
    unlisted: bool = False
    short_code: str = ""
    # Not part of the design either. When a text was mended last, after the opening.
    mended_at: int | None = None
    look: Look = field(default_factory=Look)
    # Whether organisers see that somebody has voted. It is said on the paper, and is no part of the design.
    shows_who_voted: bool = False
    # Those that are not ended.
    kiosks: tuple[Kiosk, ...] = ()
    # Only in what is offered to the ballot box, and read from it. It identifies nothing: it never changes.
    voter_secret: str = field(default="", compare=False)

    @classmethod
    def of(cls, election: "Election") -> Self:
        """Return an election with the paper that voters see: the last one that the ballot box has taken."""
        definition = cls._with_design(election, election.in_force or election.offered)
        # A text that the box has not taken yet is not mended yet.
        return replace(definition, mended_at=None) if election.in_force and election.offered else definition

    @classmethod
    def offered(cls, election: "Election") -> Self:
        """Return an election with the paper that was published last, whether the ballot box has taken it or not."""
        return cls._with_design(election, election.offered or election.in_force)

    @classmethod
    def preview(cls, election: "Election", paper: Paper, now: dt.datetime) -> Self:
        """Return an election with a paper that need not be published, as open at `now`."""
        return replace(cls._with(election, paper, hash_paper(paper.write()), now), cancelled=False, sealed=False)

    @classmethod
    def _with_design(cls, election: "Election", design: str) -> Self:
        # `designs` is prefetched where many elections are read.
        [paper] = (Paper.read(one.paper) for one in election.designs.all() if one.hash == design)
        return cls._with(election, paper, design, election.opening)

    @classmethod
    def _with(cls, election: "Election", paper: Paper, design: str, opens_at: dt.datetime) -> Self:
        return cls(
            election=election.pk,
            revision=election.revision,
            slug=election.slug,
            **{name: getattr(paper, name) for name in Paper.__dataclass_fields__},
            design=design,
            opens_at=milliseconds(opens_at),
            closes_at=milliseconds(election.closes_at) if election.closes_at else None,
            time_zone=election.time_zone,
            shards=election.shards,
            sealed=election.state not in (State.DRAFT, State.PUBLISHED, State.CANCELLED),
            archived=election.archived_at is not None,
            proof_of_work=election.proof_of_work,
            cancelled=election.state == State.CANCELLED,
            certified=election.state == State.CERTIFIED,
            cancel_reason=election.cancel_reason,
            providers=tuple(election.providers),
            unlisted=election.unlisted,
            short_code=election.short_code,
            mended_at=milliseconds(election.mended_at) if election.mended_at else None,
            look=Look.read(election.look),
            shows_who_voted=election.shows_who_voted,
            kiosks=tuple(Kiosk(*(one[name] for name in Kiosk._fields)) for one in election.kiosks if not one["ended"]),
        )

    @classmethod
    @lru_cache(maxsize=128)
    def from_json(cls, text: str | bytes) -> Self:
        """Read a definition that `to_json` or the first release wrote; ignore what a newer release adds."""
        content = json.loads(text)
        fields: dict[str, Any] = {name: value for name, value in content.items() if name in cls.__dataclass_fields__}
        fields["look"] = Look.read(fields.get("look", {}))
        fields["providers"] = tuple(fields.get("providers", ()))
        fields["kiosks"] = tuple(Kiosk(*one[: len(Kiosk._fields)]) for one in fields.get("kiosks", ()))
        if "contests" in fields:
            fields["contests"] = tuple(map(read_contest, fields["contests"]))
        else:
            options = tuple(OptionOnBallot(**option) for option in content["options"])
            fields["contests"] = (only_contest(content["method"], options, content["max_choices"]),)
        if "design" not in fields:
            # The first release did not store the design: each process computed it.
            names = ("title", "description", "votes_final", "contests")
            paper = Paper(**{name: fields[name] for name in names})
            fields["design"] = hash_paper(paper.write(1), 1)
        return cls(**fields)

    def to_json(self) -> str:
        """Write the definition, with what a process of the first release needs until it is replaced."""
        first = self.contests[0]
        for_first_release = {
            "method": first.method,
            "max_choices": first.rules.get("max_choices"),
            "options": [{"key": option.key, "label": option.label} for option in first.options],
        }
        fields = asdict(self)
        # Earlier releases cannot read what is left out here.
        leave_out_newer(fields)
        for contest in fields["contests"]:
            if not contest["groups"]:
                del contest["groups"]
        return json.dumps(fields | for_first_release, separators=(",", ":"), ensure_ascii=False)

    def __hash__(self) -> int:
        return hash((self.election, self.revision, self.design))

    def count_keys(self, marking: str) -> tuple[str, ...]:
        """Return the count keys that a paper's marking raises by one each; raises InvalidMarking."""
        keys = self._counted.get(marking)
        if keys is None:
            keys = tuple(markings.count_keys(marking, self.contests))
            if len(self._counted) * len(keys) < REMEMBERED_KEYS:
                self._counted[marking] = keys
        return keys

    @cached_property
    def _counted(self) -> dict[str, tuple[str, ...]]:
        return {}

    @cached_property
    def has_roll(self) -> bool:
        return self.eligibility == "roll"

    @property
    def takes_codes(self) -> bool:
        """Whether those on the roll come in with a code, and not by signing in."""
        return self.has_roll and not self.providers

    @cached_property
    def depends_on_groups(self) -> bool:
        """Whether voters of different groups have different papers."""
        return any(contest.groups for contest in self.contests)

    def contests_for(self, groups: Iterable[str]) -> tuple[ContestOnBallot, ...]:
        """Return the contests on the paper of a voter of these groups."""
        if not self.depends_on_groups:
            return self.contests
        own = set(groups)
        return tuple(contest for contest in self.contests if not contest.groups or own.intersection(contest.groups))

    @cached_property
    def is_of_first_release(self) -> bool:
        """Whether the first release published its paper: browsers may still show its forms, and the box its marks."""
        return is_of_first_scheme(self.design)

    def hash_marking(self, marking: str) -> str:
        """Return the hash by which a voter's mark recognises a retry: SHA-256 of the marking, 64 bits of it, as hex."""
        if self.is_of_first_release:
            marking = marking.partition("=")[2]
        return hashlib.sha256(marking.encode()).hexdigest()[:16]

    def derive(self, text: str) -> bytes:
        """Derive 256 bits that cannot be linked to `text` without the election's own secret: HMAC-SHA256."""
        return _derive(self._secret, text)

    def derive_remembered(self, text: str) -> bytes:
        """Return the same, and remember it for the next time; for what many requests have in common."""
        return _derive_remembered(self._secret, text)

    @cached_property
    def _secret(self) -> bytes:
        if not self.voter_secret:
            raise ValueError(f"{self.slug} was read without its voter secret")
        return bytes.fromhex(self.voter_secret)

    @property
    def paper(self) -> Paper:
        """What voters see, without what is not part of the design."""
        return Paper(**{name: getattr(self, name) for name in Paper.__dataclass_fields__})

    @property
    def opens(self) -> dt.datetime:
        return moment(self.opens_at)

    @property
    def closes(self) -> dt.datetime | None:
        return None if self.closes_at is None else moment(self.closes_at)

    @property
    def mended(self) -> dt.datetime | None:
        return None if self.mended_at is None else moment(self.mended_at)

    @property
    def state(self) -> State:
        """Return the state as voters see it."""
        if self.cancelled:
            return State.CANCELLED
        if self.certified:
            return State.CERTIFIED
        return State.CLOSED if self.sealed or self.archived else State.PUBLISHED

    def phase(self, now: int) -> Phase:
        """Tell the phase at `now`, in milliseconds of the box's clock."""
        return phase_of(self.state, self.opens_at, self.closes_at, now)


def milliseconds(time: dt.datetime) -> int:
    """Convert an aware time to whole milliseconds since 1970 UTC."""
    return (time - _EPOCH) // _MILLISECOND


def moment(time: int) -> dt.datetime:
    """Convert milliseconds since 1970 UTC to a time in UTC; `milliseconds` gives the same number back."""
    return _EPOCH + time * _MILLISECOND


def _derive(secret: bytes, text: str) -> bytes:
    return hmac.digest(secret, text.encode(), hashlib.sha256)


_derive_remembered = lru_cache(maxsize=4096)(_derive)
