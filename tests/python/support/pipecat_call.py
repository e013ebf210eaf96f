"""A conversation by Pipecat's Inworld service: run by Pipecat's Python, prints what came of it.

    python pipecat_call.py URL

Speaks a tone as the caller: waits for the greeting, asks, interrupts the answer, and has a function
called. One JSON object on standard output.
"""

import asyncio
import json
import math
import struct
import sys
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    CancelFrame,
    ErrorFrame,
    Frame,
    FunctionCallResultFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    TTSAudioRawFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.inworld.realtime.llm import InworldRealtimeLLMService
from pipecat.services.llm_service import FunctionCallParams
from pipecat.workers.runner import WorkerRunner

RATE = 24000
FRAME_MS = 20
PATIENCE_S = 20


class Ear(FrameProcessor):
    """Remembers every frame that passes, and lets a script wait for some."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self._news = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        self._news.set()
        await self.push_frame(frame, direction)

    def count(self, kind: type[Frame]) -> int:
        return sum(isinstance(frame, kind) for frame in self.frames)

    async def until(self, kind: type[Frame], count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.count(kind) < count:
                self._news.clear()
                await self._news.wait()


class Caller:
    """Speaks in real time: a tone while `speaking`, else silence."""

    def __init__(self, worker: PipelineWorker) -> None:
        self._worker = worker
        self.speaking = False

    async def call(self) -> None:
        while True:
            size = RATE * FRAME_MS // 1000
            level = 4000 if self.speaking else 0
            samples = [int(level * math.sin(2 * math.pi * 440 * n / RATE)) for n in range(size)]
            audio = struct.pack(f"<{size}h", *samples)
            await self._worker.queue_frame(InputAudioRawFrame(audio, RATE, 1))
            await asyncio.sleep(FRAME_MS / 1000)


async def converse(url: str) -> dict[str, Any]:
    asked: list[dict[str, Any]] = []

    async def get_weather(params: FunctionCallParams) -> None:
        asked.append(dict(params.arguments))
        await params.result_callback({"weather": "sunny"})

    weather = FunctionSchema(
        name="get_weather",
        description="The weather of a city.",
        properties={"city": {"type": "string"}},
        required=["city"],
    )
    agent = InworldRealtimeLLMService(api_key="a2V5", base_url=url)
    agent.register_function("get_weather", get_weather)
    context = LLMContext(
        [{"role": "user", "content": "Greet the caller."}], ToolsSchema(standard_tools=[weather])
    )
    aggregators = LLMContextAggregatorPair(context)
    ear = Ear()
    worker = PipelineWorker(
        Pipeline([aggregators.user(), agent, ear, aggregators.assistant()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    caller = Caller(worker)
    calling = asyncio.create_task(caller.call())
    await worker.queue_frame(LLMRunFrame())
    try:
        return await _script(ear, caller, asked)
    finally:
        calling.cancel()
        await worker.queue_frame(CancelFrame())
        await asyncio.wait_for(running, PATIENCE_S)


async def _script(ear: Ear, caller: Caller, asked: list[dict[str, Any]]) -> dict[str, Any]:
    await ear.until(LLMFullResponseEndFrame, 1)
    greeting = _audio(ear)

    # The answer to this turn is interrupted by the next one.
    await _speak(ear, caller, 1)
    await ear.until(TTSAudioRawFrame, ear.count(TTSAudioRawFrame) + 2)
    cut = ear.count(InterruptionFrame)
    await _speak(ear, caller, 2)
    await ear.until(InterruptionFrame, cut + 1)
    interrupted = _audio(ear) - greeting

    # The response to the interruption calls a function, and the one after it tells the result.
    await ear.until(FunctionCallResultFrame, 1)
    before = _audio(ear)
    await ear.until(TTSAudioRawFrame, ear.count(TTSAudioRawFrame) + 1)
    await ear.until(LLMFullResponseEndFrame, ear.count(LLMFullResponseEndFrame) + 1)
    return {
        "greeting_bytes": greeting,
        "interrupted_bytes": interrupted,
        "told_bytes": _audio(ear) - before,
        "interruptions": ear.count(InterruptionFrame),
        "turns": ear.count(UserStartedSpeakingFrame),
        "asked": asked,
        "errors": [frame.error for frame in ear.frames if isinstance(frame, ErrorFrame)],
    }


async def _speak(ear: Ear, caller: Caller, turn: int) -> None:
    caller.speaking = True
    await ear.until(UserStartedSpeakingFrame, turn)
    await asyncio.sleep(0.4)  # how long the caller speaks, in real time as a caller does
    caller.speaking = False
    await ear.until(UserStoppedSpeakingFrame, turn)


def _audio(ear: Ear) -> int:
    return sum(len(frame.audio) for frame in ear.frames if isinstance(frame, TTSAudioRawFrame))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(converse(sys.argv[1]))))
