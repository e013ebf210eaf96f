"""Settings do what is said of them, in a gateway that runs."""

import asyncio

import anyio
import msgspec
import pytest
from support.scene import SETTINGS, scene

from fourwire.app import App
from fourwire.call import Call
from fourwire.media_security import SrtpSettings
from fourwire.sdp import SUITES
from fourwire.trunks import Register

PATIENCE_S = 10.0


@pytest.mark.anyio
async def test_no_call_lasts_longer_than_the_gateway_allows() -> None:
    app = App()

    @app.call()
    async def answer(call: Call) -> None:
        await call.answer()
        await anyio.sleep_forever()

    settings = msgspec.structs.replace(SETTINGS, max_call_s=0.2)
    async with scene(app, settings=settings) as stage, stage.phone.call(stage.uri()):
        await stage.notes.until("call.ended")
    assert stage.causes() == ["too long"]


@pytest.mark.anyio
async def test_a_connection_that_we_opened_is_kept_open_as_often_as_is_said() -> None:
    pings = anyio.Event()

    async def registrar(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"REGISTER sip:")
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(3):
            assert await reader.readexactly(4) == b"\r\n\r\n"
        pings.set()
        writer.close()

    server = await asyncio.start_server(registrar, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        register = Register(name="pbx", server=f"sip:127.0.0.1:{port};transport=tcp", user="we")
        settings = msgspec.structs.replace(SETTINGS, register=(register,), keep_alive_s=0.05)
        async with scene(settings=settings):
            with anyio.fail_after(PATIENCE_S):
                await pings.wait()


@pytest.mark.parametrize(("transport", "suites"), [("udp", ()), ("tcp", ()), ("tls", SUITES)])
def test_keys_that_everybody_could_read_are_used_nowhere_but_over_tls(
    transport: str, suites: tuple[str, ...]
) -> None:
    wanted = SrtpSettings(over_tls_only=True).of_call(transport)
    assert wanted is not None
    assert tuple(wanted.keys) == tuple(suites)
    anywhere = SrtpSettings().of_call(transport)
    assert anywhere is not None
    assert tuple(anywhere.keys) == tuple(SUITES)
