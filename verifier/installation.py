"""The log of an installation: its own checks, and that the record of an election is the one that it tells of."""

from hashlib import sha256

from .events import CHECKPOINT, CLOSED, FROZEN, RESULT, Event, Events, read_events
from .folder import Folder
from .log import check_checkpoint, check_earlier, check_key, check_policy, check_tree
from .notes import Checkpoint
from .paper import Paper
from .reference import Reference, find_election, split_origin
from .report import Report, Wrong
from .result import Result
from .tree import Tree, tile_paths

_FILES = {"checkpoint", "key", "policy"}


def verify_installation(folder: Folder, report: Report) -> Events:
    """Check all that a folder with the log of an installation has, and return its events; raises Wrong."""
    keys = check_key(folder, report)
    head = check_checkpoint(folder, keys, report)
    events = read_events(folder, head.size, report)
    elections = len({one.election for one in events.found})
    report.ok("entries", f"{len(events.found):,} events of {elections:,} elections, those of each in their order")
    tree = check_tree(folder, head, events.leaves, report)
    check_earlier(folder, keys, head, tree, report)
    check_policy(folder, head, report)
    if others := folder.others({*_FILES, *folder.names("checkpoints"), *tile_paths(tree)}):
        report.unchecked("other files", f"{len(others):,} that are no part of this log, as {others[0]}")
    return events


def check_election(
    installation: Events,
    head: Checkpoint,
    reference: Reference | None,
    tree: Tree,
    paper: Paper,
    result: Result | None,
    report: Report,
) -> None:
    """Check that a record is the one of which the log of its installation tells; raises Wrong."""
    election = find_election(head.origin, reference)
    events = installation.of(election)
    if not events:
        report.unchecked("installation", f"its log has nothing of {election}: was it unlisted, or has it just opened?")
        return
    number = 0
    for event in events:
        if event.kind == CHECKPOINT and _is_of_before(event, head, reference):
            _require_known(event, reference)
        elif event.kind == CHECKPOINT:
            _require_grown(event, head, tree)
            number += 1
    papers = [event for event in events if event.kind == FROZEN]
    if not sha256(paper.text).hexdigest().startswith(papers[-1].says[0]):
        raise _wrong(
            papers[-1], "paper.json", f"people voted on the paper {papers[-1].says[0]}, and this is another one"
        )
    closed = next((event for event in events if event.kind == CLOSED), None)
    certified = next((event for event in events if event.kind == RESULT), None)
    if result and closed and result.closed_at != closed.says[0]:
        raise _wrong(closed, "certified.json", f"the election was closed at {closed.says[0]}")
    if result and certified and result.sha256 != certified.says[0]:
        raise _wrong(certified, "certified.json", f"the certified result has the SHA-256 {certified.says[0]}")
    also = " and its certified result" if result and certified else ""
    report.ok("installation", f"its log has {number:,} heads of this record, its paper{also}, and they are those here")
    if result and not certified:
        report.unchecked("installation", "its log does not have the certified result: the log may be older")


def _is_of_before(event: Event, head: Checkpoint, reference: Reference | None) -> bool:
    """Tell whether a checkpoint is of a record in the place of which this one was begun."""
    own, its = (split_origin(origin, event.election) for origin in (head.origin, event.says[0]))
    return bool(reference and own and its and own[0] == its[0] and its[1] < own[1])


def _require_known(event: Event, reference: Reference | None) -> None:
    """Require that the reference conceals nothing of the record before; of those before that it says nothing."""
    if reference and event.says[0] == reference.origin and not reference.knows(event.size, event.root):
        raise _wrong(
            event,
            "checkpoint",
            f"{reference.origin} had {event.size:,} entries, and entry 0 of the record has fewer, or another root; "
            "keep both folders, they prove it",
        )


def _require_grown(event: Event, head: Checkpoint, tree: Tree) -> None:
    if event.says[0] != head.origin:
        raise _wrong(event, "checkpoint", f"the record is {event.says[0]}, and this one is {head.origin}")
    if event.size > head.size:
        raise _wrong(
            event,
            "checkpoint",
            f"the record had {event.size:,} entries, and here are only {head.size:,}. Get the record anew; if that has "
            "no more, entries are gone: keep both folders, they prove it",
        )
    if tree.root(event.size) != event.root:
        raise _wrong(
            event,
            "checkpoint",
            f"a fork: the record of {event.size:,} entries had another root; keep both folders, they prove it",
        )


def _wrong(event: Event, place: str, what: str) -> Wrong:
    return Wrong(place, f"entry {event.index:,} of the log of the installation says: {what}")
