"""Somebody who speaks SIP by hand, and so as badly as a test likes."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import anyio
import anyio.lowlevel

from fourwire.sip.message import Response, parse

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9998 RTP/AVP 0\r\n"
)


class Stranger(asyncio.DatagramProtocol):
    """A UDP socket towards a gateway: requests go out as text, responses wait to be taken."""

    def __init__(self) -> None:
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport | None = None
        self._count = itertools.count(1)
        self.port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio's protocol."""
        # Event loops do not agree on base classes, so this cannot be an isinstance check.
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Part of asyncio's protocol."""
        self._inbox.put_nowait(data)

    def send(self, data: bytes | str) -> None:
        """Send one datagram."""
        assert self._transport is not None
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        self._transport.sendto(raw)

    async def hear(self, *starts: str) -> bytes:
        """The next message that begins with one of `starts`; others are passed over."""
        with anyio.fail_after(10):
            while True:
                data = await self._inbox.get()
                if data.decode("utf-8", "replace").startswith(starts):
                    return data

    async def final(self) -> Response:
        """The next final response; provisional ones and requests are passed over."""
        message = parse(await self.hear(*(f"SIP/2.0 {digit}" for digit in "23456")))
        assert isinstance(message, Response)
        return message

    def dialog(self, user: str = "voxi", *, sender: str = "", contact: str = "") -> "ByHand":
        """A call that is yet to be placed."""
        return ByHand(self, next(self._count), user, sender=sender, contact=contact)

    def close(self) -> None:
        """Close the socket."""
        assert self._transport is not None
        self._transport.close()


class ByHand:
    """One dialog, each of its requests written out."""

    def __init__(
        self, stranger: Stranger, number: int, user: str, *, sender: str, contact: str
    ) -> None:
        self._stranger = stranger
        self.call_id = f"by-hand-{stranger.port}-{number}"
        self._user = user
        self._sender = sender or "<sip:1001@127.0.0.1>"
        self._contact = contact or f"<sip:1001@127.0.0.1:{stranger.port}>"
        self._cseq = 0
        self.to_tag = ""

    def request(
        self, method: str, body: str | None = None, *, cseq: int = 0, branch: str = ""
    ) -> str:
        """A request as text; without `cseq` the next one."""
        self._cseq = cseq or self._cseq + 1
        kind = "" if body is None else "Content-Type: application/sdp\r\n"
        body = body or ""
        tag = f";tag={self.to_tag}" if self.to_tag else ""
        branch = branch or f"{self.call_id}-{self._cseq}-{method}"
        return (
            f"{method} sip:{self._user}@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._stranger.port};rport;branch=z9hG4bK{branch}\r\n"
            f"Max-Forwards: 70\r\nFrom: {self._sender};tag=hand\r\n"
            f"To: <sip:{self._user}@127.0.0.1>{tag}\r\nCall-ID: {self.call_id}\r\n"
            f"CSeq: {self._cseq} {method}\r\nContact: {self._contact}\r\n{kind}"
            f"Content-Length: {len(body.encode('utf-8', 'surrogateescape'))}\r\n\r\n{body}"
        )

    def send(
        self, method: str, body: str | None = None, *, cseq: int = 0, branch: str = ""
    ) -> None:
        """Send a request."""
        self._stranger.send(self.request(method, body, cseq=cseq, branch=branch))

    async def invite(self, offer: str | None = OFFER) -> Response:
        """Send an INVITE; its final response, not yet acknowledged."""
        self.send("INVITE", offer)
        response = await self._stranger.final()
        while (response.call_id, response.cseq.number) != (self.call_id, self._cseq):
            response = await self._stranger.final()
        self.to_tag = response.to.tag or ""
        return response

    def acknowledge(self, answer: str | None = None) -> None:
        """Send the ACK to the last INVITE's 2xx."""
        self.send("ACK", answer, cseq=self._cseq)

    async def heard_bye(self) -> None:
        """Wait for the gateway's BYE, and answer it."""
        bye = (await self._stranger.hear("BYE ")).decode()
        lines = [
            line
            for line in bye.split("\r\n")
            if line.partition(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")
        ]
        self._stranger.send("\r\n".join(["SIP/2.0 200 OK", *lines, "Content-Length: 0", "", ""]))


@asynccontextmanager
async def stranger(host: str, port: int) -> AsyncIterator[Stranger]:
    """A stranger on loopback who talks to the gateway at `host` and `port`."""
    loop = asyncio.get_running_loop()
    _, made = await loop.create_datagram_endpoint(Stranger, remote_addr=(host, port))
    try:
        yield made
    finally:
        made.close()
        await anyio.lowlevel.checkpoint()  # lets asyncio close the socket
