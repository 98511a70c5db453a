"""One who follows the frames of a channel, and what is to be sent next."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from .freshness import STALE_S

if TYPE_CHECKING:
    from .channel import Channel

# Sends texts at once if nothing waits for the client already; tells whether it did.
Write = Callable[[tuple[str, ...]], bool]


class Follower:
    """A client, and the newest frame that it was sent. Belongs to one event loop.

    It is sent texts in one of two ways. A ring does it while the follower waits, where its server has given a way to
    write at once: to wake thousands of tasks takes as long as to write to as many sockets. Otherwise its own task does,
    which may wait until the client has taken what it was sent before.
    """

    __slots__ = ("_bell", "_changes", "_channel", "_rung", "_seen", "_whole", "_write")

    def __init__(self, channel: "Channel", *, changes: bool, write: Write | None) -> None:
        self._channel = channel
        self._changes = changes
        self._write = write
        # The numbers of the newest frame that it was sent, and of the newest that it was sent whole.
        self._seen = self._whole = 0
        self._bell: asyncio.Future[None] | None = None
        self._rung = False

    @property
    def is_behind(self) -> bool:
        """Whether there is a newer frame than it was sent."""
        return self._channel.number > self._seen

    def take(self) -> tuple[str, ...]:
        """Return what to send: the newest frame, or a heartbeat to one who has that."""
        texts = self._next()
        self._note(texts)
        return texts

    async def wait(self) -> None:
        """Return after a ring; at once if one came while the follower was busy."""
        if not self._rung:
            self._bell = asyncio.get_running_loop().create_future()
            try:
                await self._bell
            finally:
                self._bell = None
        self._rung = False

    def ring(self) -> tuple[str, ...]:
        """Send what is new, and return it; or wake the task that does, and return nothing."""
        if self._bell is None:
            self._rung = True
        elif not self._bell.done():
            if texts := self._write_now():
                return texts
            self._bell.set_result(None)
        return ()

    def _write_now(self) -> tuple[str, ...]:
        if self._write is None:
            return ()
        texts = self._next()
        try:
            if not self._write(texts):
                return ()
        except Exception:  # each server has errors of its own, and the task meets them again where it sends
            return ()
        self._note(texts)
        return texts

    def _next(self) -> tuple[str, ...]:
        channel = self._channel
        if self.is_behind:
            frame = channel.write_news(self._seen) if self._changes else channel.frame
            # The frame may be of a time when it was new.
            return (frame, channel.heartbeat) if channel.heartbeat and channel.age > STALE_S else (frame,)
        if self._changes and self._whole < channel.due:
            return (channel.whole, channel.heartbeat)
        return (channel.heartbeat,)

    def _note(self, texts: tuple[str, ...]) -> None:
        channel = self._channel
        self._seen = channel.number
        if self._changes and texts[0] is channel.whole:
            self._whole = channel.number
