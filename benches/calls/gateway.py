"""fourwire as the system under test: media and session, without SIP, as an embedder uses them."""

import argparse
import json
import ssl
import time

import anyio

import fourwire as fw


async def call(
    media: fw.Media, url: str, phone: int, arguments: argparse.Namespace, ports: list[int]
) -> None:
    """Run one call until cancelled."""
    port = media.reserve()
    leg = port.start(fw.LegConfig(codec="PCMU"), ("127.0.0.1", phone))
    ports.append(leg.port)
    context = ssl._create_unverified_context() if url.startswith("wss") else None
    form = "audio/pcm;rate=24000" if arguments.format == "audio/pcm" else arguments.format
    audio = fw.inworld.AudioFormats(input=form, output=form)
    async with fw.inworld.connect(
        api_key="bench", session_key=str(phone), url=url, audio=audio, ssl=context
    ) as agent:
        await agent.session_update({"type": "realtime"})
        leg.on_append = agent.send_frame
        agent.on_message = leg.receive_message
        agent.on_response = leg.begin_response
        leg.bridge(input=form, output=form, append_ms=arguments.append_ms)
        async for _ in agent:
            pass


async def stall(milliseconds: int) -> None:
    """Block the loop for a while each second, as a careless handler does."""
    while milliseconds:
        await anyio.sleep(1 - milliseconds / 1000)
        time.sleep(milliseconds / 1000)


async def main() -> None:
    """Open all calls, tell their ports, run until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--phones", type=json.loads)
    parser.add_argument("--format", default="audio/pcmu")
    parser.add_argument("--append-ms", type=int, default=60)
    parser.add_argument("--stall-ms", type=int, default=0)
    arguments = parser.parse_args()
    ports: list[int] = []
    async with fw.Media(address="127.0.0.1") as media, anyio.create_task_group() as tasks:
        for count, phone in enumerate(arguments.phones, 1):
            tasks.start_soon(call, media, arguments.url, phone, arguments, ports)
            while len(ports) < count:
                await anyio.sleep(0.001)
        print(json.dumps(ports), flush=True)
        tasks.start_soon(stall, arguments.stall_ms)


if __name__ == "__main__":
    anyio.run(main, backend_options={"use_uvloop": True})
