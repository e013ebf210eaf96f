"""The facts of this machine; nothing here judges."""

import json
import os
import resource
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fourwire.doctor.audio_path import AudioPath
from fourwire.drain import find
from fourwire.http_page import HttpListen
from fourwire.operating import born
from fourwire.problems import SettingsError, reason_of
from fourwire.settings import Listen

__all__ = [
    "audio_paths",
    "ephemeral_ports",
    "lookup",
    "may_open",
    "own_addresses",
    "running",
    "try_listener",
]

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def try_listener(listen: Listen) -> str | None:
    """Why `listen` cannot be listened on; None where it can."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    kind = socket.SOCK_DGRAM if listen.transport == "udp" else socket.SOCK_STREAM
    try:
        with socket.socket(family, kind) as probe:
            if family == socket.AF_INET6:  # as the gateway listens: IPv4 has a listener of its own
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((listen.host, listen.port))
            if kind == socket.SOCK_STREAM:
                probe.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return None


def running(listen: HttpListen | None) -> int | None:
    """The process of the gateway of this machine that serves pages at `listen`; None for none."""
    try:
        found = find(listen)
    except SettingsError:
        return None
    return found.pid if found.born is not None and found.born == born(found.pid) else None


def ephemeral_ports() -> tuple[int, int] | None:
    """The ports that the kernel gives to programs that ask for none."""
    try:
        first, last = map(int, RANGE.read_text().split())
    except (OSError, ValueError):
        return None
    return first, last


def taken_pairs(first: int, last: int) -> int:
    """How many of the even ports, or the odd ones above them, others have."""
    return sum(_is_taken(port) or _is_taken(port + 1) for port in range(first + first % 2, last, 2))


def _is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - audio comes by any interface
        except OSError:
            return True
    return False


def may_open() -> int:
    """How many files may be open, once a gateway has asked for as many as it may."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def may_write(directory: str) -> bool:
    """Whether files can be written into `directory`, which may have to be made first."""
    path = Path(directory).absolute()
    there = next(each for each in (path, *path.parents) if each.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def own_addresses() -> list[str]:
    """The addresses by which this machine faces the world; nothing is sent."""
    found = []
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((far, 9))
                found.append(probe.getsockname()[0])
        except OSError:
            continue
    return found


def lookup(host: str) -> tuple[list[str], str | None]:
    """The addresses of `host`, or why there are none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        return [], error.strerror or str(error)
    return list(dict.fromkeys(str(each[4][0]) for each in found)), None


def certificate_until(path: str, key: str) -> tuple[datetime | None, str | None]:
    """Until when the certificate at `path` is valid, or why it cannot be used.

    It is shown to ourselves: the library tells dates of certificates that it believes alone.
    """
    try:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(path, key or None)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.load_verify_locations(path)
        client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        shown = _shown(server, client)
    except (OSError, ValueError) as error:
        return None, getattr(error, "verify_message", "") or str(error)
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC), None


def _shown(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, Any]:
    """The certificate that `server` shows `client`."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server)
    for _ in range(4):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return theirs.getpeercert() or {}


def audio_paths(journal: str, most: int) -> Iterator[tuple[str, AudioPath]]:
    """The last `most` calls of a journal that were answered, with what is known of their audio."""
    calls: dict[str, dict[str, Any]] = {}
    ended: list[str] = []
    for line in _text_of(journal).splitlines():
        try:
            entry = json.loads(line)
            call, event = entry["call"], entry["event"]
        except (ValueError, KeyError, TypeError):
            continue  # a line that was cut off where the disk was full
        if event in ("call.offered", "call.latched", "call.ended") and call:
            calls.setdefault(call, {})[event] = entry
            if event == "call.ended" and entry.get("answered"):
                ended.append(call)
    for call in ended[-most:]:
        yield call, _path_of(calls[call])


def _text_of(journal: str) -> str:
    try:
        return Path(journal).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SettingsError(f"cannot read {journal}: {reason_of(error)}") from None


def _path_of(entries: dict[str, Any]) -> AudioPath:
    offered, latched = entries.get("call.offered", {}), entries.get("call.latched", {})
    end = entries["call.ended"]
    return AudioPath(
        rtp=end.get("rtp") or {},
        named=_host(offered.get("audio_at")),
        source=_host(offered.get("source")),
        latched=_host(latched.get("address")),
        talked_s=end.get("talked_s", 0.0),
    )


def _host(address: Any) -> str | None:
    return str(address[0]) if isinstance(address, list) and address else None
