"""Daphne, with limits for clients that send slowly, send too much, or do not read their answers.

Twisted closes a connection that is silent. But it keeps a connection for hours if the client sends a byte now and then,
writes a body of any length to disk, and keeps an answer until the client has read it.
"""

import socket
from typing import Any

import daphne.server
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory
from django.conf import settings
from twisted.protocols.basic import LineReceiver
from twisted.web.http import HTTPChannel

from .frames import accept_compression
from .limited_socket import LimitedSocket

# Bytes. The only form here is the choice of a language.
LARGEST_BODY = 64 * 1024
# Bytes that the kernel accepts before it has sent them. By itself it would accept megabytes, and frames in it get old.
MOST_UNSENT = 16 * 1024


class LimitedRequest(WebRequest):
    """A request whose body has a limit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._received = 0

    def gotLength(self, length: int | None) -> None:
        # With this length Twisted keeps the body in memory; for an unknown length it would open a file.
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
    """A connection on which a request has to come in time, and an answer has to be read in time."""

    transport: Any

    def __init__(self) -> None:
        super().__init__()
        self._is_closing = False
        # Whether the transport has said that too much waits for the client.
        self._is_full = False
        # Requests that came before the client had read the answer to an earlier one.
        self._early: bytes | None = None

    def dataReceived(self, data: bytes) -> None:
        # Not HTTPChannel's own method, which starts the time again at each byte.
        LineReceiver.dataReceived(self, data)

    def loseConnection(self) -> None:
        self._is_closing = True
        # For what is still to be taken of an answer.
        self.setTimeout(settings.ANSWER_TIMEOUT)
        super().loseConnection()

    def timeoutConnection(self) -> None:
        if self._is_closing:
            self.transport.abortConnection()
        else:
            self.loseConnection()

    def setLineMode(self, extra: bytes = b"") -> None:
        """Go on with the next request, unless earlier answers still wait for the client.

        HTTPChannel itself only stops reading then, and answers all that it has read, which may be a thousand requests.
        """
        if self._is_full:
            self._early = extra
            self.transport.pauseProducing()
        else:
            super().setLineMode(extra)

    def rawDataReceived(self, data: bytes) -> None:
        if self._early is None:
            super().rawDataReceived(data)
        else:
            self._early += data

    def pauseProducing(self) -> None:
        self._is_full = True
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self._is_full = False
        super().resumeProducing()
        if self._early is not None:
            early, self._early = self._early, None
            self.setLineMode(early)


class LimitedFactory(HTTPFactory):
    """Connections with these limits."""

    protocol = LimitedChannel

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        # From the connection, or from the last answer on it, to the last byte of a request.
        self.timeOut = settings.REQUEST_TIMEOUT

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = LimitedRequest
        return protocol


class LimitedSocketFactory(WebSocketFactory):
    """Sockets with limits of their own, for browsers that decompress what they are sent."""

    protocol = LimitedSocket

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.setProtocolOptions(perMessageCompressionAccept=accept_compression)


class LimitedServer(daphne.server.Server):
    """Daphne's server with these connections; it takes its factories from its module, and cannot be given others."""

    def run(self) -> None:
        daphne.server.HTTPFactory, daphne.server.WebSocketFactory = LimitedFactory, LimitedSocketFactory
        super().run()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        # Connections inherit this option from the listening socket.
        port.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] == "websocket":
            # For many sockets that are sent the same: awaiting takes as long as writing.
            scope["extensions"] = {"urna.write": {"at_once": protocol.write_at_once}}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        await super().handle_reply(protocol, message)
        if message["type"] == "websocket.send":
            # The sender waits, and then has something newer to send.
            await protocol.wait_for_room()
