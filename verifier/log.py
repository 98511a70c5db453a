"""The checks of any log: its key, its head, its tree, earlier heads, and who has cosigned."""

from .entries import bundle_of
from .folder import Folder
from .notes import Checkpoint, Key, open_checkpoint, read_keys
from .policy import Policy
from .report import Report, Wrong, at
from .tree import Difference, Tree, compare_tiles, read_leaves


def check_key(folder: Folder, report: Report) -> tuple[Key, ...]:
    """Return the keys of the log; raises Wrong."""
    with at("key"):
        keys = read_keys(folder.read("key"))
    report.ok("key", ", ".join(f"{key.name}, ID {key.id.hex()}" for key in keys))
    return keys


def check_checkpoint(folder: Folder, keys: tuple[Key, ...], report: Report) -> Checkpoint:
    """Return the newest head, which the log has signed; raises Wrong."""
    with at("checkpoint"):
        head = open_checkpoint(folder.read("checkpoint"), keys)
    report.ok("checkpoint", f"signed by the key of {head.origin}, {head.size:,} entries, root {head.root.hex()}")
    return head


def check_tree(folder: Folder, head: Checkpoint, leaves: bytes | bytearray, report: Report) -> Tree:
    """Return the tree of entries by their leaf hashes, which has the root of the checkpoint; raises Wrong."""
    tree = Tree(leaves)
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


def check_earlier(folder: Folder, keys: tuple[Key, ...], head: Checkpoint, tree: Tree, report: Report) -> None:
    """Check that each earlier head is the beginning of the tree; raises Wrong."""
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


def check_policy(folder: Folder, head: Checkpoint, report: Report) -> None:
    """Check that the witnesses of a policy have cosigned the head; raises Wrong."""
    data = folder.find("policy")
    if data is None:
        report.unchecked("policy", "not there: whether witnesses have seen the same record is not shown")
        return
    with at("policy"):
        policy = Policy.parse(data)
    with at("checkpoint"):
        cosigned = policy.judge(head)
    report.ok("policy", f"its quorum is {policy.quorum}; cosigned by {', '.join(cosigned) or 'nobody'}")
