"""Tell an outage, after which all goes on, from a bug."""

from django.db import InterfaceError, OperationalError, ProgrammingError

from telemetry.exception_chain import chain

from .ballot_box import Unavailable

# PostgreSQL's codes for a table and a column that are not there, and for one that this role may not touch: `prepare`
# has not migrated the schema yet, or has not granted the rights to it.
_UNPREPARED = {"42P01", "42703", "42501"}


def is_outage(error: BaseException) -> bool:
    """Tell whether `error` means that Redis or PostgreSQL does not answer, or that the schema is not there yet."""
    if isinstance(error, ProgrammingError):
        return getattr(error.__cause__, "pgcode", None) in _UNPREPARED
    return isinstance(error, (Unavailable, OperationalError, InterfaceError))


def find_outage(error: BaseException | None) -> BaseException | None:
    """Return the outage that is behind an error, or that it is itself; None if there is none."""
    return next(filter(is_outage, chain(error)), None)
