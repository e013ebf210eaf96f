"""The stand-in on its socket: the handshake, and a call over a real WebSocket."""

import asyncio
import json

import pytest
from support.standin_client import HEADERS, QUERY, Caller, calling
from support.standin_talk import PCMU, hush, tone
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fourwire import _core, standin
from fourwire.standin import Behaviour, Server, faults

pytestmark = pytest.mark.anyio

FAST = Behaviour(think_ms=0, speed=0)


async def refused(
    server: Server, *, target: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, object]]:
    """Status and JSON body with which a handshake is refused."""
    url = server.url + QUERY if target is None else f"ws://127.0.0.1:{server.port}{target}"
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(url, additional_headers=HEADERS if headers is None else headers):
            pass
    response = refusal.value.response
    assert response.headers["Content-Type"] == "application/json"
    return response.status_code, json.loads(response.body)["error"]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/", 404),
        ("//[/api", 404),
        ("/api/v1/realtime/session", 400),
        ("/api/v1/realtime/session?key=&protocol=realtime", 400),
        ("/api/v1/realtime/session?key=a&protocol=sip", 400),
    ],
)
async def test_the_path_and_the_query_are_checked(target: str, status: int) -> None:
    async with standin.serve() as server:
        got, error = await refused(server, target=target)

    assert (got, error["code"]) == (status, status)
    assert [refusal.status for refusal in server.refusals] == [status]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Digest x"}, {"Authorization": "Basic"}, {"Authorization": "Basic  "}],
)
async def test_a_key_is_required_as_basic_or_bearer(headers: dict[str, str]) -> None:
    async with standin.serve() as server:
        assert (await refused(server, headers=headers))[0] == 401


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "bearer"])
async def test_basic_and_bearer_are_let_in(scheme: str) -> None:
    async with (
        standin.serve() as server,
        calling(server, headers={"Authorization": f"{scheme} abc"}) as caller,
    ):
        await caller.wait_for("session.created")

    assert server.sessions[0].key == "call-1"


async def test_an_unknown_key_is_forbidden() -> None:
    behaviour = Behaviour(accepted_keys=frozenset({"good"}))
    async with standin.serve(behaviour=behaviour) as server:
        assert (await refused(server))[0] == 403
        async with calling(server, headers={"Authorization": "Basic good"}):
            pass


async def test_one_session_more_than_allowed_is_refused_until_one_ends() -> None:
    async with standin.serve(behaviour=Behaviour(max_sessions=1)) as server:
        async with calling(server) as caller:
            await caller.wait_for("session.created")
            assert (await refused(server))[0] == 429
        await server.wait_idle()
        async with calling(server) as caller:
            await caller.wait_for("session.created")


async def test_every_status_can_be_told_to_refuse_with() -> None:
    behaviour = Behaviour(refuse_status=503, refuse_message="no capacity")
    async with standin.serve(behaviour=behaviour) as server:
        assert await refused(server) == (503, {"code": 503, "message": "no capacity"})


async def test_each_handshake_can_meet_another_behaviour() -> None:
    behaviours = [Behaviour(refuse_status=500), Behaviour(refuse_status=502), Behaviour()]
    async with standin.serve(behaviour=behaviours) as server:
        assert (await refused(server))[0] == 500
        assert (await refused(server))[0] == 502
        for _ in range(2):
            async with calling(server) as caller:
                await caller.wait_for("session.created")

    assert server.handshakes == 4
    assert len(server.sessions) == 2


async def greet(caller: Caller) -> None:
    """Configures the session and has the greeting made."""
    await caller.wait_for("session.created")
    await caller.send("session.update", session=PCMU)
    await caller.wait_for("session.updated")
    await caller.send("response.create")
    await caller.wait_for("output_audio_buffer.stopped")


async def test_a_call_is_greeted_heard_and_answered() -> None:
    said = _core.encode_pcmu(tone(800) + hush(1000))
    async with standin.serve(behaviour=FAST) as server, calling(server) as caller:
        await greet(caller)
        for start in range(0, len(said), 480):
            await caller.append(said[start : start + 480])
        transcript = await caller.wait_for("conversation.item.input_audio_transcription.completed")
        await caller.wait_for("response.done")

    assert transcript["transcript"] == "[caller speech, 0.8 s]"
    (session,) = server.sessions
    assert session.heard == _core.decode_pcmu(said)
    assert len(session.spoken) > 2 * len(session.heard)
    assert session.closed_ns is not None
    assert session.opened_ns <= session.log[0].at_ns <= session.log[-1].at_ns <= session.closed_ns


async def test_deltas_are_paced_without_the_client_saying_a_word() -> None:
    paced = Behaviour(think_ms=1, speed=100.0)
    async with standin.serve(behaviour=paced) as server, calling(server) as caller:
        await greet(caller)

    (asked,) = server.sessions[0].find("response.create")
    last = server.sessions[0].find("response.output_audio.delta")[-1]
    assert last.at_ns - asked.at_ns >= 4000 / 100 * 1_000_000


async def test_speech_cuts_the_response_that_is_under_way() -> None:
    slow = Behaviour(think_ms=0, speed=1.0)
    async with standin.serve(behaviour=slow) as server, calling(server) as caller:
        await caller.send("session.update", session=PCMU)
        await caller.send("response.create")
        await caller.wait_for("response.output_audio.delta")
        await caller.append(_core.encode_pcmu(tone(300)))
        await caller.wait_for("input_audio_buffer.speech_started")
        done = await caller.wait_for("response.done")

    assert done["response"]["status_details"]["reason"] == "turn_detected"


async def test_a_close_carries_its_code_and_reason() -> None:
    closing = Behaviour(faults=(faults.Close(after_ms=1, code=4001, reason="quota exceeded"),))
    async with standin.serve(behaviour=closing) as server, calling(server) as caller:
        with pytest.raises(ConnectionClosed) as closed:
            await caller.wait_for("never")

    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "quota exceeded")


async def test_a_connection_can_break_without_a_closing_handshake() -> None:
    breaking = Behaviour(faults=(faults.Break(after_ms=1),))
    async with standin.serve(behaviour=breaking) as server, calling(server) as caller:
        with pytest.raises(ConnectionClosed) as closed:
            await caller.wait_for("never")

    assert closed.value.rcvd is None


async def test_two_calls_do_not_hear_each_other() -> None:
    async with (
        standin.serve(behaviour=FAST) as server,
        calling(server) as one,
        calling(server) as other,
    ):
        for caller in (one, other):
            await caller.wait_for("session.created")
            await caller.send("session.update", session=PCMU)
        await one.append(_core.encode_pcmu(tone(100)))
        await other.send("input_audio_buffer.commit")
        error = await other.wait_for("error")

    assert error["error"]["code"] == "input_audio_buffer_commit_empty"
    assert sorted(len(session.heard) for session in server.sessions) == [0, 1600]


async def test_closing_the_server_ends_its_sessions() -> None:
    async with standin.serve() as server, asyncio.timeout(5), calling(server) as caller:
        await caller.wait_for("session.created")
        server.close()
        with pytest.raises(ConnectionClosed) as closed:
            await caller.wait_for("never")

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
