"""The signalling side of a call, whatever it is: what a call asks of the door it came through."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from fourwire.keys import KeyPress
from fourwire.life import Cause
from fourwire.media import MediaLeg
from fourwire.sdp import CodecName, Suite

__all__ = [
    "Headers",
    "Info",
    "KeyPressed",
    "KeysNotTaken",
    "Line",
    "LineClosed",
    "LineEnded",
    "LineEvent",
    "MediaChanged",
    "NotTakenOver",
    "Progress",
    "Referral",
    "RequestFailed",
    "TakenOver",
    "TransferAsked",
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
    srtp: Suite | None = None
    """What protects the audio (SRTP); None: it is in the clear."""

    @property
    def held(self) -> bool:
        """Whether the caller does not hear us (RFC 3264 §8.4)."""
        return self.direction in ("recvonly", "inactive")


@dataclass(frozen=True, slots=True)
class Progress:
    """Whom we call tells how it goes before it answers."""

    status: int
    """180: it rings."""
    leg: MediaLeg | None = None
    """Where it is heard by now; None where it lets nothing new be heard."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Somebody else took the far side's place; the line is with that one from now on."""

    about: Mapping[str, object]
    """Who it is."""


@dataclass(frozen=True, slots=True)
class NotTakenOver:
    """Somebody was to take the far side's place, and could not."""

    status: int
    why: str


@dataclass(frozen=True, slots=True)
class Transferred:
    """The far side has reached whom it was sent on to, later than anybody waited for."""

    detail: str = ""


class Referral(Protocol):
    """The far side's wish that we call somebody else and leave."""

    target: str
    """The URI to call."""
    replaces: str | None
    """The Replaces header that the call is to bear; None for none (RFC 3891)."""
    referred_by: str | None
    """Who asks, as the far side writes it."""

    async def accept(self) -> None:
        """Accept: the far side waits to be told how it goes."""

    async def refuse(self, status: int = 603) -> None:
        """Refuse with a SIP status."""

    async def tell(self, status: int, reason: str = "") -> None:
        """Tell what the call has met: 180 that it rings, a final status how it ended."""


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The far side asks us to call somebody else."""

    referral: Referral


@dataclass(frozen=True, slots=True)
class Info:
    """Something that the far side tells beside the audio, and that is no key (RFC 6086)."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The far side pressed a key, and told of it beside the audio."""

    press: KeyPress


LineEvent = (
    LineEnded
    | MediaChanged
    | Progress
    | TakenOver
    | NotTakenOver
    | Transferred
    | TransferAsked
    | Info
    | KeyPressed
)


class LineClosed(Exception):
    """The far side went away while something was asked of the line."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        self.cause = cause
        self.detail = detail
        super().__init__(detail or cause.value)


class KeysNotTaken(Exception):
    """Keys cannot be sent to the far side."""

    def __init__(self, why: str = "neither telephone events nor INFO were agreed on") -> None:
        super().__init__(f"the caller's side takes no keys: {why}")


class RequestFailed(Exception):
    """The other side did not do what was asked of it; the call goes on as it was."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}".strip())
        self.status = status
        """A SIP status: what the other side answered, or 408 where it told nothing in time."""
        self.reason = reason


class TransferFailed(RequestFailed):
    """The caller could not be sent on, and is still here."""


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

    @property
    def srtp(self) -> Suite | None:
        """What will protect the audio (SRTP); None where it is in the clear."""

    @property
    def takes_keys(self) -> Literal["rtp", "line"] | None:
        """How keys reach the far side: in the audio's stream, by the line itself, or not at all."""

    async def send_key(self, digit: str, duration_ms: float) -> None:
        """Press a key by the line itself; `KeysNotTaken` where the far side refuses."""

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

    async def hold(self, on: bool) -> MediaChanged:
        """Ask the far side to fall silent, or to speak again; `RequestFailed` where it will not."""

    async def inform(self, content_type: str, body: bytes) -> None:
        """Tell the far side something beside the audio; `RequestFailed` where it refuses that."""

    def events(self) -> AsyncIterator[LineEvent]:
        """What the far side does, up to `LineEnded`."""
        ...

    async def close(self) -> None:
        """Give back the leg and its ports; idempotent."""
