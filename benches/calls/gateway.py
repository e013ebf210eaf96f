"""fourwire as the system under test: media and session, without SIP, as an embedder uses them."""

import argparse
import json
from typing import Any

import anyio

import fourwire as fw
from benches.calls.order import TRUSTING, order, stall


async def call(
    media: fw.Media, number: int, phone: int, arguments: argparse.Namespace, ports: list[int]
) -> None:
    """Run one call until cancelled."""
    url = arguments.url
    port = media.reserve()
    leg = port.start(fw.LegConfig(codec="PCMU"), ("127.0.0.1", phone))
    ports.append(leg.port)
    form = "audio/pcm;rate=24000" if arguments.format == "audio/pcm" else arguments.format
    audio = fw.inworld.AudioFormats(input=form, output=form)
    how: dict[str, Any] = {"ssl": TRUSTING if url.startswith("wss") else None}
    if arguments.websocket == "engine":
        how = {"dial": media.dial}  # believes the system, and so SSL_CERT_FILE
    async with fw.inworld.connect(
        api_key="bench", session_key=str(number), url=url, audio=audio, **how
    ) as agent:
        await agent.session_update({"type": "realtime"})
        fw.join(leg, agent, append_ms=arguments.append_ms)
        async for _ in agent:
            pass


async def main() -> None:
    """Open all calls, tell their ports, run until killed."""
    arguments = order()
    ports: list[int] = []
    async with fw.Media(address="127.0.0.1") as media, anyio.create_task_group() as tasks:
        for number, phone in enumerate(arguments.phones):
            tasks.start_soon(call, media, number, phone, arguments, ports)
            while len(ports) <= number:
                await anyio.sleep(0.001)
        print(json.dumps(ports), flush=True)
        tasks.start_soon(stall, arguments.stall_ms)


if __name__ == "__main__":
    anyio.run(main, backend_options={"use_uvloop": True})
