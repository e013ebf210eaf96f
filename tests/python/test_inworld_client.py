"""The client against a server that says what it is told to."""

import asyncio
import json
import logging
import shutil
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.realtime import CREATED, UPDATED, Peer, deaf_server, realtime, refuse
from support.realtime_transport import Line
from websockets.exceptions import ConnectionClosed

from fourwire import inworld
from fourwire.inworld import events
from fourwire.inworld.outbox import AUDIO_FRAMES, COMMAND_FRAMES

pytestmark = pytest.mark.anyio

KEY = "a2V5aWQ6c2VjcmV0c2VjcmV0"


def connect(url: str, **options: Any) -> inworld.connect:
    return inworld.connect(**{"api_key": KEY, "session_key": "call-1", "url": url, **options})


def call(line: Line, **options: Any) -> inworld.connect:
    line.arrive(CREATED)
    return connect("ws://127.0.0.1/session", dial=line.dial, **options)


async def all_of(agent: inworld.Agent) -> list[events.Event]:
    return [event async for event in agent]


async def test_only_the_first_session_looks_up_which_version_we_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def looked_up(name: str) -> None:
        raise AssertionError(f"{name} was looked up, which reads files in the event loop")

    async with call(Line()):
        pass
    monkeypatch.setattr("importlib.metadata.Distribution.from_name", looked_up)
    async with call(Line()):
        pass


# The way of a call


async def test_a_session_is_created_configured_and_greeted_in_the_order_of_the_scenario() -> None:
    heard: list[dict[str, Any]] = []

    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        heard.append(await peer.hear())
        await peer.say(UPDATED)
        heard.extend([await peer.hear(), await peer.hear()])
        await peer.say({"type": "response.created", "response": {"id": "resp_1"}})
        await peer.hear_all()

    async with realtime(script) as server, connect(server.url) as agent:
        began = agent.once(inworld.ResponseCreated)
        answer = await agent.session_update({"session": {"instructions": "Be brief."}})
        assert agent.greet("Greet the caller.")
        assert not agent.greet("Greet the caller.")
        await began

        assert answer.session == {"id": "sess_1"}
        assert agent.active_response == "resp_1"
        assert agent.state is inworld.State.READY
    assert [message["type"] for message in heard] == [
        "session.update",
        "conversation.item.create",
        "response.create",
    ]
    assert heard[0]["session"] == {
        "instructions": "Be brief.",
        "audio": {
            "input": {"format": {"type": "audio/pcmu"}},
            "output": {"format": {"type": "audio/pcmu"}},
        },
    }


async def test_the_handshake_names_session_protocol_key_and_software() -> None:
    async with realtime() as server:
        async with connect(server.url, session_key="call 1/ä"):
            pass
        async with connect(server.url, auth_scheme="bearer"):
            pass

    first, second = server.requests
    assert first.path == "/api/v1/realtime/session?key=call+1%2F%C3%A4&protocol=realtime"
    assert first.headers["Authorization"] == f"Basic {KEY}"
    assert second.headers["Authorization"] == f"Bearer {KEY}"
    assert first.headers["User-Agent"].startswith("fourwire")
    assert "Sec-WebSocket-Extensions" not in first.headers


async def test_a_session_without_a_key_of_its_own_gets_one() -> None:
    async with realtime() as server:
        for _ in range(2):
            async with connect(server.url, session_key=None):
                pass

    assert server.requests[0].path != server.requests[1].path


async def test_the_first_listener_hears_everything_however_late_it_comes() -> None:
    line = Line()
    async with call(line) as agent:
        line.arrive({"type": "response.created", "response": {"id": "resp_1"}}, {"type": "new"})
        await agent.once(inworld.Unknown)
    heard = await all_of(agent)

    assert [event.name.rpartition(".")[2] for event in heard] == [
        "HTTPResponse",
        "ConnectorInformation",
        "SessionCreated",
        "ResponseCreated",
        "Unknown",
        "WebSocketClosed",
    ]


async def test_a_listener_hears_the_kinds_it_asks_for_and_no_other() -> None:
    line = Line()
    async with call(line) as agent:
        turns = agent.events(inworld.SpeechStarted, inworld.SpeechStopped)
        everything = agent.events()
        either = agent.once(inworld.SpeechStopped, inworld.Error)
        line.arrive(
            {"type": "input_audio_buffer.speech_started"},
            {"type": "input_audio_buffer.committed"},
            {"type": "input_audio_buffer.speech_stopped"},
        )
        assert isinstance(await either, inworld.SpeechStopped)

    assert [type(event) for event in [event async for event in turns]] == [
        inworld.SpeechStarted,
        inworld.SpeechStopped,
    ]
    assert len([event async for event in everything]) == 4


