"""TLS (RFC 3261 §26.2, RFC 5922): whose certificates are shown, and whose are believed."""

import ssl
from pathlib import Path

import msgspec

MINIMUM = ssl.TLSVersion.TLSv1_2
"""TLS 1.0 and 1.1 are no longer to be spoken (RFC 8996)."""


class Tls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files in PEM, by their paths; they are read when the endpoint opens and when they change."""

    certificate: str = ""
    """Our certificate, with the chain up to its authority. A listener needs one."""
    key: str = ""
    """The certificate's private key; empty: it stands in the same file."""
    client_ca: str = ""
    """Authorities of which every peer that connects must show a certificate; empty: none must."""
    server_ca: str = ""
    """Authorities that are believed where we connect; empty: those of the system."""


class Contexts:
    """What connections of either direction are secured with.

    Certificates that are replaced on disk serve new connections once :meth:`renew` has looked;
    connections that are open go on as they are.
    """

    def __init__(self, tls: Tls) -> None:
        """Read the files; :class:`OSError` names the one that cannot be used."""
        self._tls = tls
        self._client: ssl.SSLContext | None = None
        self._seen = self._times()
        self.server = _server_context(tls)
        """For connections that peers open."""

    def client(self) -> ssl.SSLContext:
        """For connections that we open: the peer must prove the name that we look for."""
        if self._client is None:
            self._client = _client_context(self._tls)
        return self._client

    def renew(self) -> bool:
        """Take files that have changed since the last look; true where there were any.

        :raises OSError: they cannot be used, so the old ones stay in use. They are tried again
            once they change again.
        """
        times = self._times()
        if times == self._seen:
            return False
        self._seen = times
        self.server = _server_context(self._tls)
        self._client = None
        return True

    def _times(self) -> list[int]:
        tls = self._tls
        files = (tls.certificate, tls.key, tls.client_ca, tls.server_ca)
        return [_changed_at(path) for path in files if path]


def _changed_at(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


def _server_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = MINIMUM
    _load_own(context, tls)
    if tls.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        _load_authorities(context, tls.client_ca)
    return context


def _client_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the chain and the name
    context.minimum_version = MINIMUM
    if tls.server_ca:
        _load_authorities(context, tls.server_ca)
    else:
        context.load_default_certs()
    if tls.certificate:
        _load_own(context, tls)
    return context


def _load_own(context: ssl.SSLContext, tls: Tls) -> None:
    if not tls.certificate:
        return
    try:
        context.load_cert_chain(tls.certificate, tls.key or None, password=_no_password)
    except (OSError, ValueError) as error:
        files = " and ".join(filter(None, (tls.certificate, tls.key)))
        raise OSError(f"tls: cannot use certificate and key of {files}: {_why(error)}") from None


def _load_authorities(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as error:
        raise OSError(f"tls: cannot read authorities of {path}: {_why(error)}") from None


def _no_password() -> str:
    raise ValueError("the key has a password, which nobody could enter here")


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    return str(getattr(error, "strerror", None) or error).lower()


def names_of(certificate: dict[str, object] | None) -> tuple[str, ...]:
    """The host names and addresses that a checked certificate proves (RFC 5922 §7.1)."""
    entries = (certificate or {}).get("subjectAltName", ())
    assert isinstance(entries, tuple)
    names = (_name(kind, value) for kind, value in entries)
    return tuple(name for name in names if name)


def _name(kind: str, value: str) -> str:
    if kind == "URI":
        return value.removeprefix("sip:").lower() if value.startswith("sip:") else ""
    return value.lower() if kind in ("DNS", "IP Address") else ""
