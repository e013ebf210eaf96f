"""Trunks as settings have them: carriers and PBXs, who may call and by whom we call out."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from fourwire import sip
from fourwire.problems import IllegalSetting
from fourwire.secrets import SecretFrom, Source, refuse_bad_source, secret_of
from fourwire.sip.errors import LocalError
from fourwire.sip.user_agent import sip_uri

__all__ = ["Access", "Register", "Trunk", "User", "access_of", "credentials_of", "trunk_of"]

Name = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_.-]{1,64}$")]
Transport = Literal["udp", "tcp", "tls"]


class User(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may call by a password."""

    username: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    """The name that the password belongs to."""
    password: Annotated[str, msgspec.Meta(min_length=1)] | SecretFrom
    """The environment variable that holds the password, or a table that says where it lies."""

    def __post_init__(self) -> None:
        refuse_bad_source("password", self.password)


class Trunk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A carrier or PBX (`[[trunk]]`)."""

    name: Name
    """What routes and the journal call it."""
    sources: tuple[str, ...] = ()
    """Addresses and networks it calls from, as `203.0.113.0/24`."""
    transports: tuple[Transport, ...] = ()
    """By what it calls; empty: by any."""
    certificates: tuple[str, ...] = ()
    """Names of which its certificate proves one; needs `client_ca` in `[tls]`."""
    users: tuple[User, ...] = ()
    """Of whom it proves to be one, by digest."""
    trusted: bool = False
    """Whether P-Asserted-Identity is believed from it, and told to it."""
    takes_over: tuple[Name, ...] = ()
    """Trunks and registrations in whose calls it may have others take a place (Replaces), as in
    its own."""
    max_calls: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Calls with it at a time, whoever placed them."""
    server: str = ""
    """Where calls to it go, as `sip:sbc.example.com;transport=tls`; empty: it is not called."""
    domain: str = ""
    """The domain of our From and of numbers that are called; empty: the server's."""
    username: str = ""
    """Whom we prove to be when it asks."""
    password: str | SecretFrom = ""
    """The environment variable that holds the password of `username`, or a table that says where
    it lies."""
    caller: str = ""
    """Who calls, where `dial` does not say."""

    def __post_init__(self) -> None:
        for number, source in enumerate(self.sources):
            if _network(source) is None:
                why = "is no address or network, as 203.0.113.7 or 203.0.113.0/24"
                raise IllegalSetting(("sources", number), why)
        if self.server:
            check_uri("server", self.server)
        check_login(self.username, self.password)
        if not (self.sources or self.certificates or self.users or self.server):
            why = "is known by nothing: it needs sources, certificates, users, or a server"
            raise IllegalSetting("name", why)


