"""Who on the roll somebody is whom a provider knows: by the provider's name of them, or by a confirmed e-mail."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Value
from django.db.models.functions import Lower

from polls.models import LONGEST_SUBJECT, RollEntry

# As large as the column. A longer one is on no roll.
LONGEST_EMAIL = 254

# PostgreSQL allows this role few connections, and a hall comes back from its provider at once: look-ups take turns.
_turns = BoundedSemaphore(4)


class NotOnRoll(Exception):
    """Nobody on the roll is whom the provider has named."""


class NotVerified(NotOnRoll):
    """The provider names no e-mail address, or does not say that it is confirmed."""


class Found(NamedTuple):
    """An entry of the roll: its number, and as of which issue."""

    number: int
    issue: int


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for a connection, and give it back."""
    with _turns:
        try:
            yield
        finally:
            connection.close_if_unusable_or_obsolete()


@_turn()
def find_entry(election: int, claims: Mapping[str, Any], *, by_subject: bool) -> Found:
    """Return the entry of whoever has signed in; raises NotOnRoll.

    An entry with a subject is found by it alone, and only where `by_subject`: two providers may use the same one.
    """
    entries = RollEntry.objects.filter(election=election, struck_at=None)
    subject = str(claims["sub"])
    if by_subject and _is_searchable(subject, LONGEST_SUBJECT):
        named = entries.filter(subject=subject).values_list("number", "issue")[:2]
        if len(named) == 1:
            return Found(*named[0])
    email = str(claims.get("email") or "")
    # True, and not what looks like it: some providers write "false".
    if not email or claims.get("email_verified") is not True:
        raise NotVerified
    if not _is_searchable(email, LONGEST_EMAIL):
        raise NotOnRoll
    rows = (
        entries.filter(subject="")
        .alias(folded=Lower("email"))
        .filter(folded=Lower(Value(email)))
        .values_list("number", "issue", "email")
    )
    # PostgreSQL takes some foreign letters for a, b, c: another person's address could be among them.
    same = [Found(number, issue) for number, issue, address in rows if fold(address) == fold(email)]
    if len(same) != 1:
        raise NotOnRoll
    return same[0]


def fold(email: str) -> str:
    """Return an address in small letters, as far as they are ASCII."""
    return "".join(char.lower() if char.isascii() else char for char in email)


def _is_searchable(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and "\0" not in text
