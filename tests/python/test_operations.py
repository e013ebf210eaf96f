"""A gateway shows machines how it is, refuses calls when it should, and harms none that run."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.scene import SETTINGS, Scene, scene

from fourwire import sip
from fourwire.announcement import bundled
from fourwire.drain import drain, find
from fourwire.http_page import Http, HttpListen, Page, http_pages
from fourwire.operating import born
from fourwire.problems import SettingsError
from fourwire.service_manager import ServiceManager
from fourwire.wav import read_wav

pytestmark = pytest.mark.anyio

WATCHED = msgspec.structs.replace(SETTINGS, http=Http(listen=HttpListen("127.0.0.1:0")))


def address_of(stage: Scene) -> tuple[str, int]:
    """Where the pages are."""
    host, port = stage.notes.named("http.listening")[0]["address"]
    return host, port


def fetched(address: tuple[str, int], path: str, method: str = "GET") -> tuple[int, str]:
    """Status and text of a page."""
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


async def page(stage: Scene, path: str) -> tuple[int, Any]:
    """Status and content of a page, fetched beside the loop."""
    status, text = await anyio.to_thread.run_sync(fetched, address_of(stage), path)
    return status, json.loads(text) if text.startswith("{") else text


async def test_the_pages_tell_of_a_call_that_runs_and_of_one_that_is_over() -> None:
    async with scene(settings=WATCHED) as stage:
        assert await page(stage, "/readyz") == (200, {"ready": True, "why": None})
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            status, text = await page(stage, "/metrics")
            assert status == 200
            assert 'fourwire_calls{state="answered"} 1.0' in text
            assert "fourwire_ready 1.0" in text
            _, health = await page(stage, "/healthz")
            assert (health["pid"], health["calls"]) == (os.getpid(), 1)
        await stage.notes.until("call.ended")
        _, text = await page(stage, "/metrics")
        names = {family.name for family in text_string_to_metric_families(text)}
        assert {"fourwire_rtp", "fourwire_sip_events", "fourwire_engine_events"} <= names
        assert 'fourwire_calls_ended_total{answered="true",cause="caller hung up"} 1.0' in text
        assert "fourwire_answer_to_first_audio_seconds_count 1.0" in text
        assert 'fourwire_sip_events_total{what="received_invite"} 1.0' in text
        assert "1001" not in text.replace("0.1001", "")


async def test_a_path_that_is_none_is_told_what_there_is() -> None:
    async with scene(settings=WATCHED) as stage:
        status, text = await page(stage, "/admin")
        assert status == 404
        assert "/metrics /healthz /readyz" in text


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 50_000,
        b"GET /metrics HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    ],
)
async def test_hostile_requests_open_nothing_and_the_pages_go_on(request_bytes: bytes) -> None:
    async with scene(settings=WATCHED) as stage:

        def send() -> bytes:
            with socket.create_connection(address_of(stage), timeout=10) as ours:
                answer = b""
                try:
                    ours.sendall(request_bytes)
                    ours.shutdown(socket.SHUT_WR)
                    while part := ours.recv(65_536):
                        answer += part
                except OSError:
                    pass  # it hung up on us, which is as good
                return answer

        assert b" 101 " not in (await anyio.to_thread.run_sync(send))[:20]
        assert (await page(stage, "/readyz"))[0] == 200


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize(
    ("request_text", "has_body"),
    [
        ("GET /readyz HTTP/1.0\r\n\r\n", True),  # as nginx and HAProxy ask
        ("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", True),
        ("HEAD /readyz HTTP/1.1\r\nHost: x\r\n\r\n", False),
    ],
)
async def test_load_balancers_are_answered_however_they_ask(
    request_text: str, has_body: bool, pieces: int
) -> None:
    ready = b'{"ready":true,"why":null}\n'
    pages = {"/readyz": lambda: Page(ready)}
    async with http_pages(HttpListen("127.0.0.1:0"), pages) as (host, port):
        stream = await anyio.connect_tcp(host, port)
        async with stream:
            data, step = request_text.encode(), -(-len(request_text) // pieces)
            for start in range(0, len(data), step):
                await stream.send(data[start : start + step])
            answer = b"".join([part async for part in stream])
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert f"Content-Length: {len(ready)}".encode() in head
    assert body == (ready if has_body else b"")


async def test_more_connections_than_there_may_be_are_cut_off_and_room_comes_back() -> None:
    async with scene(settings=WATCHED) as stage:
        address = address_of(stage)

        def crowd() -> int:
            many = [socket.create_connection(address, timeout=10) for _ in range(100)]
            cut = 0
            for each in many:
                each.settimeout(0.3)
                try:
                    cut += each.recv(1) == b""
                except ConnectionResetError:
                    cut += 1
                except TimeoutError:
                    break  # the first that is let wait: so are those after it in the order
            for each in reversed(many):
                each.settimeout(0.05)
                try:
                    cut += each.recv(1) == b""
                except ConnectionResetError:
                    cut += 1
                except TimeoutError:
                    break
            for each in many:
                each.close()
            return cut

        assert await anyio.to_thread.run_sync(crowd) == 36
        assert (await page(stage, "/readyz"))[0] == 200


def probe(address: tuple[str, int]) -> bytes:
    """What OPTIONS is answered, as a proxy asks it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.settimeout(10)
        ours.bind(("127.0.0.1", 0))
        port = ours.getsockname()[1]
        lines = (
            f"OPTIONS sip:{address[0]} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKprobe",
            "From: <sip:proxy@127.0.0.1>;tag=1",
            f"To: <sip:{address[0]}>",
            "Call-ID: probe",
            "CSeq: 1 OPTIONS",
            "Max-Forwards: 70",
            "Content-Length: 0",
            "",
            "",
        )
        ours.sendto("\r\n".join(lines).encode(), address)
        return ours.recv(4096)


