"""aiortc's buffer, set as its receiver sets it, with silence where nothing came."""

import numpy as np

import fourwire as fw
from benches.quality.engines.engine import NS, Arrivals, Heard, Unavailable, in_pieces
from benches.quality.speech import RATE

try:
    from aiortc.jitterbuffer import JitterBuffer
    from aiortc.rtp import RtpPacket as PeerPacket
except ImportError:
    JitterBuffer = None


class Aiortc:
    """Frames go on when the buffer lets them, each to the place that its timestamp has."""

    def __init__(self) -> None:
        if JitterBuffer is None:
            raise Unavailable("aiortc is not installed")
        self._buffer = JitterBuffer(capacity=16, prefetch=4)
        self._next: int | None = None
        self._silence = 0
        self._pieces: list[tuple[int, np.ndarray]] = []

    def hear(self, arrivals: Arrivals, end_ns: int) -> Heard:
        """Frames come out only when packets come in: the buffer has no clock."""
        for now, datagram in arrivals:
            packet = PeerPacket.parse(datagram)
            packet._data = packet.payload  # as its receiver does for audio
            _, frame = self._buffer.add(packet)
            if frame is not None:
                self._give(now, frame.timestamp, frame.data)
        total = sum(len(pcm) for _, pcm in self._pieces)
        return in_pieces(self._pieces, self._silence / max(1, total))

    def _give(self, now: int, timestamp: int, codes: bytes) -> None:
        pcm = np.frombuffer(fw.g711.decode_pcmu(codes), "<i2")
        gap = 0 if self._next is None else (timestamp - self._next) % 2**32
        if 0 < gap < RATE:
            self._silence += gap
            self._pieces.append((now - gap * NS // RATE, np.zeros(gap, "<i2")))
        self._next = (timestamp + len(codes)) % 2**32
        self._pieces.append((now, pcm))
