"""All checks of the record of an election, in their order; the first that fails ends them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from . import audit
from .ballots import Piles, read_ballots
from .entries import Entries, bundle_of, read_entries
from .events import Events
from .fates import Fates, read_fates
from .folder import Folder, read_file
from .installation import check_election
from .log import check_checkpoint, check_earlier, check_key, check_policy, check_tree
from .manifest import Manifest, open_manifest, require_ballots
from .notes import Checkpoint, Key
from .paper import Paper, read_paper
from .recount import recount
from .reference import find_election, require_next
from .report import Report, Wrong, at
from .result import BELIEVED, Result, read_result
from .sample import Checker, read_sample
from .totals import check_totals
from .tree import tile_paths
from .values import read_json

_AUDIT = "audit"
_FILES = {"checkpoint", "key", "paper.json", "policy", "fates", "ballots.json", "certified.json", "manifest", _AUDIT}


def verify(
    folder: Folder,
    audit_file: Path | None,
    sample_file: Path | None,
    report: Report,
    installation: Events | None = None,
) -> None:
    """Check all that a folder has, and say what each check shows; raises Wrong at the first that fails.

    `installation` is the log of the site, once it is checked itself.
    """
    keys = check_key(folder, report)
    head = check_checkpoint(folder, keys, report)
    entries, paper = _check_entries(folder, head, report)
    tree = check_tree(folder, head, entries.leaves, report)
    check_earlier(folder, keys, head, tree, report)
    check_policy(folder, head, report)
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
    manifest = _check_manifest(folder, keys, head, len(entries), paper, report)
    if manifest and file is not None and ballots is not None:
        with at("ballots.json"):
            require_ballots(manifest, file, ballots)
        report.ok("manifest", "ballots.json is the file that was fixed before the dice were thrown")
    if sample_file:
        checker = partial(Checker, entries=entries, paper=paper, fates=fates, ballots=ballots)
        read_manifest = partial(open_manifest, keys=keys, head=head, number=len(entries), paper=paper)
        _check_sample(sample_file, manifest, read_manifest, checker, report)
        if ballots is None:
            told = "ballots.json is not there: compare again once it is published"
            report.unchecked("sample", told)
    _check_audit(folder, audit_file, entries, paper, fates, ballots, report)
    if installation is not None:
        check_election(installation, head, entries.reference, tree, paper, result, report)
    known = {*_FILES, *folder.names("checkpoints"), *tile_paths(tree)}
    if others := folder.others(known):
        report.unchecked("other files", f"{len(others):,} that are no part of this record, as {others[0]}")


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
    election = entries.election or find_election(head.origin, entries.reference)
    with at(bundle_of(0, head.size)):
        require_next(entries.reference, head.origin, election)
    if before := entries.reference:
        lost = f", which had lost a head of {before.lost[0]:,} entries" if before.lost else ""
        told = f"begun anew after {before.size:,} entries of {before.origin}{lost}: what came before is not shown here"
        report.unchecked("record", told)
    return entries, paper


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
    folder: Folder, keys: tuple[Key, ...], head: Checkpoint, number: int, paper: Paper, report: Report
) -> Manifest | None:
    data = folder.find("manifest")
    if data is None:
        return None
    with at("manifest"):
        manifest = open_manifest(data, keys, head, number, paper)
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
