"""A peer: Pipecat, as its documentation has a phone call talk with Inworld.

    .venv/pipecat/bin/python -m benches.calls.pipecat_bridge URL --phones […]

FastAPI takes each call as one of Twilio's Media Streams, whose serializer turns it into frames; the
service for Inworld's Realtime API is in the middle. It is set up as it is cheapest: PCM at 8 kHz,
so that nothing is resampled, no voice activity detection of its own, no metrics, and uvloop. Its
appends are of 60 ms and its messages to the phone of 40 ms, whatever it is told.
"""

import argparse
import asyncio
import json
import socket

import uvicorn
from fastapi import FastAPI, WebSocket
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.inworld.realtime.llm import InworldRealtimeLLMService
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)
from pipecat.workers.runner import WorkerRunner

from benches.calls.order import order

RATE = 8000


async def call(websocket: WebSocket, number: int, arguments: argparse.Namespace) -> None:
    """Run one call until its stream is over."""
    await websocket.accept()
    await websocket.receive_text()  # the stream is connected
    started = json.loads(await websocket.receive_text())
    serializer = TwilioFrameSerializer(
        started["streamSid"], params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
    )
    transport = FastAPIWebsocketTransport(
        websocket,
        FastAPIWebsocketParams(
            serializer=serializer, audio_in_enabled=True, audio_out_enabled=True
        ),
    )
    agent = InworldRealtimeLLMService(api_key="a2V5", base_url=f"{arguments.url}?key={number}")
    aggregators = LLMContextAggregatorPair(LLMContext())
    parts = [transport.input(), aggregators.user(), agent, transport.output()]
    worker = PipelineWorker(
        Pipeline([*parts, aggregators.assistant()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.queue_frame(LLMRunFrame())  # before it, nothing that is heard goes to the agent
    await runner.run()


async def main() -> None:
    """Listen, tell where, run until killed."""
    arguments = order()
    app = FastAPI()

    @app.websocket("/{number}")
    async def answer(websocket: WebSocket, number: int) -> None:
        await call(websocket, number, arguments)

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", loop="uvloop"))
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    print(listener.getsockname()[1], flush=True)
    await serving


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
