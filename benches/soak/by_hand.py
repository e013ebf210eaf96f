"""Peers who do not speak SIP as they should: they vanish, stop in mid-message, or talk rubbish."""

import asyncio
import socket
from contextlib import suppress
from random import Random

from benches.soak.callers import HOST
from benches.soak.phones import Phone
from fourwire.sip import MalformedMessage, Response, parse

Address = tuple[str, int]

PATIENCE_S = 30.0

NOWHERE = 9
"""Where those have their RTP sent who do not live to hear it."""

OFFER = """\
v=0\r
o=- 1 1 IN IP4 {host}\r
s=-\r
c=IN IP4 {host}\r
t=0 0\r
m=audio {media} RTP/AVP 0\r
a=ptime:20\r
"""

REQUEST = """\
{method} sip:{user}@{host} SIP/2.0\r
Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{call}{number}{branch}\r
Max-Forwards: 70\r
From: <sip:hand@{host}>;tag=hand\r
To: <sip:{user}@{host}>{to}\r
Call-ID: {call}\r
CSeq: {number} {method}\r
Contact: <sip:hand@{host}:{port}>\r
Content-Type: application/sdp\r
Content-Length: {length}\r
\r
{body}"""


class ByHand:
    """A call without a user agent: a UDP socket that sends what it is told to."""

    def __init__(self, gateway: Address, user: str, call: str, media: int) -> None:
        self._gateway, self._user, self._call = gateway, user, call
        self._offer = OFFER.format(host=HOST, media=media)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((HOST, 0))

    async def answered(self) -> Response:
        """Send an INVITE: its final response, acknowledged."""
        self.send(self.request("INVITE", self._offer))
        return await self._final()

    async def cancelled(self, after_s: float) -> Response:
        """Send an INVITE, and take it back after a while; at once where there is none."""
        self.send(self.request("INVITE", self._offer))
        await asyncio.sleep(after_s)
        self.send(self.request("CANCEL", branch="INVITE"))
        return await self._final()

    async def _final(self) -> Response:
        while (response := await self._next("INVITE")).status < 200:
            pass
        self._acknowledge(response)
        return response

    def _acknowledge(self, response: Response) -> None:
        """Send ACK: with the branch of the INVITE to a refusal, of its own else (RFC 3261 §17)."""
        branch = "ACK" if response.status < 300 else "INVITE"
        self.send(self.request("ACK", to=response.to.tag or "", branch=branch))

    async def asked(self, method: str, number: int) -> Response:
        """Send a request outside of any call: its response."""
        self.send(self.request(method, number=number))
        return await self._next(method)

    async def hang_up(self, response: Response) -> None:
        """Send BYE to whoever answered so."""
        self.send(self.request("BYE", to=response.to.tag or "", number=2))
        await self._next("BYE")

    def request(
        self, method: str, body: str = "", to: str = "", number: int = 1, branch: str = ""
    ) -> bytes:
        """A request of this call."""
        text = REQUEST.format(
            method=method,
            branch=branch or method,
            user=self._user,
            host=HOST,
            port=self._socket.getsockname()[1],
            call=self._call,
            number=number,
            to=f";tag={to}" if to else "",
            length=len(body),
            body=body,
        )
        return text.encode()

    def send(self, data: bytes) -> None:
        """Send one datagram."""
        with suppress(OSError):
            self._socket.sendto(data, self._gateway)

    def vanish(self) -> None:
        """Be gone, without a word."""
        self._socket.close()

    async def _next(self, method: str) -> Response:
        """The next response to a request of this method."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                data = await loop.sock_recv(self._socket, 65_536)
                with suppress(MalformedMessage):
                    message = parse(data)
                    if isinstance(message, Response) and message.cseq.method == method:
                        return message


def malformed(random: Random, message: bytes) -> bytes:
    """`message`, with some of it changed, cut off, doubled or filled with rubbish."""
    data = bytearray(message)
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(data) + 1)
        much = random.randrange(1, 40)
        match random.randrange(5):
            case 0:
                data[at : at + much] = b""
            case 1:
                data[at:at] = random.randbytes(much)
            case 2:
                data[at : at + much] = random.randbytes(much)
            case 3:
                data[at:at] = data[at : at + much]
            case _:
                data = data[: max(1, at)]
    return bytes(data)


def malformed_rtp(random: Random, phone: Phone) -> bytes:
    """Something that begins as RTP may, or as nothing."""
    first = random.choice([0x80, 0x90, 0xA0, 0xBF, 0x81, 0x40, 0x00])
    head = bytes([first, random.choice([0, 0x80, 8, 101, 200, 201, 203, 127])])
    return head + random.randbytes(random.randrange(1500))


async def half_open(gateway: Address, sent: bytes, seconds: float, leaves: str) -> None:
    """A connection that says a part of something, then waits, and leaves without finishing it.

    `leaves` is "closes", "aborts" (a reset), or "stays": until the other side has closed.
    """
    reader, writer = await asyncio.open_connection(*gateway)
    with suppress(OSError):
        writer.write(sent)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S if leaves == "stays" else seconds):
                await reader.read(1 << 20)
    if leaves == "aborts":
        writer.transport.abort()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
