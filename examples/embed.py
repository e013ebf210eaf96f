"""Put an agent on calls of a SIP server that you have already.

    python examples/embed.py            # the stand-in agent talks to the caller
    python examples/embed.py --echo     # the caller hears itself, raw audio in your own hands

Your server keeps its signalling. It hands over the caller's SDP offer, sends back the answer, and
has a running leg: RTP, jitter, DTMF, pacing and barge-in are no longer its business. No SIP of
fourwire is involved, and none of its application layer; the server here is a few lines of pretence.
"""

import argparse
import asyncio

from fourwire import RtpPacket, g711, inworld, join, level_dbov, standin
from fourwire._core import Audio, Closed, Key, ReplyStarted
from fourwire.media import AnsweredLeg, Media

SESSION = {"instructions": "You answer the telephone.", "output_modalities": ["audio", "text"]}
GREETING = "The phone call just connected. Greet the caller."


async def take_call(media: Media, server: "PretendedServer", agent_url: str | None) -> None:
    """What your server does when an INVITE has come, with its body in hand."""
    answer, leg = media.answer_to(server.offer(), address="127.0.0.1")
    server.send_200_ok(answer)
    try:
        if agent_url is None:
            await echo(leg)
        else:
            await converse(media, leg, agent_url)
    finally:
        leg.close()


async def converse(media: Media, leg: AnsweredLeg, url: str) -> None:
    """Join the leg and an agent; the caller can interrupt it, and may press # to end the call."""
    audio = inworld.AudioFormats(leg.format, leg.format)
    connecting = inworld.connect(
        api_key="any",
        session_key="call-1",
        url=url,
        audio=audio,
        dial=media.dial,  # a WebSocket that the engine runs, so that audio passes Python by
    )
    async with connecting as agent:
        await agent.session_update(SESSION)
        join(leg, agent)
        agent.greet(GREETING)
        async for event in leg.events():
            match event:
                case ReplyStarted(item):
                    print(f"the agent begins {item or 'to speak'}")
                case Key("#") | Closed():
                    return


async def echo(leg: AnsweredLeg) -> None:
    """Say back what the caller says, twenty milliseconds at a time."""
    leg.bridge(input=leg.format, output=leg.format, shape="audio", append_ms=20)
    async for event in leg.events():
        match event:
            case Audio(_, audio):
                leg.say(audio)
            case Key("#"):
                return


class PretendedServer(asyncio.DatagramProtocol):
    """What stands for your SIP server and for the telephone at its other end."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.answered = asyncio.Event()
        self._leg: tuple[str, int] | None = None
        self._sent = 0
        self._line: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Be reachable."""
        loop = asyncio.get_running_loop()
        self._line, _ = await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))

    def offer(self) -> str:
        """The body of the caller's INVITE."""
        assert self._line is not None
        port = self._line.get_extra_info("sockname")[1]
        return (
            "v=0\r\no=phone 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 101\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
        )

    def send_200_ok(self, answer: str) -> None:
        """Send the answer back to the telephone, which learns where to send its audio."""
        media = next(line for line in answer.splitlines() if line.startswith("m=audio "))
        self._leg = ("127.0.0.1", int(media.split()[1]))
        print(f"the call is answered at port {self._leg[1]}")
        self.answered.set()

    def datagram_received(self, datagram: bytes, address: tuple[str, int]) -> None:
        """The telephone's ear."""
        packet = RtpPacket.parse(datagram)
        if packet.payload_type == 0:
            self.heard += packet.payload

    async def speak(self, seconds: float, code: int = 0xFF) -> None:
        """The telephone's mouth: silence, or a square wave of that loudness."""
        for _ in range(round(seconds * 50)):
            self._send(0, bytes([code, code ^ 0x80]) * 80)
            await asyncio.sleep(0.02)

    def press_hash(self) -> None:
        """The telephone's keyboard, with one key (RFC 4733): `#` for 40 ms."""
        for _ in range(3):
            self._send(101, bytes([11, 0x8A, 0x01, 0x40]))

    def _send(self, payload_type: int, payload: bytes) -> None:
        packet = RtpPacket(
            payload_type=payload_type,
            sequence=self._sent,
            timestamp=160 * self._sent,
            ssrc=1,
            payload=payload,
        )
        self._sent += 1
        assert self._line is not None
        self._line.sendto(packet.write(), self._leg)


async def main(agent_url: str | None) -> None:
    """One call, as both its ends live it."""
    server = PretendedServer()
    await server.open()
    async with Media(address="127.0.0.1") as media:
        call = asyncio.create_task(take_call(media, server, agent_url))
        await server.answered.wait()
        await server.speak(0.5)
        await server.speak(1.0, code=0xA0)
        await server.speak(1.5)
        server.press_hash()
        await call
    level = level_dbov(g711.decode_pcmu(server.heard))
    print(f"the caller heard {len(server.heard) / 8000:.1f} s at {level:.0f} dBov")


async def with_stand_in() -> None:
    """The same with an agent that needs no account and no network."""
    async with standin.serve() as server:
        await main(server.url)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Put an agent on calls of a SIP server.")
    parser.add_argument("--echo", action="store_true", help="say back what the caller says")
    asyncio.run(main(None) if parser.parse_args().echo else with_stand_in())
