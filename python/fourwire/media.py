"""The asyncio face of the engine: one wake for all legs, their events sorted to each.

`Media` owns an engine, `reserve` gives a pair of ports, `MediaPort.start` makes a running
`MediaLeg` of it, and all that is heard and said is the business of the engine's own threads.

For those who have a SIP server already, `Media.answer_to` turns an SDP offer into the answer and a
running leg.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from fourwire import _core, sdp
from fourwire._core import LegConfig, SrtpKeys
from fourwire.inworld.transport import Target, Transport
from fourwire.inworld.websocket import dial as dial_websocket
from fourwire.media_agreement import leg_config, srtp_keys
from fourwire.media_leg import (
    FORMATS,
    Address,
    AnsweredLeg,
    EarlyBargeInLike,
    Format,
    LegEvent,
    MediaLeg,
)
from fourwire.media_link import MediaLink, answer_of, can_open, open_link

__all__ = [
    "FORMATS",
    "AnsweredLeg",
    "EarlyBargeInLike",
    "Format",
    "LegEvent",
    "Media",
    "MediaLeg",
    "MediaPort",
]


class Media:
    """An engine on the running event loop; an async context manager.

    Leaving it closes every leg and port it gave out.
    """

    def __init__(
        self,
        *,
        address: str = "0.0.0.0",  # noqa: S104 a caller may come by any interface
        ports: tuple[int, int] = (10000, 20000),
        workers: int = 1,
        tick_ms: float = 5,
    ) -> None:
        self.address = address
        self._engine = _core.Engine(address=address, ports=ports, workers=workers, tick_ms=tick_ms)
        self._legs: dict[int, MediaLeg] = {}
        self._links: dict[int, MediaLink] = {}
        self._ports: set[MediaPort] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._engine.fileno(), self._deliver)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every port and leg, and the engine. Idempotent."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        for port in tuple(self._ports):
            port.close()
        loop.remove_reader(self._engine.fileno())
        self._engine.close()
        self._deliver()

    def reserve(self) -> "MediaPort":
        """A pair of ports for a call; `PortsExhausted` where none is free."""
        port = MediaPort(self, self._engine.reserve())
        self._ports.add(port)
        return port

    def answer_to(
        self,
        offer: str,
        *,
        address: str | None = None,
        codecs: Sequence[sdp.Codec] = sdp.CODECS,
        telephone_event: bool = True,
        packet_time_ms: int = 20,
        direction: sdp.Direction = "sendrecv",
        rtcp_mux: bool = True,
        idle: sdp.Idle = "silence",
        srtp: sdp.Srtp | None = None,
    ) -> "tuple[str, AnsweredLeg]":
        """The answer to an SDP offer, and the leg that runs from now on (RFC 3264).

        :param codecs: those we take; between codecs of different width the order is ours, between
            the laws of G.711 the offerer's.
        :param idle: what goes out while the agent is silent; `"comfort_noise"` leaves gaps where
            the other side takes that, `"noise"` does not.
        :param srtp: what is wanted of SRTP, as `sdp.Srtp.fresh()`; None takes only calls in the
            clear.
        :param address: where the other side reaches us, behind a NAT the public address; the one
            that this is bound to where left out.
        :raises fourwire.sdp.MalformedSdp: the offer is no session description.
        :raises fourwire.sdp.NoCommonCodec: it holds nothing that we can take.
        :raises PortsExhausted: no port is free.
        """
        port = self.reserve()
        try:
            policy = sdp.MediaPolicy(
                address=address or self.address,
                port=port.port,
                codecs=tuple(codecs),
                telephone_event=telephone_event,
                packet_time_ms=packet_time_ms,
                direction=direction,
                rtcp_mux=rtcp_mux,
                idle=idle,
                srtp=srtp,
            )
            answer = sdp.answer_to(offer, policy)
            leg = AnsweredLeg(port.launch(answer.media), policy, answer)
        except BaseException:
            port.close()
            raise
        self.adopt(leg)
        return answer.sdp, leg

    async def dial(self, target: Target) -> Transport:
        """Open a WebSocket that the engine's threads run; for `dial` of `inworld.connect`.

        Bridged with a leg of the same engine, audio does not pass through the event loop then. By a
        proxy, with TLS settings of its own, or where the server sends us elsewhere, it is one of
        the `websockets` library.
        """
        opened = await open_link(target) if can_open(target) else None
        if opened is None:
            return await dial_websocket(target)
        link = MediaLink(
            self._engine.link(
                opened, ping_interval=target.ping_interval, ping_timeout=target.ping_timeout
            ),
            answer_of(opened, target),
        )
        self._links[link.id] = link
        return link

    def counters(self) -> dict[str, int]:
        """What the engine as a whole is doing and has dropped."""
        return self._engine.counters()

    def adopt(self, leg: "MediaLeg") -> None:
        """Sort the events of `leg` to it from now on."""
        self._legs[leg.id] = leg

    def forget(self, port: "MediaPort") -> None:
        """Leave `port` to itself: it has become a leg, or is closed."""
        self._ports.discard(port)

    def _deliver(self) -> None:
        """Take what has come for all legs, and hand each its own."""
        for leg_id, event in self._engine.take():
            leg = self._legs.get(leg_id)
            if leg is not None:
                leg.receive(event)
            if leg is not None and leg.is_over:
                del self._legs[leg_id]
        for link_id, news in self._engine.take_links():
            if (link := self._links.get(link_id)) is not None:
                link.receive(news)
                if link.is_over:
                    del self._links[link_id]


class MediaPort:
    """A reserved pair of ports, bound and silent."""

    def __init__(self, media: Media, port: _core.Port) -> None:
        self._media = media
        self._port = port
        self.port = port.port
        """The even port, for RTP; RTCP has the odd one above it."""

    def start(
        self,
        config: LegConfig,
        remote: Address,
        remote_rtcp: Address | None = None,
        rtcp_mux: bool = False,
        keys: SrtpKeys | None = None,
    ) -> "MediaLeg":
        """Begin the call: from now on packets go out, and the engine listens.

        `remote_rtcp` is one port above `remote` where left out (RFC 3550 section 11). With `keys`
        all packets are under SRTP.
        """
        leg = MediaLeg(self._port.start(config, remote, remote_rtcp, rtcp_mux, keys))
        self._media.forget(self)
        self._media.adopt(leg)
        return leg

    def begin(self, media: sdp.NegotiatedMedia) -> "MediaLeg":
        """`start` by what `sdp` says that was agreed on."""
        leg = MediaLeg(self.launch(media))
        self._media.adopt(leg)
        return leg

    def launch(self, media: sdp.NegotiatedMedia) -> _core.LiveLeg:
        """Begin the call that offer and answer agreed on, as the bare leg of the engine."""
        where = (media.remote, media.remote_rtcp, media.rtcp_mux)
        leg = self._port.start(leg_config(media), *where, srtp_keys(media))
        self._media.forget(self)
        return leg

    def close(self) -> None:
        """Give the ports back, if no leg was started on them. Idempotent."""
        self._media.forget(self)
        self._port.close()
