"""Opus beside the libopus that PyAV brings, which was built by others."""

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from fourwire import Dejitter, RtpPacket, opus

Samples = NDArray[np.int16]


def tone(rate: int, seconds: float = 1.0, hertz: int = 700) -> Samples:
    time = np.arange(int(rate * seconds)) / rate
    return (9000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def theirs(pcm: Samples, rate: int) -> list[bytes]:
    """`pcm` as packets of theirs."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = rate, "mono", "s16"
    codec.options = {"application": "voip"}
    packets = []
    for start in range(0, len(pcm), rate // 50):
        frame = av.AudioFrame.from_ndarray(
            pcm[None, start : start + rate // 50], format="s16", layout="mono"
        )
        frame.sample_rate = rate
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets


def their_samples(packets: list[bytes]) -> Samples:
    """What they hear, at 48 kHz."""
    codec = av.CodecContext.create("libopus", "r")
    codec.sample_rate, codec.layout = 48000, "mono"
    frames = [frame for packet in packets for frame in codec.decode(av.Packet(packet))]
    return np.concatenate([frame.to_ndarray().reshape(-1)[::1] for frame in frames])


def pitch(pcm: Samples, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(pcm.astype(float)))
    return float(np.argmax(spectrum)) * rate / len(pcm)


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_what_they_say_we_hear_at_every_rate(rate: int) -> None:
    decoder = opus.Decoder(rate)
    heard = np.frombuffer(b"".join(map(decoder.decode, theirs(tone(48000), 48000))), np.int16)
    assert len(heard) == pytest.approx(rate, abs=rate // 50)
    assert pitch(heard[rate // 5 :], rate) == pytest.approx(700, abs=3)
    assert np.abs(heard).max() == pytest.approx(9000, rel=0.1)


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_what_we_say_they_hear_from_every_rate(rate: int) -> None:
    encoder = opus.Encoder(opus.Opus(rate=rate))
    pcm = tone(rate).reshape(50, -1)
    heard = their_samples([encoder.encode(frame) for frame in pcm])
    assert pitch(heard[9600:], 48000) == pytest.approx(700, abs=3)


def test_a_lost_packet_is_made_up_for_to_the_sample() -> None:
    decoder, packets = opus.Decoder(16000), theirs(tone(48000), 48000)
    for packet in packets[:20]:
        decoder.decode(packet)
    assert len(decoder.conceal(20, packets[21])) == 640
    assert len(decoder.conceal(60)) == 3 * 640
    assert decoder.decode(b"") == b""


def test_the_dejitter_takes_opus_at_the_rate_it_is_told() -> None:
    dejitter, pcm = Dejitter(codec=opus.Opus(rate=16000)), b""
    for number, packet in enumerate(theirs(tone(48000), 48000)):
        rtp = RtpPacket(
            payload_type=111, sequence=number, timestamp=960 * number, ssrc=1, payload=packet
        )
        if number % 10 != 5:
            dejitter.receive(number * 20_000_000, rtp.write())
        while (heard := dejitter.poll(number * 20_000_000)) is not None:
            pcm += heard
    heard_samples = np.frombuffer(pcm, np.int16)
    assert len(heard_samples) == pytest.approx(16000, abs=320)
    assert pitch(heard_samples[3200:], 16000) == pytest.approx(700, abs=3)
