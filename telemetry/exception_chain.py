"""The errors that led to an error. It imports nothing of Urna, so that the log can use it before there are settings."""

from collections.abc import Iterator


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and once each error from which or during whose handling it was raised; nothing for None."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            waiting += [one.__context__, one.__cause__]
            yield one
