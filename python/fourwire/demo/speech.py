"""What the demo's caller says: recordings made by `scripts/make_caller_speech.sh`."""

from importlib.resources import as_file, files

from fourwire.wav import read_wav

__all__ = ["WORDS", "recording"]

WORDS = {
    "interruption": "Hold on. Before you go on, who am I talking to?",
    "question": "And what happens when I interrupt you?",
    "goodbye": "All right, thank you. Bye!",
}
"""The words of each recording."""


def recording(name: str) -> bytes:
    """The samples of a recording: 16 bit, mono, 8 kHz."""
    with as_file(files("fourwire.demo") / "recordings" / f"{name}.wav") as path:
        return read_wav(path).pcm
