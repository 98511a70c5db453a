"""The results socket: a snapshot on connect, then one for each change."""

import asyncio
import logging
from contextlib import aclosing, suppress
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from polls.models import Election
from polls.networks import network_of

from . import changes, metrics
from .feed import get_feed
from .seats import seats

logger = logging.getLogger(__name__)

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


class ResultsConsumer(AsyncWebsocketConsumer):
    """Follow one election. Clients only listen: one that sends anything is closed."""

    _pump_task: asyncio.Task[None] | None = None
    # The network for which this socket has taken a seat; None if it has none.
    _seat: str | None = None
    # Whether the client is sent changes.
    _changes = False
    is_wall = False

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Not in `disconnect`, which is not called if an error ends the socket: its seat would be lost for good.
            await self._leave()

    async def connect(self) -> None:
        slug = self.scope["url_route"]["kwargs"]["slug"]
        if not is_own_origin(self.scope):
            metrics.count_refusal("origin")
            await self.close()
            return
        published = Election.objects.published().filter(slug=slug).values_list("pk", flat=True)
        try:
            election = await published.afirst()
        except DatabaseError:
            # Refused like a socket without an election; the page tries again, after longer and longer times.
            election = None
        if election is None:
            await self.close()
            return
        # Others that a client asks for are not known here, and go unanswered.
        self._changes = changes.PROTOCOL in self.scope.get("subprotocols", ())
        await self.accept(subprotocol=changes.PROTOCOL if self._changes else None)
        network = network_of((self.scope.get("client") or [""])[0])
        if not seats.take(network):
            metrics.count_refusal("no-seat")
            # Accepted first, because a page learns no reason from a refused handshake.
            await self.close(code=TRY_AGAIN_LATER)
            return
        self._seat = network
        self._pump_task = asyncio.create_task(self._pump(election))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        metrics.count_refusal("not-listening")
        await self.close(code=POLICY_VIOLATION)

    async def _leave(self) -> None:
        if self._seat is not None:
            seats.leave(self._seat)
            self._seat = None
        if self._pump_task:
            self._pump_task.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump_task

    async def _pump(self, election: int) -> None:
        # A server that can write to an idle socket at once says so (voting_site/serving/daphne_limits.py).
        write = self.scope.get("extensions", {}).get("urna.write", {}).get("at_once")
        watched = get_feed().watch(election, wall=self.is_wall, changes=self._changes, write=write)
        async with aclosing(watched) as messages:
            async for message in messages:
                try:
                    await self.send(text_data=message)
                except Exception as error:  # each server has an error of its own for a socket that has just closed
                    logger.debug("nobody listens any more: %r", error)
                    return


class WallConsumer(ResultsConsumer):
    """Follow one election, and what its presenter sets for the walls."""

    is_wall = True


def is_own_origin(scope: dict[str, Any]) -> bool:
    """Tell whether a socket was opened by a page of this very host, or of a host on the list of WEBSOCKET_ORIGINS.

    Only browsers send an Origin. A client without one does not act for a visitor, and may read what everybody may read.
    """
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin is None:
        return True
    text = origin.decode("latin-1").lower()
    host = headers.get(b"host", b"").decode("latin-1").lower()
    return text in settings.WEBSOCKET_ORIGINS or text in (
        f"http://{host.removesuffix(':80')}",
        f"https://{host.removesuffix(':443')}",
    )


class UnknownAddress(AsyncWebsocketConsumer):
    """Refuse a socket at an unknown address as a page would, with nothing for the operator to see to."""

    async def connect(self) -> None:
        await self.close()