async def test_connect_can_be_awaited_and_closed_by_hand() -> None:
    async with realtime() as server:
        agent = await connect(server.url)
        await agent.close()

    assert agent.closed == inworld.WebSocketClosed(code=1000)
    assert agent.closed_by_us


async def test_ready_frames_arrive_as_text_and_in_order() -> None:
    frames = [b'{"type":"input_audio_buffer.append","audio":"%d"}' % n for n in range(5)]
    heard: list[str | bytes] = []

    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        while True:
            heard.append(await peer.socket.recv())

    async with realtime(script) as server, connect(server.url) as agent:
        for frame in frames:
            agent.send_frame(frame)
        agent.input_audio_buffer_commit(event_id="e")

    assert heard[:5] == [frame.decode() for frame in frames]
    assert json.loads(heard[5])["type"] == "input_audio_buffer.commit"


async def test_what_was_said_before_closing_is_still_sent() -> None:
    async with realtime() as server, connect(server.url) as agent:
        agent.response_create()
        await agent.output_audio_buffer_clear()

    assert [message["type"] for message in server.peers[0].heard] == [
        "response.create",
        "output_audio_buffer.clear",
    ]


# Taking messages before they are parsed


async def test_a_message_that_the_hook_consumes_is_no_event() -> None:
    line = Line()
    seen: list[bytes] = []

    def hook(frame: bytes) -> bool:
        seen.append(frame)
        return b"audio.delta" in frame

    async with call(line) as agent:
        agent.on_message = hook
        delta = {"type": "response.output_audio.delta", "delta": "AAAA"}
        line.arrive(delta, {"type": "ping"})
        await agent.once(inworld.Ping)

    assert [json.loads(frame)["type"] for frame in seen] == ["response.output_audio.delta", "ping"]
    assert not any(isinstance(e, events.ResponseOutputAudioDelta) for e in await all_of(agent))
    assert agent.counters()["messages_consumed"] == 1


async def test_a_hook_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    line = Line()

    def hook(frame: bytes) -> bool:
        raise RuntimeError("broken hook")

    async with call(line) as agent:
        agent.on_message = hook
        line.arrive({"type": "ping"})
        await agent.once(inworld.Ping)

    assert "on_message failed" in caplog.text


# Events for several


async def test_every_listener_hears_every_event_from_when_it_came() -> None:
    line = Line()
    async with call(line) as agent:
        second = agent.events()
        agent.publish(inworld.WebSocketMediaStarted(tag="a"))
    third = agent.events()

    assert [type(e) for e in [x async for x in second]] == [
        inworld.WebSocketMediaStarted,
        inworld.WebSocketClosed,
    ]
    assert [x async for x in third] == []


async def test_once_counts_from_its_call() -> None:
    line = Line()
    async with call(line) as agent:
        waiting = agent.once(inworld.Ping)
        line.arrive({"type": "ping", "timestamp": 1}, {"type": "ping", "timestamp": 2})
        await agent.once(inworld.Ping)

        assert (await waiting).timestamp == 1


async def test_once_tells_that_the_session_is_over() -> None:
    line = Line()
    async with call(line) as agent:
        waiting = agent.once(inworld.Ping)
        line.break_off(inworld.WebSocketClosed(code=1008, reason="quota"))
        with pytest.raises(inworld.SessionClosed, match="1008: quota"):
            await waiting


async def test_an_event_published_after_the_end_is_dropped() -> None:
    line = Line()
    async with call(line) as agent:
        pass
    agent.publish(inworld.WebSocketMediaEnded())

    assert type((await all_of(agent))[-1]) is inworld.WebSocketClosed


# Errors of the server


async def test_an_update_the_server_refuses_raises_what_it_said() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        asked = await peer.hear()
        detail = {
            "type": "invalid_request_error",
            "code": "invalid_value",
            "message": "no such model",
            "param": "session.audio.input.transcription.model",
            "event_id": asked["event_id"],
        }
        await peer.say({"type": "error", "error": detail})
        await peer.hear_all()

    async with realtime(script) as server, connect(server.url) as agent:
        with pytest.raises(inworld.ServerError, match="no such model") as raised:
            await agent.session_update({})

    assert raised.value.code == "invalid_value"
    assert raised.value.param == "session.audio.input.transcription.model"


