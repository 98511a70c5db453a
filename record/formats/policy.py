"""Which checkpoints are believed: logs, witnesses, groups and a quorum: C2SP tlog-policy, https://c2sp.org/tlog-policy."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from .checkpoint import Checkpoint, OpenedCheckpoint, open_checkpoint
from .cosignature import CosignatureVerifier
from .encodings import Malformed
from .keys import SignatureType, VerifierKey
from .note import Note, NoteVerifier, NotSigned, NotVerified

# The specification asks for 32 logs, 32 witnesses and 32 groups at least.
LONGEST_POLICY = 1_000_000
NO_QUORUM = "none"

AnyVerifier: TypeAlias = NoteVerifier | CosignatureVerifier


class NoQuorum(NotVerified):
    """A checkpoint that fewer witnesses have cosigned than the policy asks for."""


class Log(NamedTuple):
    """A log that is believed; its key's name is the origin of its checkpoints."""

    verifier: AnyVerifier
    url: str = ""


class Witness(NamedTuple):
    """A witness that is believed."""

    verifier: CosignatureVerifier
    url: str = ""


class Group(NamedTuple):
    """Witnesses or groups, by name, of which so many have to have witnessed a checkpoint."""

    threshold: int
    members: tuple[str, ...]


class Judged(NamedTuple):
    """A checkpoint that a policy believes, and the names of the witnesses that have cosigned it."""

    opened: OpenedCheckpoint
    witnesses: frozenset[str]

    @property
    def checkpoint(self) -> Checkpoint:
        return self.opened.checkpoint


@dataclass(frozen=True)
class Policy:
    """A policy as it was read; witnesses and groups share their names, and groups name only what stands before them."""

    logs: tuple[Log, ...] = ()
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NO_QUORUM

    @classmethod
    def parse(cls, data: bytes) -> "Policy":
        """Read a policy; raises Malformed, with the number of the line."""
        return _Reader().read(data)

    def is_met_by(self, witnesses: Collection[str]) -> bool:
        """Tell whether witnesses of these names are a quorum."""
        met = set(witnesses) & set(self.witnesses)
        for name, group in self.groups.items():
            if len(met.intersection(group.members)) >= group.threshold:
                met.add(name)
        return self.quorum == NO_QUORUM or self.quorum in met

    def judge(self, data: bytes) -> Judged:
        """Read a checkpoint, and check signatures and quorum.

        Raises Malformed for what is no checkpoint; NotSigned if no log of the policy has signed it; InvalidSignature;
        NoQuorum.
        """
        origin = Checkpoint.parse(Note.parse(data).text).origin
        logs = [log.verifier for log in self.logs if log.verifier.name == origin]
        if not logs:
            raise NotSigned(f"{origin} is no log of the policy")
        verifiers = [witness.verifier for witness in self.witnesses.values()]
        opened = open_checkpoint(data, origin=origin, logs=logs, witnesses=verifiers)
        signed = {(one.name, one.key_id) for one in opened.note.verified}
        cosigned = frozenset(
            name for name, one in self.witnesses.items() if (one.verifier.name, one.verifier.key_id) in signed
        )
        if not self.is_met_by(cosigned):
            by = ", ".join(sorted(cosigned)) or "nobody"
            raise NoQuorum(f"the quorum {self.quorum} is not met: the checkpoint is cosigned by {by}")
        return Judged(opened, cosigned)


class _Reader:
    """Reads a policy line by line; what is wrong with one is Malformed."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum = ""
        self._members: set[str] = set()

    def read(self, data: bytes) -> Policy:
        if len(data) > LONGEST_POLICY:
            raise Malformed(f"the policy has {len(data)} bytes, and {LONGEST_POLICY} are the most")
        # A policy that was cut in a name could mean another one.
        if data and not data.endswith(b"\n"):
            raise Malformed("the last line of the policy has no newline")
        kinds = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        for number, line in enumerate(data.split(b"\n"), 1):
            try:
                if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line):
                    raise Malformed("a control character is no part of a policy")
                # Names are opaque bytes: what is no UTF-8 stays what it is.
                words = re.findall("[^ \t]+", line.decode(errors="surrogateescape"))
                if words and not words[0].startswith("#"):
                    if words[0] not in kinds:
                        raise Malformed(f"{words[0][:40]!r} is none of log, witness, group and quorum")
                    kinds[words[0]](words[1:])
            except Malformed as error:
                raise Malformed(f"line {number}: {error}") from error
        if not self.quorum:
            raise Malformed("the policy has no quorum")
        return Policy(tuple(self.logs), self.witnesses, self.groups, self.quorum)

    def _log(self, words: list[str]) -> None:
        if not 1 <= len(words) <= 2:
            raise Malformed("a log has a key, and may have an address")
        key = VerifierKey.parse(words[0])
        if any(log.verifier.key.public_key == key.public_key for log in self.logs):
            raise Malformed("a log with the same public key stands above")
        is_plain = key.signature_type == SignatureType.ED25519
        self.logs.append(Log(NoteVerifier(key) if is_plain else CosignatureVerifier(key), *words[1:]))

    def _witness(self, words: list[str]) -> None:
        if not 2 <= len(words) <= 3:
            raise Malformed("a witness has a name and a key, and may have an address")
        name = self._new(words[0])
        key = VerifierKey.parse(words[1])
        if any(one.verifier.key.public_key == key.public_key for one in self.witnesses.values()):
            raise Malformed("a witness with the same public key stands above")
        self.witnesses[name] = Witness(CosignatureVerifier(key), *words[2:])

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise Malformed("a group has a name, a threshold and members")
        name, threshold, *members = words
        self._new(name)
        for member in members:
            self._require_known(member)
            # Else a witness could count twice.
            if member in self._members:
                raise Malformed(f"{member[:40]!r} is a member already")
            self._members.add(member)
        self.groups[name] = Group(_read_threshold(threshold, len(members)), tuple(members))

    def _quorum(self, words: list[str]) -> None:
        if len(words) != 1:
            raise Malformed("a quorum is one name")
        if self.quorum:
            raise Malformed("there is a quorum already")
        if words[0] != NO_QUORUM:
            self._require_known(words[0])
        self.quorum = words[0]

    def _new(self, name: str) -> str:
        if name == NO_QUORUM or name in self.witnesses or name in self.groups:
            raise Malformed(f"the name {name[:40]!r} is taken")
        return name

    def _require_known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise Malformed(f"no witness and no group above has the name {name[:40]!r}")


def _read_threshold(text: str, members: int) -> int:
    """Return how many of the members have to have witnessed."""
    if text in ("any", "all"):
        return 1 if text == "any" else members
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= members:
        raise Malformed(f"{text[:40]!r} is no threshold: it is any, all, or a number from 1 to {members}")
    return int(text)
