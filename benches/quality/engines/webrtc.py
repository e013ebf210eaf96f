"""NetEq itself, as in Chrome: libwebrtc from PyPI's `wrtc`, called in real time over loopback."""

import asyncio
import time
from collections.abc import Sequence

import numpy as np

from benches.quality.engines.engine import NS, Arrivals, Heard, Unavailable
from benches.quality.speech import RATE

try:
    import aiortc
    import webrtc

    webrtc.allow_loopback()
except ImportError:
    webrtc = None

#: Calls at the same time; more would make the sender late.
TOGETHER = 3

FRAME_NS = NS // 100


def hear_all(calls: Sequence[tuple[Arrivals, int]]) -> list[Heard]:
    """What is heard of each call; each takes as long as it lasts."""
    if webrtc is None:
        raise Unavailable("wrtc or aiortc is not installed")
    return asyncio.run(_hear_all(calls))


async def _hear_all(calls: Sequence[tuple[Arrivals, int]]) -> list[Heard]:
    room = asyncio.Semaphore(TOGETHER)

    async def hear(arrivals: Arrivals, end_ns: int) -> Heard:
        async with room:
            return await _hear(arrivals, end_ns)

    return await asyncio.gather(*(hear(*call) for call in calls))


async def _hear(arrivals: Arrivals, end_ns: int) -> Heard:
    sender, listener = aiortc.RTCPeerConnection(), webrtc.RTCPeerConnection()
    frames: list[tuple[int, np.ndarray]] = []
    reading = asyncio.create_task(_read(await _connect(sender, listener), frames))
    begin = time.monotonic_ns()
    late = await _send(sender, arrivals, begin)
    await asyncio.sleep((begin + end_ns - time.monotonic_ns()) / NS)
    made_up = await _made_up(listener)
    reading.cancel()
    await sender.close()
    listener.close()
    return _heard(frames, begin, made_up, late)


async def _connect(
    sender: "aiortc.RTCPeerConnection", listener: "webrtc.RTCPeerConnection"
) -> "webrtc.MediaStreamTrack":
    audio = sender.addTransceiver("audio", direction="sendonly")
    codecs = aiortc.RTCRtpSender.getCapabilities("audio").codecs
    audio.setCodecPreferences([codec for codec in codecs if codec.mimeType == "audio/PCMU"])
    track: asyncio.Future[webrtc.MediaStreamTrack] = asyncio.get_running_loop().create_future()
    listener.on("track", lambda event: track.set_result(event.track))
    await sender.setLocalDescription(await sender.createOffer())
    offer = webrtc.RTCSessionDescription(type="offer", sdp=sender.localDescription.sdp)
    await listener.set_remote_description(offer)
    await listener.set_local_description(await listener.create_answer())
    while listener.ice_gathering_state != "complete":
        await asyncio.sleep(0.02)
    answer = listener.local_description.sdp
    await sender.setRemoteDescription(aiortc.RTCSessionDescription(sdp=answer, type="answer"))
    while sender.connectionState != "connected":
        await asyncio.sleep(0.02)
    return await track


async def _read(track: "webrtc.MediaStreamTrack", frames: list[tuple[int, np.ndarray]]) -> None:
    plane = webrtc.AudioDataCopyToOptions(plane_index=0)
    how = webrtc.MediaStreamTrackProcessorInit(track, 1000)
    async for frame in webrtc.MediaStreamTrackProcessor(how).readable:
        room = bytearray(frame.allocation_size(plane))
        frame.copy_to(room, plane)
        pcm = np.frombuffer(room, "<i2")
        # Until the first packet it is silent at 48 kHz, then it has the codec's rate.
        frames.append((time.monotonic_ns(), pcm[:: int(frame.sample_rate) // RATE]))
        frame.close()


async def _send(sender: "aiortc.RTCPeerConnection", arrivals: Arrivals, begin: int) -> list[int]:
    """Sends every packet when it is to arrive, and tells how late each was."""
    (audio,) = sender.getSenders()
    late = []
    for at, datagram in arrivals:
        while (wait := begin + at - time.monotonic_ns()) > 0:
            await asyncio.sleep(wait / NS)
        late.append(-wait)
        await audio.transport._send_rtp(_as_signalled(datagram, audio._ssrc))
    return late


def _as_signalled(datagram: bytes, ssrc: int) -> bytes:
    """The datagram by the offer's SSRC; of others it would have to be told."""
    return datagram[:8] + ssrc.to_bytes(4) + datagram[12:]


async def _made_up(listener: "webrtc.RTCPeerConnection") -> float | None:
    try:
        report = await listener.get_stats()
    except ValueError:  # It writes some figures in a way that JSON does not have.
        return None
    for stats in report.values():
        if stats.type == "inbound-rtp":
            return stats.concealed_samples / max(1, stats.total_samples_received)
    return None


def _heard(
    frames: list[tuple[int, np.ndarray]], begin: int, made_up: float | None, late: list[int]
) -> Heard:
    """Frames of 10 ms follow each other without gaps; the promptest tells when the first was."""
    first = min(at - number * FRAME_NS for number, (at, _) in enumerate(frames)) - begin
    pcm = np.concatenate([pcm for _, pcm in frames])
    times = first / NS + np.arange(len(pcm)) / RATE
    return Heard(pcm, times, made_up, float(np.percentile(late, 99)) / 1e6)
