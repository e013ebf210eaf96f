"""Whoever we call, played message by message on a real socket: one party, or several at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import anyio
import anyio.lowlevel

from fourwire.sip.errors import MalformedMessage
from fourwire.sip.message import Message, Request, Response, parse


class Callee(asyncio.DatagramProtocol):
    """A UDP socket at which requests wait to be taken, and answers are written by hand."""

    def __init__(self) -> None:
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] = ("", 0)
        self.port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio's protocol."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Part of asyncio's protocol."""
        try:
            message = parse(data)
        except MalformedMessage:
            return  # what another test's calls had sent to a port that was theirs
        self._peer = addr
        if isinstance(message, Request) and message.method == "BYE":
            self.reply(message, 200)
        self._inbox.put_nowait(message)

    @property
    def uri(self) -> str:
        """Where to call it."""
        return f"sip:far@127.0.0.1:{self.port}"

    async def asked(self, method: str) -> Request:
        """The next request of a method; all else is passed over."""
        while True:
            message = await self._next()
            if isinstance(message, Request) and message.method == method:
                return message

    async def answered(self, method: str) -> Response:
        """The next final response to a request of a method; all else is passed over."""
        while True:
            message = await self._next()
            final = isinstance(message, Response) and not message.is_provisional
            if isinstance(message, Response) and final and message.cseq.method == method:
                return message

    async def _next(self) -> Message:
        with anyio.fail_after(10):
            return await self._inbox.get()

    def reply(
        self, request: Request, status: int, *lines: str, tag: str = "a", body: str = ""
    ) -> None:
        """Answer as the party by the name of `tag`."""
        copied = [f"{name}: {request.headers[name]}" for name in ("Via", "From", "Call-ID", "CSeq")]
        to = request.headers["To"] + ("" if request.to.tag else f";tag={tag}")
        contact = f"Contact: <sip:{tag}@127.0.0.1:{self.port}>"
        self._send(f"SIP/2.0 {status} Whatever", *copied, f"To: {to}", contact, *lines, body=body)

    def ask(
        self, invite: Request, method: str, cseq: int, *lines: str, tag: str = "a", body: str = ""
    ) -> None:
        """Send a request within the dialog that `invite` made with the party `tag`."""
        self._send(
            f"{method} {invite.headers['Contact'].strip('<>')} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{tag}{cseq};rport",
            "Max-Forwards: 70",
            f"From: {invite.headers['To']};tag={tag}",
            f"To: {invite.headers['From']}",
            f"Call-ID: {invite.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{tag}@127.0.0.1:{self.port}>",
            *lines,
            body=body,
        )

    def _send(self, *lines: str, body: str = "") -> None:
        assert self._transport is not None
        kind = ("Content-Type: application/sdp",) if body else ()
        head = "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", ""])
        self._transport.sendto((head + body).encode(), self._peer)

    def close(self) -> None:
        """Close the socket."""
        assert self._transport is not None
        self._transport.close()


@asynccontextmanager
async def callee() -> AsyncIterator[Callee]:
    """A callee on loopback."""
    loop = asyncio.get_running_loop()
    _, made = await loop.create_datagram_endpoint(Callee, local_addr=("127.0.0.1", 0))
    try:
        yield made
    finally:
        made.close()
        await anyio.lowlevel.checkpoint()  # lets asyncio close the socket
