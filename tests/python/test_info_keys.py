"""Keys are read from INFOs however they are written, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.info_keys import KEY_RELAY, key_body, key_of
from fourwire.keys import KeyPress


@pytest.mark.parametrize(
    ("kind", "body", "digit", "duration_ms"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5", 160),
        ("application/dtmf-relay", b"Signal= #\nDuration= 250\n", "#", 250),
        ("Application/DTMF-Relay ; charset=x", b"signal=*\r\n", "*", 100),
        ("application/dtmf-relay", b"Duration=90\r\nSignal=d", "D", 90),
        ("application/dtmf-relay", b"Signal=11\r\nDuration=100", "#", 100),
        ("application/dtmf-relay", b"Signal=16\r\nDuration=100", "!", 100),
        ("application/dtmf-relay", b"Signal=5\r\nDuration=99999999999999999999", "5", 100),
        ("application/dtmf-relay", b"Signal=5\r\nDuration=00000000199999", "5", 100),
        ("application/dtmf", b"7", "7", 100),
        ("application/dtmf", b"10\r\n", "*", 100),
        ("application/dtmf", b"Signal=3\r\nDuration=60", "3", 60),
    ],
)
def test_a_key_is_read(kind: str, body: bytes, digit: str, duration_ms: float) -> None:
    assert key_of(kind, body) == KeyPress(digit, duration_ms, "info")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/dtmf-relay", b"Signal=55"),
        ("application/dtmf-relay", b"Duration=55"),
        ("application/dtmf-relay", b""),
        ("application/dtmf-relay", b"Signal=17"),
        ("application/dtmf-relay", "Signal=\N{ARABIC-INDIC DIGIT FIVE}".encode()),
        ("application/dtmf", b"hello"),
        ("application/media_control+xml", b"5"),
        ("", b"5"),
    ],
)
def test_what_is_no_key_is_none(kind: str, body: bytes) -> None:
    assert key_of(kind, body) is None


@given(st.sampled_from([KEY_RELAY, "application/dtmf"]), st.binary(max_size=300))
def test_whatever_comes_is_a_key_or_none(kind: str, body: bytes) -> None:
    press = key_of(kind, body)
    assert press is None or (press.digit in "0123456789*#ABCD!" and press.duration_ms <= 10_000)


@given(st.sampled_from("0123456789*#ABCD!"), st.integers(40, 9999))
def test_what_is_written_is_read_again(digit: str, duration_ms: int) -> None:
    assert key_of(KEY_RELAY, key_body(digit, duration_ms)) == KeyPress(digit, duration_ms, "info")
