"""Daphne's socket, for clients that only listen, and that read what they are sent.

Twisted keeps all that a client does not read in memory, without a limit. autobahn takes the end of a data frame for the
answer to a ping, even in a message that never ends: an empty fragment now and then kept a socket open that never read.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings

from results.metrics import count_refusal

from .frames import frame_of
from .send_queue import count_taken

# Seconds from the answer to one ping to the next ping.
PING_S = 20
# Seconds in which a client has to answer a ping, or to read some of what waits for it. A slow client first reads what
# its own kernel holds, usually 125 kB.
SILENT_S = 90
# Bytes that a client may send between two checks, which come every 2 s: room for a ping and an answer to one.
MOST_BYTES = 256
POLICY_VIOLATION = 1008


class LimitedSocket(WebSocketProtocol):
    """A socket that is ended when its client sends more than pings and answers to them, or does not read.

    If senders call `wait_for_room`, at most one message waits for the client besides what the kernel holds.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_new = True
        # Whether the kernel has taken all that was sent.
        self._room = asyncio.Event()
        # The last text that was sent compressed, which the client keeps.
        self._kept: str | None = None
        # How many bytes the client's kernel had received at the last check.
        self._taken = 0
        self._received = 0
        self._half_since: float | None = None
        self._alive_at = time.monotonic()

    async def wait_for_room(self) -> None:
        """Return once the kernel has taken what was sent, or the socket has ended."""
        await self._room.wait()

    def onOpen(self) -> None:
        super().onOpen()
        # The transport still notifies the HTTP connection that this socket was before.
        self.unregisterProducer()
        self.registerProducer(self, False)
        # Registering calls `resumeProducing`, but the answer to the handshake is still to be written.
        self._room.clear()

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:
        """Send a message; on a socket that is closing, do nothing."""
        if self.state == self.STATE_CONNECTING:
            self.serverAccept()
        if self.state != self.STATE_OPEN:
            return
        if binary:
            # autobahn would compress it with a window of its own, which is not the one that the client keeps.
            self.sendMessage(content, True, doNotCompress=True)
        else:
            self.sendData(self._choose_form(str(content)))

    def write_at_once(self, texts: Sequence[str]) -> bool:
        """Send texts if the socket is open, and nothing waits for the client; tell whether that was so."""
        if self.state != self.STATE_OPEN or not self._room.is_set():
            return False
        for text in texts:
            self.sendData(self._choose_form(text))
        return True

    def _choose_form(self, text: str) -> bytes:
        """Return the frame of a text in the form that this client reads, with the fewest bytes."""
        frame = frame_of(text)
        if not (self.websocket_extensions_in_use and frame.is_worth_compressing):
            return frame.plain
        if self._perMessageCompress.server_no_context_takeover:
            return frame.compressed(None)
        kept, self._kept = self._kept, text
        return frame.compressed(kept)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Write to the kernel directly, so that it is known at once whether a part of the data has to wait."""
        if self._room.is_set():
            taken = self.transport.writeSomeData(data)
            if taken == len(data):
                return
            self._room.clear()
            # After an error the transport writes again, and knows how to handle it.
            data = data[taken:] if isinstance(taken, int) else data
        self.transport.write(data)

    def resumeProducing(self) -> None:
        """Note that the kernel has accepted what was left."""
        self._room.set()

    def stopProducing(self) -> None:
        """Do nothing: `onClose` is called at the end of the socket."""

    def dataReceived(self, data: bytes) -> None:
        if self._is_new:
            # The request of the handshake, which may be long: the HTTP connection has read it.
            self._is_new = False
        else:
            self._received += len(data)
            if self._received > MOST_BYTES or self.state == self.STATE_CONNECTING:
                self._refuse()
                return
        super().dataReceived(data)
        is_half = self.state == self.STATE_OPEN and bool(self.data or self.current_frame)
        self._half_since = (self._half_since or time.monotonic()) if is_half else None

    def onMessageBegin(self, isBinary: bool) -> None:
        super().onMessageBegin(isBinary)
        self._refuse()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Do nothing: the socket was ended at the first byte of the message."""

    def onAutoPong(self, *_: Any) -> None:
        self._alive_at = time.monotonic()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        if self.failedByMe:
            # autobahn found that the client broke the protocol.
            count_refusal("not-listening")
        self._room.set()
        super().onClose(wasClean, code, reason)

    def serverClose(self, code: int | None = None) -> None:
        # Not `sendClose`, which refuses the codes for "try again later" and "policy violation".
        self.sendCloseFrame(code=code or self.CLOSE_STATUS_CODE_NORMAL)

    def check_timeouts(self) -> None:
        if self.autoPingPending:
            # One ping at a time, because only the answer to the last one counts.
            self.last_ping = time.time()
        super().check_timeouts()
        self._received = 0
        now = time.monotonic()
        if self._half_since and now - self._half_since > settings.FRAME_TIMEOUT:
            self._refuse()
        if self._is_waiting() and (taken := count_taken(self.transport.getHandle())) > self._taken:
            # A client that reads slowly takes long to reach the ping.
            self._taken, self._alive_at = taken, now
        if now - self._alive_at > SILENT_S:
            self._give_up()

    def _is_waiting(self) -> bool:
        """Tell whether something is left that the kernel has not accepted."""
        return bool(self.transport.connected) and not self._room.is_set()

    def _refuse(self) -> None:
        """End the socket for what the client sent."""
        if self.state == self.STATE_OPEN:
            count_refusal("not-listening")
            # The connection is dropped a second later, whether the client answers or not.
            self.sendCloseFrame(code=POLICY_VIOLATION)
        elif self.state == self.STATE_CONNECTING:
            self.dropConnection(abort=True)

    def _give_up(self) -> None:
        """End the socket of a client that is gone, or takes nothing."""
        if self._is_waiting():
            count_refusal("not-reading")
        self.dropConnection(abort=True)
        # This also ends the socket of a client that has sent its close, but does not read what was sent before.
        self.transport.abortConnection()
