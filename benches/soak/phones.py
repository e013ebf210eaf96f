"""Telephones without a codec: a socket each, a packet every 20 ms, and a note of what comes.

Arrival times are the kernel's, so that a busy harness does not blame the gateway.
"""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise

SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@qq")
HEADER = struct.Struct("!BBHII")

PACKET_S = 0.02
QUIET = bytes([0xFF]) * 160
LOUD = bytes([0xD0, 0x50] * 80)
"""A tone of 4 kHz, which stands for speech."""

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet of RTP that came."""

    at_ns: int
    sequence: int
    payload: bytes

    @property
    def is_loud(self) -> bool:
        """Whether there is anything but silence in it."""
        return self.payload.count(0xFF) < len(self.payload)


class Phone:
    """One end of a call; `speaks` and `is_loud` say what it sends."""

    def __init__(self, ssrc: int, host: str = "127.0.0.1") -> None:
        self.ssrc = ssrc
        self.remote: Address | None = None
        self.speaks = True
        self.is_loud = False
        self.sent = 0
        self.heard: list[Arrival] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.address: Address = self.socket.getsockname()
        """Where it is called back."""

    def send(self) -> None:
        """Send the next packet."""
        if self.remote is None or not self.speaks:
            return
        place = (self.sent & 0xFFFF, self.sent * 160 & 0xFFFFFFFF)
        self.sent += 1
        self.throw(HEADER.pack(0x80, 0, *place, self.ssrc) + (LOUD if self.is_loud else QUIET))

    def throw(self, datagram: bytes) -> None:
        """Send anything at all."""
        if self.remote is not None:
            with suppress(OSError):  # what the kernel tells of an earlier packet
                self.socket.sendto(datagram, self.remote)

    def take(self) -> None:
        """Note what has come."""
        while True:
            try:
                packet, extra, _, _ = self.socket.recvmsg(2048, 128)
            except BlockingIOError:
                return
            except OSError:
                continue  # what the kernel tells of an earlier packet
            if len(packet) < 12 or packet[1] & 0x7F != 0:
                continue
            seconds, nanos = TIMESPEC.unpack(extra[0][2][:16])
            _, _, sequence, _, _ = HEADER.unpack_from(packet)
            self.heard.append(Arrival(seconds * 1_000_000_000 + nanos, sequence, packet[12:]))

    @property
    def gaps_ms(self) -> list[float]:
        """Times between packets."""
        return [(late.at_ns - early.at_ns) / 1e6 for early, late in pairwise(self.heard)]

    @property
    def missing(self) -> int:
        """Packets that never came, of those between the first and the last."""
        steps = ((late.sequence - early.sequence) & 0xFFFF for early, late in pairwise(self.heard))
        return sum(step - 1 for step in steps if 0 < step < 0x8000)

    @property
    def audio(self) -> bytes:
        """All that was heard, in µ-law."""
        return b"".join(arrival.payload for arrival in self.heard)

    def is_quiet(self, seconds: float) -> bool:
        """Whether nothing was heard for so long."""
        packets = round(seconds / PACKET_S)
        return not any(arrival.is_loud for arrival in self.heard[-packets:])

    @property
    def heard_speech(self) -> bool:
        """Whether somebody spoke."""
        return any(arrival.is_loud for arrival in self.heard)


class Phones:
    """All phones, on one clock."""

    def __init__(self) -> None:
        self.late_ms = 0.0
        """How late this harness was at worst."""
        self._present: set[Phone] = set()

    def add(self, phone: Phone) -> None:
        """Let `phone` send and hear from now on."""
        self._present.add(phone)
        asyncio.get_running_loop().add_reader(phone.socket, phone.take)

    def neglect(self, phone: Phone) -> None:
        """Listen to `phone` no longer: there are more of them than this harness can follow."""
        asyncio.get_running_loop().remove_reader(phone.socket)

    def remove(self, phone: Phone) -> None:
        """Switch `phone` off. Idempotent."""
        if phone in self._present:
            self._present.remove(phone)
            asyncio.get_running_loop().remove_reader(phone.socket)
            phone.socket.close()

    async def run(self) -> None:
        """Have all of them send until cancelled."""
        due = time.monotonic()
        while True:
            for phone in tuple(self._present):
                phone.send()
            due += PACKET_S
            late = time.monotonic() - due
            self.late_ms = max(self.late_ms, late * 1000)
            await asyncio.sleep(max(0.0, -late))


@asynccontextmanager
async def phones() -> AsyncIterator[Phones]:
    """Phones that run while the block does."""
    made = Phones()
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        for phone in tuple(made._present):
            made.remove(phone)
