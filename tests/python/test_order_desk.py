"""The order desk of the examples, and the guide to tools: they run as they stand."""

import json
import re
import runpy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.scene import scene

from fourwire import App, sip
from fourwire.routing import Offered
from fourwire.standin import Behaviour, FunctionCall, FunctionCalls

ROOT = Path(__file__).parents[2]


@pytest.mark.anyio
async def test_a_number_is_typed_looked_up_and_told_before_the_call_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = runpy.run_path(str(ROOT / "examples" / "order_desk.py"))
    script = {
        0: FunctionCalls((FunctionCall("collect_digits"),), speaks=True),
        1: FunctionCalls((FunctionCall("order_status", '{"number":"4711"}'),)),
        2: FunctionCalls((FunctionCall("hang_up"),), speaks=True),
    }

    def app_of(url: str) -> App:
        monkeypatch.setenv("INWORLD_URL", url)
        monkeypatch.setenv("INWORLD_API_KEY", "any-key-at-all")
        app: App = desk["app"]
        return app

    async with scene(app_of, Behaviour(calls=script, speed=0)) as stage:
        async with stage.phone.call(stage.uri("orders")) as caller:
            await stage.notes.until("Inworld.RealtimeAPI.ToolCalled")
            caller.leg.send_digits("4711#")
            assert (await caller.ended()).cause is sip.Cause.BYE
        answered = stage.notes.named("Inworld.RealtimeAPI.ToolAnswered")
        outputs = [note["data"]["output"] for note in answered]
        assert json.loads(outputs[0]) == {"digits": "4711"}
        assert json.loads(outputs[1]) == {"status": "on its way", "due": "2026-12-24"}
        assert [note["text"] for note in stage.notes.named("tool")][:2] == [
            "collect_digits",
            "order_status",
        ]
        (end,) = await stage.notes.until("call.ended")
        assert end["cause"] == "hung up"


def test_the_scenario_of_the_guide_is_python(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (ROOT / "docs" / "tools.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(block, "tools.md", "exec"), names)  # noqa: S102
    anything = Offered(dialled="anything", at=datetime.now(UTC))
    assert names["app"].target(anything) is names["answer"]
