"""The client against a server that says what it is told to."""

from typing import Any

import pytest
from support.realtime import CREATED, UPDATED, Peer, realtime

from fourwire import inworld

pytestmark = pytest.mark.anyio

KEY = "a2V5aWQ6c2VjcmV0c2VjcmV0"


async def test_a_session_is_created_configured_and_greeted_in_the_order_of_the_scenario() -> None:
    heard: list[dict[str, Any]] = []

    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        heard.append(await peer.hear())
        await peer.say(UPDATED)
        heard.extend([await peer.hear(), await peer.hear()])
        await peer.say({"type": "response.created", "response": {"id": "resp_1"}})
        await peer.hear_all()

    async with (
        realtime(script) as server,
        inworld.connect(api_key=KEY, session_key="call-1", url=server.url) as agent,
    ):
        await agent.session_update({"session": {"instructions": "Be brief."}})
        assert agent.greet("Greet the caller.")
        await agent.once(inworld.ResponseCreated)

        assert agent.active_response == "resp_1"
    assert [message["type"] for message in heard] == [
        "session.update",
        "conversation.item.create",
        "response.create",
    ]
