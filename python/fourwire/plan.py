"""What the files of a gateway say together: its settings, its rules, and who answers."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from fourwire import sip
from fourwire.agent_file import AgentFile
from fourwire.problems import SettingsError
from fourwire.routes import Refusal, Route, doubts_of
from fourwire.routing import Rule
from fourwire.secrets import MissingSecret, Secret
from fourwire.settings import Settings, strange_variables
from fourwire.trunks import access_of

__all__ = ["Answer", "Plan"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An agent that answers, and the key that it is reached with."""

    name: str
    """Its file; empty: the plain agent that answers where none is named."""
    agent: AgentFile
    key: Secret | None
    lack: str = ""
    """What to set, where the key is missing."""

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or "the plain agent"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a gateway was told, read and found to be usable."""

    settings: Settings
    rules: tuple[tuple[Rule, Answer | Refusal], ...]
    strange: tuple[str, ...] = ()
    """What looks like a setting in the environment and is none."""

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
    ) -> Self:
        """Read the settings, and all that they name: agents, their prompts, their keys.

        Raises `SettingsError` with the problems of all files at once. Secrets that are missing are
        none of them: `require_keys` and `access` tell of those.
        """
        environ = os.environ if environ is None else environ
        settings = Settings.load(path, environ=environ, flags=flags)
        strange = tuple(strange_variables(environ))
        if settings.agent and settings.route:
            raise SettingsError("agent and [[route]] exclude each other: name the agent in a route")
        names = [route.agent for route in settings.route if route.agent]
        answers = _answers(names if settings.route else [settings.agent], environ)
        if not settings.route:
            (only,) = answers.values()
            return cls(settings, ((Rule(dialled=only.agent.dialled), only),), strange)
        rules = tuple(_ruled(route, answers) for route in settings.route)
        return cls(settings, rules, strange)

    @property
    def answers(self) -> list[Answer]:
        """Who answers, each once."""
        found = [target for _, target in self.rules if isinstance(target, Answer)]
        return list({answer.name: answer for answer in found}.values())

    def require_keys(self) -> None:
        """Raise `MissingSecret` where an agent has no key."""
        lacking = [answer for answer in self.answers if answer.key is None]
        if lacking:
            advice = "; to try it without, have the stand-in agent answer (--standin)"
            raise MissingSecret(*(f"{each.title}: {each.lack}{advice}" for each in lacking))

    def access(self) -> sip.Access:
        """Who may call; `SettingsError` where a password is missing."""
        told = self.settings
        return access_of(told.trunk, told.access, registers=bool(told.register))

    def doubts(self) -> Iterator[str]:
        """What looks wrong, though it can be used."""
        routes = self.settings.route
        yield from self.strange
        yield from doubts_of(routes)
        trunks = ["", *(trunk.name for trunk in self.settings.trunk)]
        for route in routes:
            if route.trunk and not any(map(route.trunk.matches, trunks)):
                yield f"{route}: no trunk is named {route.trunk}"
        for answer in self.answers:
            for doubt in answer.agent.doubts():
                yield f"{answer.title}: {doubt}"


def _answers(names: list[str], environ: Mapping[str, str] | None) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    problems: list[str] = []
    for name in dict.fromkeys(names):
        try:
            answers[name] = _answer(name, environ)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(*problems)
    return answers


def _answer(name: str, environ: Mapping[str, str] | None) -> Answer:
    agent = AgentFile.load(name) if name else AgentFile()
    try:
        return Answer(name, agent, agent.key(environ))
    except MissingSecret as missing:
        return Answer(name, agent, None, str(missing))
    except SettingsError as error:
        raise SettingsError(*(f"{name}: {problem}" for problem in error.problems)) from None


def _ruled(route: Route, answers: Mapping[str, Answer]) -> tuple[Rule, Answer | Refusal]:
    return route, route.refusal() or answers[route.agent]
