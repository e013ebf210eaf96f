"""Pages for machines: `/metrics`, `/healthz` and `/readyz`, by plain HTTP, to be read only.

The server is that of the `websockets` library, which reads one GET request a connection, with
bounded lines and headers, and refuses everything else; HEAD and HTTP/1.0 are put into its words.
Nothing here changes anything.
"""

import asyncio
import ipaddress
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

__all__ = ["Http", "HttpListen", "Page", "http_pages"]

MOST_CONNECTIONS = 64
"""Connections at a time; one more is cut off."""

REQUEST_SECONDS = 5.0
"""How long a client may take for its request."""

LARGEST_URL = 500
"""Characters of a path that are looked at."""

LARGEST_LINE = 1000
"""Bytes of a request line that are waited for."""

_AS_GET = re.compile(rb"\A(?:GET|HEAD) ([^ \r\n]+) HTTP/1\.[01](\r?\n)")
"""HEAD, and HTTP/1.0, which proxies and load balancers speak: nginx and HAProxy by default."""

_quiet = logging.getLogger("fourwire.http")
_quiet.setLevel(logging.CRITICAL)  # what strangers send is no news


class HttpListen:
    """Where pages are served, written `127.0.0.1:9090` or `[::1]:9090`."""

    __slots__ = ("host", "port")

    def __init__(self, text: str) -> None:
        match = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\[\]]+)):(\d{1,5})", text.strip())
        if not match or int(match[3]) > 65_535:
            raise ValueError("is written 127.0.0.1:9090 or [::1]:9090")
        self.host = match[1] or match[2]
        self.port = int(match[3])
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            raise ValueError("must begin with an IP address, as 127.0.0.1:9090") from None

    def __repr__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"HttpListen('{host}:{self.port}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HttpListen) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class Http(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pages for machines (`[http]`)."""

    listen: HttpListen | None = None
    """Where they are served, as `127.0.0.1:9090`; unset: nowhere. Anybody who gets there can read
    them, so let it be no public address."""


class Page(msgspec.Struct, frozen=True):
    """What one path says."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "application/json"


Pages = Mapping[str, Callable[[], Page]]


class _Bounded(ServerConnection):
    """A connection of which there are only so many."""

    open_now = 0
    asked_head = False
    """Whether the page itself is not to be sent."""
    _begun = False
    _line = b""
    """What came of a request line that has not ended."""

    def data_received(self, data: bytes) -> None:
        """Put the request line into words that the library knows, and let it read on."""
        if not self._begun:
            data, self._line = self._line + data, b""
            if b"\n" not in data and len(data) < LARGEST_LINE:
                self._line = data
                return
            self._begun = True
            self.asked_head = data.startswith(b"HEAD ")
            data = _AS_GET.sub(rb"GET \1 HTTP/1.1\2", data, count=1)
        super().data_received(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        _Bounded.open_now += 1
        if _Bounded.open_now > MOST_CONNECTIONS:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        _Bounded.open_now -= 1
        super().connection_lost(exc)


@asynccontextmanager
async def http_pages(listen: HttpListen, pages: Pages) -> AsyncIterator[tuple[str, int]]:
    """Serve `pages` while the block runs; the address that is bound."""

    def answer(connection: ServerConnection, request: Request) -> Response:
        page = _page(pages, request.path[:LARGEST_URL])
        return _response(page, bare=isinstance(connection, _Bounded) and connection.asked_head)

    async with serve(
        _no_websocket,
        listen.host,
        listen.port,
        process_request=answer,
        create_connection=_Bounded,
        compression=None,
        open_timeout=REQUEST_SECONDS,
        close_timeout=1.0,
        max_size=1024,
        server_header=None,
        logger=_quiet,
    ) as server:
        yield next(iter(server.sockets)).getsockname()[:2]


def _page(pages: Pages, path: str) -> Page:
    page = pages.get(path.partition("?")[0])
    if page is None:
        there = " ".join(pages)
        return Page(f"there are {there}\n".encode(), HTTPStatus.NOT_FOUND, "text/plain")
    return page()


def _response(page: Page, *, bare: bool) -> Response:
    headers = Headers()
    headers["Content-Type"] = page.content_type
    headers["Content-Length"] = str(len(page.body))
    headers["Cache-Control"] = "no-store"
    headers["Connection"] = "close"
    return Response(page.status, page.status.phrase, headers, b"" if bare else page.body)


async def _no_websocket(connection: ServerConnection) -> None:
    """Never runs: every request is answered before a WebSocket could be opened."""
    await connection.close()
