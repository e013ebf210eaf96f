"""`fourwire doctor`: looks at the machine, the settings and the agent, and says what is wrong."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from fourwire.doctor import gather, machine
from fourwire.doctor.audio_path import explain
from fourwire.doctor.finding import Finding, bad, status_of
from fourwire.doctor.trial import agent_finding, call_through_itself
from fourwire.gateway import refuse_unusable
from fourwire.plan import Plan
from fourwire.recording_folder import recording_of
from fourwire.settings import Settings, SettingsError

__all__ = ["examine", "explain_calls"]

Tell = Callable[[str], None]

MOST_CALLS = 20
"""How many calls of a journal are explained, the last ones."""


async def examine(plan: Plan, tell: Tell = print, *, online: bool = True) -> int:
    """Look at everything; the exit status, 1 where something is bad."""
    findings: list[Finding] = []

    def note(finding: Finding) -> None:
        findings.append(finding)
        tell(str(finding))

    for finding in (*_of_settings(plan), *_of_machine(plan.settings)):
        note(finding)
    if online:
        for host in dict.fromkeys(_hosts(plan)):
            note(machine.name(host, *gather.lookup(host)))
        for answer in plan.answers:
            note(await agent_finding(answer))
    for finding in await call_through_itself(plan.settings):
        note(finding)
    return status_of(findings)


def explain_calls(journal: str, tell: Tell = print) -> int:
    """Say of the last calls of a journal why they had audio one way or none."""
    findings: list[Finding] = []
    calls = list(gather.audio_paths(journal, MOST_CALLS))
    if not calls:
        tell(f"{journal} tells of no call that was answered")
    for call, path in calls:
        tell(f"call {call}, {path.talked_s:.0f} s")
        for finding in explain(path):
            findings.append(finding)
            tell(str(finding))
    return status_of(findings)


def _of_settings(plan: Plan) -> Iterator[Finding]:
    """What `serve` would refuse to start for."""
    for look in (plan.access, lambda: refuse_unusable(plan.settings)):
        try:
            look()
        except SettingsError as error:
            yield from (bad(problem, "see docs/configuration.md") for problem in error.problems)


def _of_machine(settings: Settings) -> Iterator[Finding]:
    running = gather.running(settings.http.listen)
    for listen in settings.listen:
        host = f"[{listen.host}]" if ":" in listen.host else listen.host
        text = f"{listen.transport}:{host}:{listen.port}"
        yield machine.listener(text, gather.try_listener(listen), running)
    first, last = settings.rtp_ports.pair
    taken = gather.taken_pairs(first, last)
    yield machine.rtp_ports(first, last, gather.ephemeral_ports(), taken, settings.max_calls)
    yield machine.open_files(gather.may_open(), settings.max_calls)
    if folder := recording_of(settings).dir:
        yield machine.recordings(folder, gather.may_write(folder))
    yield machine.address(settings.address, gather.own_addresses())
    if settings.tls is not None and settings.tls.certificate:
        path = settings.tls.certificate
        until, error = gather.certificate_until(path, settings.tls.key)
        yield machine.certificate(path, until, error, datetime.now(UTC))


def _hosts(plan: Plan) -> Iterator[str]:
    for answer in plan.answers:
        yield urlsplit(answer.agent.url).hostname or answer.agent.url