async def test_an_update_that_is_never_answered_times_out() -> None:
    line = Line()
    async with call(line) as agent:
        with pytest.raises(inworld.SessionTimeout, match=r"session.update within 0.01 s"):
            await agent.session_update({}, timeout=0.01)


async def test_an_update_under_way_when_the_session_ends_raises() -> None:
    line = Line()
    async with call(line) as agent:
        line.break_off(inworld.WebSocketClosed(code=1011, reason="oops"))
        with pytest.raises(inworld.SessionClosed, match="1011: oops"):
            await agent.session_update({})
        with pytest.raises(inworld.SessionClosed, match="1011: oops"):
            await agent.session_update({})


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"type": "error", "error": {"message": "full", "code": "capacity"}}, "capacity"),
        (
            {"errorType": "SESSION_RESOURCES_EXHAUSTED", "message": "full"},
            "SESSION_RESOURCES_EXHAUSTED",
        ),
    ],
)
async def test_an_error_in_place_of_a_session_raises(said: dict[str, Any], code: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(said)
        await peer.hear_all()

    async with realtime(script) as server:
        with pytest.raises(inworld.ServerError, match="full") as raised:
            await connect(server.url)

    assert raised.value.code == code


async def test_a_server_that_hangs_up_in_place_of_a_session_raises() -> None:
    async def script(peer: Peer) -> None:
        await peer.socket.close(1008, "quota exceeded")

    async with realtime(script) as server:
        with pytest.raises(inworld.SessionClosed, match="quota exceeded") as raised:
            await connect(server.url)

    assert raised.value.code == 1008


async def test_odd_frames_are_events_and_the_session_goes_on() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(CREATED, b"\x00\xff", "{", {"errorType": "X"}, {"type": "new"}, "[]")
        await peer.say({"type": "ping"})
        await peer.hear_all()

    async with realtime(script) as server, connect(server.url) as agent:
        heard = []
        async for event in agent:
            heard.append(type(event))
            if isinstance(event, inworld.Ping):
                break

    assert heard[3:] == [
        inworld.MalformedFrame,
        inworld.MalformedFrame,
        inworld.UntypedFrame,
        inworld.Unknown,
        inworld.MalformedFrame,
        inworld.Ping,
    ]
    assert agent.counters()["messages_malformed"] == 3


async def test_a_frame_of_several_megabytes_is_read() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(CREATED, {"type": "response.output_audio.delta", "delta": "A" * 8_000_000})
        await peer.hear_all()

    async with realtime(script) as server, connect(server.url) as agent:
        event = await agent.once(events.ResponseOutputAudioDelta)

    assert len(event.delta) == 8_000_000


# No session at all


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "API key"), (403, "API key"), (402, "credits"), (429, "quota"), (500, "try again")],
)
async def test_a_refused_handshake_tells_status_body_and_what_to_do(
    status: int, advice: str
) -> None:
    async with realtime(refusal=refuse(status, {"message": "not today"})) as server:
        with pytest.raises(inworld.HandshakeRefused, match=advice) as raised:
            await connect(server.url)

    assert raised.value.status == status
    assert raised.value.body == '{"message": "not today"}'
    assert f"HTTP {status}" in str(raised.value)
    assert [type(event) for event in raised.value.events] == [
        inworld.HTTPResponse,
        inworld.WebSocketError,
    ]


async def test_a_port_where_nobody_listens_is_unreachable() -> None:
    async with realtime() as server:
        url = server.url
    with pytest.raises(inworld.Unreachable, match=r"no WebSocket to 127.0.0.1:") as raised:
        await connect(url)

    assert raised.value.host == f"127.0.0.1:{server.port}"
    assert "Connect call failed" in raised.value.reason


async def test_a_server_of_another_kind_is_unreachable() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(inworld.Unreachable):
            await connect(f"ws://127.0.0.1:{port}/")


async def test_a_server_that_never_answers_meets_the_deadline() -> None:
    async with deaf_server() as port:
        began = time.monotonic()
        with pytest.raises(inworld.ConnectTimeout, match=r"no connection within 0.1 s"):
            await connect(f"ws://127.0.0.1:{port}/", connect_timeout=0.1)

        assert time.monotonic() - began < 1


