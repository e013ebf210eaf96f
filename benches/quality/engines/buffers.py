"""What most small programs do: a fixed delay, and something simple where a packet is missing."""

import numpy as np

import fourwire as fw
from benches.quality.engines.engine import (
    NS,
    TICK,
    Arrivals,
    Heard,
    at_the_pace_of_the_clock,
    played,
)
from benches.quality.speech import RATE

#: The usual delay of buffers that do not adapt.
DELAY_NS = 60_000_000

TICK_NS = TICK * NS // RATE


class Fixed:
    """Plays each sample so long after the first packet as its timestamp says, and 60 ms more."""

    def __init__(self) -> None:
        self._ssrc: int | None = None
        self._origin = (0, 0)
        self._codes: dict[int, int] = {}
        self._missing = 0

    def hear(self, arrivals: Arrivals, end_ns: int) -> Heard:
        """As a loudspeaker does: asked for 20 ms every 20 ms."""
        pcm = at_the_pace_of_the_clock(arrivals, end_ns, self._receive, self._play)
        return played(pcm, self._missing / max(1, len(pcm)))

    def _receive(self, now: int, datagram: bytes) -> None:
        packet = fw.RtpPacket.parse(datagram)
        if packet.ssrc != self._ssrc:
            self._ssrc, self._codes = packet.ssrc, {}
            # On the grid of its own ticks, or every loss would touch two of them.
            begin = -(-(now + DELAY_NS) // TICK_NS) * TICK_NS
            self._origin = (begin, packet.timestamp)
        first = (packet.timestamp - self._origin[1] + 2**31) % 2**32 - 2**31
        self._codes.update(enumerate(packet.payload, first))

    def _play(self, now: int) -> np.ndarray:
        if self._ssrc is None:
            return np.zeros(TICK, "<i2")
        at = (now - self._origin[0]) * 8 // 1_000_000
        codes = [self._codes.pop(at + n, None) for n in range(TICK)]
        if None in codes:
            self._missing += TICK
            return self.conceal()
        pcm = np.frombuffer(fw.g711.decode_pcmu(bytes(codes)), "<i2")  # type: ignore[arg-type]
        return self.go_on(pcm)

    def go_on(self, pcm: np.ndarray) -> np.ndarray:
        """What is played where a packet is there."""
        return pcm

    def conceal(self) -> np.ndarray:
        """What is played where one is missing."""
        raise NotImplementedError


class Silence(Fixed):
    """Nothing in place of a lost packet."""

    def conceal(self) -> np.ndarray:
        return np.zeros(TICK, "<i2")


class Repetition(Fixed):
    """The last packet once more, again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._last = np.zeros(TICK, "<i2")

    def go_on(self, pcm: np.ndarray) -> np.ndarray:
        self._last = pcm
        return pcm

    def conceal(self) -> np.ndarray:
        return self._last
