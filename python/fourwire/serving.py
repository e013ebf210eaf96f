"""`fourwire serve`: a gateway that answers by a plan, and takes a new one while it runs."""

import sys
from collections.abc import Callable
from contextlib import AsyncExitStack

import anyio.to_thread

from fourwire import sip, standin
from fourwire.agent_file import scenario
from fourwire.app import App
from fourwire.call import Scenario
from fourwire.console import Console
from fourwire.gateway import Gateway
from fourwire.journal import Journal
from fourwire.outlet import Outlet, Stream
from fourwire.plan import Answer, Plan
from fourwire.problems import SettingsError
from fourwire.routes import Refusal
from fourwire.routing import Rule
from fourwire.settings import Settings

__all__ = ["Service"]

Load = Callable[[], Plan]


class Service:
    """Runs a plan, and reloads it: all of a new one is taken, or none of it."""

    def __init__(self, load: Load, *, stand_in: bool = False) -> None:
        """`load` reads the plan, the same files each time; `SettingsError` where it cannot, or
        where a secret is missing. With `stand_in` the stand-in agent answers, whoever is named."""
        self._load = load
        self._stands_in = stand_in
        self._stand_in = ""
        self._app = App()
        self._plan, _ = self._read()

    @property
    def settings(self) -> Settings:
        """What the gateway runs with."""
        return self._plan.settings

    async def run(self, quiet: bool = False, console: Console | None = None) -> None:
        """Answer calls until SIGTERM or SIGINT; SIGHUP reloads."""
        async with AsyncExitStack() as stack:
            if console is None:
                outlet = Outlet(Stream(sys.stderr))
                stack.callback(outlet.close)
                console = Console(outlet=outlet)
            for doubt in self._plan.doubts():
                console.line(f"{doubt}.", mark="!")
            if self._stands_in:
                self._stand_in = (await stack.enter_async_context(standin.serve())).url
                console.line("the stand-in agent answers all calls, and not Inworld.", mark="!")
            self._app.answer_by(self._rules_of(self._plan))
            journal = Journal.open(self.settings.journal, *(() if quiet else (console,)))
            stack.callback(journal.close)
            await self._app.serve(self.settings, journal, self.reload)

    async def reload(self, gateway: Gateway) -> bool:
        """Take what the files say now, for calls to come; those that run go on as they are.

        Routes, agents with their keys, trunks and what strangers get are taken. What is wrong with
        any of it goes to the journal, and all stays as it was.
        """
        try:
            plan, access = await anyio.to_thread.run_sync(self._read)
            rules = self._rules_of(plan)
        except Exception as error:
            problems = error.problems if isinstance(error, SettingsError) else (repr(error),)
            gateway.journal.write("gateway.reload_failed", problems=list(problems))
            return False
        self._app.answer_by(rules)
        gateway.endpoint.admit(access)
        gateway.journal.write(
            "gateway.reloaded",
            routes=len(rules),
            agents=len(plan.answers),
            doubts=list(plan.doubts()),
            need_a_restart=_changed(self.settings, plan.settings),
        )
        return True

    def _read(self) -> tuple[Plan, sip.Access]:
        """What the files say, with every secret that they name."""
        plan = self._load()
        if not self._stands_in:
            plan.require_keys()
        return plan, plan.access()

    def _rules_of(self, plan: Plan) -> list[tuple[Rule, Scenario | Refusal]]:
        made = {answer.name: self._scenario_of(answer) for answer in plan.answers}
        return [(rule, to if isinstance(to, Refusal) else made[to.name]) for rule, to in plan.rules]

    def _scenario_of(self, answer: Answer) -> Scenario:
        if self._stands_in:
            return scenario(answer.agent, "stand-in", self._stand_in)
        assert answer.key is not None, "a plan without a key was refused"
        return scenario(answer.agent, answer.key)


RELOADED = ("agent", "route", "trunk", "access")
"""Settings that a reload takes."""


def _changed(old: Settings, new: Settings) -> list[str]:
    """Settings that differ and that a gateway takes only when it starts."""
    names = [name for name in old.__struct_fields__ if name not in RELOADED]
    return [name for name in names if getattr(old, name) != getattr(new, name)]
