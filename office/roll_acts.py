"""What organisers do with the roll of an election: each is an act with its line in the log.

The log names entries by their number alone. An act is done in PostgreSQL, and brought to the ballot box once it is
committed; if that cannot be reached, the worker brings it later.
"""

import datetime as dt
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from polls.life import Phase
from polls.models import Election, Eligibility, Roll, RollEntry
from polls.roll import codes
from polls.roll.groups import clean_groups
from polls.roll.identities import find_clash
from tabulation.contest import is_whole

from . import roll_rows
from .acts import Act, NotDone
from .models import ActName
from .roll_delivery import bring
from .roll_lock import lock_election, lock_roll
from .roll_rows import Rows, TakeCode

if TYPE_CHECKING:
    from .roll_files.records import Record

Result = TypeVar("Result")
# What an organiser may change of an entry.
EDITED = ("name", "groups", "weight", "email", "member_number", "subject")
# By what a voter who signs in is found.
IDENTITY = ("email", "subject")
LONGEST_REASON = 500
# So long before the opening a list is refused: from its commit until it is in the ballot box, codes of the roll that it
# replaces still find voters, who could vote once more with the codes of the list.
ARRIVAL = dt.timedelta(seconds=10)


class RollChanged(NotDone):
    """The roll is not as whoever acts has seen it."""


class RollAct(Act[Result]):
    """Something that is done with a roll, in a revision of its own.

    From the opening on each needs a reason, which the log keeps. One that began before it without a reason is refused
    at its end, if the election has opened meanwhile.
    """

    # Why it is not done from the opening on, and what to do.
    too_late: ClassVar[Promise] = gettext_lazy("Not done: people vote already, so that this needs a reason. Write one.")

    def __init__(self, election: Election, reason: str = "", *, seen: int | None = None) -> None:
        """`seen` is the revision of the roll that whoever acts has seen, if the act is to be refused on a later one."""
        super().__init__(election)
        self.reason = reason.strip()[:LONGEST_REASON]
        self.seen = seen
        self.told: dict[str, tuple[str | None, str | None]] = {}

    def change(self) -> Result:
        if self.election.eligibility != Eligibility.ROLL:
            raise NotDone(_("Not done: this election has no roll. Let only those on its roll vote, then try again."))
        self.require_time(self.election, timezone.now())
        roll = lock_roll(self.election)
        if self.seen is not None and self.seen != roll.revision:
            raise RollChanged(
                _(
                    "Nothing was done: the roll was changed since you opened this page, by somebody else, or because "
                    "you pressed twice. Look at the list of voters, then press again if it is still to be done."
                )
            )
        roll.revision += 1
        result = self.alter(roll)
        roll.save()
        if problem := find_clash(self.election):
            raise NotDone(problem)
        if not self.reason:
            # It may have been published or opened since the beginning, and cannot be between this look and the commit.
            self.require_time(*lock_election(self.election))
        transaction.on_commit(partial(bring, self.election, roll.revision))
        return result

    def require_time(self, election: Election, now: dt.datetime) -> None:
        """Raise NotDone if an election, as it is `now`, is too far for this."""
        if election.phase(now) in (Phase.CLOSED, Phase.CANCELLED):
            raise NotDone(_("Not done: the election is over, and its roll stays as it was."))
        if election.is_frozen(now) and not self.reason:
            raise NotDone(str(self.too_late))

    @abstractmethod
    def alter(self, roll: Roll) -> Result:
        """Change the roll, inside the transaction, under the revision that it has now."""

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return self.told | ({"reason": (None, self.reason)} if self.reason else {})

    def tell(self, entry: RollEntry, old: str | None, new: str | None) -> None:
        """Let the log tell of one entry."""
        self.told[f"entry {entry.number}"] = (old, new)


