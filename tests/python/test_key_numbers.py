"""Keys find their way where each side has a number of its own for them (RFC 3264 §6.1)."""

import anyio
import anyio.to_thread
import pytest
from support.callee import callee
from support.phone import PATIENCE_S, Phone
from support.scene import scene

from fourwire.app import App
from fourwire.call import Call

pytestmark = pytest.mark.anyio

OURS, THEIRS, NOBODYS = 101, 96, 97


def described(phone: Phone) -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {phone.address[1]} RTP/AVP 0 {THEIRS}\r\n"
        f"a=rtpmap:{THEIRS} telephone-event/8000\r\n"
    )


def press(phone: Phone, port: int, payload_type: int) -> None:
    """Press 5 on the phone: the end of an event of 200 ms (RFC 4733 §2.3)."""
    phone.speak(port, bytes([5, 0x80 | 10, 0x06, 0x40]), payload_type)


def types_heard(phone: Phone, most: int) -> set[int]:
    """The payload types of the next packets of ours."""
    phone.socket.settimeout(PATIENCE_S)
    return {phone.hear().payload_type for _ in range(most)}


async def test_keys_go_by_the_number_of_whoever_hears_them() -> None:
    phone, app = Phone(), App()
    answered = anyio.Event()
    keys: list[str] = []

    async def dial(uri: str) -> None:
        call: Call = await app.dial(uri)
        call.send_digits("7")
        answered.set()
        async for key in call.keys():
            keys.append(key.digit)
            if len(keys) == 2:
                await call.hang_up()

    with phone.socket:
        async with callee() as far, scene(app), anyio.create_task_group() as tasks:
            tasks.start_soon(dial, far.uri)
            invite = await far.asked("INVITE")
            assert f"a=rtpmap:{OURS} telephone-event/8000".encode() in invite.body
            far.reply(invite, 200, body=described(phone))
            await far.asked("ACK")
            await answered.wait()
            heard = await anyio.to_thread.run_sync(types_heard, phone, 20)
            assert heard == {0, THEIRS}
            port = int(invite.body.split(b"m=audio ")[1].split()[0])
            phone.speak(port, bytes(160))
            for payload_type in (NOBODYS, THEIRS, OURS):  # some send by the number that is theirs
                press(phone, port, payload_type)
            await far.asked("BYE")
    assert keys == ["5", "5"]
