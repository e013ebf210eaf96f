"""What happened, as Prometheus counts it: the one place where the journal's entries become metrics.

`Metrics` is a sink of the journal, so that nothing in a call counts for it; what is true only now
(calls, ports, load) is asked of the gateway at each scrape. No label holds what a caller sent.
"""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from fourwire.journal import Entry
from fourwire.metrics_now import Now, Scraped

__all__ = ["Metrics"]

SOON = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Seconds that a person waits for an answer: fine where it feels quick, coarse where it is slow."""

AT_ONCE = (0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5)
"""Seconds until silence: single packet times."""

TALK = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
"""Seconds that people talk."""

SHARE = (0.0, 0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of packets: from 1 % on loss can be heard."""

JITTER = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
"""Seconds of interarrival jitter (RFC 3550 §6.4.1)."""

MOS = (1.5, 2.0, 2.5, 3.0, 3.3, 3.6, 3.8, 4.0, 4.2, 4.3, 4.4)
"""Mean opinion scores: below 3.6 many are dissatisfied (ITU-T G.107 annex B)."""

RTP = (
    "packets_received",
    "packets_sent",
    "lost",
    "concealed_samples",
    "late",
    "duplicate",
    "reordered",
    "overflow",
    "malformed",
    "strangers",
    "unsent",
    "turns_missed",
    "interruptions",
    "keys",
    "recording_dropped",
    "chunks_dropped",
)
"""Counters of a leg that are summed up when its call ends."""


class Metrics:
    """A sink of the journal that keeps counts and distributions, and shows them on a page."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._offered = self._counter("calls_offered", "Calls that came in.", "trunk")
        self._ended = self._counter("calls_ended", "Calls that are over.", "cause", "answered")
        self._refused = self._counter("calls_refused", "Calls refused by the gateway.", "status")
        self._talked = self._histogram("call_seconds", "From the answer to the end.", TALK)
        self._greeting = self._histogram(
            "answer_to_first_audio_seconds", "From the answer to the agent's first packet.", SOON
        )
        self._turn = self._histogram(
            "turn_seconds", "From the end of the caller's speech to the agent's first packet.", SOON
        )
        self._silence = self._histogram(
            "barge_in_seconds",
            "From speech_started to the agent's last packet.",
            AT_ONCE,
        )
        self._barge_ins = self._counter("barge_ins", "Times the agent was silenced.", "trigger")
        self._tools = self._counter("tool_calls", "Functions the agent called.", "outcome")
        self._tool = self._histogram("tool_seconds", "How long these took.", SOON)
        self._sessions = self._counter("agent_sessions", "Sessions with the agent.", "what")
        self._troubles = self._counter("troubles", "Entries that tell of trouble.", "event")
        self._rtp = self._counter("rtp", "Counters of legs, as their calls ended.", "what")
        self._loss = self._histogram("rtp_loss_ratio", "Packets lost of a call's.", SHARE)
        self._jitter = self._histogram("rtp_jitter_seconds", "Jitter at a call's end.", JITTER)
        self._mos = Histogram(
            "mos",
            "How calls sounded, by the E-model.",
            ["direction"],
            namespace="fourwire",
            buckets=MOS,
            registry=self.registry,
        )
        for what in ("opened", "closed", "broken", "lost", "mended", "given_up"):
            self._sessions.labels(what)
        for event in TROUBLES:
            self._troubles.labels(event)
        for name in RTP:
            self._rtp.labels(name)

    def watch(self, now: Now) -> None:
        """Show also what is true of a gateway now."""
        self.registry.register(Scraped(now))

    def page(self) -> bytes:
        """All of it in the text format of Prometheus."""
        return generate_latest(self.registry)

    def __call__(self, entry: Entry) -> None:
        """Count `entry`, if it is one that is counted."""
        count = COUNTED.get(entry.event)
        if count is not None:
            count(self, entry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, namespace="fourwire", registry=self.registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, about, namespace="fourwire", buckets=buckets, registry=self.registry)

    # One method for each entry that is counted.

    def offered(self, entry: Entry) -> None:
        self._offered.labels(entry.fields.get("trunk", "")).inc()

    def first_sound(self, entry: Entry) -> None:
        for histogram, name in ((self._greeting, "greeting_ms"), (self._turn, "turn_ms")):
            if entry.fields[name] is not None:
                histogram.observe(entry.fields[name] / 1000)

    def last_sound(self, entry: Entry) -> None:
        self._silence.observe(entry.fields["took_ms"] / 1000)

    def barge_in(self, entry: Entry) -> None:
        self._barge_ins.labels(entry.fields["trigger"]).inc()

    def tool_answered(self, entry: Entry) -> None:
        told = entry.fields["data"]
        self._tools.labels("failed" if told.get("error") else "answered").inc()
        if told.get("took_ms") is not None:
            self._tool.observe(told["took_ms"] / 1000)

    def session_created(self, entry: Entry) -> None:
        self._sessions.labels("opened").inc()

    def session_closed(self, entry: Entry) -> None:
        clean = entry.fields["data"].get("clean", True)
        self._sessions.labels("closed" if clean else "broken").inc()

    def conversation(self, entry: Entry) -> None:
        self._sessions.labels(entry.event.removeprefix("conversation.")).inc()

    def refused(self, entry: Entry) -> None:
        self._refused.labels(str(entry.fields["status"])).inc()

    def trouble(self, entry: Entry) -> None:
        self._troubles.labels(entry.event).inc()

    def ended(self, entry: Entry) -> None:
        about = entry.fields
        answered = bool(about["answered"])
        self._ended.labels(about["cause"], str(answered).lower()).inc()
        if answered:
            self._talked.observe(about["talked_s"])
        self._sum_up(about["rtp"])
        for direction, quality in about.get("quality", {}).items():
            if quality is not None:
                self._mos.labels(direction).observe(quality["mos"])

    def _sum_up(self, rtp: Mapping[str, int]) -> None:
        for name in RTP:
            self._rtp.labels(name).inc(rtp.get(name, 0))
        came, lost = rtp.get("played", 0), rtp.get("lost", 0)
        if came:
            self._loss.observe(lost / (came + lost))
            self._jitter.observe(rtp.get("jitter_us", 0) / 1e6)


TROUBLES = (
    "call.error",
    "call.farewell_failed",
    "call.recording_failed",
    "call.rtp_stopped",
    "call.transcript_failed",
    "call.transfer_failed",
    "gateway.error",
    "gateway.overloaded",
    "gateway.recordings_unfinished",
    "gateway.reload_failed",
    "gateway.stuck",
    "registration.failed",
)
"""Entries that are counted by their names alone."""

COUNTED: dict[str, Callable[[Metrics, Entry], None]] = {
    "call.offered": Metrics.offered,
    "call.ended": Metrics.ended,
    "gateway.refused": Metrics.refused,
    "bridge.first_sound": Metrics.first_sound,
    "bridge.last_sound": Metrics.last_sound,
    "bridge.barge_in": Metrics.barge_in,
    "Inworld.RealtimeAPI.ToolAnswered": Metrics.tool_answered,
    "Inworld.RealtimeAPI.SessionCreated": Metrics.session_created,
    "Inworld.RealtimeAPI.WebSocketClosed": Metrics.session_closed,
    "conversation.lost": Metrics.conversation,
    "conversation.mended": Metrics.conversation,
    "conversation.given_up": Metrics.conversation,
    **dict.fromkeys(TROUBLES, Metrics.trouble),
}
"""What is counted of which entry."""
