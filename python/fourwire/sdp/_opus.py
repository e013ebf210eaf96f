"""What descriptions say of Opus (RFC 7587 §6.1 and §7)."""

from dataclasses import dataclass

__all__ = ["OUR_OPUS", "OpusParameters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpusParameters:
    """What a receiver of Opus wishes; each side has its own, and nobody answers another's."""

    max_playback_rate: int = 48000
    """The highest rate that it can play: more than that would be sent in vain."""
    max_average_bitrate: int = 510_000
    """Bits a second that it takes on average."""
    fec: bool = False
    """Whether it makes use of forward error correction."""
    dtx: bool = False
    """Whether it prefers that silence is not sent."""
    cbr: bool = False
    """Whether it prefers packets of one length."""

    @classmethod
    def parse(cls, fmtp: str) -> "OpusParameters":
        """Those that `fmtp` names; what cannot be read counts as not given."""
        given = dict(_pair(item) for item in fmtp.split(";"))
        return cls(
            max_playback_rate=_number(given.get("maxplaybackrate"), 8000, 48000),
            max_average_bitrate=_number(given.get("maxaveragebitrate"), 6000, 510_000),
            fec=given.get("useinbandfec") == "1",
            dtx=given.get("usedtx") == "1",
            cbr=given.get("cbr") == "1",
        )


OUR_OPUS = "maxplaybackrate=24000;sprop-maxcapturerate=24000;stereo=0;sprop-stereo=0;useinbandfec=1"
"""What we say of ours: what the agent hears and speaks at, mono, with forward error correction."""


def _pair(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    return name.strip().lower(), value.strip()


def _number(text: str | None, least: int, most: int) -> int:
    """The number that `text` is, brought to what is allowed; the most where it is none."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 10
    return min(max(int(text), least), most) if text is not None and is_number else most
