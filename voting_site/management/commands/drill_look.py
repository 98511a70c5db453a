"""Tell the state of all elections as JSON: `drill` asks the Urna that runs, and the one that it has restored."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from polls import ballot_box
from polls.models import Election
from record.formats.checkpoint import Checkpoint
from record.models import Log
from record.served_heads import begins_with
from tally.audit.reconcile import reconcile
from tally.audit.recount import recount, standing_still
from tally.drain import drain_all
from voting_site.backup.contents import read_elections

# Rounds without progress after which ballots that wait are left.
ROUNDS = 10


class Command(BaseCommand):
    help = (
        "For ./urna drill. Says when it is ready, reads a line, and answers with a line; then reads heads of records,"
        " as JSON by the names of their keys, and answers which of them no record here begins with."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--restored", action="store_true", help="bring the data in order first, count, and check")

    def handle(self, *args: Any, **options: Any) -> None:
        self._answer("ready")
        sys.stdin.readline()
        # Before ballots are counted that waited: their entries come after those of the backup.
        elections = read_elections()
        problems = self._check() if options["restored"] else []
        now = {one.slug: one.ballots for one in read_elections()} if options["restored"] else {}
        self._answer({"elections": [asdict(one) for one in elections], "problems": problems, "counted": now})
        heads: dict[str, str] = json.loads(sys.stdin.readline() or "{}")
        self._answer(sorted(name for name, head in heads.items() if not _is_beginning(name, head)))

    def _answer(self, value: Any) -> None:
        self.stdout.write(json.dumps(value))
        self.stdout.flush()

    def _check(self) -> list[str]:
        """Do what a start does, count what waits, and return what is wrong."""
        call_command("prepare", stdout=self.stderr)
        elections = list(Election.objects.published().prefetch_related("designs"))
        left, rounds = -1, 0
        while rounds < ROUNDS and (waiting := _count_waiting(elections)):
            rounds = rounds + 1 if waiting == left else 0
            left = waiting
            drain_all()
        problems = [f"{left} ballots wait, and cannot be counted"] if _count_waiting(elections) else []
        for election in elections:
            with standing_still():
                result = recount(election, self.stderr.write)
            problems += [f"{election.slug}: counted again, {one}" for one in result.differences]
            for account in reconcile(election):
                problems += [f"{election.slug}, epoch {account.epoch}: {one}" for one in account.problems]
        return problems


def _count_waiting(elections: list[Election]) -> int:
    return sum(ballot_box.count_waiting([(one.pk, one.shards) for one in elections]).values())


def _is_beginning(name: str, head: str) -> bool:
    log = Log.objects.filter(verifier_key__startswith=f"{name}+").first()
    return log is not None and begins_with(log, Checkpoint.parse(head))
