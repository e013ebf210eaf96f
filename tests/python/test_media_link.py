"""WebSockets that the engine runs: the session sees no difference, and audio needs no Python."""

import asyncio
import base64
import contextlib
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority
from support.phone import Phone
from support.realtime import CREATED, Peer, deaf_server, realtime, refuse
from websockets.sync.server import Server as SyncServer
from websockets.sync.server import ServerConnection as SyncConnection
from websockets.sync.server import serve as serve_in_threads

from fourwire import LegConfig, inworld
from fourwire.inworld import events
from fourwire.media import Media, MediaLeg
from fourwire.media_link import MediaLink

pytestmark = pytest.mark.anyio

KEY = "c2VjcmV0LW5hbWU6c2VjcmV0LXZhbHVl"
STARTED = {"type": "input_audio_buffer.speech_started", "event_id": "e", "item_id": "u1"}


@pytest.fixture
def phone() -> Iterator[Phone]:
    phone = Phone()
    yield phone
    phone.socket.close()


@asynccontextmanager
async def media_on_loopback(**how: Any) -> AsyncIterator[Media]:
    async with Media(address="127.0.0.1", ports=(22000, 22400), **how) as media:
        yield media


def connect(media: Media, url: str, **how: Any) -> inworld.connect:
    return inworld.connect(api_key=KEY, session_key="call-1", url=url, dial=media.dial, **how)


@asynccontextmanager
async def session(
    serve: Callable[[Peer], Awaitable[None]],
) -> AsyncIterator[tuple[Media, inworld.Agent]]:
    """An engine, and a session on it with a server that does what `serve` says."""
    async with (
        realtime(serve) as server,
        media_on_loopback() as media,
        connect(media, server.url) as agent,
    ):
        yield media, agent


def bridged(media: Media, phone: Phone, agent: inworld.Agent) -> MediaLeg:
    """A leg in a call with `phone`, joined with `agent` as a bridge does it."""
    leg = media.reserve().start(LegConfig(telephone_event=101), phone.address)
    assert isinstance(agent.shortcut, MediaLink)
    leg.bridge(append_ms=20, link=agent.shortcut.link)
    shortcut = agent.shortcut
    agent.on_message = lambda message: not shortcut.is_joined and leg.receive_message(message)
    shortcut.join(leg)
    return leg


def delta(code: int, packets: int = 1, response: str = "r1") -> dict[str, Any]:
    audio = base64.b64encode(bytes([code]) * 160 * packets).decode()
    return {
        "type": "response.output_audio.delta",
        "response_id": response,
        "item_id": "a1",
        "delta": audio,
    }


async def closed_by(script: Callable[[Peer], Awaitable[None]]) -> events.WebSocketClosed:
    """How a session ends in which the server does that after its `session.created`."""

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        await script(peer)

    async with realtime(serve) as server, media_on_loopback() as media:
        agent = await connect(media, server.url)
        with contextlib.suppress(inworld.SessionClosed):
            await agent.once(events.WebSocketClosed)
        await agent.close()
    assert agent.closed is not None
    return agent.closed


async def test_the_handshake_shows_who_calls_and_what_it_wants() -> None:
    async with realtime() as server, media_on_loopback() as media:
        async with connect(media, server.url) as agent:
            assert isinstance(agent.shortcut, MediaLink)
        (request,) = server.requests
    assert request.headers["Authorization"] == f"Basic {KEY}"
    assert request.headers["User-Agent"].startswith("fourwire/")
    assert request.headers["Host"] == f"127.0.0.1:{server.port}"
    assert request.path == "/api/v1/realtime/session?key=call-1&protocol=realtime"
    assert "Sec-WebSocket-Extensions" not in request.headers


async def test_a_refusal_is_told_with_its_body_and_without_the_key() -> None:
    body = {"error": {"message": f"bad key {KEY}", "pad": "x" * 3000}}
    async with realtime(refusal=refuse(401, body)) as server, media_on_loopback() as media:
        with pytest.raises(inworld.HandshakeRefused) as refused:
            await connect(media, server.url)
    assert refused.value.status == 401
    assert refused.value.body.startswith('{"error": {"message": "bad key ')
    assert KEY not in refused.value.body + str(refused.value)


async def test_nobody_there_and_no_websocket_server_are_unreachable() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n" * 3)
        await writer.drain()
        writer.close()

    mail = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = mail.sockets[0].getsockname()[1]
    async with media_on_loopback() as media, mail:
        with pytest.raises(inworld.Unreachable, match="handshake"):
            await connect(media, f"ws://127.0.0.1:{port}/")
    async with media_on_loopback() as media:
        with pytest.raises(inworld.Unreachable):
            await connect(media, f"ws://127.0.0.1:{port}/")


