"""What a gateway is told before it starts."""

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import msgspec

from fourwire.checking import At, fields_of, value_at
from fourwire.http_page import Http
from fourwire.load import Overload
from fourwire.media_security import SrtpSettings
from fourwire.problems import IllegalSetting, SettingsError, told
from fourwire.recording_settings import RecordingSettings
from fourwire.routes import Route
from fourwire.sdp import CodecName
from fourwire.secrets import MissingSecret, Secret, redact, secret
from fourwire.sip import Tls
from fourwire.sip_options import SipOptions
from fourwire.spans import Otel
from fourwire.toml_file import TomlFile
from fourwire.trunks import Access, Register, Trunk
from fourwire.wire_trace import Trace

__all__ = [
    "Listen",
    "MissingSecret",
    "PortRange",
    "Secret",
    "Settings",
    "SettingsError",
    "redact",
    "secret",
    "strange_variables",
]


class PortRange:
    """UDP ports from `first` up to `last`, both included, written `10000-20000`."""

    __slots__ = ("first", "last")

    def __init__(self, text: str) -> None:
        match = re.fullmatch(r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*", text)
        first, last = map(int, match.groups()) if match else (0, 0)
        if not 1024 <= first < last <= 65_535:
            raise ValueError("a range of ports is written 10000-20000, from 1024 up to 65535")
        self.first, self.last = first, last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def __repr__(self) -> str:
        return f"PortRange('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PortRange) and self.pair == other.pair

    def __hash__(self) -> int:
        return hash(self.pair)

    @property
    def pair(self) -> tuple[int, int]:
        """First and last port."""
        return self.first, self.last


class Listen:
    """Where SIP is listened for, written `udp:0.0.0.0:5060`, `tcp:[::]:5060` or `tls:...:5061`.

    `=` and an address behind it, as in `udp:10.0.0.5:5060=203.0.113.7`, tells peers of this
    listener to come by that address, with or without a port of its own.
    """

    __slots__ = ("external", "host", "port", "transport")

    def __init__(self, text: str) -> None:
        bound, equals, external = text.strip().partition("=")
        match = re.fullmatch(r"(udp|tcp|tls):(?:\[([^\]]+)\]|([^:\[\]]+)):(\d{1,5})", bound)
        if not match or int(match[4]) > 65_535 or (equals and not EXTERNAL.fullmatch(external)):
            raise ValueError(
                "a listener is written udp:0.0.0.0:5060, tcp:[::]:5060 or tls:0.0.0.0:5061, "
                "with =203.0.113.7 behind it where peers reach it by another address"
            )
        self.transport = match[1]
        self.host = match[2] or match[3]
        self.port = int(match[4])
        self.external = external

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        external = f"={self.external}" if self.external else ""
        return f"{self.transport}:{host}:{self.port}{external}"

    def __repr__(self) -> str:
        return f"Listen('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Listen) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


EXTERNAL = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::\d{1,5})?")
"""A host, with or without port, as it stands in a SIP URI."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that a gateway can be told; every field may stand in a TOML file, in the environment
    as `FOURWIRE_<FIELD>`, or on the command line, the later of these winning."""

    listen: tuple[Listen, ...] = (Listen("udp:0.0.0.0:5060"), Listen("tcp:0.0.0.0:5060"))
    """Where SIP is listened for."""
    trunk: tuple[Trunk, ...] = ()
    """Carriers and PBXs that we connect to (`[[trunk]]`)."""
    register: tuple[Register, ...] = ()
    """Registrars that send us calls (`[[register]]`)."""
    access: Access = Access()
    """What whoever is of no trunk may do (`[access]`)."""
    tls: Tls | None = None
    """The certificates that `tls` listeners show and that we believe (`[tls]`)."""
    srtp: SrtpSettings = SrtpSettings()
    """Which calls are under SRTP (`[srtp]`)."""
    sip: SipOptions = SipOptions()
    """How SIP is spoken (`[sip]`)."""
    keep_alive_s: Annotated[float, msgspec.Meta(ge=0)] = 25.0
    """How often ways that we opened (connections, and those to registrars) are kept open; 0:
    never."""
    address: str = ""
    """The IP address that callers reach this machine by; empty: the one that faces each caller."""
    rtp_ports: PortRange = PortRange("10000-20000")
    """Ports for RTP (even) and RTCP (odd), below the ephemeral range so that nobody has them."""
    codecs: Annotated[tuple[CodecName, ...], msgspec.Meta(min_length=1)] = ("G722", "PCMU", "PCMA")
    """Codecs we take, the preferred first; between the laws of G.711 the caller's order decides."""
    idle: Literal["silence", "noise", "comfort_noise"] = "silence"
    """What goes out while the agent is silent: digital silence, a faint noise, or comfort noise
    (RFC 3389), which leaves gaps in the stream where the caller's side takes that."""
    workers: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    """Threads that move audio."""
    max_calls: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500
    """Calls at a time, in and out; one more is refused."""
    websocket: Literal["engine", "python"] = "engine"
    """What runs the WebSockets to agents: the engine, so that audio does not wait for Python, or
    Python. By a proxy, with a scenario's own TLS settings, and in traced calls it is Python."""
    append_ms: Annotated[int, msgspec.Meta(ge=20, le=200)] = 60
    """Milliseconds of the caller's audio in each message to the agent."""
    early_barge_in: Literal["off", "duck", "pause"] = "off"
    """What becomes of the agent's speech while the caller only seems to speak; an agent file can
    say more."""
    grace_s: Annotated[float, msgspec.Meta(ge=0)] = 10.0
    """Seconds that running calls are given to finish when the gateway is told to stop."""
    goodbye: str = ""
    """WAV file (16-bit PCM, mono) for callers who are still there when that time is over; empty:
    they are hung up on."""
    overload: Overload = Overload()
    """From where on new calls are refused because the machine has too much to do (`[overload]`)."""
    http: Http = Http()
    """Pages for machines: `/metrics`, `/healthz`, `/readyz` (`[http]`)."""
    otel: Otel = Otel()
    """Spans for OpenTelemetry (`[otel]`)."""
    trace: Trace = Trace()
    """A trace of what goes over the wire (`[trace]`)."""
    rtp_lost_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Seconds without any RTP of the caller, outside hold, that end a call; unset: never."""
    ring_s: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    """Seconds after which a call that no scenario has answered is refused with 480; 0: never."""
    max_call_s: Annotated[float, msgspec.Meta(ge=0)] = 14_400.0
    """Seconds after its answer at which any call is ended, four hours: a guard against lines that
    nobody hangs up; 0: never."""
    recordings: str = ""
    """Short for `dir` of `[recording]`."""
    recording: RecordingSettings = RecordingSettings()
    """What is recorded of calls, and written beside it (`[recording]`)."""
    journal: str = ""
    """File that gets the journal, a JSON line an event; `-` is standard output, empty is none."""
    agent: str = ""
    """The agent file that `fourwire serve` answers with; in a file, from that file's directory."""
    route: tuple[Route, ...] = ()
    """Which calls are answered by which agent, refused or redirected (`[[route]]`); the first that
    a call is of wins, and one of none gets 404. Without routes the `agent` answers."""

    def __post_init__(self) -> None:
        if self.address and not _is_reachable(self.address):
            raise IllegalSetting("address", "must be the IP address of a machine")
        if self.recordings and self.recording.dir:
            raise IllegalSetting("recordings", "is also recording.dir: one of them, not both")
        unheard = not ((self.recordings or self.recording.dir) and self.recording.audio)
        if self.recording.announcement and unheard:
            raise IllegalSetting(("recording", "announcement"), UNANNOUNCED)
        if twice := next((name for name in self.codecs if self.codecs.count(name) > 1), None):
            raise IllegalSetting("codecs", f"names {twice} twice")
        for field, groups in (("trunk", self.trunk), ("register", self.register)):
            names = [group.name for group in groups]
            for number, name in enumerate(names):
                if name in names[:number]:
                    raise IllegalSetting((field, number, "name"), "is the name of two of them")
        known = {it.name for it in self.trunk} | {it.name for it in self.register}
        for number, trunk in enumerate(self.trunk):
            if unknown := next((name for name in trunk.takes_over if name not in known), None):
                why = f"names {unknown}, which is neither a trunk nor a registration"
                raise IllegalSetting(("trunk", number, "takes_over"), why)

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
    ) -> Self:
        """Settings from the TOML file at `path`, then `environ`, then `flags` (None is not given).

        Raises `SettingsError` that names file, line, key and value of all that is wrong.
        """
        environ = os.environ if environ is None else environ
        sources = [] if path is None else [_of_file(path)]
        sources += [_of_environment(cls, environ), _of_command_line(flags or {})]
        return _joined(cls, sources)


