"""What is true of a gateway at the moment of a scrape, as Prometheus wants it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["GAUGES", "SUMS", "Now", "Scraped"]


class Now(Protocol):
    """What is true of a gateway at this moment."""

    def gauges(self) -> Mapping[str, float]:
        """Numbers by name."""

    def sums(self) -> Mapping[str, int]:
        """Sums of the gateway itself, by name."""

    def states(self) -> Mapping[str, int]:
        """Calls by state."""

    def trunks(self) -> Mapping[str, int]:
        """Calls by trunk."""

    def registrations(self) -> Mapping[str, bool]:
        """Whether each registration stands."""

    def sip(self) -> Mapping[str, int]:
        """The counters of the SIP endpoint."""

    def engine(self) -> Mapping[str, int]:
        """The counters of the engine."""


class Scraped(Collector):
    """What is asked at each scrape."""

    def __init__(self, now: Now) -> None:
        self._now = now

    def describe(self) -> Iterable[Metric]:
        """Nothing: the names are those that a scrape finds."""
        return ()

    def collect(self) -> Iterator[Metric]:
        now = self._now
        for name, value in now.gauges().items():
            yield GaugeMetricFamily(f"fourwire_{name}", GAUGES[name], value)
        for name, value in now.sums().items():
            yield CounterMetricFamily(f"fourwire_{name}", SUMS[name], value)
        yield _gauges("calls", "Calls that live, by state.", "state", now.states())
        stand = now.registrations()
        yield _gauges("registered", "1 where a registration stands.", "registration", stand)
        yield _gauges("trunk_calls", "Calls that live, by trunk.", "trunk", now.trunks())
        sip = now.sip()
        present = {name: value for name, value in sip.items() if name in NOT_A_SUM}
        yield _gauges("sip", "What SIP holds now.", "what", present)
        events = {name: sip[name] for name in sip.keys() - present.keys()}
        yield _sums("sip_events", "What SIP has counted.", events)
        engine = now.engine()
        sums = {name: value for name, value in engine.items() if name in SUMS_OF_ENGINE}
        rest = {name: engine[name] for name in engine.keys() - sums.keys()}
        yield _sums("engine_events", "What the engine has counted.", sums)
        yield _gauges("engine", "What the engine holds now.", "what", rest)


NOT_A_SUM = frozenset({"calls", "transactions", "connections"})
"""What a SIP endpoint counts that goes up and down."""

SUMS_OF_ENGINE = frozenset(
    {
        "legs_started",
        "legs_closed",
        "legs_failed",
        "ticks",
        "ticks_on_time",
        "ticks_late_1ms",
        "ticks_late_5ms",
        "ticks_late_20ms",
        "busy_us",
        "commands_refused",
        "events_dropped",
        "recordings_failed",
    }
)
"""What the engine counts that only goes up."""

GAUGES = {
    "ready": "1 where a new call would be taken.",
    "draining": "1 where new calls are refused because the gateway is to stop.",
    "overloaded": "1 where new calls are refused because the machine has too much to do.",
    "max_calls": "Calls that may live at a time.",
    "loop_lag_seconds": "The largest lateness of the event loop in the last look.",
    "cpu_ratio": "Share of the processors that may be used which the program used.",
    "loop_busy_ratio": "Share of a core that the event loop's thread used.",
    "workers_busy_ratio": "Share of the time that the engine's workers were at work.",
    "tasks": "Tasks of the event loop.",
    "late_ticks_ratio": "Share of the engine's ticks in the last look that were 5 ms late or more.",
}

SUMS = {"journal_lost": "Journal lines that a sink, a file or a pipe did not take."}


def _gauges(name: str, about: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"fourwire_{name}", about, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family


def _sums(name: str, about: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"fourwire_{name}", about, labels=["what"])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family
