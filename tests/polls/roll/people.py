"""Rolls for tests, written to PostgreSQL as the acts of the office do."""

from collections.abc import Iterable
from typing import Any

from polls import ballot_box
from polls.ballot_box import Reply
from polls.definition import Definition
from polls.delivery import with_secrets
from polls.models import Election, Roll, RollEntry
from polls.roll import codes
from polls.voters import Voter, roll_voter, shard_of
from tests.conftest import fresh_ballot_id


def enrol(election: Election, names: Iterable[str], **fields: Any) -> dict[str, str]:
    """Put people on the roll of an election; return their codes, by name."""
    roll, _new = Roll.objects.get_or_create(election=election)
    roll.revision += 1
    made = {}
    for name in names:
        roll.last_number += 1
        made[name] = codes.make()
        RollEntry.objects.create(
            election=election,
            number=roll.last_number,
            name=name,
            code_hash=codes.hash_code(election.pk, codes.read(made[name])),
            issue=1,
            revision=roll.revision,
            **fields,
        )
    roll.save()
    return made


def change(entry: RollEntry, **fields: Any) -> None:
    """Change an entry, in a revision of its own."""
    roll = Roll.objects.get(election=entry.election_id)
    roll.revision += 1
    roll.save()
    for name, value in (fields | {"revision": roll.revision}).items():
        setattr(entry, name, value)
    entry.save()


def put_in_box(definition: Definition, number: int, *, weight: int = 1, groups: str = "", issue: int = 1) -> str:
    """Put an entry into the box alone, for tests without a database; return its code."""
    client, code = ballot_box.connection.client(), codes.make()
    hashed = codes.hash_code(definition.election, codes.read(code))
    voter = roll_voter(definition, number)
    for shard in range(definition.shards):
        client.hset(ballot_box.key(definition.election, shard, "rules"), "roll_revision", 1)
    client.hset(ballot_box.key(definition.election, voter.shard, "roll"), voter.key, f"{issue} {weight} {groups}")
    shard = shard_of(hashed, definition.shards)
    client.hset(ballot_box.key(definition.election, shard, "codes"), hashed, f"{number} {issue}")
    return code


def define(election: Election) -> Definition:
    """Return the definition as the ballot box has it, with the voter secret."""
    return with_secrets([Definition.of(election)])[0]


def voter_of(election: Election, name: str, issue: int = 1) -> Voter:
    """Return somebody on the roll as the pages know them after a code."""
    entry = RollEntry.objects.get(election=election, name=name)
    return roll_voter(define(election), entry.number, issue)


def vote(election: Election, name: str, marking: str = "q1=nesquik", *, issue: int = 1, **changes: Any) -> Reply:
    """Cast a ballot for somebody on the roll, past the web pages."""
    definition, voter = define(election), voter_of(election, name, issue)
    arguments = {"marking": marking, "design": definition.design, "network": ""} | changes
    if "ballot_id" not in arguments:
        arguments["ballot_id"] = fresh_ballot_id(definition, voter)
    return ballot_box.cast(definition, voter=voter, **arguments)
