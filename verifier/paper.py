"""The paper of an election: contests with their options and rules, by which markings are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .report import Malformed
from .values import is_number, shorten

# Rules about the page of a ballot, which no count depends on.
_OF_PAGE = ("blank", "random_order")
# Fields that some schemes write though they say nothing, and others leave out then.
_MAY_BE_SILENT = (
    "title", "description", "groups", "tie_break", "draw_hash", "language", "translations",
    "emoji", "colour", "picture",
)  # fmt: skip


@dataclass(frozen=True)
class Contest:
    """A question of the paper; `said` is all that it says, without what says nothing."""

    key: str
    method: str
    version: int
    seats: int
    options: tuple[str, ...]
    rules: Mapping[str, Any]
    groups: tuple[str, ...]
    said: Mapping[str, Any] = field(repr=False)

    @property
    def may_be_blank(self) -> bool:
        """Whether a ballot may leave it blank."""
        return bool(self.rules.get("blank"))

    @property
    def counting_rules(self) -> dict[str, Any]:
        """The rules that the count depends on."""
        return {name: value for name, value in self.rules.items() if name not in _OF_PAGE and name != "equal_ranks"}


@dataclass(frozen=True)
class Paper:
    """What the verifier needs to know of a paper."""

    title: str
    contests: tuple[Contest, ...]
    tie_break: str
    draw_hash: str
    said: Mapping[str, Any] = field(repr=False)
    # As it was published, which is what its hash is of.
    text: bytes = field(default=b"", repr=False)


def read_paper(content: Any, text: bytes = b"") -> Paper:
    """Read a paper out of its JSON, of any scheme; raises Malformed."""
    if isinstance(content, list):
        content = _of_first_scheme(content)
    if not isinstance(content, dict):
        raise Malformed("a paper is an object in JSON")
    contests = read_contests(content.get("contests"))
    title, tie_break, draw_hash = (content.get(name, "") for name in ("title", "tie_break", "draw_hash"))
    if not (isinstance(title, str) and isinstance(tie_break, str) and isinstance(draw_hash, str)):
        raise Malformed("title, tie_break and draw_hash of a paper are texts")
    # Papers of earlier schemes do not write what was the same for all of them, and later ones not what is usual.
    usual = {"eligibility": "open", "shows": "live", "step": 1, "checkable": False}
    said = {**usual, **content, "contests": [one.said for one in contests]}
    if not is_number(said["step"], least=1) or not isinstance(said["checkable"], bool):
        raise Malformed("step of a paper is a number from 1 on, and checkable is true or false")
    return Paper(title, contests, tie_break, draw_hash, _without_silence(said), text)


def read_contests(content: Any) -> tuple[Contest, ...]:
    """Read the contests of a paper; raises Malformed."""
    if not isinstance(content, list):
        raise Malformed("a paper has a list of contests")
    contests = tuple(map(_read_contest, content))
    if len({one.key for one in contests}) < len(contests):
        raise Malformed("two contests have the same key")
    return contests


def _read_contest(content: Any) -> Contest:
    if not isinstance(content, dict):
        raise Malformed(f"{shorten(content)} is no contest")
    key, method, options = content.get("key"), content.get("method"), content.get("options")
    version, seats = content.get("version"), content.get("seats")
    rules, groups = content.get("rules", {}), content.get("groups", [])
    if not isinstance(key, str) or not key:
        raise Malformed(f"a contest has the key {shorten(key)}")
    if not isinstance(method, str) or not is_number(version) or not is_number(seats, least=1):
        raise Malformed(f"{key} has no method with a version and a number of seats")
    if not isinstance(options, list) or not options or not all(map(_is_option, options)):
        raise Malformed(f"{key} has no list of options with keys")
    if not isinstance(rules, dict) or not isinstance(groups, list) or not all(isinstance(one, str) for one in groups):
        raise Malformed(f"{key} has no rules, or no groups")
    keys = tuple(one["key"] for one in options)
    if len(set(keys)) < len(keys):
        raise Malformed(f"two options of {key} have the same key")
    said = {**_without_silence(content), "options": [_without_silence(one) for one in options], "rules": rules}
    said.pop("ballots", None)
    return Contest(key, method, version, seats, keys, rules, tuple(groups), said)


def _is_option(option: Any) -> bool:
    return isinstance(option, dict) and isinstance(option.get("key"), str) and bool(option["key"])


def _without_silence(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out empty texts and lists: a later scheme writes a paper without them, an earlier one with them."""
    return {name: value for name, value in fields.items() if value or name not in _MAY_BE_SILENT}


def _of_first_scheme(content: list[Any]) -> dict[str, Any]:
    """Return a paper of the first release, which had one contest, in the form of later ones."""
    if len(content) != 6 or not isinstance(content[5], list):
        raise Malformed("a paper of the first scheme is a list of six values, the last one a list of options")
    title, description, method, most, votes_final, pairs = content
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise Malformed("an option of the first scheme is a key and a label")
    contest = {
        "key": "q1", "method": method, "version": 1, "seats": 1, "rules": {} if most is None else {"max_choices": most},
        "options": [{"key": key, "label": label} for key, label in pairs],
    }  # fmt: skip
    return {"title": title, "description": description, "votes_final": votes_final, "contests": [contest]}
