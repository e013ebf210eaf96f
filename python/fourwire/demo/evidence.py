"""What a demo call leaves behind, and the figures that follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fourwire.demo.caller import Heard
from fourwire.demo.figures import Figure, barge_in_ms, gaps_ms, likeness, percentile
from fourwire.demo.lag import Lag
from fourwire.demo.speech import recording
from fourwire.journal import Entry
from fourwire.standin import SessionRecord
from fourwire.wav import Recording, read_wav

__all__ = ["Evidence", "figures"]

HELD_UP_MS = 10.0
"""A machine that wakes a sleeper so late cannot keep a packet time of 20 ms."""

EXCERPT = slice(3200, 16000)
"""Which bytes of a recording are looked for: eight tenths of a second, after its first sound."""


@dataclass(kw_only=True)
class Evidence:
    """All that is known of the call afterwards. Times are on CLOCK_MONOTONIC."""

    out: Path
    """Where everything was written."""
    answered_ns: int
    """When the caller's telephone had the answer."""
    heard: Sequence[Heard]
    """What came to the caller's ear."""
    largest_gap_ms: float
    """The largest gap between packets that the caller's leg itself counted."""
    session: SessionRecord
    """What the agent heard and sent."""
    lag: Lag
    failure: str = ""
    """Why the conversation broke off; empty where it did not."""
    entries: list[Entry] = field(default_factory=list)
    """The journal."""

    @property
    def held_up(self) -> bool:
        """Whether the machine was too busy for its timings to be blamed on the call."""
        return self.lag.max_ms > HELD_UP_MS

    @property
    def wav(self) -> Path:
        """The recording that the gateway made."""
        return self.out / "call.wav"

    def barge_ins_ms(self) -> list[float]:
        """How long each barge-in took, of those that cut the agent off."""
        found = []
        for started in self._sent("input_audio_buffer.speech_started"):
            following = [at for at in self._sent("response.output_audio.delta") if at > started]
            stale_free = min(
                (at for at in following if at - started > NEXT_ANSWER_NS), default=None
            )
            took = barge_in_ms(self.heard, started, stale_free)
            found += [] if took is None else [took]
        return found

    def _sent(self, event: str) -> list[int]:
        return [entry.at_ns for entry in self.session.find(event) if entry.direction == "out"]


NEXT_ANSWER_NS = 500_000_000
"""Deltas that follow `speech_started` within this belong to the interrupted response."""


def figures(evidence: Evidence) -> list[Figure]:
    """Every figure the call is judged by."""
    return [*_timings(evidence), *_sound(evidence), *_records(evidence)]


def _timings(evidence: Evidence) -> list[Figure]:
    first = next((chunk.arrival_ns for chunk in evidence.heard if chunk.is_speech), None)
    to_audio = float("inf") if first is None else (first - evidence.answered_ns) / 1e6
    gaps = gaps_ms(evidence.heard)
    barge_ins = evidence.barge_ins_ms()
    return [
        Figure(
            name="answer to first audio",
            value=to_audio,
            unit="ms",
            limit=1000,
            note="the stand-in thinks 300 ms of it",
        ),
        Figure(
            name="barge-ins",
            value=len(barge_ins),
            unit="",
            limit=2,
            at_most=False,
            timing=False,
            note="the caller interrupts the agent twice",
        ),
        Figure(
            name="barge-in to last packet of speech",
            value=max(barge_ins, default=float("inf")),
            unit="ms",
            limit=40,
            goal=20,
            note="from speech_started leaving the agent to the caller's socket",
        ),
        Figure(name="gap between packets, p99", value=percentile(gaps, 0.99), unit="ms", limit=25),
        Figure(
            name="gap between packets, largest",
            value=max([*gaps, evidence.largest_gap_ms]),
            unit="ms",
            limit=40,
        ),
    ]


def _sound(evidence: Evidence) -> list[Figure]:
    caller, agent = _channels(evidence.wav)
    asked = recording("interruption")[EXCERPT]
    spoken = evidence.session.spoken[EXCERPT]
    heard = b"".join(chunk.pcm for chunk in evidence.heard)
    return [
        _likeness("agent's speech at the caller", heard, spoken),
        _likeness("agent's speech in the recording", agent, spoken),
        _likeness("caller's speech at the agent", evidence.session.heard, asked),
        _likeness("caller's speech in the recording", caller, asked),
    ]


def _likeness(name: str, haystack: bytes, needle: bytes) -> Figure:
    score, at = likeness(haystack, needle)
    return Figure(
        name=name,
        value=score,
        unit="",
        limit=0.9,
        at_most=False,
        timing=False,
        note=f"correlation, found at {at:.2f} s",
    )


def _records(evidence: Evidence) -> list[Figure]:
    ends = [entry for entry in evidence.entries if entry.event == "call.ended"]
    return [
        Figure(
            name="conversation held to its end",
            value=float(not evidence.failure),
            unit="",
            limit=1,
            at_most=False,
            timing=False,
            note=evidence.failure,
        ),
        Figure(
            name="records of the end but one",
            value=abs(len(ends) - 1),
            unit="",
            limit=0,
            timing=False,
            note="every call has exactly one",
        ),
        Figure(
            name="recording",
            value=read_wav(evidence.wav).duration_s if evidence.wav.exists() else 0.0,
            unit="s",
            limit=8,
            at_most=False,
            timing=False,
        ),
    ]


def _channels(path: Path) -> tuple[bytes, bytes]:
    stereo = read_wav(path) if path.exists() else Recording(8000, 2, b"")
    samples = np.frombuffer(stereo.pcm, dtype="<i2").reshape(-1, 2)
    return samples[:, 0].tobytes(), samples[:, 1].tobytes()