UNANNOUNCED = (
    "is for calls that are recorded by themselves, and none is: name recording.dir, without "
    "audio = false"
)
"""What is wrong with an announcement that nobody would ever hear."""

Told = TypeVar("Told", bound=Settings)


@dataclass(frozen=True, slots=True)
class Source:
    """Settings of one origin, and where in it each stands."""

    table: Mapping[str, Any]
    at: At
    strict: bool = True
    """Whether a number must be one, for text can only be written as text in the environment."""


def _joined(cls: type[Told], sources: list[Source]) -> Told:
    """The settings that `sources` give together, the later winning; all their problems at once."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    for source in sources:
        try:
            values |= fields_of(cls, source.table, source.at, strict=source.strict)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(*problems)
    try:
        return cls(**values)
    except IllegalSetting as error:
        place = error.place
        source = next(each for each in reversed(sources) if place[0] in each.table)
        value = value_at(source.table, place)
        raise SettingsError(told(source.at(place), place, value, error.reason)) from None


def _of_file(path: str | Path) -> Source:
    file = TomlFile.read(path)
    for table in (file.table, *_tables(file.table.get("route"))):
        if isinstance(name := table.get("agent"), str) and name:
            table["agent"] = str(file.path.parent / name)
    return Source(file.table, file.at)


def _tables(value: Any) -> list[dict[str, Any]]:
    """The tables of an array of tables, if it is one."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _of_environment(cls: type[Settings], environ: Mapping[str, str]) -> Source:
    names = {f"FOURWIRE_{name.upper()}": name for name in cls.__struct_fields__}
    table = {name: _of_text(name, environ[var]) for var, name in names.items() if environ.get(var)}
    return Source(table, lambda place: "environment", strict=False)


def strange_variables(environ: Mapping[str, str]) -> list[str]:
    """What looks like a setting in `environ` and is none, each with the likeliest one meant."""
    names = [f"FOURWIRE_{name.upper()}" for name in Settings.__struct_fields__]
    strange = [var for var in environ if var.startswith("FOURWIRE_") and var not in names]
    near = {var: difflib.get_close_matches(var, names, n=1) for var in strange}
    return [
        f"{var} is no setting" + (f": {meant[0]} was meant?" if meant else "")
        for var, meant in near.items()
    ]


def _of_command_line(flags: Mapping[str, Any]) -> Source:
    table = {name: _of_text(name, value) for name, value in flags.items() if value is not None}
    return Source(table, lambda place: "command line", strict=False)


def _of_text(name: str, value: Any) -> Any:
    if name in LISTS and isinstance(value, str):
        return [item.strip() for item in value.split(",")]
    return value


LISTS = ("listen", "codecs")
"""Fields that are written with commas where there are no lists."""


def _is_reachable(address: str) -> bool:
    """Whether others could send to `address`: an IP address, and of one machine."""
    try:
        return not ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False
