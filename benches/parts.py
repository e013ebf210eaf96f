"""The parts by themselves, called from Python: 20 ms at 8 kHz, each beside the best there is."""

import base64
import itertools
import json
import warnings
from collections.abc import Iterator

import msgspec
import numpy as np
import soxr
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket as PeerPacket

import fourwire as fw
from benches.table import Row
from benches.timing import Work, microseconds
from fourwire import g711

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

SPEECH = (9000 * np.sin(np.arange(480_000) * 0.37)).astype("<i2")


def rows() -> Iterator[Row]:
    """All parts, one after the other."""
    yield from _g711()
    yield from _resampling()
    yield from _rtp()
    yield from _messages()


def _against(name: str, ours: Work, peer_name: str, peer: Work, at_least: float) -> Row:
    mine, theirs = microseconds([ours, peer])
    return Row(
        name=name,
        unit="µs",
        ours=mine,
        peer=theirs,
        peer_name=peer_name,
        goal=f"≥ {at_least:g}×",
        reached=theirs / mine >= at_least,
    )


def _g711() -> Iterator[Row]:
    for length, name, decode, encode in [(160, "20 ms", 1.3, 4), (480_000, "60 s", 3, 20)]:
        pcm = SPEECH[:length].tobytes()
        codes = audioop.lin2ulaw(pcm, 2)
        yield _against(
            f"µ-law decode, {name}",
            lambda codes=codes: g711.decode_pcmu(codes),
            "audioop",
            lambda codes=codes: audioop.ulaw2lin(codes, 2),
            decode,
        )
        yield _against(
            f"µ-law encode, {name}",
            lambda pcm=pcm: g711.encode_pcmu(pcm),
            "audioop",
            lambda pcm=pcm: audioop.lin2ulaw(pcm, 2),
            encode,
        )


def _resampling() -> Iterator[Row]:
    for source, target in [(8000, 24000), (24000, 8000)]:
        chunk = SPEECH[: source // 50]
        ours = fw.Resampler(source, target)
        peer = soxr.ResampleStream(source, target, 1, dtype="int16")
        yield _against(
            f"resample {source // 1000} to {target // 1000} kHz, 20 ms",
            lambda ours=ours, chunk=chunk: ours.process(chunk),
            "soxr HQ stream",
            lambda peer=peer, chunk=chunk: peer.resample_chunk(chunk),
            2.5,
        )


def _rtp() -> Iterator[Row]:
    datagram = _packet(7)
    ours, peer = fw.RtpPacket.parse(datagram), PeerPacket.parse(datagram)
    yield _against(
        "RTP parse",
        lambda: fw.RtpPacket.parse(datagram),
        "aiortc",
        lambda: PeerPacket.parse(datagram),
        10,
    )
    yield _against("RTP write", ours.write, "aiortc", peer.serialize, 10)
    yield _jitter_buffer()


def _packet(n: int) -> bytes:
    timestamp = n * 160 & 0xFFFFFFFF
    packet = fw.RtpPacket(
        payload_type=0, sequence=n, timestamp=timestamp, ssrc=1, payload=bytes(160)
    )
    return packet.write()


def _jitter_buffer() -> Row:
    """Put and get. Ours decodes and conceals besides, and the peer's does neither."""
    dejitter, buffer = fw.Dejitter(), JitterBuffer(capacity=16, prefetch=4)
    numbers = {"ours": 0, "peer": 0}
    packets = [_packet(n) for n in range(65_536)]
    parsed = [PeerPacket.parse(datagram) for datagram in packets]
    for packet in parsed:
        packet._data = packet.payload

    def ours() -> None:
        n = numbers["ours"] = numbers["ours"] + 1
        dejitter.receive(n * 20_000_000, packets[n & 0xFFFF])
        dejitter.poll(n * 20_000_000)

    def peer() -> None:
        n = numbers["peer"] = numbers["peer"] + 1
        buffer.add(parsed[n & 0xFFFF])

    return _against("jitter buffer, put and get", ours, "aiortc", peer, 5)


def _messages() -> Iterator[Row]:
    yield from _append()
    yield from _delta()


def _append() -> Iterator[Row]:
    audio = bytes(range(240)) * 2
    encoder = msgspec.json.Encoder()

    class Append(msgspec.Struct, tag="input_audio_buffer.append"):
        """The message as a typed encoder writes it."""

        audio: bytes

    name, ours = "append, 60 ms µ-law", lambda: fw.append_message(audio)
    yield _against(name, ours, "msgspec, typed", lambda: encoder.encode(Append(audio)), 1.5)

    def plain() -> str:
        coded = base64.b64encode(audio).decode()
        return json.dumps({"type": "input_audio_buffer.append", "audio": coded})

    yield _against(name, ours, "json + base64", plain, 10)


def _delta() -> Iterator[Row]:
    leg = fw.Leg(fw.LegConfig(codec="PCMU"), 0)
    calls = itertools.count()
    head = {"type": "response.output_audio.delta", "event_id": "event_0001", "response_id": "r"}
    ids = {"item_id": "item_0001", "output_index": 0, "content_index": 0}
    audio = base64.b64encode(SPEECH[:2400].tobytes()).decode()
    delta = json.dumps({**head, **ids, "delta": audio}).encode()

    class Delta(msgspec.Struct):
        """The message as a typed decoder reads it."""

        type: str
        response_id: str
        item_id: str
        delta: bytes

    decoder = msgspec.json.Decoder(Delta)

    def ours() -> None:
        # Ten seconds wait at the most: a bridge begins with an empty lane.
        if next(calls) % 100 == 0:
            leg.bridge(output="audio/pcm;rate=24000")
        leg.receive_message(delta)

    name = "delta, 100 ms PCM at 24 kHz: find, decode"
    yield _against(name, ours, "msgspec, typed", lambda: decoder.decode(delta), 1.5)
    plain = "json + base64"
    yield _against(name, ours, plain, lambda: base64.b64decode(json.loads(delta)["delta"]), 5)
