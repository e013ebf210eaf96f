"""A number is typed until its last key, or until none follows."""

import anyio
import pytest

from fourwire.keys import Keys

pytestmark = pytest.mark.anyio


async def typed(keys: Keys, digits: str, most: int = 8, next_s: float = 0.01) -> str:
    """What is collected where `digits` are pressed once somebody collects."""
    result = ""

    async def collect() -> None:
        nonlocal result
        result = await keys.collect(most, end="#", first_s=0.01, next_s=next_s)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect)
        await anyio.wait_all_tasks_blocked()
        for digit in digits:
            keys.press(digit)
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
    keys.press("1")
    assert await typed(keys, "2#") == "2"


async def test_what_was_typed_when_the_time_for_all_keys_is_over_is_not_lost() -> None:
    keys = Keys()
    typing = anyio.create_task_group()

    async def type_on() -> None:
        while True:
            keys.press("5")
            await anyio.sleep(0.005)

    async with typing:
        typing.start_soon(type_on)
        digits = await keys.collect(10_000, end="#", first_s=10, next_s=10, all_s=0.1)
        typing.cancel_scope.cancel()
    assert 1 <= len(digits) < 10_000
    assert set(digits) == {"5"}


async def test_a_flood_of_keys_is_bounded() -> None:
    assert await typed(Keys(), "1" * 10_000, most=10_000) == "1" * 100
