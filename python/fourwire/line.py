"""The signalling side of a call, whatever it is: what a call asks of the door it came through."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from fourwire.life import Cause
from fourwire.media import MediaLeg
from fourwire.sdp import CodecName

__all__ = [
    "Headers",
    "Line",
    "LineClosed",
    "LineEnded",
    "LineEvent",
    "MediaChanged",
    "TransferFailed",
    "Transferred",
]

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LineEnded:
    """The far side is gone."""

    cause: Cause
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """The far side renegotiated; the leg already follows."""

    direction: str
    """Ours: `sendrecv`, `sendonly`, `recvonly` or `inactive`."""
    remote: tuple[str, int]
    """Where our audio goes."""
    codec: CodecName
    """The codec both sides speak now."""

    @property
    def held(self) -> bool:
        """Whether the caller does not hear us (RFC 3264 §8.4)."""
        return self.direction in ("recvonly", "inactive")


@dataclass(frozen=True, slots=True)
class Transferred:
    """The far side has reached whom it was sent on to, later than anybody waited for."""

    detail: str = ""


LineEvent = LineEnded | MediaChanged | Transferred


class LineClosed(Exception):
    """The far side went away while something was asked of the line."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        self.cause = cause
        self.detail = detail
        super().__init__(detail or cause.value)


class TransferFailed(Exception):
    """The caller could not be sent on, and is still here."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}".strip())
        self.status = status
        """A SIP status: what the other side answered, or 408 where it told nothing in time."""
        self.reason = reason


class Line(Protocol):
    """What carries one call: it answers, refuses and hangs up, and says when the far side acts."""

    @property
    def about(self) -> Mapping[str, object]:
        """What the journal should know of the line: addresses, identifiers."""

    @property
    def trunk(self) -> str:
        """The name of the carrier or PBX that it came by; empty where it has none."""

    @property
    def caller(self) -> str:
        """Who calls."""

    @property
    def display_name(self) -> str:
        """What the caller calls itself; may be empty."""

    @property
    def dialled(self) -> str:
        """Whom the caller asked for."""

    @property
    def headers(self) -> Headers:
        """What else the caller sent; names in any case."""

    @property
    def codec(self) -> CodecName:
        """The codec both sides will speak, by its name in SDP."""

    async def ring(self, headers: Headers | None) -> None:
        """Tell the caller that we are being rung."""

    async def progress(self, headers: Headers | None) -> MediaLeg:
        """Open the audio before the call is answered."""

    async def answer(self, headers: Headers | None) -> MediaLeg:
        """Answer; returns when the caller knows. `LineClosed` where the caller is gone."""

    async def reject(self, status: int, reason: str | None, headers: Headers | None) -> None:
        """Refuse the call."""

    async def hang_up(self, headers: Headers | None) -> None:
        """End the answered call."""

    async def transfer(self, target: "str | Line", headers: Headers | None) -> None:
        """Send the far side on to `target`, or to whom that line is with; returns once it is there.

        `TransferFailed` where it does not get there, `LineClosed` where it is gone, ValueError
        where `target` is nothing to be sent to. Being cancelled takes nothing back: `Transferred`
        tells where it comes to pass later.
        """

    def events(self) -> AsyncIterator[LineEvent]:
        """What the far side does, up to `LineEnded`."""
        ...

    async def close(self) -> None:
        """Give back the leg and its ports; idempotent."""