async def test_a_server_that_opens_but_says_nothing_meets_the_deadline_too() -> None:
    async with realtime(Peer.hear_all) as server:
        with pytest.raises(inworld.ConnectTimeout, match=r"session.created within 0.1 s") as raised:
            await connect(server.url, connect_timeout=0.1)

    assert isinstance(raised.value, TimeoutError)
    assert isinstance(raised.value, inworld.ConnectError)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"api_key": " \n"}, "api_key is empty"),
        ({"api_key": "Basic abc"}, "without the word"),
        ({"api_key": "a\r\nb"}, "no HTTP header"),
        ({"api_key": "schlüssel"}, "no HTTP header"),
        ({"session_key": ""}, "session_key is empty"),
        ({"url": "https://api.inworld.ai"}, "must begin with wss://"),
        ({"url": "wss://user:pass@host/"}, "credentials go into api_key"),
        ({"auth_scheme": "digest"}, "must be 'basic' or 'bearer'"),
    ],
)
async def test_arguments_that_cannot_work_are_refused_before_anything_is_opened(
    options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        connect(**{"url": "ws://127.0.0.1:1/", **options})


async def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="not bytes"):
        connect("ws://127.0.0.1:1/", api_key=b"key")


async def test_a_key_may_be_an_object_that_reveals_it_and_may_end_in_a_newline() -> None:
    class Secret:
        def reveal(self) -> str:
            return f"{KEY}\n"

    line = Line()
    async with call(line, api_key=Secret()):
        pass

    assert line.targets[0].authorization == f"Basic {KEY}"


async def test_within_this_machine_no_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    async with realtime() as server, connect(server.url) as agent:
        assert agent.state is inworld.State.CREATED


