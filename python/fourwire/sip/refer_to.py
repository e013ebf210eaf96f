"""Whom a transfer goes to (RFC 3515 §2.1), and which dialog is to be replaced there (RFC 3891)."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from .dialog import Dialog, DialogKey
from .errors import LocalError, MalformedMessage
from .fields import Address
from .grammar import parameters, split
from .message import Request
from .uri import Uri, bracketed

_NUMBER = re.compile(r"\+?[0-9][0-9\-.() ]{0,31}\Z")
_TEL = re.compile(r"(?i:tel):[+0-9*#][0-9A-Fa-f*#\-.()]{0,63}(?:;[A-Za-z0-9\-.=+_]{1,64}){0,8}\Z")
_SEPARATORS = re.compile(r"[-.() ]")

LONGEST_TARGET = 512
"""Signs of a target; a longer one is no address that anybody could mean."""


def target_of(text: str, domain: str) -> str:
    """The URI that ``text`` names: a SIP or ``tel:`` URI, or a number of ``domain``'s.

    :raises LocalError: it is none, or would do more than call somebody.
    """
    text = text.strip()
    if _NUMBER.match(text):
        phone = ";user=phone" if text.startswith("+") else ""
        return f"sip:{_SEPARATORS.sub('', text)}@{bracketed(domain)}{phone}"
    if text.lower().startswith("tel:"):
        if not _TEL.match(text):
            raise LocalError(f"target {text[:60]!r} is no tel: URI")
        return text
    return str(_sip_target(text))


def _sip_target(text: str) -> Uri:
    if len(text) > LONGEST_TARGET:
        raise LocalError(f"target has {len(text)} signs, at most {LONGEST_TARGET}")
    try:
        uri = Uri.parse(text)
    except MalformedMessage as error:
        raise LocalError(f"target is not one: {error.reason}") from None
    if not uri.is_sip:
        raise LocalError(f"target {text[:60]!r} is no sip:, sips: or tel: URI, and no number")
    # Either would let whoever names the target write into the request that goes there.
    if uri.headers or (uri.parameter("method") or "INVITE").upper() != "INVITE":
        raise LocalError(f"target {text[:60]!r} may hold neither headers nor a method")
    return uri


@dataclass(frozen=True, slots=True)
class Replaces:
    """A Replaces header (RFC 3891 §6.1): a dialog as the side that is to give it up knows it."""

    call_id: str
    to_tag: str
    """That side's own tag."""
    from_tag: str
    early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> "Replaces":
        """Read ``call-id;to-tag=...;from-tag=...``; raises :class:`MalformedMessage`."""
        call_id, *parts = split(text, ";")
        marks = parameters(parts)
        to_tag, from_tag = marks.get("to-tag"), marks.get("from-tag")
        if not call_id or not to_tag or not from_tag:
            raise MalformedMessage("Replaces needs a Call-ID, a to-tag and a from-tag")
        if any('"' in part for part in parts):
            raise MalformedMessage("tags are tokens (RFC 3261 §25.1), no quoted strings")
        return cls(call_id, to_tag, from_tag, "early-only" in marks)

    @property
    def key(self) -> DialogKey:
        """The dialog, by what the side that is to give it up knows it by."""
        return (self.call_id, self.to_tag, self.from_tag)

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


def successor_of(dialog: Dialog) -> str:
    """A Refer-To that has somebody take our place in ``dialog`` (RFC 5589 §7.1)."""
    replaces = Replaces(dialog.call_id, to_tag=dialog.remote_tag, from_tag=dialog.local_tag)
    target = str(dialog.remote_target).partition("?")[0]
    return f"<{target}?Replaces={quote(str(replaces), safe='')}>"


@dataclass(frozen=True, slots=True)
class Referred:
    """What a REFER of the peer's asks for: whom to call, and whose place to take there."""

    target: str
    replaces: Replaces | None

    @classmethod
    def parse(cls, request: Request) -> "Referred":
        """Read Refer-To (§2.1: exactly one); raises :class:`MalformedMessage`."""
        values = request.headers.get_all("Refer-To")
        if len(values) != 1:
            raise MalformedMessage(f"{len(values)} Refer-To fields where there must be one")
        uri = Address.parse(values[0]).uri
        target = str(uri).partition("?")[0]
        return cls(target, _replaces_in(uri.headers))


def _replaces_in(headers: str) -> Replaces | None:
    for field in headers.split("&"):
        name, _, value = field.partition("=")
        if unquote(name).lower() == "replaces":
            return Replaces.parse(unquote(value))
    return None
