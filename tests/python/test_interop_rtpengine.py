"""Audio by way of rtpengine, as `deploy/kamailio` has it, to gateways that no caller can reach."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.capture_speech import SECOND, agent_says, found, is_understood
from support.fleet import Node, Proxy, kamailio, nodes
from support.rtpengine import INSIDE, OUTSIDE, Relay, rtpengine

from fourwire import sdp, sip
from fourwire.demo.caller import Caller, Telephone, telephone
from fourwire.demo.figures import barge_in_ms
from fourwire.demo.speech import recording
from fourwire.wav import read_wav

pytestmark = [pytest.mark.anyio, pytest.mark.heavy, pytest.mark.interop(peer="rtpengine")]

Record = Callable[[str, object], None]

ASKS = 5 * SECOND + recording("question")
"""A caller who hears the greeting out, and speaks."""

SUITE: sdp.Suite = "AES_CM_128_HMAC_SHA1_80"
"""What telephones offer."""

G729_ALONE = """\
v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio 24300 RTP/AVP 18
a=rtpmap:18 G729/8000
""".replace("\n", "\r\n")


@dataclass
class Fleet:
    """Two gateways behind Kamailio and rtpengine, and a caller before them."""

    nodes: list[Node]
    proxy: Proxy
    relay: Relay
    phone: Telephone

    @property
    def uri(self) -> str:
        """What callers dial."""
        _, host, port = self.proxy.address
        return f"sip:voxi@{host}:{port}"

    async def taken_by(self) -> Node:
        """The node that has a call, once one has."""
        async with asyncio.timeout(10):
            while not (node := next(filter(has_a_call, self.nodes), None)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # nothing tells of lines in a file
        return node


def has_a_call(node: Node) -> bool:
    return bool(node.noted("call.answered"))


@asynccontextmanager
async def fleet(folder: Path) -> AsyncIterator[Fleet]:
    async with (
        nodes(folder, 2, 'recordings = "."') as behind,
        rtpengine(folder) as relay,
        kamailio(folder, behind, *relay.settings) as proxy,
        telephone("127.0.0.1", (24000, 24400)) as phone,
    ):
        yield Fleet(behind, proxy, relay, phone)


def heard_by(caller: Caller) -> bytes:
    return b"".join(chunk.pcm for chunk in caller.heard)


def monotonic_ns(noted: dict[str, Any]) -> int:
    """When something was noted, on the clock of what a caller heard."""
    at_s = datetime.fromisoformat(noted["at"]).timestamp()
    return int(at_s * 1e9) - time.time_ns() + time.monotonic_ns()


async def recorded_at(node: Node) -> bytes:
    """What the caller said, as it came to the node."""
    (stopped,) = await node.until("call.recording_stopped")
    recorded = read_wav(node.folder / stopped["path"])
    assert (recorded.rate, recorded.channels) == (8000, 2)
    return np.frombuffer(recorded.pcm, np.int16)[0::2].tobytes()


async def test_who_cannot_reach_each_other_hear_each_other_through_the_relay(
    tmp_path: Path,
) -> None:
    async with fleet(tmp_path) as all_of_it:
        async with all_of_it.phone.call(all_of_it.uri) as caller:
            caller.say(ASKS)
            node = await all_of_it.taken_by()
            await node.until("Inworld.Events.WebSocketMediaStarted", 2)
            await caller.until_speech()
            await caller.until_silence()
            assert await all_of_it.relay.calls() == 1
        (offered,) = node.noted("call.offered")
        (ended,) = await node.until("call.ended")
        await all_of_it.relay.until_calls(0)

        answer = caller.call.answer_sdp or ""
        assert f"IN IP4 {OUTSIDE}" in answer
        assert node.host not in answer
        assert offered["audio_at"][0] == INSIDE
        assert is_understood(found(heard_by(caller), agent_says("greeting")))
        assert is_understood(found(heard_by(caller), agent_says("answer-1"), seconds=1.5))
        assert is_understood(found(await recorded_at(node), ASKS))
        assert ended["rtp"]["lost"] == 0


@pytest.mark.parametrize("required", [False, True])
async def test_a_caller_s_srtp_goes_on_to_the_node_by_keys_of_the_relay(
    required: bool, tmp_path: Path
) -> None:
    """Each side of the relay has keys of its own, as callers have that can do without or cannot."""
    keys = sdp.Srtp.fresh(required=required, suites=[SUITE])
    async with fleet(tmp_path) as all_of_it:
        async with all_of_it.phone.call(all_of_it.uri, srtp=keys) as caller:
            node = await all_of_it.taken_by()
            await caller.until_speech()
            caller.say(recording("question"))
            await node.until("Inworld.Events.WebSocketMediaStarted", 2)
            await caller.until_speech()
        (answered,) = node.noted("call.answered")
        (ended,) = await node.until("call.ended")

        profile = "RTP/SAVP" if required else "RTP/AVP"
        answer = caller.call.answer_sdp or ""
        assert re.search(rf"^m=audio \d+ {profile} 0\b", answer, re.MULTILINE)
        assert f" {SUITE} inline:" in answer
        assert answered["srtp"] == SUITE
        assert is_understood(found(heard_by(caller), agent_says("greeting"), seconds=0.5))
        assert is_understood(found(await recorded_at(node), recording("question")))
        assert ended["rtp"]["lost"] == ended["rtp"]["srtp_unauthenticated"] == 0


async def test_who_interrupts_through_the_relay_hears_the_agent_fall_silent(
    tmp_path: Path, record_property: Record
) -> None:
    async with fleet(tmp_path) as all_of_it:
        async with all_of_it.phone.call(all_of_it.uri) as caller:
            node = await all_of_it.taken_by()
            await caller.until_speech()
            caller.say(recording("question"))
            (cut,) = await node.until("bridge.interrupted")
            (_, answered) = await node.until("Inworld.Events.WebSocketMediaStarted", 2)
            await caller.until_speech()

        assert cut["discarded_ms"] > 0
        silent_ms = barge_in_ms(caller.heard, monotonic_ns(cut), monotonic_ns(answered))
        assert silent_ms is not None
        assert silent_ms < 100  # a packet, 20 ms, where the machine has nothing else to do
        record_property("figure", f"last sound {silent_ms:.0f} ms after the interruption")


async def test_when_a_node_dies_the_next_one_is_heard_through_the_relay(tmp_path: Path) -> None:
    async with fleet(tmp_path) as all_of_it, AsyncExitStack() as calls:
        lost = await calls.enter_async_context(all_of_it.phone.call(all_of_it.uri))
        dies = await all_of_it.taken_by()
        (lives,) = [node for node in all_of_it.nodes if node is not dies]
        await lost.until_speech()
        await dies.killed()
        # Of two calls one goes to each node, and nobody has seen yet that one is dead.
        new = [all_of_it.phone.call(all_of_it.uri) for _ in range(2)]
        heard = [await calls.enter_async_context(call) for call in new]
        for caller in heard:
            await caller.until_speech()
            await caller.until_silence()
            assert is_understood(found(heard_by(caller), agent_says("greeting")))
        assert len(lives.noted("call.answered")) == 2
        assert "failed with 408" in (tmp_path / "kamailio.log").read_text()
        await calls.aclose()
        await all_of_it.relay.until_calls(0)


async def test_a_call_that_is_refused_leaves_no_ports_with_the_relay(tmp_path: Path) -> None:
    async with fleet(tmp_path) as all_of_it:
        with pytest.raises(sip.CallFailed, match="488"):
            await all_of_it.phone.endpoint.invite(all_of_it.uri, from_user="1001", offer=G729_ALONE)
        await all_of_it.relay.until_calls(0)