async def test_a_handshake_that_nobody_waits_for_any_more_ends() -> None:
    gone = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # up to the end
        gone.set()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with media_on_loopback() as media, server:
        with pytest.raises(inworld.ConnectTimeout):
            await connect(media, f"ws://127.0.0.1:{port}/", connect_timeout=0.1)
        await asyncio.wait_for(gone.wait(), 10)


async def test_servers_that_say_nothing_hold_up_no_other_and_leave_no_thread() -> None:
    def opening() -> int:
        return sum(thread.name == "fourwire-open" for thread in threading.enumerate())

    async with deaf_server() as port, realtime() as server, media_on_loopback() as media:
        deaf = [
            asyncio.ensure_future(connect(media, f"ws://127.0.0.1:{port}/").__aenter__())
            for _ in range(100)
        ]
        while opening() < len(deaf):  # noqa: ASYNC110 a thread tells nobody that it began
            await asyncio.sleep(0)
        async with connect(media, server.url):
            assert opening() == len(deaf)
        for each in deaf:
            each.cancel()
        await asyncio.gather(*deaf, return_exceptions=True)
        while opening():  # noqa: ASYNC110 nor that it ended
            await asyncio.sleep(0)


async def test_a_deaf_server_costs_the_deadline() -> None:
    async with deaf_server() as port, media_on_loopback() as media:
        with pytest.raises(inworld.ConnectTimeout):
            await connect(media, f"ws://127.0.0.1:{port}/", connect_timeout=0.1)


@pytest.mark.parametrize(
    ("script", "code", "clean"),
    [
        (lambda peer: peer.socket.close(1000, "bye"), 1000, True),
        (lambda peer: peer.socket.close(1013, "later"), 1013, True),
        (lambda peer: cut(peer), 1006, False),
        (lambda peer: peer.say("x" * (16 * 1024 * 1024 + 1)), 1009, False),
        (lambda peer: raw(peer, b"\x81\x02\xff\xfe"), 1007, False),  # no UTF-8
        (lambda peer: raw(peer, b"\x83\x00"), 1002, False),  # an opcode that there is not
        (lambda peer: raw(peer, b"\x81\x81\x00\x00\x00\x00a"), 1002, False),  # masked
    ],
)
async def test_an_end_is_told_by_its_code(
    script: Callable[[Peer], Awaitable[None]], code: int, clean: bool
) -> None:
    async def last(peer: Peer) -> None:
        await script(peer)
        await peer.hear_all()

    closed = await closed_by(last)
    assert (closed.code, closed.clean) == (code, clean)


async def cut(peer: Peer) -> None:
    """End the connection without a word."""
    peer.socket.transport.abort()


async def raw(peer: Peer, frame: bytes) -> None:
    """Send bytes that no library would."""
    peer.socket.transport.write(frame)


async def test_our_goodbye_is_said_after_all_that_was_sent() -> None:
    heard: list[dict[str, Any]] = []

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        await peer.hear_all()
        heard.extend(peer.heard)
        assert peer.socket.close_code == 1000

    async with realtime(serve) as server, media_on_loopback() as media:
        async with connect(media, server.url) as agent:
            for _ in range(100):
                agent.response_create()
        assert agent.closed == events.WebSocketClosed(code=1000, clean=True)
        assert agent.counters()["frames_sent"] == 100
    assert len(heard) == 100


async def test_a_server_that_does_not_say_goodbye_is_left() -> None:
    hold = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        peer.socket.transport.pause_reading()
        await hold.wait()
        await cut(peer)

    async with realtime(serve) as server, media_on_loopback() as media:
        agent = await connect(media, server.url)
        await asyncio.wait_for(agent.close(), 10)
        assert agent.closed is not None
        assert (agent.closed.code, agent.closed.clean) == (1000, False)
        hold.set()


async def test_pings_are_answered_and_fragments_joined() -> None:
    listens = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        await listens.wait()
        await (await peer.socket.ping())
        await peer.socket.send(iter(['{"type":', '"ping"', "}"]))
        await peer.hear_all()

    async with session(serve) as (_, agent):
        ping = asyncio.ensure_future(agent.once(events.Ping))
        await asyncio.sleep(0)
        listens.set()
        assert await asyncio.wait_for(ping, 10)


async def test_a_server_that_answers_no_ping_is_given_up() -> None:
    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        peer.socket.transport.pause_reading()
        await given_up.wait()
        await cut(peer)

    given_up = asyncio.Event()

    async with realtime(serve) as server, media_on_loopback() as media:
        agent = await connect(media, server.url, ping_interval=0.05, ping_timeout=0.05)
        with contextlib.suppress(inworld.SessionClosed):
            await asyncio.wait_for(agent.once(events.WebSocketClosed), 10)
        assert agent.closed is not None
        assert (agent.closed.code, agent.closed.reason) == (1011, "keepalive ping timeout")
        given_up.set()
        await agent.close()


