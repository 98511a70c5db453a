"""What lies behind an error. Imports nothing of Urna, so that the log can ask before there are settings."""

from collections.abc import Iterator


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and each that it was raised from or that was being handled, once; nothing for None."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            waiting += [one.__context__, one.__cause__]
            yield one
