"""Known ways to lose or double votes, as patches on a role from outside: the harness has to report each of them.

A mutant shows that the harness would notice. Most are mistakes that real voting software of this shape has made.
"""

import functools
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.plan import Verdict

# The most ballots that the box keeps, for the mutant in which Redis trims it.
MAXLEN = 100
# In place of a role: the harness itself, which makes elections as commands do.
HARNESS = "harness"


@dataclass(frozen=True)
class Mutant:
    """A mistake, the family of faults under which it shows, and how each role is patched to make it.

    `sql` changes the schema first, and `valkey` are further options for the server. One that is `ranked` is to be seen
    in rankings alone: it loses no choice and doubles none, and what is counted is wrong. One that is `recorded` is to
    be seen in the public record alone, and one that is `copied` where results come from a replica. One that is `rolled`
    lets people vote who may not, or once more than they may.
    """

    what: str
    faults: str
    patches: dict[str, Callable[[], None]]
    sql: Sequence[str] = ()
    valkey: Sequence[str] = ()
    ranked: bool = False
    recorded: bool = False
    rolled: bool = False
    copied: bool = False

    def is_caught(self, verdict: "Verdict") -> bool:
        """Tell whether a run with it has shown what it does."""
        if self.ranked or self.recorded or self.copied:
            return verdict.wrong > 0
        return verdict.unentitled > 0 if self.rolled else verdict.lost > 0 or verdict.doubled > 0


def _insert_without_conflict_clause() -> None:
    from tally import store

    run = store.run

    def patched(statement: str, parameters: Any) -> Any:
        return run(statement.replace("ON CONFLICT (election_id, voter_key, ballot_id) DO NOTHING", ""), parameters)

    store.run = patched


def _delete_before_commit() -> None:
    from polls.ballot_box import inbox
    from tally import drain

    record, settle = drain.record, inbox.settle

    def record_and_delete(definition: Any, shard: int, look: Any) -> Any:
        recorded = record(definition, shard, look)
        settle(definition.election, shard, recorded.settlements, version=recorded.version)
        return recorded._replace(settlements=[])

    # Crash points are wrapped around the name `settle`, which the mutant replaces: so they are set here again.
    drain.record = record_and_delete


def _change_cast_script(change: Callable[[str], str]) -> None:
    from polls import ballot_box

    original = ballot_box.connection.script

    @functools.cache
    def script(name: str) -> Any:
        if name != "cast":
            return original(name)
        text = (Path(ballot_box.__file__).parent / "cast.lua").read_text()
        changed = change(text)
        assert changed != text
        return ballot_box.connection.client().register_script(changed)

    ballot_box.connection.script = script


def _cut_the_box() -> None:
    _change_cast_script(lambda text: text.replace("ballots_key, '*'", f"ballots_key, 'MAXLEN', {MAXLEN}, '*'"))


def _send_a_task() -> None:
    from celery import current_app

    from polls import ballot_box, ballots

    def cast(definition: Any, *, voter: Any, ballot_id: Any, marking: str, design: str, **_: Any) -> Any:
        _, now = ballot_box.read_definition(definition.slug)
        fields = {
            "v": str(ballots.WIRE_VERSION),
            "epoch": ballot_box.read_epoch(),
            # All different: the count needs nothing else of them.
            "serial": str(random.randrange(1, 10**14)),
            "at": str(now),
            "voter": voter.key,
            "ballot": str(ballot_id),
            "design": design,
            "marking": marking,
            "weight": "1",
        }
        try:
            current_app.send_task("tests.count_one", (definition.election, voter.shard, fields), retry=False)
        except Exception as error:  # the broker's transports raise errors of many kinds
            raise ballot_box.Unavailable("no broker") from error
        return ballot_box.Reply(ballot_box.Verdict.ACCEPTED, 1, False, now, ballot_id)

    ballot_box.cast = cast


def _count_by_task() -> None:
    from celery import shared_task
    from django.db import transaction

    from polls.ballot_box.inbox import Entry
    from polls.definition import Definition
    from polls.models import Election
    from tally import drain, recorder, store
    from tally.backlog import Look

    @shared_task(name="tests.count_one")
    def count_one(election: int, shard: int, fields: dict[str, str]) -> None:
        definition = Definition.of(Election.objects.get(pk=election))
        entry = Entry("0-1", [part.encode() for field in fields.items() for part in field])
        with transaction.atomic():
            store.lock(election, shard)
            look = Look.at(definition, shard, [entry], recorder.current().begin(definition))
            drain.record(definition, shard, look)

    # Made-up serials have gaps.
    drain.follow_serials = lambda *_: None


def _forget_last_contest() -> None:
    from polls.definition import Definition

    count_keys = Definition.count_keys

    def patched(definition: Any, marking: str) -> tuple[str, ...]:
        lost = definition.contests[-1].key
        return tuple(key for key in count_keys(definition, marking) if not key.startswith(f"{lost}:"))

    Definition.count_keys = patched


