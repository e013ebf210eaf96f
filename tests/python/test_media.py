"""The asyncio face of the engine, on loopback."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from support.phone import PATIENCE_S, Phone

from fourwire import LegConfig, sdp
from fourwire._core import (
    Audio,
    Closed,
    Drained,
    Interruption,
    Key,
    Latched,
    PortsExhausted,
    ReplyEnded,
    ReplyStarted,
)
from fourwire.media import LegEvent, Media, MediaLeg
from fourwire.media_agreement import leg_config

pytestmark = pytest.mark.anyio

T = TypeVar("T")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "embed.py"


@pytest.fixture
def phone() -> Iterator[Phone]:
    phone = Phone()
    yield phone
    phone.socket.close()


@pytest.fixture
def other() -> Iterator[Phone]:
    other = Phone()
    yield other
    other.socket.close()


@asynccontextmanager
async def media_on_loopback(ports: tuple[int, int] = (31100, 31999)) -> AsyncIterator[Media]:
    async with Media(address="127.0.0.1", ports=ports) as media:
        yield media


def start(media: Media, phone: Phone) -> MediaLeg:
    leg = media.reserve().start(LegConfig(telephone_event=101), phone.address)
    leg.bridge(append_ms=20)
    return leg


async def within(awaitable: Awaitable[T]) -> T:
    return await asyncio.wait_for(awaitable, PATIENCE_S)


async def events_until(leg: MediaLeg, enough: Callable[[LegEvent], bool]) -> list[LegEvent]:
    """What a leg tells, up to the first event that is enough."""

    async def listen() -> list[LegEvent]:
        told = []
        async for event in leg.events():
            told.append(event)
            if enough(event):
                break
        return told

    return await within(listen())


async def until(fact: Callable[[], Any]) -> None:
    """Wait for something that other threads bring about."""

    async def wait() -> None:
        while not fact():  # noqa: ASYNC110 threads set no asyncio.Event
            await asyncio.sleep(0.005)

    await within(wait())


async def test_every_frame_goes_to_its_own_leg(phone: Phone, other: Phone) -> None:
    async with media_on_loopback() as media:
        legs = [start(media, phone), start(media, other)]
        heard: list[list[bytes]] = [[], []]
        legs[0].on_append = heard[0].append
        legs[1].on_append = heard[1].append
        phone.speak(legs[0].port, b"\x90" * 160)
        other.speak(legs[1].port, b"\xa0" * 160)
        await until(lambda: heard[0] and heard[1])
    audio = [base64.b64decode(json.loads(frames[0])["audio"]) for frames in heard]
    assert audio == [b"\x90" * 160, b"\xa0" * 160]


async def test_frames_that_nobody_wants_are_counted(phone: Phone) -> None:
    async with media_on_loopback() as media:
        leg = start(media, phone)
        phone.speak(leg.port, b"\x90" * 160)
        await until(lambda: leg.counters()["frames_unclaimed"] > 0)


async def test_no_event_is_lost_before_anyone_listens(phone: Phone) -> None:
    async with media_on_loopback() as media:
        leg = start(media, phone)
        leg.say(b"\x91" * 320, response="r", item="a")
        await within(leg.wait_drained())
        told = await events_until(leg, lambda event: event == Drained())
        began = told[0].at_ns
        ended = ReplyEnded("a", 40.0, began + 40_000_000)
        assert told == [ReplyStarted("a", began), ended, Drained()]


async def test_a_listener_that_comes_back_misses_nothing(phone: Phone) -> None:
    async with media_on_loopback() as media:
        leg = start(media, phone)
        leg.say(b"\x91" * 160, item="a")
        await events_until(leg, lambda event: isinstance(event, ReplyStarted))
        rest = await events_until(leg, lambda event: isinstance(event, Drained))
        ended, drained = rest
        assert (ended.item, ended.heard_ms, drained) == ("a", 20.0, Drained())


async def test_the_last_event_is_that_the_leg_is_closed(phone: Phone) -> None:
    async with media_on_loopback() as media:
        leg = start(media, phone)
        leg.close()
        told = [event async for event in leg.events()]
        assert isinstance(told[-1], Closed)
        assert [event async for event in leg.events()] == []


async def test_leaving_closes_every_leg_and_port_and_tells_it(phone: Phone) -> None:
    async with media_on_loopback() as media:
        leg = start(media, phone)
        port = media.reserve()
    told = [event async for event in leg.events()]
    assert isinstance(told[-1], Closed)
    assert told[-1].cause == "engine closed"
    with pytest.raises(RuntimeError, match=f"port {port.port}"):
        port.start(LegConfig(), phone.address)


async def test_a_failing_receiver_ends_its_own_call_and_no_other(
    phone: Phone, other: Phone
) -> None:
    async with media_on_loopback() as media:
        legs = [start(media, phone), start(media, other)]

        def fail(_: bytes) -> None:
            raise ConnectionError("the WebSocket is gone")

        heard: list[bytes] = []
        legs[0].on_append = fail
        legs[1].on_append = heard.append
        phone.speak(legs[0].port, b"\x90" * 160)
        with pytest.raises(ConnectionError, match="the WebSocket is gone"):
            await events_until(legs[0], lambda event: False)
        other.speak(legs[1].port, b"\xa0" * 160)
        await until(lambda: heard)


async def test_a_barge_in_is_told_with_what_was_cut(phone: Phone) -> None:
    async with media_on_loopback() as media:
        leg = start(media, phone)
        leg.begin_response("r")
        leg.say(b"\x91" * 80_000, response="r", item="a")
        await events_until(leg, lambda event: isinstance(event, ReplyStarted))
        leg.barge_in()
        [*_, cut] = await events_until(leg, lambda event: isinstance(event, Interruption))
        assert isinstance(cut, Interruption)
        assert cut.heard_ms + cut.discarded_ms == 10_000
        await within(leg.wait_drained())


async def test_who_waits_for_the_end_of_a_reply_learns_whether_it_was_cut(phone: Phone) -> None:
    async with media_on_loopback() as media:
        leg = start(media, phone)
        leg.say(b"\x91" * 320, item="a")
        assert await within(leg.wait_drained())
        leg.say(b"\x91" * 80_000, item="b")
        waiting = asyncio.ensure_future(leg.wait_drained())
        await events_until(leg, lambda event: isinstance(event, ReplyStarted) and event.item == "b")
        leg.barge_in()
        assert not await within(waiting)


async def test_waiting_for_a_silent_leg_takes_but_a_moment(phone: Phone) -> None:
    async with media_on_loopback() as media:
        leg = start(media, phone)
        await within(leg.wait_drained())
        leg.close()
        await within(leg.wait_drained())


async def test_raw_audio_comes_as_events(phone: Phone) -> None:
    async with media_on_loopback() as media:
        leg = start(media, phone)
        leg.bridge(append_ms=20, shape="audio")
        await asyncio.to_thread(phone.hear)
        phone.speak(leg.port, b"\x90" * 160)
        told = await events_until(leg, lambda event: isinstance(event, Audio))
        assert isinstance(told[-1], Audio)
        assert told[-1].audio == b"\x90" * 160


async def test_a_frame_of_an_agent_is_taken_or_left(phone: Phone) -> None:
    async with media_on_loopback() as media:
        leg = start(media, phone)
        audio = base64.b64encode(b"\x92" * 160).decode()
        assert leg.receive_message(
            json.dumps(
                {
                    "type": "response.output_audio.delta",
                    "response_id": "r",
                    "item_id": "a",
                    "delta": audio,
                }
            ).encode()
        )
        assert not leg.receive_message(b'{"type":"response.done"}')
        await asyncio.to_thread(phone.hear_until, b"\x92" * 160)


async def test_ports_that_run_out_are_told_and_come_back(phone: Phone) -> None:
    async with media_on_loopback(ports=(31020, 31021)) as media:
        port = media.reserve()
        with pytest.raises(PortsExhausted):
            media.reserve()
        port.close()
        port.close()
        assert media.counters()["ports_in_use"] == 0


class TestOffers:
    def offer(self, phone: Phone, direction: sdp.Direction = "sendrecv") -> str:
        host, port = phone.address
        return sdp.offer(
            sdp.MediaPolicy(
                address=host, port=port, direction=direction, codecs=(sdp.PCMU, sdp.PCMA)
            )
        )

    async def test_an_offer_becomes_an_answer_and_a_running_leg(self, phone: Phone) -> None:
        async with media_on_loopback() as media:
            offer = self.offer(phone)
            answer, leg = media.answer_to(offer)
            host, port = phone.address
            agreed = sdp.accept(offer, answer, sdp.MediaPolicy(address=host, port=port))
            assert agreed.remote == ("127.0.0.1", leg.port)
            assert (await asyncio.to_thread(phone.hear)).payload_type == 0
            phone.speak(leg.port, b"\x90" * 160)
            for _ in range(3):
                phone.speak(leg.port, bytes([4, 0x8A, 1, 0x40]), agreed.telephone_event or 0)
            told = await events_until(leg, lambda event: isinstance(event, Key))
            assert told == [Latched(phone.address), Key("4", 40.0)]

    async def test_a_leg_in_wideband_is_bridged_at_its_own_rate(self, phone: Phone) -> None:
        host, port = phone.address
        offer = sdp.offer(sdp.MediaPolicy(address=host, port=port))
        async with media_on_loopback() as media:
            _, leg = media.answer_to(offer)
            assert (leg.codec, leg.format) == ("G722", "audio/pcm;rate=16000")
            assert (await asyncio.to_thread(phone.hear)).payload_type == 9
            leg.answer_to(self.offer(phone))
            assert (leg.codec, leg.format) == ("PCMU", "audio/pcmu")
            while (await asyncio.to_thread(phone.hear)).payload_type != 0:
                pass

    async def test_a_later_offer_is_answered_and_followed(self, phone: Phone, other: Phone) -> None:
        async with media_on_loopback() as media:
            answer, leg = media.answer_to(self.offer(phone))
            assert leg.answer_to(self.offer(other)) == answer  # what we say has not changed
            assert (await asyncio.to_thread(other.hear)).payload == b"\xff" * 160
            assert "a=recvonly" in leg.answer_to(self.offer(other, direction="sendonly"))

    async def test_a_hold_by_no_address_leaves_the_leg_where_it_sends_to(
        self, phone: Phone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        followed: list[tuple[Any, ...]] = []
        async with media_on_loopback() as media:
            _, leg = media.answer_to(self.offer(phone))
            monkeypatch.setattr(leg, "renegotiate", lambda *terms: followed.append(terms))
            hold = self.offer(phone).replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")
            for _ in range(2):
                assert "a=recvonly" in leg.answer_to(hold)
        assert [remote for _, remote, *_ in followed] == [phone.address] * 2

    async def test_an_offer_of_nothing_that_we_speak_costs_no_port(self, phone: Phone) -> None:
        offer = self.offer(phone).replace("PCMU", "opus").replace("PCMA", "speex")
        offer = offer.replace("RTP/AVP 0 8", "RTP/AVP 110 111")
        offer = offer.replace("rtpmap:0", "rtpmap:110").replace("rtpmap:8 ", "rtpmap:111 ")
        async with media_on_loopback() as media:
            with pytest.raises(sdp.NoCommonCodec):
                media.answer_to(offer)
            with pytest.raises(sdp.MalformedSdp):
                media.answer_to("hello")
            assert media.counters()["ports_in_use"] == 0

    async def test_what_was_agreed_becomes_a_configuration(self, phone: Phone) -> None:
        policy = sdp.MediaPolicy(address="127.0.0.1", port=4000, codecs=(sdp.PCMA,))
        agreed = sdp.answer_to(self.offer(phone), policy).media
        config = leg_config(agreed)
        assert (config.codec, config.payload_type) == ("PCMA", 8)
        assert config.telephone_event == agreed.telephone_event


@pytest.mark.parametrize("options", [[], ["--echo"]], ids=["agent", "echo"])
async def test_the_example_for_embedders_runs(options: list[str]) -> None:
    command = [sys.executable, "-W", "error", str(EXAMPLE), *options]
    run = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "the caller heard 3." in run.stdout
    assert ("the agent begins" in run.stdout) == (not options)