class Register(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registrar that sends us calls once it knows where we are (`[[register]]`)."""

    name: Name
    """What the journal calls it."""
    server: str
    """The registrar, as `sip:pbx.example.com` or `sip:carrier.example;transport=tls`."""
    user: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    """Who registers: the user of the address."""
    domain: str = ""
    """The domain of the address; empty: the registrar's."""
    username: str = ""
    """Whom we prove to be; empty: `user`."""
    password: Source = ""
    """Where the password lies, as in `[[trunk]]`; empty: none is asked for."""
    proxy: str = ""
    """Where requests go, if not to `server`."""
    expires_s: Annotated[int, msgspec.Meta(ge=30, le=86_400)] = 600
    """Seconds for which we ask to be known; we are reminded in time."""
    trunk: str = ""
    """The trunk that its calls are of; empty: one by this registration's name."""

    def __post_init__(self) -> None:
        check_uri("server", self.server)
        if self.proxy:
            check_uri("proxy", self.proxy)
        if self.password:
            refuse_bad_source("password", self.password)


class Access(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What whoever is of no trunk may do (`[access]`)."""

    strangers: Literal["admit", "refuse", "drop"] | None = None
    """What a call of no trunk gets: an answer, a 403, or silence; unset: an answer as long as
    there is neither `[[trunk]]` nor `[[register]]`, and a 403 once there is either."""
    realm: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] = "fourwire"
    """What passwords are asked for."""
    algorithms: Annotated[tuple[Literal["SHA-256", "MD5"], ...], msgspec.Meta(min_length=1)] = (
        "MD5",
    )
    """Algorithms that passwords may be proven by, in the order in which they are offered."""
    nonce_s: Annotated[float, msgspec.Meta(gt=0)] = 300.0
    """Seconds for which a challenge may be answered."""
    rate: Annotated[float, msgspec.Meta(ge=0)] = 20.0
    """Messages a second from one source of no trunk, where strangers may not call; 0: any."""
    burst: Annotated[int, msgspec.Meta(ge=1)] = 100
    """Messages that it may send at once."""
    ban_after: Annotated[int, msgspec.Meta(ge=0)] = 5
    """Wrong passwords after which a source is not heard; 0: never."""
    ban_s: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    """Seconds for which it is not heard."""
    scanners: Literal["admit", "refuse", "drop"] = "drop"
    """What programs get that search for open gateways, as far as they say what they are."""


def access_of(
    trunks: Sequence[Trunk],
    access: Access,
    environ: Mapping[str, str] | None = None,
    *,
    registers: bool,
) -> sip.Access:
    """Who may call, as the SIP endpoint takes it; `SettingsError` where a password is missing.

    `registers` tells that registrars send us calls: strangers are refused then as with trunks.
    """
    given = msgspec.structs.asdict(access)
    given["strangers"] = access.strangers or ("refuse" if trunks or registers else "admit")
    return sip.Access(trunks=tuple(_trunk(trunk, environ) for trunk in trunks), **given)


def credentials_of(
    of: str, username: str, password: Source, environ: Mapping[str, str] | None = None
) -> sip.Credentials | None:
    """What we prove to `of` who we are with; `password` says where it lies, None that it has none.

    That may take seconds where a command tells it.
    """
    if not password:
        return None
    secret = secret_of(f"password for {of}", password, environ)
    return sip.Credentials(username, secret.reveal())


def trunk_of(
    name: str, trunks: Sequence[Trunk], environ: Mapping[str, str] | None = None
) -> sip.Trunk:
    """The trunk of that name, or a new one of which nothing else is known."""
    known = next((trunk for trunk in trunks if trunk.name == name), None)
    return sip.Trunk(name=name) if known is None else _trunk(known, environ)


def _trunk(trunk: Trunk, environ: Mapping[str, str] | None) -> sip.Trunk:
    return sip.Trunk(
        name=trunk.name,
        networks=tuple(found for source in trunk.sources if (found := _network(source))),
        transports=frozenset(trunk.transports),
        certificates=frozenset(name.lower() for name in trunk.certificates),
        passwords=_passwords(trunk, environ),
        trusted=trunk.trusted,
        takes_over=frozenset(trunk.takes_over),
        max_calls=trunk.max_calls,
        credentials=credentials_of(trunk.name, trunk.username, trunk.password, environ),
    )


def _passwords(trunk: Trunk, environ: Mapping[str, str] | None) -> dict[str, str]:
    return {
        user.username: secret_of(f"password of {user.username}", user.password, environ).reveal()
        for user in trunk.users
    }


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def check_uri(field: str, text: str) -> None:
    """Raise `IllegalSetting` where `text` is no URI of SIP."""
    try:
        uri = sip_uri(text)
    except LocalError as error:
        raise IllegalSetting(field, str(error)) from None
    if uri.transport not in ("udp", "tcp", "tls"):
        why = f"names the transport {uri.transport}; there are udp, tcp and tls"
        raise IllegalSetting(field, why)


def check_login(username: str, password: Source) -> None:
    """Raise `IllegalSetting` where one of the two is missing."""
    if password:
        refuse_bad_source("password", password)
    if username and not password:
        raise IllegalSetting("password", "is missing beside username: name the variable it is in")
    if password and not username:
        raise IllegalSetting("username", "is missing beside password")