async def test_a_full_gateway_is_not_ready_refuses_with_retry_after_and_harms_no_call() -> None:
    settings = msgspec.structs.replace(WATCHED, max_calls=1)
    async with scene(settings=settings) as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
        status, told = await page(stage, "/readyz")
        assert (status, told["why"]) == (503, "full: 1 calls of 1")
        with pytest.raises(sip.CallFailed) as refused:
            async with stage.phone.call(stage.uri()):
                pass
        assert refused.value.status == 503
        assert len(stage.gateway.calls) == 1
        _, *door = stage.gateway.addresses[0]
        probed = await anyio.to_thread.run_sync(probe, (door[0], door[1]))
        assert probed.startswith(b"SIP/2.0 503 ")
        assert b"\r\nRetry-After: " in probed
        await caller.until_silence(300)
        assert stage.notes.named("call.ended") == []


async def test_an_overloaded_gateway_refuses_new_calls_and_takes_them_again_later() -> None:
    async with scene(settings=WATCHED) as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
        stage.gateway.refuse_for_load("the event loop is 900 ms late")
        status, told = await page(stage, "/readyz")
        assert (status, told["why"]) == (503, "overloaded: the event loop is 900 ms late")
        with pytest.raises(sip.CallFailed) as refused:
            async with stage.phone.call(stage.uri()):
                pass
        assert refused.value.status == 503
        stage.gateway.refuse_for_load(None)
        async with stage.phone.call(stage.uri()) as second:
            await second.until_speech()
            assert len(stage.gateway.calls) == 2
        assert "fourwire_troubles_total" in (await page(stage, "/metrics"))[1]


async def test_pausing_makes_it_unready_at_once_and_cuts_nobody_off() -> None:
    async with scene(settings=WATCHED) as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
        stage.gateway.take_new_calls(False)
        assert (await page(stage, "/readyz"))[0] == 503
        with pytest.raises(sip.CallFailed):
            async with stage.phone.call(stage.uri()):
                pass
        stage.gateway.take_new_calls(True)
        assert (await page(stage, "/readyz"))[0] == 200
        assert stage.notes.named("call.ended") == []


