"""Keys are known by their sound, whoever made it, and no voice is taken for one."""

import subprocess

import pytest
from support.peers import require

from fourwire import KeyTones
from fourwire.demo.speech import WORDS, recording

TONES = {
    digit: (low, high)
    for low, row in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for high, digit in zip((1209, 1336, 1477, 1633), row, strict=True)
}


def heard(pcm: bytes, rate: int = 8000, packet: int = 320) -> str:
    """The keys in `pcm`, heard packet by packet."""
    tones = KeyTones(rate)
    keys = ""
    for at in range(0, len(pcm), packet):
        tones.hear(pcm[at : at + packet])
        while (key := tones.poll()) is not None:
            assert key.in_band
            keys += key.digit
    return keys


def sox(digit: str, rate: int, seconds: float = 0.08) -> bytes:
    """A key as sox makes it, and a pause behind it."""
    program = require("sox")
    low, high = TONES[digit]
    into = ["-n", "-r", str(rate), "-c", "1", "-b", "16", "-e", "signed", "-t", "raw", "-"]
    sound = ["synth", str(seconds), "sine", str(low), "sine", str(high), "remix", "-", "gain", "-6"]
    made = subprocess.run(
        [program, "-R", *into, *sound, "pad", "0", "0.08"], check=True, capture_output=True
    )
    return made.stdout


@pytest.mark.interop(peer="SoX")
@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_every_key_that_sox_makes_is_heard(rate: int) -> None:
    for digit in TONES:
        assert heard(sox(digit, rate), rate) == digit


@pytest.mark.interop(peer="SoX")
def test_a_number_that_sox_makes_is_removed_but_for_its_first_moments() -> None:
    tones = KeyTones(8000, remove=True)
    left = b"".join(tones.hear(sox(digit, 8000)) for digit in "4711#")
    loud = sum(abs(sample) > 300 for sample in memoryview(left).cast("h"))
    keys = ""
    while (key := tones.poll()) is not None:
        keys += key.digit
    assert keys == "4711#"
    assert loud / 8 < 5 * 25  # milliseconds


@pytest.mark.parametrize("name", WORDS)
def test_no_voice_that_was_recorded_is_taken_for_a_key(name: str) -> None:
    pcm = recording(name)
    assert heard(pcm) == ""
    tones = KeyTones(8000, remove=True)
    assert tones.hear(pcm) == pcm


def test_a_rate_that_no_line_has_is_refused() -> None:
    with pytest.raises(ValueError, match="44100"):
        KeyTones(44100)  # type: ignore[arg-type]
