"""Many entries of a roll at once, in batches: added, or given new codes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext as _

from polls.models import Election, Roll, RollEntry
from polls.roll import codes
from polls.roll.groups import clean_groups

from .acts import NotDone

if TYPE_CHECKING:
    from .roll_files.records import Record

# Rows of one statement.
BATCH = 2000
# An entry with its new code, which nothing else keeps.
TakeCode = Callable[[RollEntry, str], None]


def require_codes(election: Election) -> None:
    """Raise NotDone where voters have no codes."""
    if election.providers:
        raise NotDone(_("Not done: the voters of this election sign in, and a code would open nothing."))


class Rows:
    """The entries of a roll, written under the revision that it has now."""

    def __init__(self, election: Election, roll: Roll, take_code: TakeCode | None) -> None:
        self.election, self.roll, self.take_code = election, roll, take_code

    def add(self, records: "Iterable[Record | RollEntry]") -> int:
        """Add an entry for each record; return how many. Raises NotDone for one who is on the roll already."""
        added = 0
        for batch in _batches(records):
            entries = [self._entry(record) for record in batch]
            self._refuse_known(entries)
            made = self._give_codes(entries)
            RollEntry.objects.bulk_create(entries)
            self._hand_out(made)
            added += len(entries)
        return added

    def reissue(self, *, only_missing: bool = False) -> int:
        """Give each entry that is not struck a new code, or each that has none; return how many."""
        reissued = 0
        entries = RollEntry.objects.filter(election=self.election, struck_at=None).order_by("number")
        if only_missing:
            entries = entries.filter(code_hash="")
        for batch in _batches(entries.iterator(BATCH)):
            made = self._give_codes(batch)
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE polls_rollentry SET code_hash = row.hash, issue = issue + 1, revision = %s"
                    " FROM unnest(%s::bigint[], %s::text[]) AS row (id, hash) WHERE polls_rollentry.id = row.id",
                    [self.roll.revision, [one.pk for one in batch], [one.code_hash for one in batch]],
                )
            self._hand_out(made)
            reissued += len(batch)
        return reissued

    def _entry(self, record: "Record | RollEntry") -> RollEntry:
        self.roll.last_number += 1
        return RollEntry(
            election=self.election,
            number=self.roll.last_number,
            name=record.name,
            groups=clean_groups(record.groups),
            weight=record.weight,
            email=record.email,
            member_number=record.member_number,
            subject=record.subject,
            revision=self.roll.revision,
        )

    def _refuse_known(self, entries: Sequence[RollEntry]) -> None:
        numbers = [entry.member_number for entry in entries if entry.member_number]
        known = RollEntry.objects.filter(election=self.election, struck_at=None, member_number__in=numbers).first()
        if known or len(set(numbers)) < len(numbers):
            number = known.member_number if known else next(one for one in numbers if numbers.count(one) > 1)
            raise NotDone(
                _("Nothing was done: the member number %(number)s would be on the roll twice. Look at the list again.")
                % {"number": number}
            )

    def _give_codes(self, entries: Sequence[RollEntry]) -> list[tuple[RollEntry, str]]:
        if self.take_code is None:
            return []
        require_codes(self.election)
        made = [codes.make() for _entry in entries]
        for entry, hashed in zip(entries, codes.hash_all(self.election.pk, map(codes.read, made)), strict=True):
            entry.code_hash = hashed
            if not entry.pk:
                entry.issue = 1
        return list(zip(entries, made, strict=True))

    def _hand_out(self, made: Iterable[tuple[RollEntry, str]]) -> None:
        for entry, code in made:
            if self.take_code:
                self.take_code(entry, code)


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch
