"""What offer and answer agreed on, in the terms of the engine."""

from dataclasses import replace
from typing import Literal

from fourwire import _core, sdp
from fourwire._core import LegConfig, SrtpKeys

__all__ = ["leg_config", "somewhere", "srtp_keys"]

NOWHERE = ("0.0.0.0", "::")  # noqa: S104 - an address that holds, not one to bind
"""Addresses by which old phones ask for hold (RFC 3264 §8.4); audio never goes there."""

OPUS_RATES: tuple[Literal[8000, 16000, 24000, 48000], ...] = (8000, 16000, 24000, 48000)
"""Rates that Opus can be played at."""

OPUS_BITRATE = 32_000
"""Bits a second of the Opus that we send: with these, speech at 24 kHz leaves nothing to wish."""


def leg_config(media: sdp.NegotiatedMedia) -> LegConfig:
    """What a leg has to know of an agreement."""
    return LegConfig(
        codec=media.codec if media.opus is None else _opus(media.opus),
        payload_type=media.payload_type,
        receive_payload_type=media.receive_payload_type,
        other_payload_type=media.other_payload_type,
        telephone_event=media.telephone_event,
        receive_telephone_event=media.receive_telephone_event,
        other_telephone_event=media.other_telephone_event,
        event_rate=48000 if media.event_rate == 48000 else 8000,
        comfort_noise=media.comfort_noise,
        receive_comfort_noise=media.receive_comfort_noise,
        other_comfort_noise=media.other_comfort_noise,
        idle=media.idle,
        packet_time_ms=media.packet_time_ms,
        direction=media.direction,
    )


def srtp_keys(media: sdp.NegotiatedMedia) -> SrtpKeys | None:
    """The keys of the stream; None where it is in the clear."""
    keys = media.srtp
    return None if keys is None else SrtpKeys(keys.suite, keys.send, keys.receive)


def somewhere(media: sdp.NegotiatedMedia, before: sdp.NegotiatedMedia) -> sdp.NegotiatedMedia:
    """A later agreement, with the addresses from `before` where it has none but a wish to hold."""
    if media.remote[0] not in NOWHERE:
        return media
    return replace(media, remote=before.remote, remote_rtcp=before.remote_rtcp)


def _opus(theirs: sdp.OpusParameters) -> _core.Opus:
    """Our Opus, at the rate of an agent, and of no more than the other side wishes."""
    playable = [rate for rate in OPUS_RATES if rate <= theirs.max_playback_rate]
    return _core.Opus(
        rate=24000,
        playback_rate=playable[-1],
        bitrate=min(OPUS_BITRATE, theirs.max_average_bitrate),
        fec=theirs.fec,
        dtx=theirs.dtx,
        cbr=theirs.cbr,
    )
