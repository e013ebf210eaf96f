"""Hugging Face's speech-to-speech on loopback: its turns and its protocol are real, its words ours.

It asks servers for its three models, and here those are one small HTTP server that knows the
stand-in's recordings: what a caller said is made up, what the agent says is known to the sample.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import anyio

from fourwire.standin.formats import AudioFormat
from fourwire.standin.recordings import WORDS, recorded
from support.peers import require
from support.programs import running
from support.sipp_plain import free_ports

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv" / "speech-to-speech" / "bin" / "python"
SERVER = Path(__file__).with_name("realtime_server_program.py")

CALLER_SAYS = "What the caller said."

PCM = AudioFormat("audio/pcm", 24000)


class Models(ThreadingHTTPServer):
    """What recognises, thinks and speaks for the server, by OpenAI's HTTP interface."""

    daemon_threads = True

    def __init__(self, script: Sequence[str | dict[str, Any]]) -> None:
        """`script`: what the agent answers, turn by turn: a recording's name, or a tool call."""
        super().__init__(("127.0.0.1", 0), _Request)
        self.script = script

    @property
    def url(self) -> str:
        """Where its interface begins."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def answer_to(self, messages: list[dict[str, Any]]) -> dict[str, Any]:
        """The next of the script, as a delta of a chat completion."""
        said = sum(message["role"] == "assistant" for message in messages)
        turn = self.script[min(said, len(self.script) - 1)]
        if isinstance(turn, str):
            return {"role": "assistant", "content": WORDS[turn]}
        call = {"index": 0, "id": f"call-{said}", "type": "function", "function": turn}
        return {"role": "assistant", "tool_calls": [call]}


class _Request(BaseHTTPRequestHandler):
    server: Models

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        match self.path.rpartition("/")[2]:
            case "transcriptions":
                self._answer("application/json", json.dumps({"text": CALLER_SAYS}).encode())
            case "speech":
                self._answer("audio/pcm", _spoken(json.loads(body)["input"]))
            case "completions":
                self._complete(json.loads(body))

    def _complete(self, asked: dict[str, Any]) -> None:
        message = self.server.answer_to(asked["messages"])
        if asked.get("stream"):
            lines = (_chunk({"delta": message}), _chunk({"delta": {}, "finish_reason": "stop"}))
            stream = "".join(f"data: {json.dumps(line)}\n\n" for line in lines)
            self._answer("text/event-stream", f"{stream}data: [DONE]\n\n".encode())
        else:
            whole = _chunk({"message": message, "finish_reason": "stop"})
            self._answer("application/json", json.dumps(whole).encode())

    def _answer(self, media_type: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _chunk(choice: dict[str, Any]) -> dict[str, Any]:
    kind = "chat.completion.chunk" if "delta" in choice else "chat.completion"
    choices = [{"index": 0, "finish_reason": None, **choice}]
    return {"id": "1", "object": kind, "created": 0, "model": "script", "choices": choices}


def _spoken(words: str) -> bytes:
    """The recording of `words`; half a second of nothing for what nobody recorded."""
    for name, known in WORDS.items():
        if known.split() == words.split():
            return recorded(name, PCM).audio
    return bytes(24_000)


@contextmanager
def models(script: Sequence[str | dict[str, Any]]) -> Iterator[Models]:
    """The models, while the block runs."""
    with Models(script) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@asynccontextmanager
async def speech_to_speech(
    folder: Path, script: Sequence[str | dict[str, Any]]
) -> AsyncIterator[str]:
    """The server, ready for one session at a time; yields its URL."""
    python = require(str(PYTHON))  # scripts/install_speech_to_speech.sh
    (port,) = free_ports(1)
    with models(script) as minds:
        command = _command(python, port, minds.url)
        async with running(*command, log=folder / "server.log") as process:
            while not await _listens(port):
                assert process.returncode is None, (folder / "server.log").read_text()[-2000:]
                await anyio.sleep(0.2)
            yield f"ws://127.0.0.1:{port}/v1/realtime"


def _command(python: str, port: int, models_url: str) -> list[str]:
    options = {
        "host": "127.0.0.1",
        "port": str(port),
        "stt": "openai",
        "openai_stt_base_url": models_url,
        "llm_backend": "chat-completions",
        "responses_api_base_url": models_url,
        "responses_api_api_key": "any",
        "model_name": "script",
        "tts": "openai",
        "openai_tts_base_url": models_url,
        "openai_tts_sample_rate": "24000",
    }
    pairs = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [python, str(SERVER), "serve", *pairs, "--no_smart_turn"]


async def _listens(port: int) -> bool:
    try:
        async with await anyio.connect_tcp("127.0.0.1", port):
            return True
    except OSError:
        return False
