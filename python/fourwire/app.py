"""Scenarios and their rules: which function answers which number."""

import resource
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress

import anyio

from fourwire.call import Call, Scenario
from fourwire.console import Console
from fourwire.ebb import set_aside
from fourwire.gateway import Gateway, open_gateway
from fourwire.hours import Days, Hours, Zone
from fourwire.journal import Journal
from fourwire.life import Ended
from fourwire.mistakes import mistake_in
from fourwire.outlet import Outlet, Stream
from fourwire.registrations import Standing
from fourwire.routes import Refusal
from fourwire.routing import Offered, Pattern, Router, Rule
from fourwire.secrets import require
from fourwire.settings import Settings

__all__ = ["App"]

AfterCall = Callable[[Call, Ended], Awaitable[None]]
Reload = Callable[[Gateway], Awaitable[object]]


STOPS = (signal.SIGTERM, signal.SIGINT)
"""Signals after which a gateway finishes; a second one forces it."""

PAUSES = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals by which new calls are refused, and taken again."""


class App:
    """What a gateway does with calls: rules, in the order in which they were written.

    app = fw.App(secrets=["INWORLD_API_KEY"])

    @app.call("voxi")
    async def answer(call: fw.Call) -> None:
        await call.answer()
        ...

    app.run()
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """`secrets` names those that scenarios read (`fw.secret`), so that one that is missing
        keeps the app from starting, and does not fail each call.
        """
        self._secrets = tuple(secrets)
        self._rules: list[tuple[Rule, Scenario | Refusal]] = []
        self._after: list[AfterCall] = []
        self._gateway: Gateway | None = None

    def call(
        self,
        dialled: str = ".*",
        *,
        exclude: str | None = None,
        caller: str | None = None,
        trunk: str | None = None,
        headers: Mapping[str, str] | None = None,
        days: str | None = None,
        hours: str | None = None,
        zone: str | None = None,
    ) -> Callable[[Scenario], Scenario]:
        """Answer calls of a rule: `dialled` is a regular expression for the whole dialled user.

        The other conditions are those of `Rule`, written as in a file. The first rule that a call
        is of wins; a call of none is refused with 404.
        """
        asked = Rule(
            dialled=Pattern(dialled),
            exclude=None if exclude is None else Pattern(exclude),
            caller=None if caller is None else Pattern(caller),
            trunk=None if trunk is None else Pattern(trunk),
            headers={name: Pattern(value) for name, value in (headers or {}).items()},
            days=None if days is None else Days(days),
            hours=None if hours is None else Hours(hours),
            zone=None if zone is None else Zone(zone),
        )

        def rule(scenario: Scenario) -> Scenario:
            self._rules.append((asked, scenario))
            return scenario

        return rule

    def answer_by(self, rules: Iterable[tuple[Rule, Scenario | Refusal]]) -> None:
        """Answer calls that come from now on by `rules` alone."""
        self._rules = list(rules)

    def ended(self, after: AfterCall) -> AfterCall:
        """Have `after(call, ended)` run when a call is over and its caller gone."""
        self._after.append(after)
        return after

    def target(self, call: Offered) -> Scenario | Refusal | None:
        """The scenario of the first rule that `call` is of."""
        return Router(self._rules).target(call)

    @asynccontextmanager
    async def open(
        self, settings: Settings | None = None, journal: Journal | None = None
    ) -> AsyncIterator[Gateway]:
        """A gateway that runs this app while the block runs; signals are left alone.

        Without `settings`, those of the environment. Raises `SettingsError` for what is wrong with
        these, and for secrets that are missing.
        """
        require(self._secrets)
        settings = settings or Settings.load()
        own = Journal.open(settings.journal) if journal is None else None
        try:
            gateway = open_gateway(
                settings, journal or own or Journal(), self.target, self._after_call
            )
            async with gateway as running:
                self._gateway = running
                yield running
        finally:
            self._gateway = None
            if own is not None:
                own.close()

    @property
    def registrations(self) -> Mapping[str, Standing]:
        """How we stand with each registrar of the settings, by name; none where it does not run."""
        return {} if self._gateway is None else dict(self._gateway.registrations.standing)

    async def dial(
        self,
        target: str,
        *,
        trunk: str = "",
        caller: str = "",
        display_name: str = "",
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        early: Scenario | None = None,
    ) -> Call:
        """Call `target` by the gateway that runs this app; see `Gateway.dial`."""
        if self._gateway is None:
            raise RuntimeError("nobody can be called: the app does not run")
        return await self._gateway.dial(
            target,
            trunk=trunk,
            caller=caller,
            display_name=display_name,
            headers=headers,
            timeout_s=timeout_s,
            early=early,
        )

    async def serve(
        self,
        settings: Settings | None = None,
        journal: Journal | None = None,
        reload: Reload | None = None,
    ) -> None:
        """Run until SIGTERM or SIGINT, then finish; `reload` is awaited at each SIGHUP.

        SIGUSR1 has new calls refused, SIGUSR2 has them taken again; those that run go on.
        After SIGTERM or SIGINT no new call is taken, and those that run get the grace of the
        settings; a second signal ends the grace. Once all callers are gone a signal ends the
        program at once, whatever a scenario still does that will not be cancelled.
        """
        _open_as_many_files_as_may_be()
        with ExitStack() as listening:
            known = (*STOPS, *PAUSES, *((signal.SIGHUP,) if reload else ()))
            signals = listening.enter_context(anyio.open_signal_receiver(*known))
            async with self.open(settings, journal) as gateway:
                set_aside()
                while (told := await anext(signals)) not in STOPS:
                    if told in PAUSES:
                        gateway.take_new_calls(told is signal.SIGUSR2)
                    elif reload:
                        await reload(gateway)
                async with anyio.create_task_group() as draining:
                    draining.start_soon(_cancel_at_signal, signals, draining.cancel_scope)
                    await gateway.drain()
                    draining.cancel_scope.cancel()
                listening.close()

    def run(self, settings: Settings | None = None) -> None:
        """`serve`, for a program that does nothing else; what happens is printed.

        What is wrong with the settings or a port is printed without a traceback, and the exit
        status is 2.
        """
        try:
            settings = settings or Settings.load()
            console = Console(outlet=Outlet(Stream(sys.stderr)))
            anyio.run(self.serve, settings, Journal.open(settings.journal, console))
        except Exception as error:
            mistake = mistake_in(error)
            if mistake is None:
                raise
            print(f"fourwire: {mistake}", file=sys.stderr)
            raise SystemExit(2) from None

    async def _after_call(self, call: Call, ended: Ended) -> None:
        for after in self._after:
            await after(call, ended)


def _open_as_many_files_as_may_be() -> None:
    """Raise the soft limit to the hard one: 1024, as it mostly is, are some 250 calls."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # where it is not allowed the doctor tells of it
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _cancel_at_signal(
    signals: AsyncIterator[signal.Signals], scope: anyio.CancelScope
) -> None:
    while await anext(signals) not in STOPS:
        pass  # there is nothing to reload or to pause any more
    scope.cancel()
