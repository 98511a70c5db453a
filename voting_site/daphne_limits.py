"""Daphne, with limits for those who send slowly or much.

Twisted closes a connection that is silent; one that sends a byte now and then it keeps for hours, and a body of
any length it writes to disk.
"""

from typing import Any

import daphne.server
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.protocols.basic import LineReceiver
from twisted.web.http import HTTPChannel

# Seconds from the connection, or from the last answer on it, to the last byte of a request.
REQUEST_S = 20
# Bytes. The largest form here is the choice of a language.
LARGEST_BODY = 64 * 1024
# Bytes. Clients of a socket only listen.
LARGEST_MESSAGE = 128


class LimitedRequest(WebRequest):
    """A request that may not be large."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._received = 0

    def gotLength(self, length: int | None) -> None:
        # Memory will do for what is taken; for a length that is not known, Twisted would open a file.
        super().gotLength(min(length or 0, LARGEST_BODY))
        if length and length > LARGEST_BODY:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > LARGEST_BODY:
            self._refuse()
        else:
            super().handleContentChunk(data)

    def _refuse(self) -> None:
        self.channel.transport.write(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\n")
        self.channel.loseConnection()


class LimitedChannel(HTTPChannel):
    """A connection on which a request has to be there in time."""

    def dataReceived(self, data: bytes) -> None:
        # Past HTTPChannel's own, which lets the time begin anew with each byte.
        LineReceiver.dataReceived(self, data)


class LimitedFactory(HTTPFactory):
    """Connections with these limits."""

    protocol = LimitedChannel

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = REQUEST_S

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = LimitedRequest
        return protocol


class LimitedSocket(WebSocketProtocol):
    """A socket that is cut off where more comes in than a word; Daphne's own limit holds for what goes out as well."""

    def onMessageFrameBegin(self, length: int) -> None:
        super().onMessageFrameBegin(length)
        if self.message_data_total_length > LARGEST_MESSAGE:
            self.dropConnection(abort=True)


class LimitedSocketFactory(WebSocketFactory):
    """Sockets with this limit."""

    protocol = LimitedSocket


class LimitedServer(daphne.server.Server):
    """Daphne's server with these connections; it takes its factories from its module, with no way to give others."""

    def run(self) -> None:
        daphne.server.HTTPFactory, daphne.server.WebSocketFactory = LimitedFactory, LimitedSocketFactory
        super().run()
