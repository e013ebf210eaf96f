"""A call that came by SIP, as a line: its offer answered, its audio running on a leg of ours."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import anyio

from fourwire import sdp, sip
from fourwire._core import PortsExhausted
from fourwire.dialled import Dialled
from fourwire.info_keys import KEY_RELAY, key_body, key_of
from fourwire.life import Cause
from fourwire.line import (
    Headers,
    Info,
    KeyPressed,
    KeysNotTaken,
    Line,
    LineClosed,
    LineEnded,
    LineEvent,
    MediaChanged,
    NotTakenOver,
    Progress,
    RequestFailed,
    TakenOver,
    TransferAsked,
    TransferFailed,
    Transferred,
)
from fourwire.line_sdp import Descriptions, Refused
from fourwire.media import Media, MediaLeg, MediaPort
from fourwire.own_address import address_facing
from fourwire.sip_words import GONE, PENDING, asking, cause_of, detail_of

__all__ = ["Refused", "SipLine"]

MOST_MEETINGS = 5
"""How often an offer is made again that meets one of the caller's each time."""


class SipLine:
    """One INVITE dialog and the leg that carries its audio."""

    def __init__(
        self,
        incoming: sip.IncomingCall,
        media: Media,
        address: str = "",
        codecs: Sequence[sdp.Codec] = sdp.CODECS,
        idle: sdp.Idle = "silence",
        srtp: Callable[[str], sdp.Srtp | None] = lambda _transport: None,
    ) -> None:
        """Reserve ports and settle the codec; `Refused` where that fails.

        `address` is what the caller is told to send its audio to; empty stands for ours that
        faces it; of `codecs`, the first are preferred. `idle` goes out while the agent is silent.
        `srtp` gives what a dialog by some transport wants of SRTP, with keys of its own; None
        takes only calls in the clear.
        """
        self._incoming = incoming
        self._incoming.gives_way = True
        self._address = address
        self._srtp_of = srtp
        self._port = _reserved(media)
        self._leg: MediaLeg | None = None
        self._taken_over = anyio.Event()
        try:
            address = address or address_facing(incoming.source[0])
            policy = sdp.MediaPolicy(
                address=address,
                port=self._port.port,
                codecs=tuple(codecs),
                idle=idle,
                srtp=srtp(incoming.transport),
            )
            self._sdp = Descriptions(incoming.offer, policy)
        except BaseException:
            self._port.close()
            raise

    @property
    def about(self) -> Mapping[str, object]:
        """What the journal should know of the dialog."""
        incoming = self._incoming
        return {
            "sip_call_id": incoming.call_id,
            "source": incoming.source,
            "audio_at": None if self._sdp.media is None else self._sdp.media.remote,
            "from_uri": incoming.from_uri,
            "to_uri": incoming.to_uri,
            "trunk": incoming.trunk,
            "diverted_from": incoming.identity.diverted_from,
            "srtp_keys_in_clear": self.srtp is not None and incoming.transport != "tls",
        }

    @property
    def trunk(self) -> str:
        """The trunk that the call came by."""
        return self._incoming.trunk

    @property
    def caller(self) -> str:
        """Who calls: what a trusted trunk asserts, else the user part of the From URI."""
        return self._incoming.caller

    @property
    def display_name(self) -> str:
        """The name beside the From URI."""
        name = self._incoming.display_name or ""
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    @property
    def dialled(self) -> str:
        """User part of the Request-URI."""
        return self._incoming.user

    @property
    def headers(self) -> Headers:
        """The headers of the INVITE."""
        return self._incoming.headers

    @property
    def codec(self) -> sdp.CodecName:
        """What was agreed; before the caller of a late offer has chosen, our first choice."""
        media = self._sdp.media
        return self._sdp.policy.codecs[0].name if media is None else media.codec

    @property
    def srtp(self) -> sdp.Suite | None:
        """The suite that protects the audio; None where it is in the clear."""
        keys = None if self._sdp.media is None else self._sdp.media.srtp
        return None if keys is None else keys.suite

    @property
    def takes_keys(self) -> Literal["rtp", "line"] | None:
        """Telephone events where they were agreed on, else INFO, unless the caller's `Allow` leaves
        it out (RFC 3261 §20.5: where there is no `Allow`, nothing is known).
        """
        media = self._sdp.media
        if media is not None and media.telephone_event is not None:
            return "rtp"
        allowed = self._incoming.headers.get("Allow")
        methods = {method.strip().upper() for method in (allowed or "INFO").split(",")}
        return "line" if "INFO" in methods else None

    async def send_key(self, digit: str, duration_ms: float) -> None:
        """INFO; returns when the caller's side has taken it."""
        try:
            await self._incoming.inform(KEY_RELAY, key_body(digit, duration_ms))
        except sip.CallFailed as error:
            raise KeysNotTaken(f"INFO was answered {error.status} {error.reason}".strip()) from None
        except (sip.CallEnded, sip.LocalError) as error:
            raise KeysNotTaken(str(error)) from None

    async def ring(self, headers: Headers | None) -> None:
        """180 Ringing."""
        with asking():
            await self._incoming.ring(headers)

    async def progress(self, headers: Headers | None) -> MediaLeg:
        """183 Session Progress with our answer."""
        if self._sdp.media is None:
            raise ValueError("early media needs an offer, and this INVITE came without one")
        leg = self._started(self._sdp.media)
        with asking():
            await self._incoming.progress(self._sdp.said, headers)
        return leg

    async def answer(self, headers: Headers | None) -> MediaLeg:
        """200 OK; returns with the ACK.

        The leg runs before the answer is sent, so that not a packet of the caller's is lost. After
        a late offer it is the ACK that brings the answer (RFC 3264 §4, RFC 3261 §13.2.1).
        """
        if self._sdp.media is not None:
            leg = self._started(self._sdp.media)
            await self._acknowledged(headers)
            return leg
        asked = self._incoming
        try:
            self._sdp.take_first(await self._acknowledged(headers))
        except LineClosed:
            if self._incoming is asked:
                raise
        return self._go_by_it() if self._incoming is asked else await self._picked_up()

    async def _picked_up(self) -> MediaLeg:
        """The leg, once whoever picked up what rang for another is answered."""
        await self._taken_over.wait()
        if self._incoming.ended is not None or self._sdp.media is None:
            raise LineClosed(Cause.LINE_FAILED, "who picked up is gone")
        return self._go_by_it()

    def _early(self, described: str) -> MediaLeg | None:
        """Hear whom we call before it answers, of several who ring the one that came last; what we
        cannot use is passed over (RFC 3960 §3.1).
        """
        return self._go_by_it() if self._sdp.hear(described) else None

    def _go_by_it(self) -> MediaLeg:
        """The leg, which begins, or follows what was agreed."""
        assert self._sdp.media is not None, "there is an agreement to go by"
        if self._leg is not None:
            self._leg.follow(self._sdp.media)
        return self._started(self._sdp.media)

    async def _acknowledged(self, headers: Headers | None) -> str | None:
        """Answer the INVITE; the description that its ACK brings."""
        try:
            return await self._incoming.answer(self._sdp.said, headers)
        except sip.CallEnded as error:
            raise LineClosed(cause_of(error.ended), detail_of(error.ended)) from None

    def _started(self, media: sdp.NegotiatedMedia) -> MediaLeg:
        if self._leg is None:
            self._leg = self._port.begin(media)
        return self._leg

    async def reject(self, status: int, reason: str | None, headers: Headers | None) -> None:
        """Refuse with `status`."""
        await self._incoming.reject(status, reason, headers)

    async def hang_up(self, headers: Headers | None) -> None:
        """BYE."""
        await self._incoming.hang_up(headers)

    async def transfer(self, target: str | Line, headers: Headers | None) -> None:
        """REFER; returns when a NOTIFY has told that the caller got there."""
        if not isinstance(target, str | SipLine):
            raise ValueError("only a call that came by SIP can be taken over")
        to = target if isinstance(target, str) else target._dialog()
        try:
            with asking():
                await self._incoming.transfer(to, headers)
        except RequestFailed as failed:
            raise TransferFailed(failed.status, failed.reason) from None
        except sip.LocalError as error:
            raise ValueError(str(error)) from None

    def _dialog(self) -> sip.IncomingCall | sip.OutgoingCall:
        caller: object = self._incoming
        return caller.placed if isinstance(caller, Dialled) else self._incoming

    async def hold(self, on: bool) -> MediaChanged:
        """A re-INVITE that offers to send and not to receive, or both again (RFC 3264 §8.4).

        Where it meets one of the caller's it is made again, five times at most.
        """
        return await self._offer("sendonly" if on else "sendrecv", MOST_MEETINGS)

    async def _offer(self, direction: sdp.Direction, meetings: int) -> MediaChanged:
        caller = self._incoming
        proposal = self._sdp.propose(direction)
        try:
            with asking():
                answer = await caller.reinvite(proposal.text)
        except RequestFailed as failed:
            if failed.status != PENDING or meetings == 0:
                raise
            return await self._offer(direction, meetings - 1)
        except sip.LocalError as error:
            raise RequestFailed(PENDING, str(error)) from None
        if caller is not self._incoming:
            raise RequestFailed(*GONE)
        self._sdp.settle(proposal, answer)
        return self._changes()

    async def inform(self, content_type: str, body: bytes) -> None:
        """INFO (RFC 6086)."""
        with asking():
            await self._incoming.inform(content_type, body)

    async def events(self) -> AsyncIterator[LineEvent]:
        """What the caller does, and who takes his place, up to `LineEnded`; re-INVITEs are
        answered on the way."""
        while True:
            caller = self._incoming
            async for event in caller.events():
                for told in await self._heeded(event):
                    yield told
                    if isinstance(told, LineEnded):
                        return
                if self._incoming is not caller:
                    break
            else:
                return

    async def _heeded(self, event: sip.CallEvent) -> Sequence[LineEvent]:
        match event:
            case sip.Ended():
                return [LineEnded(cause_of(event), detail_of(event))]
            case sip.Progressed(status=status, sdp=described):
                return [Progress(status, None if described is None else self._early(described))]
            case sip.Transferring(status=status, reason=reason, over=True) if status < 300:
                return [Transferred(f"{status} {reason}".strip())]
            case sip.TransferRequest():
                return [TransferAsked(event)]
            case sip.Info(content_type=kind, body=body):
                press = key_of(kind, body)
                return [Info(kind, body) if press is None else KeyPressed(press)]
            case sip.Reinvite() | sip.Reanswered() | sip.Successor():
                try:
                    return await self._changed(event)
                except LineClosed as closed:
                    return [LineEnded(closed.cause, closed.detail)]
        return []

    async def _changed(
        self, event: sip.Reinvite | sip.Reanswered | sip.Successor
    ) -> Sequence[LineEvent]:
        """What the caller wants changed, or says to an offer that only refreshed the session."""
        if isinstance(event, sip.Successor):
            return await self._give_way(event.call)
        if isinstance(event, sip.Reinvite):
            changed = await self._renegotiate(event)
            return [] if changed is None else [changed]
        if event.sdp is None:
            return []
        self._sdp.take(event.sdp)
        return [self._changes()]

    async def _give_way(self, to: sip.IncomingCall) -> Sequence[LineEvent]:
        """Let `to` have the caller's place: it is answered, and the leg goes on with it.

        Our keys are new ones, since the old ones are known to who leaves.
        """
        policy = replace(
            self._sdp.policy,
            address=self._address or address_facing(to.source[0]),
            srtp=self._srtp_of(to.transport),
        )
        try:
            described = Descriptions(to.offer, policy)
        except Refused as refused:
            await to.reject(refused.status)
            return [NotTakenOver(refused.status, str(refused))]
        if to.ended is not None:
            return [NotTakenOver(487, "it was taken back")]
        self._incoming, self._sdp = to, described
        try:
            changed = await self._welcome()
        finally:
            self._taken_over.set()
        about = {"caller": self.caller, "name": self.display_name, **self.about}
        return [TakenOver(about), changed]

    async def _welcome(self) -> MediaChanged:
        """Answer whoever is in the call now, and let the leg follow."""
        if self._sdp.media is None:
            self._sdp.take(await self._acknowledged(None))
            return self._changes()
        changed = self._changes()
        await self._acknowledged(None)
        return changed

    async def _renegotiate(self, reinvite: sip.Reinvite) -> MediaChanged | None:
        """Answer a re-INVITE and let the leg follow (RFC 3264 §8).

        One without an offer asks for ours, which is to be all that we can do (RFC 3261 §14.2).
        """
        if reinvite.offer is None:
            answer = await reinvite.answer(self._sdp.offer())
            if answer is None:
                return None
            self._sdp.take(answer)
            return self._changes()
        try:
            answered = self._sdp.answer(reinvite.offer)
        except (sdp.NoCommonCodec, sdp.MalformedSdp) as error:
            await reinvite.reject(error.status)
            return None
        changed = self._changes()
        await reinvite.answer(answered)
        return changed

    def _changes(self) -> MediaChanged:
        """What has changed, which the leg follows."""
        media = self._sdp.media
        assert media is not None, "there was an agreement before this one"
        if self._leg is not None:
            self._leg.follow(media)
        return MediaChanged(media.direction, media.remote, media.codec, self.srtp)

    async def close(self) -> None:
        """Give the ports back, and end the dialog where nothing else has."""
        await self._incoming.hang_up()
        if self._leg is not None:
            self._leg.close()
        else:
            self._port.close()


def _reserved(media: Media) -> MediaPort:
    try:
        return media.reserve()
    except PortsExhausted as error:
        raise Refused(503, str(error)) from None
