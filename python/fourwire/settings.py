"""What a gateway is told before it starts: settings, and the secrets that never show themselves."""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Self

import msgspec

from fourwire.sdp import CodecName
from fourwire.sip import Tls

__all__ = [
    "Listen",
    "MissingSecret",
    "PortRange",
    "Secret",
    "Settings",
    "SettingsError",
    "redact",
    "secret",
]


class SettingsError(Exception):
    """A setting that cannot be used; the message names where it stands, its key and its value."""


class MissingSecret(SettingsError):
    """A secret that is neither in the environment nor in a file; the message says what to set."""


class Secret:
    """A value that shows itself only to who asks by name: `reveal()`.

    `repr`, `str` and format give the secret's name, pickling is refused, and the journal blacks
    the value out wherever it turns up.
    """

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self._value = value
        _KNOWN.add(value)

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} stays in this process")


def secret(name: str, environ: Mapping[str, str] | None = None) -> Secret:
    """The secret `name` of the environment, or of the file that `<name>_FILE` names.

    Raises `MissingSecret` where neither is set, and `SettingsError` where the file cannot be read
    or the value has a space or a line break inside (a key that was pasted badly).
    """
    environ = os.environ if environ is None else environ
    value = environ.get(name, "").strip() or _secret_file(name, environ)
    if not value:
        raise MissingSecret(
            f"{name} is not set: put the key into the environment variable {name}, "
            f"or the path of a file that holds it into {name}_FILE"
        )
    if not value.isprintable() or any(map(str.isspace, value)):
        raise SettingsError(f"{name} has a space or a line break inside; copy the key again")
    if not value.isascii():
        raise SettingsError(f"{name} has a letter inside that no key has; copy the key again")
    return Secret(name, value)


def _secret_file(name: str, environ: Mapping[str, str]) -> str:
    path = environ.get(f"{name}_FILE", "")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE: cannot read {path!r}: {_reason(error)}") from None


def redact(text: str) -> str:
    """`text` with the value of every secret of this process blacked out."""
    for value in _KNOWN:
        text = text.replace(value, "[secret]")
    return text


_KNOWN: set[str] = set()
"""Values of all secrets met so far, so that no log line can hold one by accident."""


class PortRange:
    """UDP ports from `first` up to `last`, both included, written `10000-20000`."""

    __slots__ = ("first", "last")

    def __init__(self, text: str) -> None:
        match = re.fullmatch(r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*", text)
        first, last = map(int, match.groups()) if match else (0, 0)
        if not 1024 <= first < last <= 65_535:
            raise ValueError("a range of ports is written 10000-20000, from 1024 up to 65535")
        self.first, self.last = first, last

    def __repr__(self) -> str:
        return f"PortRange('{self.first}-{self.last}')"

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

    def __repr__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        external = f"={self.external}" if self.external else ""
        return f"Listen('{self.transport}:{host}:{self.port}{external}')"

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
    tls: Tls | None = None
    """The certificates that `tls` listeners show and that we believe (`[tls]`)."""
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
    max_calls: Annotated[int, msgspec.Meta(ge=1)] = 500
    """Calls at a time; one more is refused."""
    append_ms: Annotated[int, msgspec.Meta(ge=20, le=200)] = 60
    """Milliseconds of the caller's audio in each message to the agent."""
    early_barge_in: Literal["off", "duck", "pause"] = "off"
    """What becomes of the agent's speech while the caller only seems to speak; an agent file can
    say more."""
    grace_s: Annotated[float, msgspec.Meta(ge=0)] = 10.0
    """Seconds that running calls are given to finish when the gateway is told to stop."""
    rtp_lost_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Seconds without any RTP of the caller, outside hold, that end a call; unset: never."""
    recordings: str = ""
    """Directory that gets a stereo recording of every call, caller left; empty: none are made."""
    journal: str = ""
    """File that gets the journal, a JSON line an event; `-` is standard output, empty is none."""
    agent: str = ""
    """The agent file that `fourwire serve` answers with."""

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
    ) -> Self:
        """Settings from the TOML file at `path`, then `environ`, then `flags` (None is not given).

        Raises `SettingsError` that names file, key and value.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        if path is not None:
            values |= _checked(cls, read_toml(path), f"{path}")
        values |= _checked(cls, _of_environment(cls, environ), "environment", strict=False)
        given = {key: value for key, value in (flags or {}).items() if value is not None}
        values |= _checked(cls, given, "command line", strict=False)
        return cls(**values)


def read_toml(path: str | Path) -> dict[str, Any]:
    """The table that the TOML file at `path` holds; `SettingsError` where there is none."""
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {_reason(error)}") from None


def unknown_key(where: str, key: str, known: Mapping[str, object] | list[str]) -> SettingsError:
    """The error for a key that nobody reads, with the likeliest one meant."""
    near = difflib.get_close_matches(key, list(known), n=1)
    meant = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
    return SettingsError(f"{where}: there is no setting {key}{meant}")


def _of_environment(cls: type[Settings], environ: Mapping[str, str]) -> dict[str, Any]:
    names = {f"FOURWIRE_{name.upper()}": name for name in cls.__struct_fields__}
    return {name: environ[var] for var, name in names.items() if environ.get(var)}


def _checked(
    cls: type[Settings], values: Mapping[str, Any], where: str, *, strict: bool = True
) -> dict[str, Any]:
    """`values` as the fields of `cls` want them."""
    fields = {field.name: field.type for field in msgspec.structs.fields(cls)}
    return {key: _field(fields, key, value, where, strict=strict) for key, value in values.items()}


def _field(fields: Mapping[str, Any], key: str, value: Any, where: str, *, strict: bool) -> Any:
    if key not in fields:
        raise unknown_key(where, key, fields)
    if key in LISTS and isinstance(value, str):
        value = [item.strip() for item in value.split(",")]
    if key == "address" and value and not _is_reachable(str(value)):
        raise SettingsError(f"{where}: address = {value!r}: must be the IP address of a machine")
    try:
        return msgspec.convert(value, fields[key], strict=strict, dec_hook=_from_text)
    except msgspec.ValidationError as error:
        reason = str(error).replace("`", "")
        raise SettingsError(f"{where}: {key} = {value!r}: {reason}") from None


LISTS = ("listen", "codecs")
"""Fields that are written with commas where there are no lists."""


def _is_reachable(address: str) -> bool:
    """Whether others could send to `address`: an IP address, and of one machine."""
    try:
        return not ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False


def _from_text(wanted: type[Any], value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("Expected str")
    return wanted(value)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return (error.strerror or str(error)).lower()
