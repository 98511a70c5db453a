"""The format of a line of the log: text for people, or an object of JSON; neither contains data of a voter.

Only named fields are written; a library for this would write every attribute that any code has put on a record. And an
error of the database quotes the row that it is about, with the voter key and the marking, so that only the kind of such
an error is written.
"""

import datetime as dt
import json
import logging
import re
import sys
import threading
from types import TracebackType
from typing import Any

from telemetry.exception_chain import chain

logger = logging.getLogger(__name__)

# PostgreSQL's lines that quote values.
_QUOTING = re.compile(r"\b(DETAIL|CONTEXT|HINT|LINE \d+):[^\n]*")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Discreet(logging.Formatter):
    """Writes tracebacks and messages without the values that errors of the database quote."""

    def formatException(self, ei: ExcInfo) -> str:
        return redact(super().formatException(ei), ei[1])

    def message_of(self, record: logging.LogRecord) -> str:
        """Return the message, redacted if it comes with an exception, whose text it may contain."""
        text = record.getMessage()
        return redact(text, record.exc_info[1]) if record.exc_info else text


class Text(Discreet):
    """A line for people, with the request's id at its end if it belongs to a request."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = self.message_of(record)
        line = super().formatMessage(record)
        request = request_id_of(record)
        return f"{line} [{request}]" if request else line

    def format(self, record: logging.LogRecord) -> str:
        # Another formatter may have kept a traceback here that is not redacted.
        record.exc_text = None
        return super().format(record)


class Json(Discreet):
    """One object a line."""

    def __init__(self, *, role: str, replica: str) -> None:
        super().__init__()
        self.role, self.replica = role, replica

    def format(self, record: logging.LogRecord) -> str:
        time = dt.datetime.fromtimestamp(record.created, tz=dt.UTC)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "role": self.role,
            "replica": self.replica,
            "process": record.process,
            "message": self.message_of(record),
        }
        if request := request_id_of(record):
            line["request_id"] = request
        if record.exc_info and record.exc_info[0]:
            line["trace"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return json.dumps(line, ensure_ascii=False)


def request_id_of(record: logging.LogRecord) -> str:
    """Return the id of the request or the task that a record belongs to, '' if it belongs to none."""
    return getattr(record, "correlation_id", None) or ""


def redact(text: str, error: BaseException | None) -> str:
    """Return a text about an error without the values that errors of the database in its chain quote."""
    for one in chain(error):
        if _quotes_values(one):
            # Longest first, because the representation of an error contains its text.
            for said in sorted((str(one), repr(one)), key=len, reverse=True):
                if said:
                    text = text.replace(said, _describe(one))
    return _QUOTING.sub(r"\1: (withheld)", text)


def _quotes_values(error: BaseException) -> bool:
    # By name: Django and the driver use the same names, and `vote` has no driver.
    names = {kind.__name__ for kind in type(error).__mro__}
    return "DatabaseError" in names and "OperationalError" not in names


def _describe(error: BaseException) -> str:
    cause = error.__cause__ or error
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return f"(SQLSTATE {getattr(cause, 'pgcode', None)}, constraint {constraint}; the rest is withheld)"


def log_everything(formatter: logging.Formatter) -> None:
    """Send to the log what Python would write to standard error by itself: warnings, and errors that nothing caught."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    # For the time until settings are read, and in case they cannot be read.
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _log_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logger.critical("not caught", exc_info=(kind, error or kind(), trace))
