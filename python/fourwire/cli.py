"""The command line: `fourwire serve`, `fourwire demo`, `fourwire standin`."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from importlib.metadata import PackageNotFoundError, version

import anyio

from fourwire.mistakes import mistake_in
from fourwire.settings import MissingSecret, Settings

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. What a user got wrong is said without a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["standin"]:
        return _standin(given[1:])
    options = _parser().parse_args(given)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        mistake = mistake_in(error)
        if mistake is None:
            raise
        print(f"fourwire: {mistake}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fourwire", description="Telephone calls to voice agents."
    )
    parser.add_argument("--version", action="version", version=f"fourwire {_version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_demo(commands)
    commands.add_parser("standin", help="run the stand-in agent alone", add_help=False)
    return parser


Commands = argparse._SubParsersAction  # argparse has no public name for it


def _add_serve(commands: "Commands[argparse.ArgumentParser]") -> None:
    serve = commands.add_parser(
        "serve",
        help="answer calls with an agent",
        description="Answer calls with the agent of a TOML file, or with a plain one. Every "
        "setting may also stand in the settings file or, as FOURWIRE_<NAME>, in the environment.",
    )
    serve.add_argument("--agent", metavar="FILE", help="who answers (TOML)")
    serve.add_argument("--settings", metavar="FILE", help="how the gateway runs (TOML)")
    serve.add_argument(
        "--listen",
        metavar="udp:HOST:PORT",
        action="append",
        help="where SIP comes in; may be given again (udp:0.0.0.0:5060 and tcp:0.0.0.0:5060)",
    )
    serve.add_argument("--address", help="the address that callers send their audio to")
    serve.add_argument("--rtp-ports", metavar="FIRST-LAST", help="ports for audio (10000-20000)")
    serve.add_argument(
        "--codecs", metavar="NAME,...", help="codecs we take, best first (G722,PCMU,PCMA)"
    )
    serve.add_argument(
        "--idle",
        metavar="WHAT",
        help="what callers hear of a silent agent: silence, noise or comfort_noise (silence)",
    )
    serve.add_argument("--max-calls", metavar="N", help="calls at a time (500)")
    serve.add_argument("--recordings", metavar="DIR", help="a stereo WAV file of every call")
    serve.add_argument("--journal", metavar="FILE", help="JSON lines of all that happens; - prints")
    serve.add_argument("--quiet", action="store_true", help="print nothing about calls")
    serve.set_defaults(run=_serve)


def _add_demo(commands: "Commands[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser(
        "demo",
        help="a whole call on this machine: caller, gateway and agent",
        description="A real call on loopback, with speech, measured. Writes a recording, the "
        "journal and a report; fails where a figure is wrong.",
    )
    demo.add_argument("--out", metavar="DIR", default="out/demo", help="where to write (out/demo)")
    demo.set_defaults(run=_demo)


FLAGS = (
    "agent",
    "listen",
    "address",
    "rtp_ports",
    "codecs",
    "idle",
    "max_calls",
    "recordings",
    "journal",
)
"""Settings that `serve` takes on the command line."""


def _serve(options: argparse.Namespace) -> int:
    flags = {name: getattr(options, name) for name in FLAGS}
    settings = Settings.load(options.settings, flags=flags)
    anyio.run(_serve_agent, settings, options.quiet)
    return 0


async def _serve_agent(settings: Settings, quiet: bool) -> None:
    from fourwire import standin
    from fourwire.agent_file import AgentFile, scenario
    from fourwire.app import App
    from fourwire.console import Console
    from fourwire.journal import Journal

    agent = AgentFile.load(settings.agent) if settings.agent else AgentFile()
    console = Console()
    async with AsyncExitStack() as stack:
        app = App()
        try:
            answer = scenario(agent, agent.key())
        except MissingSecret as missing:
            server = await stack.enter_async_context(standin.serve())
            console.line(f"{missing}.", mark="!")
            console.line("Until then the built-in stand-in agent answers, without understanding.")
            answer = scenario(agent, "stand-in", server.url)
        app.call(str(agent.dialled))(answer)
        journal = Journal.open(settings.journal, *(() if quiet else (console,)))
        stack.callback(journal.close)
        await app.serve(settings, journal)


def _demo(options: argparse.Namespace) -> int:
    from fourwire.demo import run

    return run(options.out)


def _standin(arguments: Sequence[str]) -> int:
    from fourwire.standin.__main__ import main as standin_main

    return standin_main(arguments)


def _version() -> str:
    try:
        return version("fourwire")
    except PackageNotFoundError:
        return "(not installed)"