class ImportRoll(RollAct[int]):
    """Put the voters of a list on the roll, before the opening; return how many.

    All of them are, or none. If `take_code` is given, each gets a code, which is handed to it once.
    """

    name = ActName.IMPORT_ROLL
    # No reason would do.
    too_late = gettext_lazy("Not imported: people vote already. Add, change or strike single voters, with a reason.")

    def __init__(
        self,
        election: Election,
        records: "Iterable[Record]",
        *,
        replace: bool = False,
        take_code: TakeCode | None = None,
        seen: int | None = None,
    ) -> None:
        super().__init__(election, seen=seen)
        self.records, self.replace, self.take_code = records, replace, take_code

    def require_time(self, election: Election, now: dt.datetime) -> None:
        super().require_time(election, now)
        if election.is_frozen(now + ARRIVAL):
            raise NotDone(
                _(
                    "Not imported: the election opens within seconds, too soon for the list to be in the ballot box. "
                    "Add, change or strike single voters, with a reason once people vote."
                )
            )

    def alter(self, roll: Roll) -> int:
        known = RollEntry.objects.filter(election=self.election)
        before = known.count()
        if self.replace and before:
            known.delete()
            roll.since = roll.revision
        number = Rows(self.election, roll, self.take_code).add(self.records)
        if not number:
            raise NotDone(_("Not imported: the list has no voter. Look whether it is the right file."))
        kept = 0 if self.replace else before
        self.told["roll"] = (str(before), str(kept + number))
        return number


class CopyRoll(RollAct[int]):
    """Put those on the roll who are on that of another election, and not struck there; their codes are not copied."""

    name = ActName.COPY_ROLL

    def __init__(self, election: Election, source: Election, *, reason: str = "") -> None:
        super().__init__(election, reason)
        self.source = source

    def alter(self, roll: Roll) -> int:
        if RollEntry.objects.filter(election=self.election).exists():
            raise NotDone(_("Not copied: the roll of this election has voters already."))
        entries = RollEntry.objects.filter(election=self.source, struck_at=None).order_by("number")
        number = Rows(self.election, roll, None).add(entries.iterator(roll_rows.BATCH))
        self.told["roll"] = (None, f"{number}, {self.source.slug}")
        return number


class AddEntry(RollAct[RollEntry]):
    """Put one voter on the roll; `code` is the voter's then, shown once, and "" where voters sign in."""

    name = ActName.ADD_VOTER
    code: str

    def __init__(
        self, election: Election, values: Mapping[str, Any], *, reason: str = "", seen: int | None = None
    ) -> None:
        super().__init__(election, reason, seen=seen)
        self.values = values

    def alter(self, roll: Roll) -> RollEntry:
        roll.last_number += 1
        self.code = "" if self.election.providers else codes.make()
        entry = RollEntry(election=self.election, number=roll.last_number, revision=roll.revision, issue=1)
        if self.code:
            entry.code_hash = codes.hash_code(self.election.pk, codes.read(self.code))
        _fill(entry, self.values)
        self.tell(entry, None, f"weight {entry.weight}")
        return entry


class EntryAct(RollAct[Result]):
    """Something that is done with one entry that is not struck."""

    # Why it is not done for an entry that was changed since, and what to do.
    changed_since: ClassVar[Promise] = gettext_lazy(
        "Nothing was done: this voter was changed since you opened the page. What you typed is kept here; what is on "
        "the roll now stands above it. Press again to put yours in its place."
    )

    def __init__(self, entry: RollEntry, *, reason: str = "", entry_seen: int | None = None) -> None:
        """`entry_seen` is the revision of the entry that whoever acts has seen, if a later one is not to be changed."""
        super().__init__(entry.election, reason)
        self.entry, self.entry_seen = entry, entry_seen

    def alter(self, roll: Roll) -> Result:
        entry = RollEntry.objects.select_for_update().get(pk=self.entry.pk)
        if entry.struck_at:
            raise NotDone(_("Not done: this voter was struck off the roll. Add the voter anew instead."))
        if self.entry_seen is not None and self.entry_seen != entry.revision:
            raise RollChanged(str(self.changed_since))
        entry.revision = roll.revision
        return self.alter_entry(entry)

    @abstractmethod
    def alter_entry(self, entry: RollEntry) -> Result:
        """Change the entry, which is locked and read anew."""