async def test_a_server_that_takes_nothing_costs_old_audio_and_no_command() -> None:
    hold, heard = asyncio.Event(), list[dict[str, Any]]()

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        peer.socket.transport.pause_reading()
        await hold.wait()
        peer.socket.transport.resume_reading()
        await peer.hear_all()
        heard.extend(peer.heard)

    frame = json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 100_000}).encode()
    async with realtime(serve) as server, media_on_loopback() as media:
        async with connect(media, server.url) as agent:
            for _ in range(300):
                agent.send_frame(frame)
                await asyncio.sleep(0)
            agent.response_create()
            while not agent.counters()["audio_dropped"]:
                agent.send_frame(frame)
                await asyncio.sleep(0.001)
            hold.set()
        assert agent.closed is not None
        assert agent.closed.code == 1000
    assert [told["type"] for told in heard].count("response.create") == 1
    assert agent.counters()["frames_sent"] == len(heard)


async def test_the_caller_hears_all_in_order_across_the_moment_of_joining(phone: Phone) -> None:
    asked = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        await asked.wait()
        for number in range(60):
            await peer.say(delta(number), {"type": "ping", "number": number})
            await asyncio.sleep(0.001)
        await peer.hear_all()

    async with session(serve) as (media, agent):
        pings = agent.events(events.Ping)
        asked.set()
        await agent.once(events.Ping)  # in the midst of it
        leg = bridged(media, phone, agent)
        heard = await asyncio.to_thread(lambda: [phone.hear().payload for _ in range(75)])
        codes = [payload[0] for payload in heard if len(set(payload)) == 1 and payload[0] < 60]
        assert codes[-1] == 59
        assert codes == list(range(codes[0], 60))
        seen = [await anext(aiter(pings)) for _ in range(60)]
        assert len(seen) == 60
        counters = agent.counters()
        assert counters["messages_received"] == 121
        assert counters["messages_consumed"] > 0
        leg.close()


async def test_the_agent_hears_the_caller_and_the_event_loop_does_not(phone: Phone) -> None:
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        while True:
            heard.put_nowait(await peer.hear())

    async with session(serve) as (media, agent):
        leg = bridged(media, phone, agent)
        passed: list[bytes] = []
        leg.on_append = passed.append
        await asyncio.to_thread(phone.hear)
        for code in (0x90, 0x91, 0x92):
            phone.speak(leg.port, bytes([code]) * 160)
        audio = b""
        while len(audio) < 480:
            message = await asyncio.wait_for(heard.get(), 10)
            assert message["type"] == "input_audio_buffer.append"
            audio += base64.b64decode(message["audio"])
        assert audio[:480] == b"\x90" * 160 + b"\x91" * 160 + b"\x92" * 160
        assert passed == []
        leg.close()


async def test_parted_again_nothing_of_the_agent_is_heard_and_all_of_it_is_told(
    phone: Phone,
) -> None:
    parted = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        await parted.wait()
        await peer.say(delta(0x33), {"type": "ping"})
        await peer.hear_all()

    async with session(serve) as (media, agent):
        leg = bridged(media, phone, agent)
        assert isinstance(agent.shortcut, MediaLink)
        agent.shortcut.part()
        leg.unbridge()
        agent.on_message = None
        parted.set()
        kinds = agent.events(events.ResponseOutputAudioDelta, events.Ping)
        assert isinstance(await anext(aiter(kinds)), events.ResponseOutputAudioDelta)
        assert isinstance(await anext(aiter(kinds)), events.Ping)
        heard = await asyncio.to_thread(lambda: [phone.hear().payload for _ in range(5)])
        assert not any(b"\x33" in payload for payload in heard)
        leg.close()


