"""A gateway while it runs: its load is judged, its pages are served, and systemd is told."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from fourwire.ebb import Ebb, give_back
from fourwire.health import Standing, why_not_ready
from fourwire.http_page import Page, http_pages
from fourwire.load import Load, LoadMeter, Throttle
from fourwire.service_manager import ServiceManager
from fourwire.spans import Spans, tracer_of

if TYPE_CHECKING:
    from fourwire.gateway import Gateway
    from fourwire.metrics import Metrics

__all__ = ["Operation", "born", "operated"]


class Operation:
    """What is known of a running gateway from outside of its calls."""

    def __init__(self, gateway: "Gateway", manager: ServiceManager) -> None:
        self.load = Load()
        """What was measured last."""
        self._gateway = gateway
        self._manager = manager
        self._meter = LoadMeter(gateway.media, gateway.settings.workers)
        self._throttle = Throttle(gateway.settings.overload)
        self._ebb = Ebb()

    @property
    def standing(self) -> Standing:
        """Where the gateway stands."""
        gateway = self._gateway
        return Standing(
            listeners=len(gateway.addresses),
            calls=self.sip()["calls"],
            max_calls=gateway.settings.max_calls,
            draining=gateway.draining,
            overloaded=gateway.overloaded,
        )

    async def watch_load(self) -> None:
        """Measure and judge the load until cancelled, and say that the program is alive; give
        memory back when it has gone.
        """
        while True:
            self.load = await self._meter.look()
            if self._throttle.receive(time.monotonic(), self.load):
                self._gateway.refuse_for_load(self._throttle.why)
            if self._ebb.receive(time.monotonic(), len(self._gateway.calls)):
                await give_back()
            if self._manager.watchdog_s is not None:
                self._manager.alive(f"{len(self._gateway.calls)} calls")

    def health(self) -> Page:
        """Alive, and who it is: whoever can read this is answered by a running event loop."""
        about = {
            "status": "alive",
            "pid": os.getpid(),
            "born": born(os.getpid()),
            "calls": len(self._gateway.calls),
            "draining": self._gateway.draining,
        }
        return Page(msgspec.json.encode(about) + b"\n")

    def readiness(self) -> Page:
        """Whether a new call would be taken, and why not."""
        why = why_not_ready(self.standing)
        status = HTTPStatus.OK if why is None else HTTPStatus.SERVICE_UNAVAILABLE
        return Page(msgspec.json.encode({"ready": why is None, "why": why}) + b"\n", status)

    # What is asked at each scrape.

    def gauges(self) -> Mapping[str, float]:
        """Numbers by name."""
        return {
            "ready": why_not_ready(self.standing) is None,
            "draining": self._gateway.draining,
            "overloaded": self._gateway.overloaded is not None,
            "max_calls": self._gateway.settings.max_calls,
            "loop_lag_seconds": self.load.loop_lag_s,
            "cpu_ratio": self.load.cpu,
            "loop_busy_ratio": self.load.loop,
            "workers_busy_ratio": self.load.workers,
            "tasks": len(asyncio.all_tasks()),
            "late_ticks_ratio": self.load.late_ticks,
        }

    def sums(self) -> Mapping[str, int]:
        """Sums of the gateway itself, by name."""
        return {"journal_lost": self._gateway.journal.lost}

    def states(self) -> Mapping[str, int]:
        """Calls by state."""
        return Counter(call.state.value for call in self._gateway.calls.values())

    def trunks(self) -> Mapping[str, int]:
        """Calls by trunk; those of strangers under no name."""
        names = ["", *(trunk.name for trunk in self._gateway.settings.trunk)]
        present = Counter(call.trunk for call in self._gateway.calls.values())
        return dict.fromkeys(names, 0) | present

    def registrations(self) -> Mapping[str, bool]:
        """Whether each registration stands."""
        standing = self._gateway.registrations.standing
        return {name: each.registered for name, each in standing.items()}

    def sip(self) -> Mapping[str, int]:
        """The counters of the SIP endpoint."""
        return self._gateway.endpoint.counters()

    def engine(self) -> Mapping[str, int]:
        """The counters of the engine."""
        return self._gateway.media.counters()


@asynccontextmanager
async def operated(gateway: "Gateway") -> AsyncIterator[Operation]:
    """Watch `gateway`, serve its pages, and tell systemd, while the block runs."""
    operation = Operation(gateway, manager := ServiceManager())
    async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
        tasks.start_soon(operation.watch_load)
        if (listen := gateway.settings.http.listen) is not None:
            metrics = _metrics(operation)
            pages = {
                "/metrics": lambda: Page(metrics.page(), content_type=PROMETHEUS),
                "/healthz": operation.health,
                "/readyz": operation.readiness,
            }
            address = await stack.enter_async_context(http_pages(listen, pages))
            gateway.journal.add(metrics)
            stack.callback(gateway.journal.remove, metrics)
            gateway.journal.write("http.listening", address=address)
        if (tracer := tracer_of(gateway.settings.otel)) is not None:
            spans = Spans(tracer, numbers=gateway.settings.otel.numbers)
            gateway.journal.add(spans)
            stack.callback(gateway.journal.remove, spans)
        gateway.when_draining.append(manager.stopping)
        manager.ready(f"listening on {len(gateway.addresses)} addresses")
        try:
            yield operation
        finally:
            tasks.cancel_scope.cancel()


PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
"""What Prometheus calls its text format."""


def _metrics(operation: Operation) -> "Metrics":
    from fourwire.metrics import Metrics  # takes a twentieth of a second, for those who want pages

    metrics = Metrics()
    metrics.watch(operation)
    return metrics


def born(pid: int) -> int | None:
    """When process `pid` began, in ticks since the machine did; with it a pid names one process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(stat.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
