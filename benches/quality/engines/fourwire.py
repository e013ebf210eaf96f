"""Ours: the line towards the agent, and the one towards ears."""

import numpy as np

import fourwire as fw
from benches.quality.engines.engine import (
    TICK,
    Arrivals,
    Heard,
    Unavailable,
    at_the_pace_of_the_clock,
    in_pieces,
    played,
)


class Dejitter:
    """Audio goes on as soon as it is contiguous; exactly what is missing is made up."""

    def __init__(self) -> None:
        self._dejitter = fw.Dejitter()
        self._pieces: list[tuple[int, np.ndarray]] = []

    def hear(self, arrivals: Arrivals, end_ns: int) -> Heard:
        """As the engine does: polled with each packet and at each deadline."""
        for now, datagram in arrivals:
            self._run(now)
            self._dejitter.receive(now, datagram)
            self._poll(now)
        self._run(end_ns)
        counters = self._dejitter.counters()
        made_up = counters["concealed_samples"] + counters["quiet_samples"]
        return in_pieces(self._pieces, made_up / max(1, made_up + counters["played_samples"]))

    def _run(self, until: int) -> None:
        while (due := self._dejitter.deadline_ns) is not None and due <= until:
            self._poll(due)

    def _poll(self, now: int) -> None:
        while (pcm := self._dejitter.poll(now)) is not None:
            self._pieces.append((now, np.frombuffer(pcm, "<i2")))


class Playout:
    """Played at the pace of the clock, stretched and shortened to follow the network."""

    def __init__(self) -> None:
        try:
            self._buffer = fw.PlayoutBuffer(codec="PCMU")  # type: ignore[attr-defined]
        except AttributeError:
            raise Unavailable("fourwire.PlayoutBuffer is not there") from None

    def hear(self, arrivals: Arrivals, end_ns: int) -> Heard:
        """As a loudspeaker does: asked for 20 ms every 20 ms."""
        pcm = at_the_pace_of_the_clock(arrivals, end_ns, self._buffer.receive, self._play)
        return played(pcm, self._concealed(len(pcm)))

    def _play(self, now: int) -> np.ndarray:
        return np.frombuffer(self._buffer.play(now, TICK), "<i2")

    def _concealed(self, samples: int) -> float | None:
        made_up = self._buffer.counters().get("concealed_samples")
        return None if made_up is None else made_up / samples
