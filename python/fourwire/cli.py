"""The command line: `fourwire serve` and all commands around it."""

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import anyio

from fourwire.gateway import refuse_unusable
from fourwire.mistakes import mistake_in
from fourwire.plan import Answer, Plan
from fourwire.problems import SettingsError
from fourwire.routes import Refusal
from fourwire.routing import Offered
from fourwire.settings import Settings

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
        prog="fourwire",
        description="Telephone calls to voice agents.",
        epilog="To begin: `fourwire demo` needs no account and no phone; `fourwire init DIR` "
        "writes a gateway to start from.",
    )
    parser.add_argument("--version", action="version", version=f"fourwire {_version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_check(commands)
    _add_route(commands)
    _add_init(commands)
    _add_doctor(commands)
    _add_drain(commands)
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
    serve.add_argument("--recordings", metavar="DIR", help="record every call, and what was said")
    serve.add_argument("--journal", metavar="FILE", help="JSON lines of all that happens; - prints")
    serve.add_argument("--quiet", action="store_true", help="print nothing about calls")
    _add_standin(serve)
    serve.set_defaults(run=_serve)


def _add_check(commands: "Commands[argparse.ArgumentParser]") -> None:
    check = commands.add_parser(
        "check",
        help="read all files as serve would, and say what is wrong",
        description="Read the settings and all files that they name, without starting. The status "
        "is 0 where they are good, 2 where they are not.",
    )
    check.add_argument("--settings", metavar="FILE", help="how the gateway runs (TOML)")
    check.add_argument("--agent", metavar="FILE", help="who answers (TOML)")
    check.add_argument("--strict", action="store_true", help="status 1 where something is doubtful")
    _add_standin(check)
    check.set_defaults(run=_check)


def _add_standin(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--standin",
        action="store_true",
        help="the stand-in agent answers in the place of all others: no key is needed",
    )


def _add_route(commands: "Commands[argparse.ArgumentParser]") -> None:
    route = commands.add_parser("route", help="try the rules of a settings file")
    verbs = route.add_subparsers(title="commands", required=True, metavar="COMMAND")
    test = verbs.add_parser(
        "test",
        help="who would answer a call",
        description="Tell which rule a call is of, and why it is not of the others. The status is "
        "1 where it is of none.",
    )
    test.add_argument("dialled", metavar="DIALLED", help="what was dialled, as +15551234")
    test.add_argument("--settings", metavar="FILE", help="how the gateway runs (TOML)")
    test.add_argument("--agent", metavar="FILE", help="who answers (TOML)")
    test.add_argument("--caller", metavar="NUMBER", default="", help="who calls")
    test.add_argument("--trunk", metavar="NAME", default="", help="by which trunk")
    test.add_argument("--header", metavar="'NAME: VALUE'", action="append", help="a header it has")
    test.add_argument("--at", metavar="TIME", default="", help="when, as 2026-01-05T12:00 (now)")
    test.set_defaults(run=_route_test)


def _add_init(commands: "Commands[argparse.ArgumentParser]") -> None:
    init = commands.add_parser(
        "init",
        help="write a set of files to start from",
        description="Write a settings file with routes, an agent with its prompt, the same as a "
        "program, a list of variables, and a unit for systemd that runs from where they lie.",
    )
    init.add_argument("directory", metavar="DIR", help="where to; is made where there is none")
    init.add_argument("--force", action="store_true", help="write over files that are there")
    init.set_defaults(run=_init)


def _add_doctor(commands: "Commands[argparse.ArgumentParser]") -> None:
    doctor = commands.add_parser(
        "doctor",
        help="look at the machine, the settings and the agent, and say what is wrong",
        description="Look at ports, addresses, limits, names and certificates, open a session with "
        "each agent, and call the gateway over loopback. The status is 1 where something is bad.",
    )
    doctor.add_argument("--settings", metavar="FILE", help="how the gateway runs (TOML)")
    doctor.add_argument("--agent", metavar="FILE", help="who answers (TOML)")
    doctor.add_argument("--offline", action="store_true", help="ask no name server and no agent")
    doctor.add_argument(
        "--calls", metavar="JOURNAL", help="say of its last calls why audio went one way or none"
    )
    doctor.set_defaults(run=_doctor)


def _add_drain(commands: "Commands[argparse.ArgumentParser]") -> None:
    drain = commands.add_parser(
        "drain",
        help="have a running gateway take no new calls",
        description="Have the gateway of these settings take no new calls; those that run go on. "
        "It is found by its page (http.listen). The status is 1 where calls are left.",
    )
    drain.add_argument("--settings", metavar="FILE", help="how the gateway runs (TOML)")
    drain.add_argument(
        "--wait", metavar="SECONDS", type=float, default=0.0, help="for calls to end"
    )
    drain.add_argument("--resume", action="store_true", help="have it take calls again")
    drain.set_defaults(run=_drain)


def _add_demo(commands: "Commands[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser(
        "demo",
        help="a whole call on this machine: caller, gateway and agent",
        description="A real call on loopback, with speech, measured. Writes a recording, its "
        "transcript, the journal and a report; fails where a figure is wrong.",
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
    from fourwire.serving import Service

    anyio.run(Service(_plan(options), stand_in=options.standin).run, options.quiet)
    return 0


def _plan(options: argparse.Namespace) -> Callable[[], Plan]:
    """What reads the plan that `options` name, the same files each time."""
    flags = {name: getattr(options, name, None) for name in FLAGS}
    return partial(Plan.load, options.settings, flags=flags)


def _check(options: argparse.Namespace) -> int:
    plan = _plan(options)()
    keys = () if options.standin else (plan.require_keys,)
    _tell_together(*keys, plan.access, lambda: refuse_unusable(plan.settings))
    doubts = list(plan.doubts())
    for doubt in doubts:
        print(f"! {doubt}")
    print(f"good: {len(plan.rules)} rules, {len(plan.answers)} agents, {len(doubts)} doubts")
    return 1 if doubts and options.strict else 0


def _tell_together(*looks: Callable[[], object]) -> None:
    """Look at everything, and raise one `SettingsError` with all that is wrong."""
    problems: list[str] = []
    for look in looks:
        try:
            look()
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(*problems)


def _route_test(options: argparse.Namespace) -> int:
    call = Offered(
        dialled=options.dialled,
        caller=options.caller,
        trunk=options.trunk,
        headers=_headers(options.header),
        at=_at(options.at),
    )
    won = False
    for number, (rule, target) in enumerate(_plan(options)().rules, 1):
        objection = "an earlier rule wins" if won else rule.objection(call)
        won = won or objection is None
        mark = "✗" if objection else "✓"
        print(f"{mark} {number}. {rule}: {objection or f'→ {_shown(target)}'}")
    if not won:
        print("no rule: 404")
    return 0 if won else 1


def _headers(given: Sequence[str] | None) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for line in given or ():
        name, colon, value = line.partition(":")
        if not colon:
            raise SettingsError(f"--header {line!r}: is written 'Name: value'")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return headers


def _at(text: str) -> datetime:
    try:
        return (datetime.fromisoformat(text) if text else datetime.now()).astimezone()
    except ValueError:
        raise SettingsError(f"--at {text!r}: is written 2026-01-05T12:00 or …+01:00") from None


def _shown(target: Answer | Refusal) -> str:
    if isinstance(target, Refusal):
        return " ".join([str(target.status), *target.headers.values()])
    return target.title


def _init(options: argparse.Namespace) -> int:
    from fourwire import starter

    for path in starter.write(options.directory, force=options.force):
        print(path)
    for doubt in starter.doubts(options.directory):
        print(f"! {doubt}")
    print(f"next: fourwire check --settings {shlex.quote(f'{options.directory}/gateway.toml')}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from fourwire.doctor import examine, explain_calls

    if options.calls:
        return explain_calls(options.calls)
    plan = _plan(options)()
    return anyio.run(partial(examine, plan, online=not options.offline))


def _drain(options: argparse.Namespace) -> int:
    from fourwire.drain import drain

    listen = Settings.load(options.settings).http.listen
    return drain(listen, resume=options.resume, wait_s=options.wait)


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
