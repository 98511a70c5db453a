"""All checks of a folder, in their order; the first that fails ends them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from . import audit
from .ballots import Piles, read_ballots
from .entries import Entries, bundle_of, read_entries
from .fates import Fates, read_fates
from .folder import Folder, read_file
from .manifest import Manifest, open_manifest, require_ballots
from .notes import Checkpoint, Key, open_checkpoint, read_keys
from .paper import Paper, read_paper
from .policy import Policy
from .recount import recount
from .report import Report, Wrong, at
from .result import BELIEVED, Result, read_result
from .sample import Checker, read_sample
from .totals import check_totals
from .tree import Difference, Tree, compare_tiles, read_leaves, tile_paths
from .values import read_json

_AUDIT = "audit"
_FILES = {"checkpoint", "key", "paper.json", "policy", "fates", "ballots.json", "certified.json", "manifest", _AUDIT}


def verify(folder: Folder, audit_file: Path | None, sample_file: Path | None, report: Report) -> None:
    """Check all that a folder has, and say what each check shows; raises Wrong at the first that fails."""
    keys = _check_key(folder, report)
    head = _check_checkpoint(folder, keys, report)
    entries, paper = _check_entries(folder, head, report)
    tree = _check_tree(folder, head, entries, report)
    _check_earlier(folder, keys, head, tree, report)
    _check_policy(folder, head, report)
    fates = _check_fates(folder, entries, report)
    ballots = result = None
    if (file := folder.find("ballots.json")) is not None:
        with at("ballots.json"):
            ballots = read_ballots(file, paper, entries)
    if (data := folder.find("certified.json")) is not None:
        with at("certified.json"):
            result = read_result(data, paper, entries)
    check_totals(paper, len(entries), fates, ballots, result, report)
    _check_result(paper, ballots, result, report)
    manifest = _check_manifest(folder, keys, head, paper, report)
    if manifest and file is not None and ballots is not None:
        with at("ballots.json"):
            require_ballots(manifest, file, ballots)
        report.ok("manifest", "ballots.json is the file that was fixed before the dice were thrown")
    if sample_file:
        checker = partial(Checker, entries=entries, paper=paper, fates=fates, ballots=ballots)
        _check_sample(sample_file, manifest, partial(open_manifest, keys=keys, head=head, paper=paper), checker, report)
        if ballots is None:
            told = "ballots.json is not there: compare again once it is published"
            report.unchecked("sample", told)
    _check_audit(folder, audit_file, entries, paper, fates, ballots, report)
    known = {*_FILES, *folder.names("checkpoints"), *tile_paths(tree)}
    if others := folder.others(known):
        report.unchecked("other files", f"{len(others):,} that are no part of this record, as {others[0]}")


def _check_key(folder: Folder, report: Report) -> tuple[Key, ...]:
    with at("key"):
        keys = read_keys(folder.read("key"))
    report.ok("key", ", ".join(f"{key.name}, ID {key.id.hex()}" for key in keys))
    return keys


def _check_checkpoint(folder: Folder, keys: tuple[Key, ...], report: Report) -> Checkpoint:
    with at("checkpoint"):
        head = open_checkpoint(folder.read("checkpoint"), keys)
    report.ok("checkpoint", f"signed by the key of {head.origin}, {head.size:,} entries, root {head.root.hex()}")
    return head


def _check_entries(folder: Folder, head: Checkpoint, report: Report) -> tuple[Entries, Paper]:
    content = folder.read("paper.json")
    entries = read_entries(folder, head.size, content, report)
    with at("paper.json"):
        paper = read_paper(read_json(content), content)
    if len(entries):
        shown = f"{len(entries):,} of the election {entries.election}, on the paper {entries.design}, each different"
        report.ok("entries", shown)
    else:
        report.unchecked("entries", "there are none, and so nothing says of which election and paper this record is")
    return entries, paper


def _check_tree(folder: Folder, head: Checkpoint, entries: Entries, report: Report) -> Tree:
    tree = Tree(entries.leaves)
    root, difference = tree.root(), compare_tiles(folder, tree, report)
    if difference:
        raise _explain(folder, head, tree, difference)
    if root != head.root:
        raise Wrong(
            "checkpoint",
            f"its root is {head.root.hex()}, and the entries have {root.hex()}: entries and hash tiles agree, and so "
            "it cannot be told which entry is another one than was signed",
        )
    report.ok("tree", f"{tree.size:,} entries have the root of the checkpoint, and the hash tiles have their hashes")
    return tree


def _explain(folder: Folder, head: Checkpoint, tree: Tree, difference: Difference) -> Wrong:
    """Say whether a tile or an entry is wrong where they differ."""
    path, level, place = difference
    span = 256**level
    first, last = place * span, (place + 1) * span - 1
    of = f"entry {first:,}" if level == 0 else f"the entries {first:,} to {last:,}"
    differs = f"hash {place % 256} is not that of {of}"
    if tree.root() == head.root:
        return Wrong(path, f"{differs}; the entries have the root of the checkpoint, and so the tile is wrong")
    if level == 0:
        leaves = read_leaves(folder, tree.size)
        if len(leaves) == len(tree.rows[0]) and Tree(leaves).root() == head.root:
            is_other = f"entry {first:,} is another one than was signed: it does not have its hash in {path}"
            return Wrong(bundle_of(first, tree.size), f"{is_other}, and these hashes have the root of the checkpoint")
    return Wrong(path, f"{differs}; neither the entries nor the tiles have the root of the checkpoint")


def _check_earlier(folder: Folder, keys: tuple[Key, ...], head: Checkpoint, tree: Tree, report: Report) -> None:
    names = folder.names("checkpoints")
    for name in names:
        with at(name):
            earlier = open_checkpoint(folder.read(name), keys)
        if earlier.origin != head.origin:
            raise Wrong(name, f"its origin is {earlier.origin}, and that of the checkpoint {head.origin}")
        if earlier.size > head.size:
            raise Wrong(name, f"it has {earlier.size:,} entries, and the newest checkpoint only {head.size:,}")
        if tree.root(earlier.size) != earlier.root:
            raise Wrong(
                name,
                f"a fork: the same key has signed another tree of {earlier.size:,} entries than this one had; "
                "keep both checkpoints, they prove it",
            )
    if names:
        report.ok("checkpoints", f"{len(names)} earlier ones, each of them the beginning of this tree")
    else:
        report.unchecked("checkpoints", "no earlier ones: that the record only grew is not shown here")


def _check_policy(folder: Folder, head: Checkpoint, report: Report) -> None:
    data = folder.find("policy")
    if data is None:
        report.unchecked("policy", "not there: whether witnesses have seen the same record is not shown")
        return
    with at("policy"):
        policy = Policy.parse(data)
    with at("checkpoint"):
        cosigned = policy.judge(head)
    report.ok("policy", f"its quorum is {policy.quorum}; cosigned by {', '.join(cosigned) or 'nobody'}")


def _check_fates(folder: Folder, entries: Entries, report: Report) -> Fates | None:
    data = folder.find("fates")
    if data is None:
        report.unchecked("fates", "not there: how many of the entries count is not shown")
        return None
    with at("fates"):
        fates = read_fates(data, len(entries))
    fate = ", ".join(f"{one.decode()} {number:,}" for one, number in sorted(fates.numbers.items()))
    report.ok("fates", f"one for each entry: {fate or 'none'}")
    return fates


def _check_result(paper: Paper, ballots: dict[str, Piles] | None, result: Result | None, report: Report) -> None:
    if result is None:
        report.unchecked("certified.json", "not there: no result is checked")
        return
    report.ok("certified.json", f"of this election and this paper; its SHA-256 is {result.sha256}")
    if paper.draw_hash:
        report.ok("draw", "the secret has the hash that is on the paper")
    if ballots is None:
        report.unchecked("ballots.json", "not there: the result is not counted again")
    else:
        recount(result, paper, ballots)
        report.ok("recount", f"the ballots give the certified result in {len(result.contests)} contests")
    if result.draw and not paper.draw_hash:
        report.unchecked("lots", "believed as certified.json has them: only those who were there know how they fell")
    if gone := {one["key"]: one["recounted"]["without"] for one in result.contests if "recounted" in one}:
        without = "; ".join(f"{key}: {', '.join(options)}" for key, options in gone.items())
        report.unchecked("withdrawals", f"that these have withdrawn is believed: {without}")
    if any(one["entitled"] is not None for one in result.contests):
        report.unchecked("entitled", "how many votes were entitled is believed: the roll is not public")
    report.unchecked("certified.json", f"nothing here shows {', '.join(BELIEVED)}, nor why ballots were set aside")


def _check_manifest(
    folder: Folder, keys: tuple[Key, ...], head: Checkpoint, paper: Paper, report: Report
) -> Manifest | None:
    data = folder.find("manifest")
    if data is None:
        return None
    with at("manifest"):
        manifest = open_manifest(data, keys, head, paper)
    report.ok("manifest", f"signed by the key of the record, of these entries; its SHA-256 is {manifest.sha256}")
    return manifest


def _check_sample(
    file: Path,
    manifest: Manifest | None,
    read_manifest: Callable[[bytes], Manifest],
    make_checker: Callable[[Manifest], Checker],
    report: Report,
) -> None:
    name = str(file)
    data = read_file(file, name)
    if data is None:
        raise Wrong(name, "the file is missing")
    with at(name):
        sample = read_sample(data)
        own = read_manifest(sample["manifest"].encode(errors="replace"))
        if manifest and own.text != manifest.text:
            raise Wrong(name, "its manifest is another one than that of the folder: something else was fixed")
        opened = make_checker(own).check(sample)
    report.ok("sample", f"{sample['draws']:,} draws by the dice {sample['dice']}, {opened:,} entries open")
    report.ok("sample", "each is the published ballot that was fixed for it, and no other entry has this ballot")
    told = f"that the dice fell so, and after the manifest {own.sha256} was known, tell those who were there"
    report.unchecked("sample", told)


def _check_audit(
    folder: Folder,
    file: Path | None,
    entries: Entries,
    paper: Paper,
    fates: Fates | None,
    ballots: dict[str, Piles] | None,
    report: Report,
) -> None:
    path = file or folder.path / _AUDIT
    name = str(file) if file else _AUDIT
    if not path.exists():
        if file:
            raise Wrong(name, "the file is missing")
        report.unchecked("audit", "not there: what the entries say stays closed, and the ballots could be others")
        return
    if not path.is_file():
        raise Wrong(name, "this is no plain file")
    counting = audit.open_entries(path, name, entries, fates, report)
    report.ok("audit", f"{len(entries):,} entries open")
    if fates is None or ballots is None:
        report.unchecked("audit", "without fates and ballots.json the opened entries are compared with nothing")
        return
    audit.compare(counting, paper, ballots, name)
    report.ok("audit", f"{fates.counting:,} entries count, and are by contest the ballots of ballots.json")
