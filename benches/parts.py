"""The parts by themselves, called from Python: 20 ms at 8 kHz, each beside the best there is."""

import base64
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count, cycle, islice

import msgspec
import numpy as np
import soxr
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket as PeerPacket
from pylibsrtp import Policy, Session

import fourwire as fw
from benches.recording import frames, speech
from benches.table import Row
from benches.timing import Work, for_each, microseconds
from fourwire import g711

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

#: A second of speech in packets, 20 ms each: no call gets the same packet twice.
PACKETS = 50

PHONE, AGENT = "audio/pcmu", "audio/pcm;rate=24000"


def rows() -> Iterator[Row]:
    """All parts, one after the other."""
    yield from _g711()
    yield from _resampling()
    yield from _converting()
    yield from _rtp()
    yield from _srtp()
    yield from _messages()


def _against(
    name: str,
    ours: Work,
    peer: tuple[str, Work],
    *,
    calls: int = 1,
    ratio: float | None = None,
    most: float | None = None,
) -> Row:
    """One figure, of work that is so many calls; its goal is a ratio or a time."""
    mine, theirs = (taken / calls for taken in microseconds([ours, peer[1]]))
    row = Row(name=name, unit="µs", ours=mine, peer=theirs, peer_name=peer[0])
    if ratio is not None:
        return replace(row, goal=f"≥ {ratio:g}×", reached=theirs / mine >= ratio)
    return replace(row, goal=f"≤ {most:g}", reached=mine <= most) if most else row


def _g711() -> Iterator[Row]:
    pcm = speech(480_000)
    codes = audioop.lin2ulaw(pcm, 2)
    packets, coded = frames(pcm, 320)[:PACKETS], frames(codes, 160)[:PACKETS]

    def decoded_by_peer(octets: bytes) -> bytes:
        return audioop.ulaw2lin(octets, 2)

    def coded_by_peer(samples: bytes) -> bytes:
        return audioop.lin2ulaw(samples, 2)

    for name, ours, theirs, items, whole, ratios in [
        ("decode", g711.decode_pcmu, decoded_by_peer, coded, codes, (1.3, 3)),
        ("encode", g711.encode_pcmu, coded_by_peer, packets, pcm, (4, 20)),
    ]:
        yield _against(
            f"µ-law {name}, 20 ms",
            for_each(ours, items),
            ("audioop", for_each(theirs, items)),
            calls=PACKETS,
            ratio=ratios[0],
        )
        yield _against(
            f"µ-law {name}, 60 s",
            partial(ours, whole),
            ("audioop", partial(theirs, whole)),
            ratio=ratios[1],
        )


