"""A number is typed until its last key, or until none follows."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.keys import Doubles, KeyMethod, KeyPress, Keys

pytestmark = pytest.mark.anyio


async def typed(
    keys: Keys, digits: str, most: int = 8, next_s: float = 0.01, least: int = 0
) -> str:
    """What is collected where `digits` are pressed once somebody collects."""
    result = ""

    async def collect() -> None:
        nonlocal result
        result = await keys.collect(most, least=least, end="#", first_s=0.01, next_s=next_s)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect)
        await anyio.wait_all_tasks_blocked()
        for digit in digits:
            keys.press(KeyPress(digit))
    return result


@pytest.mark.parametrize(
    ("pressed", "collected"),
    [("12#34", "12"), ("123456789", "12345678"), ("12", "12"), ("", ""), ("#", ""), ("*9#", "*9")],
)
async def test_a_number_ends_with_its_key_its_length_or_a_pause(
    pressed: str, collected: str
) -> None:
    assert await typed(Keys(), pressed) == collected


async def test_keys_that_were_pressed_before_count_for_nothing() -> None:
    keys = Keys()
    keys.press(KeyPress("1"))
    assert await typed(keys, "2#") == "2"


async def test_what_was_typed_when_the_time_for_all_keys_is_over_is_not_lost() -> None:
    keys = Keys()
    typing = anyio.create_task_group()

    async def type_on() -> None:
        while True:
            keys.press(KeyPress("5"))
            await anyio.sleep(0.005)

    async with typing:
        typing.start_soon(type_on)
        digits = await keys.collect(10_000, end="#", first_s=10, next_s=10, all_s=0.1)
        typing.cancel_scope.cancel()
    assert 1 <= len(digits) < 10_000
    assert set(digits) == {"5"}


async def test_a_flood_of_keys_is_bounded_and_what_is_too_much_is_counted() -> None:
    keys = Keys()
    assert await typed(keys, "1" * 10_000, most=10_000) == "1" * 100
    assert keys.dropped == 9_900


async def test_before_so_many_keys_as_are_needed_the_last_key_counts_for_nothing() -> None:
    assert await typed(Keys(), "#1#2#3", least=2) == "12"


async def test_who_listens_hears_each_key_until_the_end() -> None:
    keys = Keys()
    first, second = keys.listen(), keys.listen()
    keys.press(KeyPress("1"))
    keys.press(KeyPress("2"))
    keys.close()
    assert [press.digit async for press in first] == ["1", "2"]
    assert [press.digit async for press in second] == ["1", "2"]


async def test_an_end_is_told_also_to_who_has_heard_nothing_of_a_flood() -> None:
    keys = Keys()
    listener = keys.listen()
    for _ in range(200):
        keys.press(KeyPress("1"))
    keys.close()
    assert len([press async for press in listener]) == 99
    assert (listener.dropped, keys.dropped) == (101, 101)


@given(st.lists(st.sampled_from(["press", "hear"]), max_size=400))
async def test_every_key_was_heard_waits_or_was_counted(steps: list[str]) -> None:
    keys = Keys()
    listener = keys.listen()
    pressed = heard = 0
    for step in [*["press"] * 95, *steps]:
        if step == "press":
            keys.press(KeyPress("1"))
            pressed += 1
        elif pressed - heard - keys.dropped:
            await anext(listener)
            heard += 1
    keys.close()
    heard += len([press async for press in listener])
    assert pressed == heard + keys.dropped


async def test_who_listens_aside_hears_no_key_that_is_collected() -> None:
    keys = Keys()
    aside, all_of_them = keys.listen(beside_collecting=False), keys.listen()
    assert await typed(keys, "12#") == "12"
    keys.press(KeyPress("3"))
    keys.close()
    assert [press.digit async for press in aside] == ["3"]
    assert [press.digit async for press in all_of_them] == ["1", "2", "#", "3"]


async def test_a_secret_is_heard_by_who_collects_it_and_by_nobody_else() -> None:
    keys = Keys()
    listener = keys.listen()
    collected = []

    async def collect(*, sensitive: bool) -> None:
        collected.append(await keys.collect(4, end="#", first_s=5, next_s=5, sensitive=sensitive))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: collect(sensitive=True))
        await anyio.wait_all_tasks_blocked()
        assert keys.are_secret(anyio.current_time())
        for digit in "1234":
            keys.press(KeyPress(digit))
    keys.press(KeyPress("5"))  # one too many is part of the secret
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: collect(sensitive=False))
        await anyio.wait_all_tasks_blocked()
        for digit in "77#":
            keys.press(KeyPress(digit))
    keys.close()
    assert collected == ["1234", "77"]
    assert [press.digit async for press in listener] == []
    assert not keys.are_secret(anyio.current_time() + 3.1)


def new(doubles: Doubles, *presses: tuple[float, str, KeyMethod]) -> str:
    """Which of `presses` are taken."""
    taken = [
        digit for at, digit, method in presses if doubles.is_new(at, KeyPress(digit, method=method))
    ]
    return "".join(taken)


def test_one_press_by_two_methods_is_one_and_two_presses_are_two() -> None:
    both: list[tuple[float, str, KeyMethod]] = [
        (0.0, "5", "rtp"),
        (0.3, "5", "rtp"),
        (0.4, "5", "info"),
        (0.6, "5", "info"),
        (0.9, "6", "info"),
        (1.0, "6", "rtp"),
    ]
    assert new(Doubles(), *both) == "556"


def test_a_press_long_after_another_is_another() -> None:
    assert new(Doubles(), (0.0, "5", "rtp"), (2.5, "5", "info")) == "55"


def test_tones_count_until_keys_are_signalled() -> None:
    doubles = Doubles()
    heard = new(doubles, (0.0, "1", "in-band"), (0.1, "1", "rtp"), (3.0, "2", "in-band"))
    assert heard == "1"
    doubles.forget()
    assert new(doubles, (4.0, "2", "in-band")) == "2"
