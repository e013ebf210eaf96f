"""`fourwire demo`: caller, gateway and agent in one process, a real call between them, measured."""

import sys
import time
from pathlib import Path

import anyio

from fourwire import sip, standin
from fourwire.agent_file import AgentFile, scenario
from fourwire.app import App
from fourwire.console import Console
from fourwire.demo import lag
from fourwire.demo.caller import Caller, WaitedInVain, telephone
from fourwire.demo.conversation import Tell, talk
from fourwire.demo.evidence import Evidence, figures
from fourwire.demo.figures import Figure, Verdict
from fourwire.journal import Entry, Journal
from fourwire.recording_settings import RecordingSettings
from fourwire.report import write_report
from fourwire.routing import Pattern
from fourwire.settings import Listen, PortRange, Settings, SettingsError

__all__ = ["run"]

AGENT = AgentFile(
    dialled=Pattern("voxi"),
    session={
        "audio": {
            "input": {
                "turn_detection": {
                    "type": "semantic_vad",
                    "eagerness": "medium",
                    "create_response": True,
                    "interrupt_response": True,
                }
            }
        }
    },
)


def run(out: str) -> int:
    """Make the call, write everything into `out`, print the figures; 1 where one is wrong."""
    directory = Path(out)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"cannot write to {out}: {error.strerror}") from None
    console = Console(sys.stdout)
    try:
        evidence = anyio.run(_call, directory, console)
    except sip.CallFailed as refused:
        console.line(f"the call was not answered: {refused}", mark="✗")
        return 1
    measured = figures(evidence)
    write_report(evidence, measured)
    return _judge(evidence, measured, console)


async def _call(out: Path, console: Console) -> Evidence:
    """Have the call; what is known afterwards."""
    entries: list[Entry] = []
    settings = _settings(out)
    (out / "journal.jsonl").unlink(missing_ok=True)
    journal = Journal.open(settings.journal, entries.append, console)
    app = App()
    async with standin.serve() as agent, lag.watch() as lagging, telephone() as phone:
        console.line(f"stand-in agent at {agent.url}", mark="●")
        app.call(str(AGENT.dialled))(scenario(AGENT, "stand-in", agent.url))
        async with app.open(settings, journal) as gateway:
            _, host, port = gateway.addresses[0]
            async with phone.call(f"sip:voxi@{host}:{port}", from_user="ada") as caller:
                answered_ns = time.monotonic_ns()
                failure = await _talk(caller, _Teller(console, answered_ns))
                largest_gap_ms = caller.leg.counters()["largest_gap_us"] / 1000
            await gateway.wait_idle(5.0)
    journal.close()
    _keep_recording(out, entries)
    return Evidence(
        out=out,
        answered_ns=answered_ns,
        heard=caller.heard,
        largest_gap_ms=largest_gap_ms,
        session=agent.sessions[0],
        lag=lagging,
        failure=failure,
        entries=entries,
    )


async def _talk(caller: Caller, tell: Tell) -> str:
    """Have the conversation; why it broke off, if it did."""
    try:
        await talk(caller, tell)
    except WaitedInVain as vain:
        tell(f"gives up: {vain}")
        return str(vain)
    return ""


def _settings(out: Path) -> Settings:
    return Settings(
        listen=(Listen("udp:127.0.0.1:0"),),
        address="127.0.0.1",
        rtp_ports=PortRange("10000-20000"),
        recording=RecordingSettings(dir=str(out)),
        journal=str(out / "journal.jsonl"),
    )


class _Teller:
    """Prints what the caller does, on the clock of the call."""

    def __init__(self, console: Console, began_ns: int) -> None:
        self._console = console
        self._began_ns = began_ns

    def __call__(self, text: str) -> None:
        t = (time.monotonic_ns() - self._began_ns) / 1e9
        self._console.line(text, mark="☎", t=t, call="caller")


def _keep_recording(out: Path, entries: list[Entry]) -> None:
    """Give the recording of the call, and its transcripts, their names."""
    made = next((e.fields["path"] for e in entries if e.event == "call.recording"), None)
    if made is None:
        return
    for path in out.glob(f"{Path(made).stem}.*"):
        if path.suffix != ".wav":  # they name the recording
            path.write_bytes(path.read_bytes().replace(Path(made).name.encode(), b"call.wav"))
        path.replace(out / f"call{path.suffix}")


SIGNS = {Verdict.GOOD: "✓", Verdict.WRONG: "✗", Verdict.UNJUDGED: "?"}


def _judge(evidence: Evidence, measured: list[Figure], console: Console) -> int:
    """Print every figure with its verdict; the exit status."""
    print()
    verdicts = [figure.verdict(held_up=evidence.held_up) for figure in measured]
    for figure, verdict in zip(measured, verdicts, strict=True):
        print(f"  {SIGNS[verdict]} {figure}")
    machine = f"this machine woke sleepers {evidence.lag.p99_ms:.1f} ms late (p99)"
    print(f"\n  {machine}, {evidence.lag.max_ms:.1f} ms at worst")
    if Verdict.UNJUDGED in verdicts:
        print("  ? the machine was held up meanwhile, so that timing is nobody's fault")
    print()
    for name in ("call.wav", "call.txt", "journal.jsonl", "report.html"):
        console.line(str(evidence.out / name), mark="→")
    return int(Verdict.WRONG in verdicts)
