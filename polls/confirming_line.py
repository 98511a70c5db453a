"""Two connections to the ballot box: what replicas have to confirm goes by one, and waits; all else by the other.

So who looks at a page does not wait for a replica, nor for a vote of somebody else that waits for one. Who has a
voting code is confirmed as well.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from .ballot_box import confirming
from .ballot_box.cluster import Command
from .shared_line import SharedLine, pack


class Looks(SharedLine):
    """A line that can be told to look for its server anew."""

    leaves = False

    async def _trade(self, packed: Sequence[bytes], number: int) -> list[Any]:
        if self.leaves:
            self.leaves = False
            await self._connection.disconnect(nowait=True)
        return await super()._trade(packed, number)


class ConfirmedBatches(SharedLine):
    """A line on which each batch is confirmed as a whole; all who are in one learn that it was not.

    Then another server may have been promoted, and this one be cut off: both lines look for their server anew.
    """

    def __init__(self, looks: Looks) -> None:
        super().__init__()
        self._looks = looks

    async def _trade(self, packed: Sequence[bytes], number: int) -> list[Any]:
        if not self._connection.is_connected:
            # Perhaps to another server; those who look go there as well.
            self._looks.leaves = True
        closing = confirming.closing()
        replies = await super()._trade([*packed, *pack(closing.commands)], number + len(closing.commands))
        told = replies[number:]
        try:
            while not closing.is_met(told):
                closing = confirming.closing()
                told = await super()._trade(pack(closing.commands), len(closing.commands))
        except confirming.Unconfirmed:
            self._looks.leaves = True
            await self._connection.disconnect(nowait=True)
            raise
        return replies[:number]


class ConfirmingLine:
    """A line that the greenlets of one event loop share, for questions that are to be confirmed and for others."""

    def __init__(self) -> None:
        self._looks = Looks()
        self._batches = ConfirmedBatches(self._looks)

    def ask(self, commands: Sequence[Command], confirmed: bool = False) -> list[Any]:
        """Send commands, and return their replies; raises the client's errors. To be called in a greenlet."""
        return (self._batches if confirmed else self._looks).ask(commands)

    async def serve(self) -> None:
        """Carry questions to the box and replies back, until cancelled."""
        await asyncio.gather(self._looks.serve(), self._batches.serve())
