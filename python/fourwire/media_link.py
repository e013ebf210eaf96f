"""A WebSocket to an agent that the engine runs, as a session sees it.

It is a transport like any other, and more: joined with a leg, audio goes from one to the other
inside the engine, in both directions, and the leg falls silent at `speech_started`, however busy
the event loop is. What is not audio comes here as ever, in its order.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from fourwire import _core
from fourwire._core import LinkClosed, LinkHalted, LinkParted, LinkRelieved
from fourwire.inworld.errors import HandshakeRefused, Unreachable
from fourwire.inworld.events import HTTPResponse, WebSocketClosed
from fourwire.inworld.transport import Disconnected, Target, response_of
from fourwire.media_leg import MediaLeg
from fourwire.own_thread import in_own_thread

__all__ = ["MediaLink", "answer_of", "can_open", "open_link"]

Event = bytes | LinkHalted | LinkParted | LinkRelieved | LinkClosed

MOST_BACKLOG = 64 * 1024
"""Bytes that may wait for the network before a sender waits as well."""

CLOSE_SECONDS = 3.0
"""How long closing may take; the engine gives the server two."""

SWITCHING = 101
PROXIES = ("ws", "wss", "socks", "https", "http")
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class MediaLink:
    """An open WebSocket; `fourwire.inworld.transport.Transport`, and `Shortcut`."""

    def __init__(self, link: _core.LiveLink, response: HTTPResponse) -> None:
        self.response = response
        self.link = link
        self.id = link.id
        """Names the link; never given out twice by an engine."""
        self.is_joined = False
        """Whether a leg has had the message that `recv` gave last, where it was for a leg."""
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._over = asyncio.Event()
        self._closed: WebSocketClosed | None = None
        self._partner: MediaLeg | None = None
        self._halting = 0

    @property
    def shortcut(self) -> "MediaLink":
        """What can join this with a leg: itself."""
        return self

    async def send(self, frame: bytes) -> None:
        """Send UTF-8 `frame` as a text frame; return when there is room for another."""
        if self._closed is not None:
            raise Disconnected(self._closed)
        self.link.send(frame)
        while self.link.backlog() > MOST_BACKLOG and self._closed is None:
            self._room.clear()
            await self._room.wait()

    async def recv(self) -> bytes:
        """The next whole message, text or binary, undecoded."""
        while True:
            while not self._events:
                if self._closed is not None:
                    raise Disconnected(self._closed)
                self._news.clear()
                await self._news.wait()
            event = self._events.popleft()
            if isinstance(event, bytes):
                self.link.took(len(event))
                return event
            self._heed(event)

    async def close(self) -> None:
        """Close with code 1000, within a few seconds whatever the peer does; idempotent."""
        self.link.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._over.wait()

    def join(self, leg: MediaLeg) -> None:
        """Let `leg` have what is for it, before anybody else, as soon as all that came earlier has
        been taken with `recv`.
        """
        self._partner = leg
        self._halting += 1
        self.link.halt()

    def part(self) -> None:
        """Let nobody else have anything any more."""
        self._partner = None
        self.link.part()

    def counters(self) -> dict[str, int]:
        """What went through the socket, and what did not."""
        return self.link.counters()

    def receive(self, event: Event) -> None:
        """Take in what the engine tells of this link; only `Media` calls this."""
        if isinstance(event, LinkRelieved):
            self._room.set()
            return
        if isinstance(event, LinkClosed):
            self._closed = WebSocketClosed(code=event.code, reason=event.reason, clean=event.clean)
            self._room.set()
            self._over.set()
        else:
            self._events.append(event)
        self._news.set()

    @property
    def is_over(self) -> bool:
        """Whether nothing of this link is to be told any more."""
        return self._closed is not None

    def _heed(self, event: Event) -> None:
        """Take notice of a mark between messages."""
        if isinstance(event, LinkParted):
            self.is_joined = False
        elif isinstance(event, LinkHalted):
            self._halting -= 1
            if self._halting == 0 and self._partner is not None:
                self._partner.hear(self.link)
                self.is_joined = True


def can_open(target: Target) -> bool:
    """Whether the engine can open a WebSocket to `target`: there is no proxy on the way, and it is
    for the system to say whom to trust.
    """
    if target.ssl is not None or isinstance(target.proxy, str):
        return False
    return target.proxy is None or not _may_need_proxy(target.url)


def _may_need_proxy(url: str) -> bool:
    """Whether the environment has a proxy that may be meant; which it is, the library knows."""
    host = urlsplit(url).netloc
    return any(kind in getproxies() for kind in PROXIES) and not proxy_bypass(host)


async def open_link(target: Target) -> _core.OpenedLink | None:
    """Open a WebSocket to `target`; None where the server sends us elsewhere.

    Raises `Unreachable` and `HandshakeRefused`.
    """
    try:
        connected = await _connected(target)
        try:
            opened = await in_own_thread("fourwire-open", _handshake(target, connected))
        except BaseException:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)  # so that the thread ends as well
            raise
        finally:
            connected.close()
    except OSError as error:
        raise Unreachable(target.host, target.redactor.text(str(error))) from error
    if opened.status in REDIRECTS:
        return None
    if opened.status != SWITCHING:
        raise HandshakeRefused(target.host, answer_of(opened, target))
    return opened


def answer_of(opened: _core.OpenedLink, target: Target) -> HTTPResponse:
    """The server's answer to the handshake, without secrets."""
    return response_of(target, opened.status, opened.reason, opened.headers, opened.body)


async def _connected(target: Target) -> socket.socket:
    """A TCP connection to the target's host, to the first of its addresses that answers."""
    parts = urlsplit(target.url)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, str(parts.hostname), port)
    try:
        transport.pause_reading()
        return socket.fromfd(
            transport.get_extra_info("socket").fileno(), socket.AF_INET, socket.SOCK_STREAM
        )
    finally:
        transport.abort()


def _handshake(target: Target, connected: socket.socket) -> Callable[[], _core.OpenedLink]:
    parts = urlsplit(target.url)
    host = str(parts.hostname)
    return partial(
        _core.OpenedLink,
        connected.fileno(),
        host=host if host.isascii() else host.encode("idna").decode(),
        authority=parts.netloc,
        target=f"{parts.path or '/'}?{parts.query}",
        secure=parts.scheme == "wss",
        headers=[("Authorization", target.authorization), ("User-Agent", target.user_agent)],
        patience_s=HANDSHAKE_SECONDS,
    )


HANDSHAKE_SECONDS = 60.0
"""How long a handshake may take at most; whoever opens a session gives up sooner."""
