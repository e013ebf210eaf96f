"""The peer: a careful bridge in Python, as a good engineer writes it without fourwire.

uvloop, a datagram protocol a call, a reorder buffer of two packets, ``audioop`` and soxr where the
formats differ, ready-made JSON around base64, websockets without compression, pacing by absolute
deadlines, and a queue that is emptied at ``speech_started``.
"""

import argparse
import asyncio
import base64
import heapq
import json
import sys
import time
import warnings
from collections import deque

import numpy as np
import soxr
import uvloop
from websockets.asyncio.client import ClientConnection, connect

from benches.calls.order import TRUSTING, order, stall

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import audioop

SILENCE = b"\xff" * 160


class Bridge(asyncio.DatagramProtocol):
    """One call."""

    def __init__(self, remote: tuple[str, int], pcm: bool, append_ms: int) -> None:
        self.remote, self.pcm = remote, pcm
        self.append_frames = append_ms // 20
        self.waiting: list[tuple[int, bytes]] = []
        self.frames: list[bytes] = []
        self.playout: deque[bytes] = deque()
        self.rest = b""
        self.sequence = self.timestamp = 0
        self.refused: set[str] = set()
        self.response = ""
        self.up = soxr.ResampleStream(8000, 24000, 1, dtype="int16")
        self.down = soxr.ResampleStream(24000, 8000, 1, dtype="int16")
        self.outbox: asyncio.Queue[str] = asyncio.Queue(50)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < 12 or data[0] != 0x80 or data[1] & 0x7F != 0:
            return
        heapq.heappush(self.waiting, (int.from_bytes(data[2:4], "big"), data[12:]))
        if len(self.waiting) > 2:
            self.hear(heapq.heappop(self.waiting)[1])

    def hear(self, payload: bytes) -> None:
        if self.pcm:
            linear = np.frombuffer(audioop.ulaw2lin(payload, 2), np.int16)
            payload = self.up.resample_chunk(linear).tobytes()
        self.frames.append(payload)
        if len(self.frames) == self.append_frames:
            audio = base64.b64encode(b"".join(self.frames)).decode()
            self.frames.clear()
            if self.outbox.full():
                self.outbox.get_nowait()
            self.outbox.put_nowait('{"type":"input_audio_buffer.append","audio":"' + audio + '"}')

    async def send_appends(self, session: ClientConnection) -> None:
        while True:
            await session.send(await self.outbox.get())

    async def listen(self, session: ClientConnection) -> None:
        async for message in session:
            event = json.loads(message)
            kind = event["type"]
            if kind == "response.output_audio.delta":
                self.say(event)
            elif kind == "input_audio_buffer.speech_started":
                self.refused.add(self.response)
                self.playout.clear()
                self.rest = b""
                self.down.clear()
            elif kind == "response.created":
                self.response = event["response"]["id"]

    def say(self, event: dict[str, str]) -> None:
        if event["response_id"] in self.refused:
            return
        audio = base64.b64decode(event["delta"])
        if self.pcm:
            linear = self.down.resample_chunk(np.frombuffer(audio, np.int16))
            audio = audioop.lin2ulaw(linear.tobytes(), 2)
        audio = self.rest + audio
        whole = len(audio) // 160 * 160
        self.playout.extend(audio[at : at + 160] for at in range(0, whole, 160))
        self.rest = audio[whole:]

    async def pace(self) -> None:
        due = time.monotonic()
        while True:
            payload = self.playout.popleft() if self.playout else SILENCE
            head = b"\x80\x00" + (self.sequence & 0xFFFF).to_bytes(2, "big")
            head += (self.timestamp & 0xFFFFFFFF).to_bytes(4, "big") + b"peer"
            self.transport.sendto(head + payload, self.remote)
            self.sequence += 1
            self.timestamp += 160
            due = max(due + 0.02, time.monotonic() - 0.02)
            await asyncio.sleep(due - time.monotonic())


async def call(number: int, phone: int, arguments: argparse.Namespace, ports: list[int]) -> None:
    """Run one call until cancelled."""
    loop = asyncio.get_running_loop()
    remote = ("127.0.0.1", phone)
    pcm = arguments.format == "audio/pcm"
    _, bridge = await loop.create_datagram_endpoint(
        lambda: Bridge(remote, pcm, arguments.append_ms), local_addr=("127.0.0.1", 0)
    )
    ports.append(bridge.transport.get_extra_info("sockname")[1])
    context = TRUSTING if arguments.url.startswith("wss") else None
    address = f"{arguments.url}?key={number}"
    async with connect(address, compression=None, max_size=None, ssl=context) as session:
        form = {"type": arguments.format, **({"rate": 24000} if pcm else {})}
        update = {"audio": {"input": {"format": form}, "output": {"format": form}}}
        await session.send(json.dumps({"type": "session.update", "session": update}))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bridge.pace())
            tasks.create_task(bridge.send_appends(session))
            tasks.create_task(bridge.listen(session))


async def main() -> None:
    """Open all calls, tell their ports, run until killed."""
    arguments = order()
    ports: list[int] = []
    async with asyncio.TaskGroup() as tasks:
        for number, phone in enumerate(arguments.phones):
            tasks.create_task(call(number, phone, arguments, ports))
            while len(ports) <= number:
                await asyncio.sleep(0.001)
        print(json.dumps(ports), flush=True)
        tasks.create_task(stall(arguments.stall_ms))


if __name__ == "__main__":
    if sys.version_info >= (3, 13):
        sys.exit("the hand-written bridge needs audioop, which Python 3.13 no longer has")
    uvloop.run(main())
