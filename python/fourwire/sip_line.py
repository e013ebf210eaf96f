"""A call that came by SIP, as a line: its offer answered, its audio running on a leg of ours."""

import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

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
from fourwire.media import Media, MediaLeg, MediaPort
from fourwire.media_agreement import somewhere
from fourwire.sip_words import GONE, asking, cause_of, detail_of

__all__ = ["Refused", "SipLine", "address_facing"]


PENDING = 491
"""The status of an offer that met another one."""

MOST_MEETINGS = 5
"""How often an offer is made again that meets one of the caller's each time."""


class Refused(Exception):
    """An INVITE that cannot become a call; `status` is the answer it deserves."""

    def __init__(self, status: int, why: str, headers: Headers | None = None) -> None:
        self.status = status
        self.headers = headers
        super().__init__(why)


def address_facing(peer: str) -> str:
    """The address of this machine that packets to `peer` leave from; nothing is sent."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((peer, 9))
        host: str = probe.getsockname()[0]
        return host


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
        self._media: sdp.NegotiatedMedia | None = None
        self._heard: str | None = None
        """What whom we call had last said of its media before it answered."""
        try:
            address = address or address_facing(incoming.source[0])
            self._policy = sdp.MediaPolicy(
                address=address,
                port=self._port.port,
                codecs=tuple(codecs),
                idle=idle,
                srtp=srtp(incoming.transport),
            )
            self._described, self._media = _first_description(incoming.offer, self._policy)
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
            "audio_at": None if self._media is None else self._media.remote,
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
        return self._policy.codecs[0].name if self._media is None else self._media.codec

    @property
    def srtp(self) -> sdp.Suite | None:
        """The suite that protects the audio; None where it is in the clear."""
        keys = None if self._media is None else self._media.srtp
        return None if keys is None else keys.suite

    @property
    def takes_keys(self) -> Literal["rtp", "line"] | None:
        """Telephone events where they were agreed on, else INFO, unless the caller's `Allow` leaves
        it out (RFC 3261 §20.5: where there is no `Allow`, nothing is known).
        """
        if self._media is not None and self._media.telephone_event is not None:
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
        if self._media is None:
            raise ValueError("early media needs an offer, and this INVITE came without one")
        leg = self._started(self._media)
        with asking():
            await self._incoming.progress(self._described, headers)
        return leg

    async def answer(self, headers: Headers | None) -> MediaLeg:
        """200 OK; returns with the ACK.

        The leg runs before the answer is sent, so that not a packet of the caller's is lost. After
        a late offer it is the ACK that brings the answer (RFC 3264 §4, RFC 3261 §13.2.1).
        """
        if self._media is not None:
            leg = self._started(self._media)
            await self._acknowledged(self._described, headers)
            return leg
        answer = await self._acknowledged(self._described, headers)
        # What was said before the answer and changed since (UPDATE) is not to be gone back to.
        if self._leg is not None and answer == self._heard:
            return self._leg
        return self._go_by(self._accepted(answer))

    def _early(self, described: str) -> MediaLeg | None:
        """Hear whom we call before it answers; what we cannot use is passed over (RFC 3960 §3.1).

        Of several who ring, the one is heard that came last.
        """
        try:
            media = sdp.accept(self._described, described, self._policy)
        except (sdp.MalformedSdp, sdp.NoCommonCodec):
            return None
        self._heard = described
        return self._go_by(media)

    def _go_by(self, media: sdp.NegotiatedMedia) -> MediaLeg:
        """Let the leg begin, or follow somebody whose description is no change of one before."""
        self._media = media
        if self._leg is not None:
            self._leg.follow(media)
        return self._started(media)

    async def _acknowledged(self, described: str, headers: Headers | None) -> str | None:
        """Answer the INVITE; the description that its ACK brings."""
        try:
            return await self._incoming.answer(described, headers)
        except sip.CallEnded as error:
            raise LineClosed(cause_of(error.ended), detail_of(error.ended)) from None

    def _accepted(self, answer: str | None) -> sdp.NegotiatedMedia:
        try:
            return sdp.accept(self._described, answer or "", self._policy)
        except (sdp.MalformedSdp, sdp.NoCommonCodec) as error:
            raise LineClosed(Cause.LINE_FAILED, f"their answer: {error}") from None

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
        policy = replace(self._policy, direction=direction)
        offer = sdp.offer(policy, previous=self._described)
        self._described = sdp.outdated_by(offer, self._described)
        try:
            with asking():
                answer = await caller.reinvite(offer)
        except RequestFailed as failed:
            if failed.status != PENDING or meetings == 0:
                raise
            return await self._offer(direction, meetings - 1)
        except sip.LocalError as error:
            raise RequestFailed(PENDING, str(error)) from None
        if caller is not self._incoming:
            raise RequestFailed(*GONE)
        self._policy, self._described = policy, offer
        return self._follow(self._accepted(answer))

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
        return [] if event.sdp is None else [self._follow(self._accepted(event.sdp))]

    async def _give_way(self, to: sip.IncomingCall) -> Sequence[LineEvent]:
        """Let `to` have the caller's place: it is answered, and the leg goes on with it.

        Our keys are new ones, since the old ones are known to who leaves.
        """
        policy = replace(
            self._policy,
            address=self._address or address_facing(to.source[0]),
            srtp=self._srtp_of(to.transport),
        )
        try:
            described, media = _first_description(to.offer, policy)
        except Refused as refused:
            await to.reject(refused.status)
            return [NotTakenOver(refused.status, str(refused))]
        if to.ended is not None:
            return [NotTakenOver(487, "it was taken back")]
        self._incoming, self._policy, self._described, self._media = to, policy, described, None
        changed = None if media is None else self._follow(media)
        answer = await self._acknowledged(described, None)
        changed = changed or self._follow(self._accepted(answer))
        who = {"caller": self.caller, "name": self.display_name}
        return [TakenOver(who | dict(self.about)), changed]

    async def _renegotiate(self, reinvite: sip.Reinvite) -> MediaChanged | None:
        """Answer a re-INVITE and let the leg follow (RFC 3264 §8).

        One without an offer asks for ours, which is to be all that we can do (RFC 3261 §14.2).
        """
        if reinvite.offer is None:
            self._described = sdp.offer(self._policy, previous=self._described)
            answer = await reinvite.answer(self._described)
            return None if answer is None else self._follow(self._accepted(answer))
        try:
            answered = sdp.answer_to(reinvite.offer, self._policy, previous=self._described)
        except (sdp.NoCommonCodec, sdp.MalformedSdp) as error:
            status = 488 if isinstance(error, sdp.NoCommonCodec) else 400
            await reinvite.reject(status)
            return None
        self._described = answered.sdp
        changed = self._follow(answered.media)
        await reinvite.answer(answered.sdp)
        return changed

    def _follow(self, media: sdp.NegotiatedMedia) -> MediaChanged:
        if self._media is not None:
            media = somewhere(media, self._media)
        self._media = media
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


def _first_description(
    offer: str | None, policy: sdp.MediaPolicy
) -> tuple[str, sdp.NegotiatedMedia | None]:
    """Our answer to a first offer; without one, the offer that is then ours."""
    if offer is None:
        return sdp.offer(policy), None
    try:
        answer = sdp.answer_to(offer, policy)
    except sdp.NoCommonCodec as error:
        raise Refused(488, str(error)) from None
    except sdp.MalformedSdp as error:
        raise Refused(400, str(error)) from None
    return answer.sdp, answer.media
