"""What happens to a call: a network, and what the sender does besides."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import fourwire as fw
from benches.quality.speech import RATE, silent

NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Sender:
    """How speech is made packets."""

    #: Milliseconds of a packet, each for a part of the call of the same length.
    packet_times: tuple[int, ...] = (20,)
    #: Whether SSRC, sequence numbers and timestamps begin anew in the middle of the call.
    new_ssrc: bool = False
    #: Whether sequence numbers and timestamps jump in the middle, as of another program.
    jumps: bool = False
    #: Whether packets of silence are left out.
    suppresses_silence: bool = False

    def packets(self, pcm: np.ndarray) -> Iterator[tuple[int, bytes]]:
        """All packets of a call, each with the time when its last sample was spoken."""
        codes = fw.g711.encode_pcmu(pcm)
        number, at = 0, 0
        while at < len(pcm):
            part = at * len(self.packet_times) // len(pcm)
            samples = self.packet_times[part] * RATE // 1000
            payload = codes[at : at + samples]
            later = at >= len(pcm) // 2
            if not (self.suppresses_silence and silent(pcm[at : at + samples])):
                yield (at + len(payload)) * NS // RATE, self._packet(number, at, later, payload)
                number += 1
            at += len(payload)

    def _packet(self, number: int, at: int, later: bool, payload: bytes) -> bytes:
        jump = 30_000 if later and (self.new_ssrc or self.jumps) else 0
        return fw.RtpPacket(
            payload_type=0,
            sequence=(65_000 + number + jump) % 65_536,
            timestamp=(4_294_900_000 + at + 50_000 * jump) % 2**32,
            ssrc=2 if later and self.new_ssrc else 1,
            payload=payload,
        ).write()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A call that is sent, and the network that it goes through."""

    name: str
    about: str
    network: dict[str, Any]
    sender: Sender = field(default_factory=Sender)

    def arrivals(self, pcm: np.ndarray, seed: int) -> list[tuple[int, bytes]]:
        """When which datagram arrives."""
        sent = list(self.sender.packets(pcm))
        network = fw.Network(**self.network, seed=seed)
        return [(at, sent[which][1]) for at, which in network.arrivals([it[0] for it in sent])]


def scenarios() -> dict[str, Scenario]:
    """All of them by name: the network's profiles first."""
    profiles = fw.Network.profiles().items()
    networks = [Scenario(name, about, {"profile": name}) for name, about in profiles]
    jitter = {"profile": "jitter-10", "loss": 0.01}
    senders = [
        ("new-ssrc", "SSRC and all numbers begin anew in mid-call", Sender(new_ssrc=True)),
        ("jumps", "sequence and timestamp jump in mid-call", Sender(jumps=True)),
        ("packet-times", "20, 40, 10, 60, 30 ms packets by turns", Sender((20, 40, 10, 60, 30))),
        ("dtx", "packets of silence are not sent", Sender(suppresses_silence=True)),
    ]
    besides = [
        Scenario(name, f"{about}; 10 ms jitter, 1 % lost", jitter, sender)
        for name, about, sender in senders
    ]
    return {scenario.name: scenario for scenario in [*networks, *besides]}
