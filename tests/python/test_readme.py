"""What the README shows, run as it stands there."""

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import fourwire as fw

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def _block(word: str) -> str:
    (found,) = (block for block in BLOCKS if word in block)
    return str(found)


def test_the_scenario_registers_its_handler_and_would_run(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[fw.App] = []
    monkeypatch.setattr(fw.App, "run", lambda app: ran.append(app))
    names: dict[str, Any] = {}
    exec(compile(_block("@app.call"), "README.md", "exec"), names)  # noqa: S102
    assert ran == [names["app"]]


def test_the_parts_do_what_is_said_of_them() -> None:
    pcm = bytes(320)
    datagram = fw.RtpPacket(payload_type=0, sequence=1, timestamp=0, ssrc=1, payload=b"x").write()
    names: dict[str, Any] = {"pcm": pcm, "datagram": datagram}
    exec(compile(_block("Resampler(8000, 24000)"), "README.md", "exec"), names)  # noqa: S102
    assert (len(names["codes"]), len(names["wide"]), names["packet"].payload) == (160, 960, b"x")
    assert fw.Resampler(8000, 24000).delay_ms == 3.0


@pytest.mark.anyio
async def test_an_embedder_gets_an_answer_and_a_leg(monkeypatch: pytest.MonkeyPatch) -> None:
    offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    block = _block("media.answer_to").replace("192.0.2.7", "127.0.0.1")
    body = "".join(f"    {line}\n" for line in block.splitlines())
    source = f"async def run(fw, offer_sdp):\n{body}        return answer_sdp, leg.port\n"
    names: dict[str, Any] = {}
    exec(compile(source, "README.md", "exec"), names)  # noqa: S102
    answer, port = await names["run"](fw, f"{offer}m=audio 40000 RTP/AVP 0\r\n")
    assert f"m=audio {port} RTP/AVP 0" in answer


def test_every_file_it_names_is_there() -> None:
    named = re.findall(r"\]\(((?!http)[^)#]+)\)", README)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_commands_it_names_exist() -> None:
    make = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in make for target in re.findall(r"make (\w+)", README))
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert SimpleNamespace(**scripts).fourwire == "fourwire.cli:main"
