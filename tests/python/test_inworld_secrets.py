"""The API key shows up nowhere, and neither does the caller's voice."""

import base64
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.realtime import CREATED, Peer, deaf_server, realtime, refuse

from fourwire import inworld
from fourwire.inworld.endpoint import Credentials
from fourwire.inworld.redaction import RedactedLog, Redactor

pytestmark = pytest.mark.anyio

PLAIN = "keyid-0123456789:secret-abcdefghijklmnop"
KEY = base64.b64encode(PLAIN.encode()).decode()
FORMS = (KEY, PLAIN, PLAIN.partition(":")[2])
SECRETS = {part for form in FORMS for part in (form, form[:16], form[-16:])}
VOICE = base64.b64encode(bytes(range(256)) * 4)


def assert_secret_free(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text


def connect(url: str, **options: Any) -> inworld.connect:
    return inworld.connect(api_key=KEY, session_key="call-1", url=url, **options)


@asynccontextmanager
async def logs(caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """Everything is logged, and none of our side's lines is secret."""
    caplog.set_level(logging.DEBUG)
    yield
    ours = [record for record in caplog.records if not record.name.startswith("websockets.server")]
    assert caplog.records
    for record in ours:
        assert_secret_free(caplog.handler.format(record))
        assert_secret_free(repr(vars(record)))


async def test_a_whole_session_logs_neither_key_nor_voice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def echo(peer: Peer) -> None:
        await peer.say(CREATED)
        while True:
            await peer.say(await peer.hear())

    async with logs(caplog), realtime(echo) as server:
        connecting = connect(server.url)
        async with connecting as agent:
            agent.send_frame(b'{"type":"input_audio_buffer.append","audio":"%s"}' % VOICE)
            await agent.once(inworld.Unknown)
            agent.send_frame(b"x")
        assert_secret_free(repr(connecting) + repr(agent) + repr(vars(agent)))
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("fourwire")]
    assert not any(VOICE[:16].decode() in line for line in ours)


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_a_refusal_that_repeats_the_key_is_told_without_it(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"message": f"bad key {KEY}, that is {PLAIN}"}
    async with logs(caplog), realtime(refusal=refuse(status, body)) as server:
        with pytest.raises(inworld.HandshakeRefused, match=r"bad key \[redacted\]") as raised:
            await connect(server.url)

    error = raised.value
    assert_secret_free("".join(traceback.format_exception(error)))
    assert_secret_free(repr(error) + repr(error.events) + repr([e.payload for e in error.events]))


async def test_an_error_event_that_repeats_the_key_is_told_without_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.say({"type": "error", "error": {"message": f"bad key {KEY}"}})
        await peer.hear_all()

    async with logs(caplog), realtime(script) as server:
        with pytest.raises(inworld.ServerError, match=r"bad key \[redacted\]") as raised:
            await connect(server.url)

    assert_secret_free("".join(traceback.format_exception(raised.value)))
    assert_secret_free(repr(raised.value.event) + repr(raised.value.event.payload))


async def test_a_goodbye_that_repeats_the_key_is_told_without_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(CREATED)
        await peer.socket.close(1008, f"bad key {KEY}")

    async with logs(caplog), realtime(script) as server, connect(server.url) as agent:
        heard = [event async for event in agent]

    assert heard[-1].payload["reason"] == "bad key [redacted]"
    assert_secret_free(repr(heard) + repr([event.payload for event in heard]))


async def test_no_failure_to_connect_shows_the_key() -> None:
    async with deaf_server() as port:
        for url, options in (
            (f"ws://127.0.0.1:{port}/", {"connect_timeout": 0.05}),
            ("ws://127.0.0.1:1/", {}),
            ("wss://127.0.0.1:1/", {}),
            ("ws://127.0.0.1:1/", {"proxy": f"http://user:{KEY}@127.0.0.1:1"}),
            ("ws://127.0.0.1:1/", {"proxy": f"nonsense://user:{KEY}@127.0.0.1:1"}),
        ):
            with pytest.raises(inworld.ConnectError) as raised:
                await connect(url, **options)
            assert_secret_free("".join(traceback.format_exception(raised.value)))


@pytest.mark.parametrize(
    "options", [{"session_key": ""}, {"url": "http://x"}, {"auth_scheme": "none"}]
)
def test_no_refused_argument_shows_the_key(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - any text will do but the key's
        inworld.connect(**{"api_key": KEY, "session_key": "call-1", **options})

    assert_secret_free("".join(traceback.format_exception(raised.value)))


@pytest.mark.parametrize("api_key", [f"Basic {KEY}", f"{KEY}\n{KEY}", f"{KEY}é"])
def test_no_refused_key_is_shown(api_key: str) -> None:
    with pytest.raises(ValueError, match="api_key") as raised:
        inworld.connect(api_key=api_key, session_key="call-1")

    assert_secret_free("".join(traceback.format_exception(raised.value)))


def test_credentials_hide_the_key_and_know_all_its_forms() -> None:
    credentials = Credentials(KEY, "basic")

    assert_secret_free(repr(credentials) + str(credentials))
    assert set(credentials.secrets()) == set(FORMS)


def test_a_key_that_encodes_nothing_is_its_own_only_form() -> None:
    assert Credentials("not-base64!", "bearer").secrets() == ("not-base64!",)


def test_a_short_key_garbles_no_message() -> None:
    assert Redactor(["type"]).frame(b'{"type":"ping"}') == b'{"type":"ping"}'


def test_a_line_is_redacted_once_it_is_whole(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    log = RedactedLog(logging.getLogger("test"), Redactor([KEY]))
    log.info("%s and %s", KEY, {"Authorization": "Basic x"})
    log.debug("as it is: 100%")
    log.debug('{"type":"x","delta":"%s"}', VOICE.decode())

    assert caplog.messages == [
        "[redacted] and {'Authorization': [redacted]",
        "as it is: 100%",
        '{"type":"x","delta":"[audio]"}',
    ]