class ChangeEntry(EntryAct[RollEntry]):
    """Change what stands on the roll of one voter."""

    name = ActName.CHANGE_VOTER

    def __init__(
        self, entry: RollEntry, values: Mapping[str, Any], *, reason: str = "", entry_seen: int | None = None
    ) -> None:
        super().__init__(entry, reason=reason, entry_seen=entry_seen)
        self.values = values

    def alter_entry(self, entry: RollEntry) -> RollEntry:
        before = {name: getattr(entry, name) for name in EDITED}
        _fill(entry, self.values)
        changed = [name for name in EDITED if getattr(entry, name) != before[name]]
        if self.election.providers and set(changed) & set(IDENTITY):
            # Who signed in as this voter before may be somebody else.
            entry.issue += 1
            entry.save(update_fields=["issue"])
        # Not the other values: they are about a person, and the log is never cleared.
        weights = ("", f" {before['weight']}"), ("", f" {entry.weight}")
        old, new = (", ".join(name + one[name == "weight"] for name in changed) for one in weights)
        self.tell(entry, old, new)
        return entry


class StrikeEntry(EntryAct[None]):
    """Take one voter off the roll: no ballot is accepted any more, and one that was accepted stands."""

    name = ActName.STRIKE_VOTER

    def alter_entry(self, entry: RollEntry) -> None:
        entry.struck_at = timezone.now()
        entry.save(update_fields=["struck_at", "revision"])
        self.tell(entry, None, "struck")


class ReissueCode(EntryAct[str]):
    """Give one voter a new code and return it; the one before is void, and a vote that was cast stands."""

    name = ActName.REISSUE_CODE
    changed_since = gettext_lazy(
        "No code was made: this voter was changed since you opened the page, by somebody else, or because you pressed "
        "twice. A code that was made meanwhile is valid. If the voter does not have it, press again for another one: "
        "the one before is void then."
    )

    def alter_entry(self, entry: RollEntry) -> str:
        roll_rows.require_codes(self.election)
        code = codes.make()
        entry.code_hash = codes.hash_code(self.election.pk, codes.read(code))
        entry.issue += 1
        entry.save(update_fields=["code_hash", "issue", "revision"])
        self.tell(entry, None, f"code {entry.issue}")
        return code


class ReissueAllCodes(RollAct[int]):
    """Give every voter on the roll a new code, or those who have none; each is handed to `take_code` once.

    Return how many.
    """

    name = ActName.REISSUE_CODES

    def __init__(
        self,
        election: Election,
        take_code: TakeCode,
        *,
        reason: str = "",
        seen: int | None = None,
        only_missing: bool = False,
    ) -> None:
        super().__init__(election, reason, seen=seen)
        self.take_code, self.only_missing = take_code, only_missing

    def alter(self, roll: Roll) -> int:
        number = Rows(self.election, roll, self.take_code).reissue(only_missing=self.only_missing)
        self.told["codes"] = (None, str(number))
        return number


def _fill(entry: RollEntry, values: Mapping[str, Any]) -> None:
    """Write values into an entry and save it; raises ValidationError."""
    for name in EDITED:
        if name in values:
            setattr(entry, name, values[name])
    entry.groups = clean_groups(entry.groups)
    if not is_whole(entry.weight) or entry.weight < 1:
        raise ValidationError(_("A weight is a whole number from 1 on."))
    if not entry.name and not entry.member_number:
        raise ValidationError(_("A voter needs a name or a member number. Write one of them."))
    entry.full_clean(exclude=["election"])
    entry.save()
