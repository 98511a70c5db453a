"""Which witnesses have to have cosigned a checkpoint: C2SP tlog-policy."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .notes import COSIGNATURE, Checkpoint, Key
from .report import Malformed
from .values import shorten

LONGEST_POLICY = 1_000_000
NO_QUORUM = "none"


@dataclass
class Policy:
    """Keys of logs, keys of witnesses by name, groups by name as threshold and members, and what is the quorum."""

    logs: list[Key] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str = ""

    @classmethod
    def parse(cls, data: bytes) -> "Policy":
        """Read a policy; raises Malformed, with the line."""
        if len(data) > LONGEST_POLICY:
            raise Malformed(f"the policy has {len(data):,} bytes, and {LONGEST_POLICY:,} are the most")
        if data and not data.endswith(b"\n"):
            raise Malformed("the last line has no newline")
        policy = cls()
        for number, line in enumerate(data.split(b"\n"), start=1):
            try:
                policy._read_line(line)
            except Malformed as error:
                raise Malformed(f"line {number}: {error}") from error
        if not policy.quorum:
            raise Malformed("the policy has no quorum")
        return policy

    def judge(self, checkpoint: Checkpoint) -> list[str]:
        """Return the names of the witnesses that have cosigned; raises Malformed unless they are a quorum."""
        own = [key for key in self.logs if key.name == checkpoint.origin]
        signers = checkpoint.note.signers([*own, *self.witnesses.values()])
        if not signers.intersection(own):
            raise Malformed(f"no log of the policy has signed the checkpoint of {checkpoint.origin}")
        cosigned = [name for name, key in self.witnesses.items() if key in signers]
        met = {NO_QUORUM, *cosigned}
        for name, (threshold, members) in self.groups.items():
            if len(met.intersection(members)) >= threshold:
                met.add(name)
        if self.quorum not in met:
            by = ", ".join(cosigned) or "nobody"
            raise Malformed(f"the quorum {self.quorum} is not met: the checkpoint is cosigned by {by}")
        return cosigned

    def _read_line(self, line: bytes) -> None:
        if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", line):
            raise Malformed("a control character is no part of a policy")
        # Names are bytes of any kind.
        words = re.findall("[^ \t]+", line.decode(errors="surrogateescape"))
        match words:
            case []:
                pass
            case [first, *_] if first.startswith("#"):
                pass
            case ["log", key] | ["log", key, _]:
                self.logs.append(_new_key(Key.parse(key), self.logs))
            case ["witness", name, key] | ["witness", name, key, _]:
                self._require_free(name)
                witness = _new_key(Key.parse(key), self.witnesses.values())
                if witness.kind != COSIGNATURE:
                    raise Malformed("a witness cosigns by a key of type 0x04, and this is of another type")
                self.witnesses[name] = witness
            case ["group", name, threshold, member, *more]:
                self._require_free(name)
                self._read_group(name, threshold, [member, *more])
            case ["quorum", name] if not self.quorum:
                if name != NO_QUORUM:
                    self._require_known(name)
                self.quorum = name
            case _:
                raise Malformed(f"{shorten(' '.join(words))} is no line of a policy")

    def _read_group(self, name: str, threshold: str, members: list[str]) -> None:
        taken = {member for _, others in self.groups.values() for member in others}
        for member in members:
            self._require_known(member)
            # Else a witness could count twice.
            if member in taken:
                raise Malformed(f"{shorten(member)} is a member already")
            taken.add(member)
        words = {"any": 1, "all": len(members)}
        number = words.get(threshold) or (int(threshold) if re.fullmatch("[0-9]{1,9}", threshold, re.ASCII) else 0)
        if not 1 <= number <= len(members):
            raise Malformed(f"{shorten(threshold)} is no threshold of {len(members)} members")
        self.groups[name] = (number, members)

    def _require_free(self, name: str) -> None:
        if name == NO_QUORUM or name in self.witnesses or name in self.groups:
            raise Malformed(f"the name {shorten(name)} is taken")

    def _require_known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise Malformed(f"no witness and no group above has the name {shorten(name)}")


def _new_key(key: Key, others: Iterable[Key]) -> Key:
    if any(one.public == key.public for one in others):
        raise Malformed("a key with the same public key stands above")
    return key
