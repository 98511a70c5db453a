"""The certified result: its form, and that it is of this election, this paper and this draw."""

from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from tabulation.draw import Draw, Lot, PublicLots, SecretDraw

from .entries import Entries
from .paper import Contest, Paper, read_paper
from .report import Malformed
from .values import is_number, read_json, shorten

FORMAT = 1
# Nothing in the folder shows whether these are true.
BELIEVED = ("opened_at", "closed_at", "certified_at", "account")
_NAMES = {
    "format", "election", "design", "paper", "ballots", "votes", "set_aside", "contests", "draw", *BELIEVED,
}  # fmt: skip
_OF_CONTEST, _MAY_HAVE = {"key", "ballots", "blank", "entitled", "outcome"}, {"notes", "recounted"}
_OF_RECOUNTED = {"without", "reasons", "blank", "outcome"}


@dataclass(frozen=True)
class Result:
    """A certified result; `contests` are plain JSON in the order of the paper, `draw` is what breaks ties."""

    sha256: str
    closed_at: Any
    ballots: int
    votes: int
    set_aside: dict[str, int]
    contests: list[dict[str, Any]]
    draw: Draw | None


def read_result(data: bytes, paper: Paper, entries: Entries) -> Result:
    """Read the certified result of an election on a paper; raises Malformed."""
    content = read_json(data, canonical=True)
    if not isinstance(content, dict) or content.get("format") != FORMAT or content.keys() != _NAMES:
        raise Malformed(f"this is no certified result of the format {FORMAT}")
    entries.require_same(content, paper.text)
    _require_paper(read_paper(content["paper"]), paper)
    for name in ("ballots", "votes"):
        if not is_number(content[name]):
            raise Malformed(f"{name} is {shorten(content[name])}, which is no number")
    set_aside = content["set_aside"]
    if not isinstance(set_aside, dict) or not all(map(is_number, set_aside.values())):
        raise Malformed("set_aside has no numbers by their reasons")
    contests = content["contests"]
    if not isinstance(contests, list) or len(contests) != len(paper.contests):
        raise Malformed("its contests are not those of paper.json")
    for one, contest in zip(contests, paper.contests, strict=True):
        _require_form(one, contest)
    draw = _read_draw(content["draw"], paper) or _gather_lots(contests, paper)
    digest, closed_at = sha256(data).hexdigest(), content["closed_at"]
    return Result(digest, closed_at, content["ballots"], content["votes"], set_aside, contests, draw)


def _require_paper(given: Paper, paper: Paper) -> None:
    """Raise Malformed with the first field in which two papers differ."""
    if [one.key for one in given.contests] != [one.key for one in paper.contests]:
        raise Malformed("the contests of its paper are not those of paper.json")
    for one, other in zip(given.contests, paper.contests, strict=True):
        if one.said != other.said:
            raise Malformed(f"contest {one.key} of its paper is not as in paper.json")
    for name in sorted(given.said.keys() | paper.said.keys()):
        if given.said.get(name) != paper.said.get(name):
            raise Malformed(f"{name} of its paper is not as in paper.json")


def _require_form(content: Any, contest: Contest) -> None:
    """Raise Malformed unless the result of a contest has all that it needs."""
    if not isinstance(content, dict) or not _OF_CONTEST <= content.keys() <= _OF_CONTEST | _MAY_HAVE:
        raise Malformed(f"contest {contest.key} has no {', '.join(sorted(_OF_CONTEST))}, or more than may be there")
    if content["key"] != contest.key:
        raise Malformed(f"contest {contest.key} stands under the key {shorten(content['key'])}")
    entitled = content["entitled"]
    if not (
        is_number(content["ballots"]) and is_number(content["blank"]) and (entitled is None or is_number(entitled))
    ):
        raise Malformed(f"{contest.key} has no numbers of ballots, blank ballots and votes entitled")
    if not isinstance(content["outcome"], dict) or not isinstance(content.get("notes", []), list):
        raise Malformed(f"{contest.key} has no outcome, or no list of notes")
    if "recounted" in content:
        _require_recounted(content["recounted"], contest)


def _require_recounted(content: Any, contest: Contest) -> None:
    if not isinstance(content, dict) or content.keys() != _OF_RECOUNTED or not isinstance(content["outcome"], dict):
        raise Malformed(f"{contest.key} has no complete outcome without the options that have withdrawn")
    gone, reasons = content["without"], content["reasons"]
    can_withdraw = set(contest.options) - {contest.rules.get("none_of_the_above")}
    if contest.method == "motion" or not isinstance(gone, list) or not gone or not isinstance(reasons, list):
        raise Malformed(f"{contest.key} is recounted without options, and has none that can withdraw")
    if not all(isinstance(one, str) and one in can_withdraw for one in gone) or len(set(gone)) < len(gone):
        raise Malformed(f"{contest.key} is recounted without {shorten(gone)}, which cannot all go")
    if len(reasons) != len(gone):
        raise Malformed(f"{contest.key} has {len(reasons)} reasons for {len(gone)} options that have withdrawn")


def _read_draw(content: Any, paper: Paper) -> Draw | None:
    """Return the draw by the secret whose hash is on the paper; None if the paper has no such hash."""
    if not paper.draw_hash:
        if content is not None:
            raise Malformed("there is a draw, and the paper has no hash of a secret")
        return None
    if not isinstance(content, dict) or not isinstance(content.get("secret"), str) or len(content) != 2:
        raise Malformed("the draw has no secret and no hash, or more than that")
    draw = SecretDraw(content["secret"])
    if content.get("sha256") != paper.draw_hash or draw.commitment != paper.draw_hash:
        raise Malformed(
            f"the secret of the draw does not have the hash {shorten(paper.draw_hash)}, which the paper has"
        )
    return draw


def _gather_lots(contests: list[dict[str, Any]], paper: Paper) -> Draw | None:
    """Return the lots that the outcomes say were drawn; None if the paper does not have lots, or there are none."""
    lots: dict[str, list[Lot]] = defaultdict(list)
    for one in contests:
        for outcome in (one["outcome"], one.get("recounted", {}).get("outcome", {})):
            working = outcome.get("working")
            draws = working.get("draws", []) if isinstance(working, dict) else []
            for draw in draws if isinstance(draws, list) else []:
                if isinstance(draw, dict) and draw.get("by") == "lot":
                    lots[one["key"]].append(_read_lot(draw, one["key"]))
    return PublicLots(lots) if lots and paper.tie_break == "lot" else None


def _read_lot(draw: dict[str, Any], key: str) -> Lot:
    number, order = draw.get("round"), draw.get("order")
    if not is_number(number, least=1) or not isinstance(order, list) or not all(isinstance(one, str) for one in order):
        raise Malformed(f"{key} has a lot without a round and an order")
    return Lot(number, tuple(order))
