"""Tell a part that is away, and will be back, from a bug."""

from django.db import InterfaceError, OperationalError, ProgrammingError

from .ballot_box import Unavailable

# PostgreSQL's codes for a table and a column that are not there: the schema is yet to be migrated.
_UNDEFINED = {"42P01", "42703"}


def is_outage(error: BaseException) -> bool:
    """Tell whether `error` means that Redis or PostgreSQL is away, or that the schema is not there yet."""
    if isinstance(error, ProgrammingError):
        return getattr(error.__cause__, "pgcode", None) in _UNDEFINED
    return isinstance(error, (Unavailable, OperationalError, InterfaceError))
