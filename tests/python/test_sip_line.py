"""A line answers what the caller renegotiates, and the leg follows."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fourwire import sdp, sip
from fourwire.line import MediaChanged, RequestFailed
from fourwire.media import Media
from fourwire.sip_line import SipLine

pytestmark = pytest.mark.anyio


def phone(*codecs: sdp.Codec) -> sdp.MediaPolicy:
    """What the caller's phone can do."""
    return sdp.MediaPolicy(address="127.0.0.1", port=4000, codecs=codecs)


class Asked(sip.Reinvite):
    """A re-INVITE of the caller's; without an offer the ACK answers ours, as `policy` has it."""

    def __init__(self, policy: sdp.MediaPolicy, offer: str | None = None) -> None:
        self.offer = offer
        self.told = ""
        self._policy = policy

    async def answer(self, sdp_text: str) -> str | None:
        self.told = sdp_text
        return None if self.offer else sdp.answer_to(sdp_text, self._policy).sdp


class Dialog:
    """An INVITE dialog whose caller renegotiates as a test says."""

    source = ("127.0.0.1", 5060)
    transport = "udp"

    def __init__(self, offer: str, *reinvites: Asked) -> None:
        self.offer = offer
        self._reinvites = reinvites

    async def answer(self, _described: str, _headers: object) -> None:
        return None

    async def events(self) -> AsyncIterator[Asked]:
        for reinvite in self._reinvites:
            yield reinvite

    async def hang_up(self) -> None:
        return None


class Busy(Dialog):
    """One whose caller always offers something himself."""

    def __init__(self, offer: str) -> None:
        super().__init__(offer)
        self.met: list[str] = []

    async def reinvite(self, offer: str) -> str:
        self.met.append(offer)
        raise sip.CallFailed(491, "Request Pending")


async def test_a_hold_that_is_always_met_is_given_up() -> None:
    dialog: Any = Busy(sdp.offer(phone(sdp.PCMU)))
    async with Media(address="127.0.0.1", ports=(22000, 22020)) as media:
        line = SipLine(dialog, media, "127.0.0.1", sdp.CODECS)
        await line.answer(None)
        with pytest.raises(RequestFailed, match="491"):
            await line.hold(True)
        await line.close()
    offered = [sdp.SessionDescription.parse(text).origin.version for text in dialog.met]
    assert offered == [2, 3, 4, 5, 6, 7]


async def changes(*reinvites: Asked) -> list[Any]:
    """What a call in PCMU becomes."""
    dialog: Any = Dialog(sdp.offer(phone(sdp.PCMU)), *reinvites)
    async with Media(address="127.0.0.1", ports=(22000, 22020)) as media:
        line = SipLine(dialog, media, "127.0.0.1", sdp.CODECS)
        await line.answer(None)
        events = [event async for event in line.events()]
        await line.close()
        return events


async def test_an_offer_of_ours_that_the_caller_asked_for_may_change_the_codec() -> None:
    again = [Asked(phone(sdp.PCMA)), Asked(phone(sdp.PCMA))]
    (changed, same) = await changes(*again)
    assert changed == same == MediaChanged("sendrecv", ("127.0.0.1", 4000), "PCMA")
    origins = [sdp.SessionDescription.parse(asked.told).origin.version for asked in again]
    assert origins == [2, 2]  # the second offer says what the first said (RFC 3264 §8)


async def test_a_caller_who_holds_twice_by_no_address_is_still_where_he_was() -> None:
    hold = sdp.offer(phone(sdp.PCMU)).replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")
    held = await changes(Asked(phone(sdp.PCMU), hold), Asked(phone(sdp.PCMU), hold))
    assert held == [MediaChanged("recvonly", ("127.0.0.1", 4000), "PCMU")] * 2