async def test_a_key_that_would_travel_unencrypted_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    connect("ws://realtime.example:8080/")

    assert "the API key goes to realtime.example:8080 unencrypted" in caplog.text


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody but the test trusts, and its key."""
    paths = (tmp_path / "certificate.pem", tmp_path / "key.pem")
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = "-subj /CN=test -addext subjectAltName=IP:127.0.0.1"
    files = ("-out", str(paths[0]), "-keyout", str(paths[1]))
    subprocess.run([*request.split(), *names.split(), *files], check=True, capture_output=True)
    return paths


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_a_session_is_encrypted_where_the_url_says_so(
    certificate: tuple[Path, Path],
) -> None:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(*certificate)
    trusting = ssl.create_default_context(cafile=certificate[0])
    async with realtime(tls=server_side) as server:
        async with connect(server.url, ssl=trusting) as agent:
            assert agent.state is inworld.State.CREATED
        with pytest.raises(inworld.Unreachable, match="certificate verify failed"):
            await connect(server.url)


async def test_the_certificates_of_the_system_are_not_read_for_every_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, create = [], ssl.create_default_context

    def counted(*arguments: Any, **options: Any) -> ssl.SSLContext:
        read.append(arguments)
        return create(*arguments, **options)

    monkeypatch.setattr(ssl, "create_default_context", counted)
    async with realtime() as server:
        for _ in range(3):
            with pytest.raises(inworld.Unreachable):
                await connect(server.url.replace("ws:", "wss:"))
    assert len(read) <= 1


# The end


async def test_the_end_is_told_once_with_code_and_reason() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        await peer.socket.close(1013, "try again later")

    async with realtime(script) as server, connect(server.url) as agent:
        heard = await all_of(agent)
        await agent.close()

    ends = [event for event in heard if isinstance(event, inworld.WebSocketClosed)]
    assert ends == [heard[-1]]
    assert not agent.closed_by_us
    assert (ends[0].code, ends[0].reason, ends[0].clean) == (1013, "try again later", True)


async def test_a_connection_that_breaks_off_is_an_error_and_no_clean_end() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        await peer.hear()
        peer.socket.transport.abort()

    async with realtime(script) as server, connect(server.url) as agent:
        agent.response_create()
        heard = await all_of(agent)

    assert isinstance(heard[-2], inworld.WebSocketError)
    assert isinstance(heard[-1], inworld.WebSocketClosed)
    assert (heard[-1].code, heard[-1].clean) == (1006, False)


async def test_close_may_be_called_often_and_from_everywhere() -> None:
    async with realtime() as server, connect(server.url) as agent:
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(agent.close)
        await agent.close()
        heard = await all_of(agent)

    assert [type(event) for event in heard].count(inworld.WebSocketClosed) == 1
    assert agent.closed == inworld.WebSocketClosed(code=1000)


async def test_a_listener_may_close_the_session_it_listens_to() -> None:
    async with realtime() as server, connect(server.url) as agent:
        heard = []
        async for event in agent:
            heard.append(event)
            if isinstance(event, inworld.SessionCreated | inworld.WebSocketClosed):
                await agent.close()

    assert isinstance(heard[-1], inworld.WebSocketClosed)


async def test_both_sides_may_close_at_once() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        await peer.hear()
        await peer.socket.close(1000)

    for _ in range(10):
        async with realtime(script) as server, connect(server.url) as agent:
            agent.response_create()
            await agent.close()
            heard = await all_of(agent)
        assert [type(event) for event in heard].count(inworld.WebSocketClosed) == 1


async def test_a_cancelled_call_still_says_goodbye() -> None:
    goodbyes = []

    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        try:
            await peer.hear()
        except ConnectionClosed as end:
            goodbyes.append(end.rcvd.code if end.rcvd else None)

    async with realtime(script) as server:
        with anyio.move_on_after(0.05):
            async with connect(server.url):
                await anyio.sleep_forever()

    assert goodbyes == [1000]


async def test_a_server_that_takes_no_leave_is_left() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        peer.socket.transport.pause_reading()
        await left.wait()

    left = asyncio.Event()
    async with realtime(script) as server:
        agent = await connect(server.url)
        began = time.monotonic()
        await agent.close()
        took = time.monotonic() - began
        left.set()
        server.peers[0].socket.transport.abort()

    assert took < 4
    assert agent.closed is not None
    assert not agent.closed.clean


async def test_nothing_is_said_after_the_end_and_a_log_line_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "fourwire.inworld")
    line = Line()
    async with call(line) as agent:
        pass

    assert not agent.response_create()
    assert not agent.output_audio_buffer_clear()
    assert not agent.response_cancel()
    assert not agent.greet("Hello.")
    agent.send_frame(b"{}")
    assert line.sent == []
    assert agent.counters()["refused_after_close"] == 5
    assert "response.create not sent: the session is over" in caplog.text


# Stalls


async def test_a_stalled_network_drops_the_oldest_audio_and_counts_it() -> None:
    line = Line()
    async with call(line) as agent:
        line.open_for_frames.clear()
        agent.response_create()
        await asyncio.sleep(0)
        for number in range(AUDIO_FRAMES + 6):
            agent.send_frame(b'{"type":"%d"}' % number)
        assert agent.input_audio_buffer_append(b"\xff")
        assert agent.output_audio_buffer_clear()
        line.open_for_frames.set()

    assert agent.counters()["audio_dropped"] == 7
    assert line.types_sent() == [
        "response.create",
        *(str(number) for number in range(7, AUDIO_FRAMES + 6)),
        "input_audio_buffer.append",
        "output_audio_buffer.clear",
    ]


async def test_a_server_that_reads_nothing_costs_audio_and_no_memory() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        peer.socket.transport.pause_reading()
        await left.wait()

    left = asyncio.Event()
    frame = b'{"audio":"%s"}' % (b"A" * 500_000)
    async with realtime(script) as server:
        agent = await connect(server.url)
        for _ in range(10 * AUDIO_FRAMES):
            agent.send_frame(frame)
            await asyncio.sleep(0)
        counted = agent.counters()
        left.set()
        server.peers[0].socket.transport.abort()
        await agent.close()

    assert counted["frames_waiting"] == AUDIO_FRAMES
    assert counted["audio_dropped"] > 0
    in_flight = 1
    total = counted["frames_sent"] + counted["frames_waiting"] + counted["audio_dropped"]
    assert total + in_flight == 10 * AUDIO_FRAMES


async def test_a_server_that_takes_no_commands_loses_the_session() -> None:
    line = Line()
    async with call(line) as agent:
        line.open_for_frames.clear()
        for _ in range(COMMAND_FRAMES + 5):
            agent.response_create()
        await asyncio.wait_for(all_of(agent), 5)

        assert agent.closed is not None
        assert not agent.closed_by_us


async def test_barge_in_cancels_only_what_is_under_way() -> None:
    line = Line()
    async with call(line) as agent:
        assert not agent.response_cancel()
        line.arrive({"type": "response.created", "response": {"id": "resp_1"}})
        await agent.once(inworld.ResponseCreated)
        assert agent.response_cancel()
        assert await agent.output_audio_buffer_clear()
        line.arrive({"type": "response.done", "response": {"id": "resp_1"}})
        await agent.once(inworld.ResponseDone)
        assert not agent.response_cancel()

    assert line.types_sent() == ["response.cancel", "output_audio_buffer.clear"]