async def test_callers_who_are_left_after_the_grace_hear_the_goodbye(tmp_path: Path) -> None:
    path = tmp_path / "goodbye.wav"
    apology = bundled("apology")
    short = msgspec.structs.replace(SETTINGS, grace_s=0.2)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(apology.rate)
        file.writeframes(apology.pcm[: apology.rate])
    assert read_wav(path).channels == 1
    settings = msgspec.structs.replace(short, goodbye=str(path))
    async with scene(settings=settings) as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
        await stage.gateway.drain()
        (played,) = stage.notes.named("call.played")
        assert played == {"audio": str(path), "whole": True}
        (end,) = await stage.notes.until("call.ended")
        assert end["cause"] == "shutdown"


async def test_a_goodbye_that_cannot_be_played_is_told_before_anything_starts() -> None:
    settings = msgspec.structs.replace(SETTINGS, goodbye="/nowhere.wav")
    with pytest.raises(SettingsError, match=r"goodbye = '/nowhere.wav'"):
        async with scene(settings=settings):
            pass


async def test_systemd_is_told_that_it_is_ready_alive_and_about_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.setenv("WATCHDOG_USEC", "2000000")
        heard: list[bytes] = []

        async def until(word: bytes) -> None:
            with anyio.fail_after(10):
                while not any(word in each for each in heard):
                    await anyio.wait_readable(manager)
                    heard.append(manager.recv(1000))

        async with scene():
            await until(b"READY=1")
            await until(b"WATCHDOG=1")
        await until(b"STOPPING=1")


def test_without_systemd_nobody_is_told_anything() -> None:
    manager = ServiceManager({})
    manager.ready()
    manager.stopping()
    assert manager.watchdog_s is None
    assert ServiceManager({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}).watchdog_s is None


async def until_status(listen: HttpListen, status: int) -> None:
    """Wait until the readiness page has `status`; within a second, as load balancers want it."""
    with anyio.fail_after(1):
        while fetched((listen.host, listen.port), "/readyz")[0] != status:  # noqa: ASYNC110
            await anyio.sleep(0.02)


async def test_the_command_drains_a_gateway_and_has_it_take_calls_again(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fourwire", "serve", "--listen", "udp:127.0.0.1:0"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = HttpListen(f"127.0.0.1:{free.getsockname()[1]}")
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("INWORLD", "FOURWIRE"))}
    settings = tmp_path / "gateway.toml"
    settings.write_text(f'http.listen = "127.0.0.1:{listen.port}"\n')
    command += ["--standin", "--settings", str(settings)]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        assert process.stderr is not None
        while "listening on" not in (line := process.stderr.readline()):
            assert line
        with anyio.fail_after(10):
            while True:
                try:
                    running = find(listen)
                    break
                except SettingsError:
                    await anyio.sleep(0.05)  # the page comes a moment after the listeners
        assert running.pid == process.pid
        said: list[str] = []
        assert drain(listen, tell=said.append) == 0
        assert said == ["takes no new calls; 0 calls are left"]
        await until_status(listen, 503)
        assert drain(listen, resume=True, tell=said.append) == 0
        await until_status(listen, 200)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def test_a_gateway_that_is_not_there_is_told_with_its_address() -> None:
    with pytest.raises(SettingsError, match=r"http\.listen is not set"):
        find(None)
    with pytest.raises(SettingsError, match=r"no gateway answers at http://127\.0\.0\.1:1/healthz"):
        find(HttpListen("127.0.0.1:1"))


async def test_a_gateway_that_ends_before_it_can_be_told_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(pid: int, number: int) -> None:
        raise ProcessLookupError

    async with scene(settings=WATCHED) as stage:
        listen = HttpListen("{}:{}".format(*address_of(stage)))
        monkeypatch.setattr("fourwire.drain.os.kill", gone)
        with pytest.raises(SettingsError, match="ended before it could be told"):
            await anyio.to_thread.run_sync(drain, listen)


def test_a_process_is_known_by_its_number_and_its_beginning() -> None:
    assert born(os.getpid()) is not None
    assert born(2**22 + 1) is None


@pytest.mark.parametrize("text", ["9090", "localhost:9090", "1.2.3.4:99999", "::1:9090", ""])
def test_pages_are_served_at_an_address_and_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="127"):
        HttpListen(text)
