"""Tell an outage, which passes, from a bug, which stays."""

from django.db import InterfaceError, OperationalError, ProgrammingError

from telemetry.exception_chain import chain

from .ballot_box import Unavailable

# PostgreSQL's codes for a missing table, a missing column and a missing right: `prepare` has not migrated the schema
# yet, or has not granted the rights to it.
_UNPREPARED = {"42P01", "42703", "42501"}


def is_outage(error: BaseException) -> bool:
    """Tell whether `error` means that Redis or PostgreSQL does not answer, or that the schema is not there yet."""
    if isinstance(error, ProgrammingError):
        return getattr(error.__cause__, "pgcode", None) in _UNPREPARED
    return isinstance(error, (Unavailable, OperationalError, InterfaceError))


def find_outage(error: BaseException | None) -> BaseException | None:
    """Return the outage that caused an error or is the error itself; None if there is none."""
    return next(filter(is_outage, chain(error)), None)
