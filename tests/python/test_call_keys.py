"""A call hears keys by every method, keeps secrets, and sends keys the way the line takes them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from support.gateway import FakeLine, Notes, settled
from support.living import living

from fourwire._core import Key
from fourwire.call import Call
from fourwire.keys import KeyPress
from fourwire.life import Cause
from fourwire.line import KeyPressed, KeysNotTaken, LineEnded, MediaChanged

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def answered(
    scenario: Callable[[Call], Awaitable[None]], line: FakeLine | None = None
) -> AsyncIterator[tuple[FakeLine, Notes]]:
    """An answered call on a line of a test's own; the caller hangs up at the end."""

    async def answer(call: Call) -> None:
        await call.answer()
        await scenario(call)
        await anyio.sleep_forever()

    async with living(answer, line=line) as life:
        yield life.line, life.notes
        await settled()
        life.line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_keys_of_every_method_are_one_stream_and_none_comes_twice() -> None:
    heard: list[KeyPress] = []

    async def scenario(call: Call) -> None:
        async for key in call.keys():
            heard.append(key)

    async with answered(scenario) as (line, notes):
        line.leg.news.put(Key("1", 90.0, True))
        await settled()
        line.happen(KeyPressed(KeyPress("1", 100.0, "info")))
        line.happen(KeyPressed(KeyPress("2", 100.0, "info")))
        await settled()
        line.leg.news.put(Key("2", 90.0))
        line.leg.news.put(Key("3", 90.0))
        line.leg.news.put(Key("3", 90.0, True))
    assert [(key.digit, key.method) for key in heard] == [
        ("1", "in-band"),
        ("2", "info"),
        ("3", "rtp"),
    ]
    assert [note["method"] for note in notes.named("call.key")] == ["in-band", "info", "rtp"]


async def test_after_a_change_of_media_tones_count_again() -> None:
    async def scenario(call: Call) -> None:
        call.hear_in_band_keys("hear")

    async with answered(scenario) as (line, notes):
        line.leg.news.put(Key("1", 90.0))
        await settled()
        line.happen(MediaChanged("sendrecv", ("192.0.2.1", 4000), "PCMU"))
        await settled()
        line.leg.news.put(Key("1", 90.0, True))
    assert ("hear_in_band_keys", "hear") in line.leg.told
    assert [note["digit"] for note in notes.named("call.key")] == ["1", "1"]


async def test_a_secret_is_told_to_who_asked_and_stands_nowhere() -> None:
    typed = []

    async def scenario(call: Call) -> None:
        typed.append(await call.collect_digits(6, sensitive=True))
        call.log("note", "the caller typed 4, 7, 1, 1 and then", raw={"pin": ["47 11", "x4711x"]})
        word = call.keep_secret(typed[0])
        call.log("note", word)
        assert call.secret_of(word) == "4711"

    async with answered(scenario) as (line, notes):
        for digit in "4711#":
            line.leg.news.put(Key(digit, 90.0))
        await settled()
    assert typed == ["4711"]
    assert [note["digit"] for note in notes.named("call.key")] == ["***"] * 5
    assert "4711" not in "".join(entry.line() for entry in notes)
    first, second = notes.named("note")
    assert first["text"] == "the caller typed *** and then"
    assert first["raw"] == {"pin": ["***", "x***x"]}
    assert second["text"] == "digits-1"
    assert [told for told in line.leg.told if told[0] == "mask"] == [
        ("mask", True),
        ("mask", False),
    ]


async def test_the_caller_is_heard_again_though_collecting_a_secret_was_broken_off() -> None:
    async def scenario(call: Call) -> None:
        with anyio.move_on_after(0.01):
            await call.collect_digits(sensitive=True)

    async with answered(scenario) as (line, _):
        await anyio.sleep(0.02)
    assert [told for told in line.leg.told if told[0] == "mask"] == [
        ("mask", True),
        ("mask", False),
    ]


async def test_keys_go_out_by_the_line_where_the_audio_cannot_carry_them() -> None:
    line = FakeLine()
    line.takes_keys = "line"

    async def scenario(call: Call) -> None:
        call.send_digits("1d", tone_ms=80, gap_ms=0)
        with pytest.raises(ValueError, match="no key 'X'"):
            call.send_digits("1x")

    async with answered(scenario, line):
        await anyio.sleep(0.3)
    assert [told for told in line.told if told[0] == "send_key"] == [
        ("send_key", "1", 80),
        ("send_key", "D", 80),
    ]
    assert "send_digits" not in line.leg.verbs()


async def test_a_line_that_refuses_a_key_is_noted_and_the_call_goes_on() -> None:
    class Deaf(FakeLine):
        takes_keys = "line"

        async def send_key(self, digit: str, duration_ms: float) -> None:
            raise KeysNotTaken("INFO was answered 405 Method Not Allowed")

    async def scenario(call: Call) -> None:
        call.send_digits("12")

    async with answered(scenario, Deaf()) as (_, notes):
        await settled()
    (note,) = notes.named("call.keys_not_taken")
    assert "405" in note["error"]
    assert [note["cause"] for note in notes.named("call.ended")] == ["caller hung up"]


async def test_where_no_key_can_go_out_the_error_says_so() -> None:
    line = FakeLine()
    line.takes_keys = None

    async def scenario(call: Call) -> None:
        with pytest.raises(KeysNotTaken, match="neither telephone events nor INFO"):
            call.send_digits("1")

    async with answered(scenario, line):
        pass
