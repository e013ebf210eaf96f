"""What a scenario asks of a caller's side: to wait, to hear of it, to go on, or to go."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import anyio

from fourwire.call_part import CallPart
from fourwire.life import Cause, Life, State, WrongMoment
from fourwire.line import (
    Headers,
    Info,
    Line,
    LineEvent,
    NotTakenOver,
    Progress,
    Referral,
    TakenOver,
    TransferAsked,
    TransferFailed,
    Transferred,
)
from fourwire.media import MediaLeg
from fourwire.parting import Parting
from fourwire.rtp_watch import RtpWatch
from fourwire.unbroken import unbroken

__all__ = ["CallControl"]

RINGING = 180

T = TypeVar("T")


class CallControl(CallPart):
    """The part of a call that speaks of the call itself."""

    id: str
    _life: Life
    _parting: Parting
    _rtp: RtpWatch
    _in_transfer = False
    _early: Callable[[], Awaitable[None]] | None = None
    """What is done once whom we call is heard before it answers."""
    _given_away: anyio.Event | None = None
    """Set once it is known whether the caller of another call has taken the place of ours."""
    on_hold = False
    """Whether we have put the caller on hold."""
    on_transfer: Callable[[Referral], Awaitable[None]] | None = None
    """What is done where the caller's side asks us to call somebody else and leave; without, that
    is refused. Returning tells it that this is done, `TransferFailed` that it is not."""

    def __init__(self) -> None:
        super().__init__()
        self._changing_hold = anyio.Lock()

    async def reject(
        self, status: int = 603, reason: str | None = None, headers: Headers | None = None
    ) -> None:
        """Refuse the call, which must not be answered yet; `status` as in SIP, 300 to 699."""
        if not 300 <= status <= 699:
            raise ValueError(f"status is {status}, must be from 300 to 699")
        if self._life.state in (State.ANSWERING, State.ANSWERED):
            raise WrongMoment(
                "reject", self._life.state, [State.OFFERED, State.RINGING, State.EARLY]
            )
        self._parting.reason, self._parting.headers = reason, headers
        self.end(Cause.REJECTED, reason or "", status)
        await anyio.lowlevel.checkpoint()

    async def hang_up(self, headers: Headers | None = None) -> None:
        """End the call; one that is not answered is declined."""
        if self._life.ended is None:
            self._parting.headers = headers
        self.end(Cause.HUNG_UP)
        await anyio.lowlevel.checkpoint()

    async def redirect(self, *targets: str) -> None:
        """Tell a caller who is not answered yet to call one of `targets` instead (302)."""
        if not targets or any(sign in target for target in targets for sign in ' <>"\r\n'):
            raise ValueError(f"targets are {targets}, must be one URI or more")
        contacts = ", ".join(f"<{target}>" for target in targets)
        await self.reject(302, headers={"Contact": contacts})

    async def hold(self) -> None:
        """Put the caller on hold: he is asked to send nothing, and the agent is parted from him.

        What is played to him he hears. `RequestFailed` where his side will not. Being cancelled
        takes nothing back: he may come to be on hold a moment later, as `on_hold` then tells.
        """
        await self._change_hold(True)

    async def resume(self) -> None:
        """Take the caller back from hold, and to the agent; cancelled, as `hold`."""
        await self._change_hold(False)

    async def _change_hold(self, on: bool) -> None:
        self._must_be_answered("be held")
        await unbroken(self.start_soon, partial(self._hold, on))

    async def _hold(self, on: bool) -> None:
        async with self._changing_hold:
            self._must_be_answered("be held")
            if on == self.on_hold:
                return
            changed = await self._ask(self._line.hold(on))
            self.on_hold = on
            self._rtp.hold(on or changed.held)
            self.activity.hold(self.journal.now, on or changed.held)
            self.journal.write("call.on_hold" if on else "call.resumed")
            self._keep_apart(on)

    async def inform(self, content_type: str, body: bytes) -> None:
        """Tell the caller's side something beside the audio (INFO, RFC 6086)."""
        self._must_be_answered("be told anything")
        await self._ask(self._line.inform(content_type, body))

    async def heed(self, event: LineEvent) -> None:
        """Act on what the far side does of its own accord."""
        match event:
            case Transferred(detail):
                self.end(Cause.TRANSFERRED, detail)
            case Info(content_type, body):
                self.journal.write("call.info", content_type=content_type, size=len(body))
            case Progress(status, leg):
                self._hear_early(status, leg)
            case TakenOver(about):
                self.journal.write("call.taken_over", **about)
            case NotTakenOver(status, why):
                self.journal.write("call.not_taken_over", status=status, why=why)
            case TransferAsked(referral):
                await self._decide(referral)

    def _hear_early(self, status: int, leg: MediaLeg | None) -> None:
        if leg is None:
            if status == RINGING:
                self.journal.write("call.ringing")
            return
        self._join(leg)
        self.journal.write("call.early_media", codec=self._line.codec)
        act, self._early = self._early, None
        if act is not None:
            self.start_soon(act)

    def on_early_media(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do `act` beside everything else once whom we call is heard before it answers."""
        self._early = act

    async def _decide(self, referral: Referral) -> None:
        if self.on_transfer is None:
            await referral.refuse(403)
        else:
            self.start_soon(partial(self._follow, referral, self.on_transfer))

    async def _follow(self, referral: Referral, act: Callable[[Referral], Awaitable[None]]) -> None:
        self.journal.write("call.transfer_asked", target=referral.target)
        await referral.accept()
        try:
            await act(referral)
        except TransferFailed as failed:
            await referral.tell(failed.status, failed.reason)
        except Exception:
            await referral.tell(500)
            raise
        else:
            await referral.tell(200)

    async def transfer(
        self,
        target: str,
        *,
        timeout_s: float = 30.0,
        headers: Headers | None = None,
        mute: bool = True,
    ) -> None:
        """Send the caller on to `target`, and end the call once it is there (blind transfer).

        `target` is a SIP or `tel:` URI, or a number of the caller's own domain. With `mute` the
        agent and the caller do not hear each other meanwhile. Where it raises, the caller is still
        here and with the agent again; being cancelled, too, though the caller may still get there.

        :raises TransferFailed: the caller did not get there; `status` and `reason` are what the
            other side answered, 408 where it told nothing within `timeout_s`.
        :raises ValueError: `target` is nothing that a caller could be sent to.
        """
        await self._send_on(target, target, timeout_s, headers, mute)
        await anyio.lowlevel.checkpoint()

    async def transfer_to(
        self,
        other: "CallControl",
        *,
        timeout_s: float = 30.0,
        headers: Headers | None = None,
        mute: bool = True,
    ) -> None:
        """Join the caller with whom `other` is with, and end both calls (attended transfer).

        Raises as `transfer` does; both calls then go on as they were.
        """
        other._must_be_answered("be taken over")
        other._given_away = anyio.Event()
        try:
            await self._send_on(other._line, other.id, timeout_s, headers, mute)
            other.end(Cause.TRANSFERRED, f"taken over by the caller of {self.id}")
        finally:
            other._given_away.set()
            other._given_away = None
        await anyio.lowlevel.checkpoint()

    async def take_leave(self, cause: Cause, detail: str) -> None:
        """End the call whose far side is gone: by itself, or since another took over from us."""
        if self._given_away is not None:
            await self._given_away.wait()
        self.end(cause, detail)

    async def _send_on(
        self, to: str | Line, name: str, timeout_s: float, headers: Headers | None, mute: bool
    ) -> None:
        self._must_be_answered("be transferred")
        if self._in_transfer:
            raise TransferFailed(491, "another transfer of this call is under way")
        self.journal.write("call.transferring", target=name)
        with self._muted(mute):
            try:
                with anyio.fail_after(timeout_s):
                    await self._ask(self._line.transfer(to, headers))
            except TimeoutError:
                raise self._transfer_failed(408, f"no outcome within {timeout_s:g} s") from None
            except TransferFailed as failed:
                raise self._transfer_failed(failed.status, failed.reason) from None
            self.end(Cause.TRANSFERRED, name)

    def _transfer_failed(self, status: int, reason: str) -> TransferFailed:
        self.journal.write("call.transfer_failed", status=status, reason=reason)
        return TransferFailed(status, reason)

    @contextmanager
    def _muted(self, mute: bool) -> Iterator[None]:
        """The agent and the caller apart, for as long as the call goes on."""
        self._in_transfer = True
        if mute:
            self._keep_apart(True)
        try:
            yield
        finally:
            self._in_transfer = False
            if mute and self._life.ended is None:
                self._keep_apart(False)

    def _must_be_answered(self, wish: str) -> None:
        if self._life.state is not State.ANSWERED:
            raise WrongMoment(wish, self._life.state, [State.ANSWERED])
