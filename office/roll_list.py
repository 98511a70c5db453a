"""A voter list that is too large for one request: it comes in parts, and waits in PostgreSQL to be imported.

Its uploader alone sees it. It goes with the import, with the next list of the same person, or after a day.
"""

import datetime as dt
import io
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext as _

from polls.models import Election

from .models import RollList, RollListPart

# Bytes of a list, about 200,000 voters, and of a part: the server takes no request of 1 MiB.
LARGEST_STAGED = 15_000_000
PART = 512 * 1024
KEPT = dt.timedelta(days=1)


def begin(election: Election, user: int, size: int) -> RollList:
    """Make room for a list of `size` bytes of the person with this number; raises ValidationError."""
    if not 0 < size <= LARGEST_STAGED:
        raise ValidationError(too_large())
    forget_old()
    RollList.objects.filter(user_id=user).delete()
    return RollList.objects.create(election=election, user_id=user, size=size)


def add_part(found: RollList, place: int, content: bytes) -> None:
    """Keep a part of a list; one that comes again changes nothing. Raises ValidationError for one that cannot be."""
    known = found.parts.count()
    is_last = (place + 1) * PART >= found.size
    expected = found.size - place * PART if is_last else PART
    if not 0 <= place <= known or len(content) != expected:
        raise ValidationError(_("Nothing was imported: the page did not send the whole list. Choose the file again."))
    try:
        with transaction.atomic():
            RollListPart.objects.create(list=found, place=place, content=content)
    except IntegrityError:
        # Sent again, because the answer was lost.
        return


def is_whole(found: RollList) -> bool:
    """Tell whether all parts of a list are here."""
    return found.parts.aggregate(size=Sum(Length("content")))["size"] == found.size


def find_list(election: Election, user: int, pk: int) -> RollList | None:
    """Return a list that somebody has uploaded for an election, None if it is not there any more."""
    return RollList.objects.filter(pk=pk, election=election, user_id=user).first()


def get_list(election: Election, user: int, pk: int) -> RollList:
    """Return a list that somebody uploads; raises ValidationError if it is not there any more."""
    found = find_list(election, user, pk)
    if found is None:
        raise ValidationError(
            _(
                "Nothing was imported: you have begun to send another list meanwhile. Go on with that one, or choose "
                "this file again."
            )
        )
    return found


def open_list(found: RollList) -> BinaryIO:
    """Return a list as a file, of which one part at a time is in memory."""
    return io.BufferedReader(_Parts(found), PART)


def forget_old() -> int:
    """Delete lists that nobody has imported within a day; return how many."""
    return RollList.objects.filter(made_at__lt=timezone.now() - KEPT).delete()[1].get("office.RollList", 0)


def too_large() -> str:
    """Say what to do with a list that is too large for the page."""
    return _(
        "The list is too large for this page, which takes up to %(megabytes)d MB, about 200,000 voters. Nothing was "
        "imported. Whoever runs this server can import larger ones: ./urna manage import_roll."
    ) % {"megabytes": LARGEST_STAGED // 1_000_000}


class _Parts(io.RawIOBase):
    """The parts of a list as one file to read."""

    def __init__(self, found: RollList) -> None:
        self._list, self._at = found, 0
        self._part: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._list.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        place, start = divmod(self._at, PART)
        if self._at >= self._list.size:
            return 0
        if self._part[0] != place:
            content = RollListPart.objects.filter(list=self._list, place=place).values_list("content", flat=True).get()
            self._part = (place, bytes(content))
        piece = self._part[1][start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