class Elsewhere:
    """An agent in threads of its own, whom an event loop that stands still does not hold up."""

    def __init__(self, say: Callable[[SyncConnection], None]) -> None:
        self._say = say
        self._server: SyncServer = serve_in_threads(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> "Elsewhere":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()

    def _serve(self, connection: SyncConnection) -> None:
        connection.send(json.dumps(CREATED))
        self._say(connection)
        for _ in connection:
            pass


async def test_the_leg_falls_silent_while_python_stands_still(phone: Phone) -> None:
    still, silent_at = threading.Event(), list[float]()

    def say(connection: SyncConnection) -> None:
        connection.recv(10)
        connection.send(json.dumps(delta(0x44, packets=500)))
        still.wait(10)
        time.sleep(0.2)
        connection.send(json.dumps(STARTED))

    def listen() -> None:
        phone.hear_until(b"\x44" * 160)
        while phone.hear().payload != b"\xff" * 160:
            pass
        silent_at.append(time.monotonic())

    with Elsewhere(say) as agent_there:
        async with media_on_loopback() as media, connect(media, agent_there.url) as agent:
            leg = bridged(media, phone, agent)
            ear = threading.Thread(target=listen)
            ear.start()
            agent.response_create()
            while not agent.counters()["messages_consumed"]:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            still.set()
            time.sleep(2)  # noqa: ASYNC251 it is what this is about
            moved_on_at = time.monotonic()
            assert await asyncio.wait_for(agent.once(events.Ping, events.SpeechStarted), 10)
            ear.join(10)
            leg.close()
    assert silent_at
    assert silent_at[0] < moved_on_at - 1


async def test_an_answer_begun_before_the_caller_spoke_is_never_heard(phone: Phone) -> None:
    """However late Python is, a response is known before its audio comes."""

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        await peer.hear()
        created = {"type": "response.created", "response": {"id": "r7"}}
        await peer.say(created, STARTED, delta(0x55, response="r7"), delta(0x56, response="r8"))
        await peer.hear_all()

    async with session(serve) as (media, agent):
        leg = bridged(media, phone, agent)
        await asyncio.sleep(0.05)
        agent.response_create()
        heard: list[bytes] = []
        while b"\x56" * 160 not in heard:
            heard.append((await asyncio.to_thread(phone.hear)).payload)
        assert not any(b"\x55" in payload for payload in heard)
        leg.close()


async def test_links_on_one_worker_and_legs_on_another_are_joined_all_the_same() -> None:
    """With several workers, some of these pairs are on two of them."""
    heard: list[str] = []

    async def serve(peer: Peer) -> None:
        await peer.say(CREATED)
        await peer.hear()
        await peer.say(delta(0x21, packets=3))
        heard.append((await peer.hear())["type"])
        await peer.hear_all()

    phones = [Phone() for _ in range(4)]
    async with realtime(serve) as server, media_on_loopback(workers=3) as media:
        agents = [await connect(media, server.url) for _ in phones]
        legs = [bridged(media, *pair) for pair in zip(phones, agents, strict=True)]
        for agent in agents:
            agent.response_create()
        for phone, leg in zip(phones, legs, strict=True):
            await asyncio.to_thread(phone.hear_until, b"\x21" * 160)
            phone.speak(leg.port, b"\x90" * 160)
        while len(heard) < len(phones):  # noqa: ASYNC110 the servers set no Event
            await asyncio.sleep(0.005)
        for agent, leg in zip(agents, legs, strict=True):
            leg.close()
            await agent.close()
    assert heard == ["input_audio_buffer.append"] * len(phones)
    for phone in phones:
        phone.socket.close()


async def test_an_engine_that_closes_ends_its_sessions() -> None:
    async with realtime() as server:
        async with media_on_loopback() as media:
            agent = await connect(media, server.url)
            assert media.counters()["links"] <= 1
        with contextlib.suppress(inworld.SessionClosed):
            await asyncio.wait_for(agent.once(events.WebSocketClosed), 10)
        assert agent.closed is not None
        assert not agent.closed.clean
        await agent.close()


async def test_by_a_proxy_it_is_the_library_s_business(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with media_on_loopback() as media, server:
        with pytest.raises(inworld.Unreachable):
            await connect(media, "wss://agent.example/")
    assert asked == [b"CONNECT agent.example:443 HTTP/1.1\r\n"]


TLS_CLIENT = """
import asyncio, sys
from fourwire import inworld
from fourwire.media import Media
async def main():
    async with Media(address="127.0.0.1", ports=(22500, 22600)) as media:
        try:
            agent = await inworld.connect(api_key="k", url=sys.argv[1], dial=media.dial)
            print(type(agent.shortcut).__name__, agent.state.name)
            await agent.close()
            print(agent.closed.code, agent.closed.clean)
        except inworld.Unreachable as error:
            print("unreachable", error)
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("names", "trusted", "said"),
    [
        (("127.0.0.1",), True, ["MediaLink CREATED", "1000 True"]),
        (("agent.example",), True, ["unreachable"]),
        (("127.0.0.1",), False, ["unreachable"]),
    ],
)
async def test_whom_the_system_trusts_is_believed_and_nobody_else(
    names: tuple[str, ...], trusted: bool, said: list[str], tmp_path: Path
) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    own = authority.identity(*names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    believed = authority if trusted else stranger
    environment = {**os.environ, "SSL_CERT_FILE": believed.path}
    async with realtime(tls=context) as server:
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", TLS_CLIENT, server.url],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    lines = ran.stdout.splitlines()
    assert [line.split(" ", 1)[0] for line in lines] == [it.split(" ", 1)[0] for it in said], ran
    assert all(line.startswith(begin) for line, begin in zip(lines, said, strict=True)), ran
