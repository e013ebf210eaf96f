"""The transport on the `websockets` library."""

import asyncio
import ssl as tls
from functools import cache
from typing import Any

from websockets import exceptions as failures
from websockets.asyncio.client import ClientConnection, connect
from websockets.http11 import Response

from .errors import HandshakeRefused, Unreachable
from .local_events import HTTPResponse, WebSocketClosed
from .transport import Disconnected, Target, response_of

MAX_FRAME = 16 * 1024 * 1024
"""Bytes in a message: with `full_turn`, one delta can hold a whole turn of speech."""

CLOSE_SECONDS = 2.0
"""How long the server may take to say goodbye; the caller has hung up by then."""

ABNORMAL = 1006  # RFC 6455 §7.1.5: closed without a close frame


class WebSocket:
    """An open connection of the `websockets` library."""

    def __init__(self, connection: ClientConnection, response: HTTPResponse) -> None:
        self.response = response
        self._connection = connection

    async def send(self, frame: bytes) -> None:
        """Send UTF-8 `frame` as a text frame; return when there is room for another."""
        try:
            await self._connection.send(frame, text=True)
        except failures.ConnectionClosed as error:
            raise Disconnected(_closed(error)) from None

    async def recv(self) -> bytes:
        """The next whole message, text or binary, undecoded."""
        try:
            return await self._connection.recv(decode=False)
        except failures.ConnectionClosed as error:
            raise Disconnected(_closed(error)) from None

    async def close(self) -> None:
        """Close with code 1000; a peer that takes nothing any more is cut off."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._connection.close()
        except TimeoutError:
            self._connection.transport.abort()


async def dial(target: Target) -> WebSocket:
    """Open a WebSocket to `target`.

    Without compression: base64 of telephone audio gains nothing by it and costs time.
    """
    try:
        connection = await connect(target.url, **_options(target))
    except failures.InvalidStatus as refusal:
        raise HandshakeRefused(target.host, _answer(refusal.response, target)) from None
    except failures.InvalidProxy:  # its text shows the proxy's password
        raise Unreachable(target.host, "the proxy's address is not valid") from None
    except (OSError, ImportError, failures.WebSocketException) as error:
        raise Unreachable(target.host, target.redactor.text(_reason(error))) from error
    assert connection.response is not None
    return WebSocket(connection, _answer(connection.response, target))


def _options(target: Target) -> dict[str, Any]:
    options: dict[str, Any] = {
        "additional_headers": {"Authorization": target.authorization},
        "user_agent_header": target.user_agent,
        "compression": None,
        "max_size": MAX_FRAME,
        "open_timeout": None,
        "close_timeout": CLOSE_SECONDS,
        "ping_interval": target.ping_interval,
        "ping_timeout": target.ping_timeout,
        "proxy": target.proxy,
        "logger": target.log,
    }
    trusted = target.ssl
    if trusted is None and target.url.startswith("wss:"):
        trusted = _system_trust()
    return options if trusted is None else {**options, "ssl": trusted}


@cache
def _system_trust() -> tls.SSLContext:
    """The system's certificates, read once: reading takes a packet time, and most of a megabyte."""
    return tls.create_default_context()


def _reason(error: BaseException) -> str:
    cause = error.__cause__
    return f"{error} ({cause})" if cause else str(error) or type(error).__name__


def _answer(response: Response, target: Target) -> HTTPResponse:
    about = (response.status_code, response.reason_phrase, response.headers.raw_items())
    return response_of(target, *about, bytes(response.body or b""))


def _closed(error: failures.ConnectionClosed) -> WebSocketClosed:
    farewell = error.rcvd or error.sent
    if farewell is None:
        return WebSocketClosed(code=ABNORMAL, reason=_reason(error), clean=False)
    clean = error.rcvd is not None and error.sent is not None
    return WebSocketClosed(code=farewell.code, reason=farewell.reason, clean=clean)
