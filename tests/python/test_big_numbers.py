"""A whole number that no field could hold is a wrong value, told like any other."""

from collections.abc import Callable

import pytest

from fourwire import _core

CALLS: list[Callable[[int], object]] = [
    lambda number: _core.Resampler(number, 8000),
    lambda number: _core.RtpPacket(number, 0, 0, 0, b""),
    lambda number: _core.RtpPacket(0, number, 0, 0, b""),
    lambda number: _core.RtpPacket(0, 0, number, 0, b""),
    lambda number: _core.RtpPacket(0, 0, 0, number, b""),
    lambda number: _core.RtpPacket(0, 0, 0, 0, b"", csrcs=[number]),
    lambda number: _core.RtpPacket(0, 0, 0, 0, b"", extension=(number, b"")),
    lambda number: _core.EarlyBargeIn(depth_db=number),
    lambda number: _core.EarlyBargeIn(confirm_ms=number),
    lambda number: _core.Network("clean", seed=number),
    lambda number: _core.OpusDecoder(8000).conceal(number),
    lambda number: _core.VoiceActivity(number),
    lambda number: _core.Leg(_core.LegConfig(codec="PCMU", payload_type=0), number),
    lambda number: _core.LegConfig(codec="PCMU", payload_type=number),
    lambda number: _core.LegConfig(codec="PCMU", payload_type=0, unix_time_ns=number),
    lambda number: _core.LegConfig(codec="PCMU", payload_type=0, packet_time_ms=number),
    lambda number: _core.LegConfig(codec="PCMU", payload_type=0, ssrc=number),
    lambda number: _core.Engine(ports=(number, number)),
    lambda number: _core.Engine(workers=number),
]


NUMBERS = [2**64, -(2**64), 2**127, 10**400]


@pytest.mark.parametrize("number", NUMBERS, ids=range(len(NUMBERS)))
@pytest.mark.parametrize("call", CALLS)
def test_a_number_beyond_64_bits_is_a_value_error(
    call: Callable[[int], object], number: int
) -> None:
    with pytest.raises(ValueError, match=r"not (at )?-?\d+|, not \?"):
        call(number)


def test_a_seed_has_all_of_64_bits() -> None:
    assert _core.Network("clean", seed=2**64 - 1)
