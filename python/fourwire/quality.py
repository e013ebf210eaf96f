"""How a call sounds, judged by what the network did to it: the E-model (ITU-T G.107).

Both directions are judged apart: what came to us, and, by the other side's reports (RTCP), what
came of ours. Narrow-band scale, and as if G.711 with concealment were spoken: there are no
impairment factors for the others on that scale, and what is judged is the network.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

__all__ = ["Direction", "Quality", "mos_of", "quality", "r_factor"]

BEST_R = 93.2
"""R of a connection that nothing impairs: all of G.107's parameters at their defaults."""

ROBUSTNESS = 25.1
"""Bpl of G.711 with concealment of 20 ms packets (ITU-T G.113 table I.4)."""

LEAST_PACKETS = 50
"""With fewer packets there is nothing to judge."""

PACKET_MS = 20.0
"""What waits until a packet is full."""


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction of a call's audio."""

    loss: float
    """Share of packets lost, 0 to 1."""
    burst_ratio: float
    """How much longer losses in a row are than chance makes them; 1 where unknown (G.107 §7.8)."""
    jitter_ms: float
    """Interarrival jitter (RFC 3550 §6.4.1)."""
    delay_ms: float
    """From mouth to ear, as far as we know: packet, half the round trip, and room for jitter."""
    r: float
    """Rating factor, 0 to 93.2."""
    mos: float
    """Mean opinion score of conversation, 1 to 4.5 (MOS-CQE)."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How both directions of a call sound; None where too little came to judge."""

    heard: Direction | None
    """The caller, at us."""
    sent: Direction | None
    """We, at the caller, by its reports; None where it sends none."""

    def entry(self) -> dict[str, object]:
        """As plain values, rounded."""
        return {
            name: None
            if it is None
            else {key: round(value, 3) for key, value in asdict(it).items()}
            for name, it in (("heard", self.heard), ("sent", self.sent))
        }


def quality(counters: Mapping[str, int]) -> Quality:
    """The quality of a leg with these `counters`."""
    return Quality(_heard(counters), _sent(counters))


def _heard(counters: Mapping[str, int]) -> Direction | None:
    lost, runs = counters["lost"], counters["losses"]
    expected = counters["played"] + lost
    if expected < LEAST_PACKETS:
        return None
    return _direction(lost / expected, _burst_ratio(lost, runs, expected), "jitter_us", counters)


def _sent(counters: Mapping[str, int]) -> Direction | None:
    sent, lost = counters["packets_sent"], counters["remote_lost"]
    if sent < LEAST_PACKETS or not counters["rtcp_received"]:
        return None
    return _direction(min(lost / sent, 1.0), 1.0, "remote_jitter_us", counters)


def _direction(
    loss: float, burst_ratio: float, jitter: str, counters: Mapping[str, int]
) -> Direction:
    jitter_ms = counters[jitter] / 1000
    delay_ms = PACKET_MS + counters["round_trip_us"] / 2000 + 2 * jitter_ms
    r = r_factor(loss, burst_ratio, delay_ms)
    return Direction(loss, burst_ratio, jitter_ms, delay_ms, r, mos_of(r))


def _burst_ratio(lost: int, runs: int, expected: int) -> float:
    """Mean length of losses in a row over that of losses by chance (G.107 §7.8)."""
    if not lost or not runs or lost == expected:
        return 1.0
    return max(1.0, (lost / runs) * (1 - lost / expected))


def r_factor(loss: float, burst_ratio: float, delay_ms: float) -> float:
    """The rating factor R of a connection (ITU-T G.107).

    `loss` is a share; equation 7-29 for it, 7-27 for the delay. Echo is taken to be cancelled.
    """
    percent = 100 * loss
    impairment = 95 * percent / (percent / burst_ratio + ROBUSTNESS) if percent else 0.0
    return max(0.0, BEST_R - impairment - _delay_impairment(delay_ms))


def _delay_impairment(delay_ms: float) -> float:
    """Idd: what a delay of more than 100 ms takes (G.107 equation 7-27)."""
    if delay_ms <= 100:
        return 0.0
    x = math.log2(delay_ms / 100)
    bend: float = (1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6)
    return 25 * (bend + 2)


def mos_of(r: float) -> float:
    """The mean opinion score that `r` stands for (G.107 Annex B)."""
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