def _swap_ranks() -> None:
    from polls.methods.ranking import WhollyCounted

    count = WhollyCounted.count

    def patched(method: Any, groups: Any, contest: Any) -> Any:
        return count(method, [*groups[:1], *reversed(groups[1:])], contest)

    WhollyCounted.count = patched


def _record_beside_the_count() -> None:
    from django.db import connection

    from record.recorder import PublicRecorder

    write = PublicRecorder.write

    def patched(*args: Any, **kwargs: Any) -> Any:
        def write_alone() -> Any:
            try:
                return write(*args, **kwargs)
            finally:
                connection.close()

        # A thread has a connection of its own, and so a transaction of its own.
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(write_alone).result()

    PublicRecorder.write = patched


def _check_no_roll() -> None:
    check = "if not entry or known_issue ~= issue then return refuse('not-eligible') end"
    _change_cast_script(lambda text: text.replace(check, "known_weight, known_groups = known_weight or '1', groups"))


def _make_voter_of_each_code() -> None:
    from polls import voters
    from polls.roll import box, lookup

    def roll_voter(definition: Any, number: int, issue: int = 0) -> Any:
        voter: voters.Voter = voters.derive_voter(definition, f"roll:{number}.{issue}")
        return voter._replace(visitor=f"roll:{number}", issue=issue)

    lines = box._lines

    def patched(definition: Any, row: Sequence[object]) -> Any:
        issue = int(str(row[1]))
        box.roll_voter = lambda definition, number: roll_voter(definition, number, issue)
        yield from lines(definition, row)
        if issue > 1:
            before = roll_voter(definition, int(str(row[0])), issue - 1)
            yield before.shard, ("roll", before.key, "")

    voters.roll_voter = lookup.roll_voter = roll_voter
    box._lines = patched


def _go_by_the_clock_of_the_copy() -> None:
    from results.freshness import Freshness

    Freshness.of = classmethod(lambda cls, origin, levels, row: cls(row.read_at))


def _take_no_note_of_what_left_the_box() -> None:
    from polls.ballot_box import copies

    copies.counted_note = lambda *_: ("TIME",)


def _wait_for_no_replica() -> None:
    from polls.ballot_box import confirming

    confirming.closing = lambda: confirming.Closing(0, ())
    confirming.Closing.is_met = lambda *_: True


MUTANTS = {
    "no-on-conflict": Mutant(
        "a batch that comes again is recorded again",
        "settling",
        {"worker": _insert_without_conflict_clause},
        sql=["ALTER TABLE tally_castrecord DROP CONSTRAINT cast_record_once_per_ballot"],
    ),
    "delete-before-commit": Mutant(
        "ballots leave the box before they are recorded", "counting", {"worker": _delete_before_commit}
    ),
    "contest-lost": Mutant("the last contest of a paper is not counted", "counting", {"worker": _forget_last_contest}),
    "ranks-swapped": Mutant(
        "all ranks but the first are counted the other way round", "counting", {"worker": _swap_ranks}, ranked=True
    ),
    "everysec": Mutant(
        "Redis answers before the ballot is on a slow disk", "slow disk", {}, valkey=["--appendfsync", "everysec"]
    ),
    "maxlen": Mutant(f"Redis keeps the last {MAXLEN} ballots only", "backlog", {"vote": _cut_the_box}),
    "task-for-each-vote": Mutant(
        "votes travel in Celery messages", "tasks", {"vote": _send_a_task, "worker": _count_by_task}
    ),
    "record-beside-count": Mutant(
        "entries of the record are written in another transaction than the count",
        "counting",
        {"worker": _record_beside_the_count},
        sql=["ALTER TABLE record_batch DROP CONSTRAINT record_batch_once_per_round"],
        recorded=True,
    ),
    "roll-not-checked": Mutant(
        "the box does not look at the roll: an old form and cookie are enough",
        "roll",
        {"vote": _check_no_roll},
        rolled=True,
    ),
    "reissued-code-second-voter": Mutant(
        "a voter key is made of the code's number as well, so that a new code makes a second voter",
        "roll",
        dict.fromkeys(("vote", "worker", HARNESS), _make_voter_of_each_code),
        rolled=True,
    ),
    "age-by-own-clock": Mutant(
        "a replica tells the time of its own clock, and no age",
        "replica",
        {"result": _go_by_the_clock_of_the_copy},
        copied=True,
    ),
    "left-box-unnoted": Mutant(
        "nobody notes what has left the box, so that a replica says that nothing waits",
        "replica",
        {"worker": _take_no_note_of_what_left_the_box},
        copied=True,
    ),
    "no-wait": Mutant(
        "nobody waits until a replica has a ballot", "copies", dict.fromkeys(("vote", "worker"), _wait_for_no_replica)
    ),
}


def install(name: str, role: str) -> None:
    """Patch the running role to make the mistake `name`; a role that has no part in it stays as it is."""
    MUTANTS[name].patches.get(role, lambda: None)()
