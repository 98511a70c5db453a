"""Audit a final election by a sample of the entries of its record."""

from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.core.management.base import CommandError

from office.act_command import ActCommand
from office.acts import Act
from office.election_page import read_numbers
from office.sample_acts import DrawSample, PrepareAudit, find_hindrance
from office.sample_margins import find_margins
from office.sample_pages import draws_for_all
from office.sample_shown import OpenedShown, judge, show_opened
from polls.models import Election
from record.models import Audit, Sample
from record.quorum import count_ballots_of_record
from record.sampling.sample_file import write_sample
from results.snapshot import Snapshot


class Command(ActCommand):
    help = (
        "Audit a final election by a sample of the entries of its record: first with --prepare, then with the dice that"
        " were thrown after that. What it prints tells how single ballots were marked: it is for observers alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        step = parser.add_mutually_exclusive_group(required=True)
        step.add_argument("--prepare", action="store_true", help="fix what is compared, before any dice are thrown")
        step.add_argument("--dice", metavar="DIGITS", help="what was thrown, 20 digits from 1 to 6 or more")
        parser.add_argument("--risk-limit", type=int, choices=(10, 5, 1), default=5, help="in per cent; 5 by default")
        parser.add_argument("--draws", type=int, metavar="N", help="draw N entries, in place of what the limit needs")
        parser.add_argument("--out", metavar="FILE", help="write the sample for ./urna verify --sample too")

    def make_act(self, election: Election, options: dict[str, Any]) -> Act[Any]:
        self.out = options["out"]
        if options["prepare"]:
            return PrepareAudit(election)
        limit = Decimal(options["risk_limit"]) / 100
        if hindrance := find_hindrance(election):
            raise CommandError(hindrance)
        draws = options["draws"] or draws_for_all(
            find_margins(read(election)), count_ballots_of_record(election.pk), limit
        )
        if draws is None:
            raise CommandError("There is no simple margin in this election: say with --draws how many to open.")
        return DrawSample(election, options["dice"], draws, limit)

    def describe(self, election: Election, result: Audit | Sample) -> str:
        if result.problem:
            raise CommandError(f"The record and the ballots do not fit: {result.problem}.")
        if isinstance(result, Audit):
            told = f"{election.slug} is prepared. Announce this, and then throw the dice:\n\n{result.manifest}"
            return f"{told}\nSHA-256 of its first six lines: {result.manifest_sha256}"
        shown, entries = read(election), count_ballots_of_record(election.pk)
        opened = show_opened(result, shown.paper, entries)
        lines = [line for one in opened for line in describe_entry(one)]
        if self.out:
            with open(self.out, "w", encoding="utf-8") as file:
                file.write(write_sample(result))
        if result.unequal:
            self.stdout.write("\n".join(lines))
            raise CommandError(f"{result.unequal} of {len(opened)} opened entries are not what is published.")
        shows = judge(result, find_margins(shown), entries)
        said = f"{result.draws} draws, {len(opened)} entries opened: all are what is published."
        said += f" If {shows.share} % of the entries were not, this would have been noticed with a chance of 95 %."
        if shows.sure is not None:
            said += f" A wrong outcome would have been noticed with a chance of {shows.sure} % or more."
        return "\n".join([*lines, said])


def read(election: Election) -> Snapshot:
    """Return the outcome of an election; raises CommandError where there is none yet."""
    shown, problem = read_numbers(election)
    if shown is None:
        raise CommandError(
            problem or "There is no outcome yet. Publish the election, and close it when all have voted."
        )
    return shown


def describe_entry(one: OpenedShown) -> list[str]:
    """Return the lines of an opened entry: draws, entry, commitment and fate, then what it says by contest."""
    draws = ", ".join(map(str, one.draws))
    head = f"{draws}: entry {one.entry}, {one.commitment}, {one.fate}, weight {one.weight}"
    said = [
        f"    {contest.title}: {contest.said}"
        + (f" | ballot {contest.number}: {contest.published} | " if one.counts else "")
        + (("equal" if contest.is_equal else "DIFFERENT") if one.counts else "")
        for contest in one.contests
    ]
    return [head, *said]
