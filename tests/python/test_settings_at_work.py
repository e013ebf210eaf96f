"""Settings do what is said of them, in a gateway that runs."""

import asyncio

import anyio
import msgspec
import pytest
from support.scene import SETTINGS, scene
from support.stranger import stranger

from fourwire.app import App
from fourwire.call import Call
from fourwire.demo.caller import telephone
from fourwire.media_security import SrtpSettings
from fourwire.sdp import SUITES
from fourwire.settings import Listen
from fourwire.sip_options import SipOptions
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
async def test_an_address_of_ipv6_is_what_peers_are_told() -> None:
    settings = msgspec.structs.replace(SETTINGS, listen=(Listen("udp:[::1]:0"),), address="::1")
    async with scene(settings=settings) as stage, telephone("::1", (21500, 21900)) as phone:
        _, host, port = stage.gateway.addresses[0]
        async with phone.call(f"sip:voxi@[{host}]:{port}") as caller:
            assert "c=IN IP6 ::1" in (caller.call.answer_sdp or "")
            await caller.until_speech()


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


@pytest.mark.anyio
async def test_what_is_said_of_sip_holds_for_calls_in_and_out() -> None:
    spoken = SipOptions(
        session_expires_s=700, min_se_s=600, provisionals="plain", large_requests="udp"
    )
    heard: list[Call] = []
    callee, ours = App(), App()

    @callee.call()
    async def answer(call: Call) -> None:
        heard.append(call)
        await call.answer()
        await call.wait_ended()

    settings = msgspec.structs.replace(SETTINGS, sip=spoken)
    both = (Listen("udp:127.0.0.1:0"), Listen("tcp:127.0.0.1:0"))
    listening = msgspec.structs.replace(settings, listen=both)
    async with scene(callee) as stage, scene(ours, settings=listening) as us:
        async with stranger(*us.gateway.addresses[0][1:]) as them:
            wish = "Supported: timer\r\nSession-Expires: 300\r\n"
            asking = them.dialog().request("INVITE", "v=0\r\n").replace("Contact", f"{wish}Contact")
            them.send(asking)
            refusal = await them.final()
            assert (refusal.status, refusal.headers["Min-SE"]) == (422, "600")

        story = {"X-Story": "a" * 1300}
        call = await ours.dial(stage.uri(), headers=story)
        asked = heard[0].headers
        assert (asked["Session-Expires"], asked["Min-SE"]) == ("700", "600")
        assert "100rel" not in asked["Supported"]
        assert asked["Via"].startswith("SIP/2.0/UDP")
        await call.hang_up()
