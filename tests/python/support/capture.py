"""RTP on the wire: captures for SIPp to play, and sockets that note what comes, and when.

A SIPp that plays captures sends from the port that its SDP names, but never opens that port: an
`Ear` there hears what the caller would. The times are the kernel's, so that a test which is slow
to read does not bend them.
"""

import socket
import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

import anyio

from fourwire import RtpPacket, g711

PACKET_SAMPLES = 160
"""Twenty milliseconds at 8 kHz."""

SO_TIMESTAMPNS = 35
"""Linux, asm-generic/socket.h; Python has no name for it."""

ETHERNET = b"\0" * 12 + b"\x08\x00"
"""Addresses that nobody reads, and the type of IPv4."""

CODECS = {
    0: (g711.encode_pcmu, g711.decode_pcmu),
    8: (g711.encode_pcma, g711.decode_pcma),
}
"""Encoder and decoder of each static payload type (RFC 3551 section 6)."""


def write_speech(path: Path, pcm: bytes, payload_type: int) -> None:
    """A capture of a caller who says `pcm` (16 bit, 8 kHz), a packet every 20 ms."""
    write_packets(path, bytes(CODECS[payload_type][0](pcm)), payload_type)


def write_packets(path: Path, codes: bytes, payload_type: int) -> None:
    """A capture of a caller who sends `codes`, 160 octets every 20 ms."""
    packets = [
        RtpPacket(
            payload_type=payload_type,
            sequence=1000 + number,
            timestamp=160 * number,
            ssrc=0x5155_1BB0,
            payload=codes[start : start + PACKET_SAMPLES],
            marker=number == 0,
        ).write()
        for number, start in enumerate(range(0, len(codes), PACKET_SAMPLES))
    ]
    write_capture(path, ((0.02 * number, packet) for number, packet in enumerate(packets)))


def write_capture(path: Path, datagrams: Iterable[tuple[float, bytes]]) -> None:
    """A pcap file of UDP datagrams and the seconds at which they were seen."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1))
        for seconds, datagram in datagrams:
            frame = ETHERNET + _ipv4(datagram)
            whole, micros = divmod(round(seconds * 1e6), 1_000_000)
            file.write(struct.pack("<IIII", whole, micros, len(frame), len(frame)) + frame)


def _ipv4(datagram: bytes) -> bytes:
    udp = struct.pack(">HHHH", 4000, 4000, 8 + len(datagram), 0) + datagram
    loopback = socket.inet_aton("127.0.0.1")
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + loopback * 2 + udp


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet, and when the kernel had it."""

    at_ns: int
    packet: RtpPacket


class Ear:
    """A port that notes all RTP which comes to it."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            raise
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self.arrivals: list[Arrival] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hear no more. Idempotent."""
        self._socket.close()

    def listen(self) -> None:
        """Take what has come so far."""
        while True:
            try:
                datagram, notes, _, _ = self._socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            self.arrivals.append(Arrival(_stamp(notes), RtpPacket.parse(datagram)))

    @property
    def gaps_ms(self) -> list[float]:
        """Times between one packet and the next."""
        return [(b.at_ns - a.at_ns) / 1e6 for a, b in pairwise(self.arrivals)]

    @property
    def missing(self) -> int:
        """Sequence numbers between the first packet and the last that never came."""
        numbers = [arrival.packet.sequence for arrival in self.arrivals]
        return sum((b - a) % 65_536 - 1 for a, b in pairwise(numbers))

    @property
    def speech(self) -> bytes:
        """What was heard, as 16-bit samples at 8 kHz."""
        heard = (arrival.packet for arrival in self.arrivals)
        return b"".join(bytes(CODECS[p.payload_type][1](p.payload)) for p in heard)


def _stamp(notes: Sequence[tuple[int, int, bytes]]) -> int:
    for level, kind, content in notes:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanos = struct.unpack("@ll", content[: struct.calcsize("@ll")])
            return int(seconds * 1_000_000_000 + nanos)
    return time.time_ns()


async def listen_on(ears: Sequence[Ear]) -> None:
    """Empty the sockets of `ears` now and then, until cancelled."""
    while True:
        for ear in ears:
            ear.listen()
        await anyio.sleep(0.2)  # far shorter than a socket can wait
