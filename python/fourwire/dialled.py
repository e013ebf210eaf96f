"""A call that we place, in the shape of one that came in: answering it is waiting for the answer.

So the same line carries both. What a late offer is to a caller, our offer is to whom we call: the
answer to it comes back (RFC 3264 §4).
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio

from fourwire import sip
from fourwire.line import Headers

__all__ = ["Dialled", "Wish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Whom to call, by which way and as whom."""

    uri: str
    hops: Sequence[sip.Hop]
    dialled: str
    caller: str
    display_name: str = ""
    headers: Headers
    terms: sip.Terms


class Dialled:
    """One outgoing call; the INVITE is sent when it is to be answered."""

    offer = None
    """We make the offer."""

    def __init__(self, endpoint: sip.Endpoint, wish: Wish) -> None:
        self.headers: Headers = {}
        """Nothing was sent to us yet that would have any."""
        self.identity = sip.Identity()
        self.gives_way = False
        self.trunk = wish.terms.trunk
        self.user = wish.dialled
        self.caller = wish.caller
        self.display_name = wish.display_name
        self.request_uri = self.to_uri = wish.uri
        self.from_uri = ""
        self.call_id = uuid.uuid4().hex
        """Known before the call is placed, so that its first message is traced too."""
        self.transport = wish.hops[0].transport
        self.source = (wish.hops[0].address, wish.hops[0].port or 0)
        self._endpoint = endpoint
        self._wish = wish
        self._call: sip.OutgoingCall | None = None
        self._was_placed = anyio.Event()
        self._answered = anyio.Event()

    @property
    def placed(self) -> sip.OutgoingCall:
        """The call itself, once it was placed."""
        assert self._call is not None, "nobody has asked to be answered"
        return self._call

    async def ring(self, headers: Headers | None = None) -> None:
        """It is the other side that rings."""

    async def answer(self, offer: str, headers: Headers | None = None) -> str | None:
        """Call, and wait for the answer to `offer`; being cancelled, it cancels the call.

        Raises `CallFailed` where it is not answered.
        """
        wish = self._wish
        self._call = self._endpoint.dial(
            wish.uri,
            to=wish.hops,
            from_user=wish.caller,
            display_name=wish.display_name,
            offer=offer,
            headers={**wish.headers, **(headers or {})},
            terms=replace(wish.terms, call_id=self.call_id),
        )
        self._call.gives_way = self.gives_way
        self._was_placed.set()
        try:
            await self._call.answered()
        except BaseException:
            await self._call.hang_up()
            raise
        self._answered.set()
        return self._call.answer_sdp

    async def reject(
        self, status: int, reason: str | None = None, headers: Headers | None = None
    ) -> None:
        """Nothing was asked of us, so that nothing is refused."""
        await self.hang_up(headers)

    async def hang_up(self, headers: Headers | None = None) -> None:
        """CANCEL or BYE, as its state asks; nothing where it was never placed."""
        if self._call is not None:
            await self._call.hang_up(headers)

    async def events(self) -> AsyncIterator[Any]:
        """What the other side does; why it does not answer is no event, but raised by `answer`."""
        await self._was_placed.wait()
        async for event in self.placed.events():
            if isinstance(event, sip.Ended):
                await self._answered.wait()
            if not (isinstance(event, sip.Progressed) and self._answered.is_set()):
                yield event

    def __getattr__(self, verb: str) -> Any:
        """What is asked within an answered call: `reinvite`, `inform`, `transfer`."""
        if verb not in WITHIN or self._call is None:
            raise AttributeError(verb)
        return getattr(self._call, verb)


WITHIN = frozenset({"reinvite", "inform", "transfer"})