def _resampling() -> Iterator[Row]:
    for source, target in [(8000, 24000), (24000, 8000)]:
        packets = frames(speech(source, source), source // 25)
        arrays = [np.frombuffer(packet, "<i2") for packet in packets]
        ours = fw.Resampler(source, target)
        peer = _soxr(source, target)
        yield _against(
            f"{source // 1000} to {target // 1000} kHz, 20 ms",
            for_each(ours.process, packets),
            ("soxr HQ stream", for_each(peer.resample_chunk, arrays)),
            calls=PACKETS,
            ratio=2.5,
        )
        delay = _delay_ms(source, target, arrays)
        yield Row(
            name=f"{source // 1000} to {target // 1000} kHz, delay",
            unit="ms",
            ours=ours.delay_ms,
            peer=delay,
            peer_name="soxr HQ stream",
            goal="≥ 20×",
            reached=delay / ours.delay_ms >= 20,
        )


def _soxr(source: int, target: int) -> soxr.ResampleStream:
    return soxr.ResampleStream(source, target, 1, dtype="int16", quality="HQ")


def _delay_ms(source: int, target: int, packets: list[np.ndarray]) -> float:
    """The most that soxr has taken in and not given out, after any packet."""
    peer = _soxr(source, target)
    fed = given = held = 0.0
    for packet in packets:
        fed += len(packet) / source
        given += len(peer.resample_chunk(packet)) / target
        held = max(held, fed - given)
    return 1000 * held


def _converting() -> Iterator[Row]:
    """Codec and rate in one call, as a bridge by hand needs them for each packet."""
    codes = frames(audioop.lin2ulaw(speech(8000), 2), 160)
    up, ratio = _soxr(8000, 24000), 2.5

    def heard(octets: bytes) -> bytes:
        pcm = np.frombuffer(audioop.ulaw2lin(octets, 2), "<i2")
        return up.resample_chunk(pcm).tobytes()

    ours = fw.Converter(PHONE, AGENT).convert
    peer = ("audioop, soxr HQ stream", for_each(heard, codes))
    name = "µ-law to PCM at 24 kHz, 20 ms"
    yield _against(name, for_each(ours, codes), peer, calls=PACKETS, ratio=ratio)

    pcm = frames(speech(24_000, 24_000), 960)
    down = _soxr(24000, 8000)

    def said(samples: bytes) -> bytes:
        return audioop.lin2ulaw(down.resample_chunk(np.frombuffer(samples, "<i2")).tobytes(), 2)

    ours = fw.Converter(AGENT, PHONE).convert
    peer = ("audioop, soxr HQ stream", for_each(said, pcm))
    name = "PCM at 24 kHz to µ-law, 20 ms"
    yield _against(name, for_each(ours, pcm), peer, calls=PACKETS, ratio=ratio)


def _rtp() -> Iterator[Row]:
    datagrams = [_packet(n) for n in range(PACKETS)]
    ours = [fw.RtpPacket.parse(datagram) for datagram in datagrams]
    peers = [PeerPacket.parse(datagram) for datagram in datagrams]
    for name, mine, items, theirs, their_items in [
        ("parse", fw.RtpPacket.parse, datagrams, PeerPacket.parse, datagrams),
        ("write", fw.RtpPacket.write, ours, PeerPacket.serialize, peers),
    ]:
        peer = ("aiortc", for_each(theirs, their_items))
        work = for_each(mine, items)
        yield _against(f"RTP {name}", work, peer, calls=PACKETS, ratio=10)
    yield _rtp_from_fields()
    yield _jitter_buffer()


def _rtp_from_fields() -> Row:
    """A packet made of its fields and written, which takes Python most for the fields."""
    payload = bytes(160)

    def ours(n: int) -> bytes:
        return fw.RtpPacket(0, n, 160 * n, 1, payload).write()

    def peer(n: int) -> bytes:
        packet = PeerPacket(
            payload_type=0, sequence_number=n, timestamp=160 * n, ssrc=1, payload=payload
        )
        return packet.serialize()

    numbers = range(PACKETS)
    other = ("aiortc", for_each(peer, numbers))
    return _against("RTP made and written", for_each(ours, numbers), other, calls=PACKETS)


def _packet(n: int) -> bytes:
    return fw.RtpPacket(0, n, n * 160 & 0xFFFFFFFF, 1, bytes(160)).write()


def _jitter_buffer() -> Row:
    """Put and get. Ours decodes and conceals besides, and the peer's does neither."""
    dejitter, buffer = fw.Dejitter(), JitterBuffer(capacity=16, prefetch=4)
    packets = [_packet(n) for n in range(65_536)]
    parsed = [PeerPacket.parse(datagram) for datagram in packets]
    for packet in parsed:
        packet._data = packet.payload
    arriving = zip(count(0, 20_000_000), cycle(packets))
    coming = cycle(parsed)

    def ours() -> None:
        for now, datagram in islice(arriving, PACKETS):
            dejitter.receive(now, datagram)
            dejitter.poll(now)

    def peer() -> None:
        for packet in islice(coming, PACKETS):
            buffer.add(packet)

    return _against("jitter buffer, put and get", ours, ("aiortc", peer), calls=PACKETS, ratio=5)


def _srtp() -> Iterator[Row]:
    plain = [_packet(n) for n in range(200 * PACKETS)]
    for suite, profile, length in [
        ("AES_CM_128_HMAC_SHA1_80", Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30),
        ("AEAD_AES_128_GCM", Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28),
    ]:
        key = bytes(length)
        out, into = (
            Policy(key=key, ssrc_type=kind, srtp_profile=profile)
            for kind in (Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND)
        )
        sealed = list(map(fw.SrtpSender(suite, key).protect, plain))
        ours = _each_once(lambda suite=suite, key=key: fw.SrtpSender(suite, key).protect, plain)
        peer = ("pylibsrtp", _each_once(lambda out=out: Session(out).protect, plain))
        yield _against(f"SRTP protect, {suite}", ours, peer, calls=PACKETS, ratio=2)

        ours = _each_once(
            lambda suite=suite, key=key: fw.SrtpReceiver(suite, key).unprotect, sealed
        )
        peer = ("pylibsrtp", _each_once(lambda into=into: Session(into).unprotect, sealed))
        yield _against(f"SRTP unprotect, {suite}", ours, peer, calls=PACKETS, ratio=2)


def _each_once(begin: Callable[[], Callable[[bytes], bytes]], packets: list[bytes]) -> Work:
    """A number of packets a time, none of them twice: after the last one it begins anew."""

    def turns() -> Iterator[None]:
        while True:
            function = begin()
            for start in range(0, len(packets), PACKETS):
                for packet in packets[start : start + PACKETS]:
                    function(packet)
                yield

    return partial(next, turns())


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
    peer = ("msgspec, typed", lambda: encoder.encode(Append(audio)))
    yield _against(name, ours, peer, most=0.4)

    def plain() -> str:
        coded = base64.b64encode(audio).decode()
        return json.dumps({"type": "input_audio_buffer.append", "audio": coded})

    yield _against(name, ours, ("json + base64", plain))


def _delta() -> Iterator[Row]:
    leg = fw.Leg(fw.LegConfig(codec="PCMU"), 0)
    calls = count()
    head = {"type": "response.output_audio.delta", "event_id": "event_0001", "response_id": "r"}
    ids = {"item_id": "item_0001", "output_index": 0, "content_index": 0}
    audio = base64.b64encode(speech(2400, 24_000)).decode()
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
    yield _against(name, ours, ("msgspec, typed", lambda: decoder.decode(delta)), most=2.5)
    plain = ("json + base64", lambda: base64.b64decode(json.loads(delta)["delta"]))
    yield _against(name, ours, plain)
