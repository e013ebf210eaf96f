"""What happens within calls with Asterisk: transfers, keys, hold, media past it, refreshes."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import msgspec
import pytest
from support.asterisk import DESK, MUSIC, Asterisk, heard_in, say
from support.asterisk_lasting import Lasting, lasting_calls
from support.asterisk_scene import (
    HELLO,
    QUESTION,
    SILENT,
    gateway_settings,
    heard_by,
    joined,
    listen,
    was_heard,
)
from support.capture_speech import SECOND
from support.scene import SETTINGS, scene

from fourwire import TransferFailed
from fourwire.app import App
from fourwire.call import Call
from fourwire.line import Referral
from fourwire.settings import Settings
from fourwire.trunks import Trunk

pytestmark = [pytest.mark.anyio, pytest.mark.interop(peer="Asterisk"), pytest.mark.heavy]


STAYING = 3 * SECOND + QUESTION
"""Somebody who speaks once he was put through."""


@pytest.fixture(scope="module", autouse=True)
def lasting(pbx: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lasting]:
    """Calls that were there before all others, so that nobody has to wait for them long."""
    with lasting_calls(pbx, tmp_path_factory.mktemp("lasting")) as calls:
        yield calls


async def test_a_caller_is_sent_on_by_asterisk_where_we_refer_it(
    pbx: Asterisk, tmp_path: Path
) -> None:
    """Blind transfer: our REFER names an extension, Asterisk joins its caller with that."""
    app, heard, desk = App(), tmp_path / "heard.wav", tmp_path / "desk.wav"

    @app.call()
    async def put_through(call: Call) -> None:
        await call.answer()
        await call.play(HELLO)
        await call.transfer("1002")

    async with joined(pbx, app) as (stage, manager):
        await manager.do("Setvar", Variable="DESK_HEARD", Value=str(desk))
        await manager.person("call-pcmu@test", STAYING, heard)
        (ended,) = await stage.notes.until("call.ended")
        assert (ended["cause"], ended["detail"]) == ("transferred", "1002")
        words = await heard_in(heard)
    assert was_heard(words, HELLO)
    assert was_heard(words, DESK)
    assert was_heard(await heard_in(desk), QUESTION)


async def test_a_caller_whom_asterisk_cannot_send_on_stays(pbx: Asterisk, tmp_path: Path) -> None:
    """A REFER to an extension that nobody has is refused, and the call goes on."""
    app, heard = App(), tmp_path / "heard.wav"

    @app.call()
    async def try_to(call: Call) -> None:
        await call.answer()
        await listen(call, stage)
        with pytest.raises(TransferFailed) as failed:
            await call.transfer("1999")
        call.log("failed", status=failed.value.status)
        await call.play(HELLO)
        await call.wait_ended()

    async with joined(pbx, app) as (stage, manager):
        await manager.person("call-pcmu@test", SECOND + QUESTION, heard)
        await stage.notes.until("call.ended")
        assert stage.causes() == ["caller hung up"]
        assert stage.notes.named("failed") == [{"status": 404}]
    assert was_heard(await heard_in(heard), HELLO)
    assert was_heard(heard_by(stage), QUESTION)


async def test_asterisk_joins_its_caller_with_whom_we_have_called_for_him(
    pbx: Asterisk, tmp_path: Path
) -> None:
    """Attended transfer: our REFER names our other call (Replaces), Asterisk joins both."""
    app, heard, desk = App(), tmp_path / "heard.wav", tmp_path / "desk.wav"

    @app.call()
    async def put_through(call: Call) -> None:
        await call.answer()
        other = await app.dial("1002", trunk="pbx")
        await other.play(HELLO)
        await call.transfer_to(other)

    async with joined(pbx, app, codecs=("PCMU",)) as (stage, manager):
        await manager.do("Setvar", Variable="DESK_HEARD", Value=str(desk))
        await manager.person("call-pcmu@test", STAYING, heard, stays_s=1)
        await stage.notes.until("call.ended", 2)
        assert stage.causes() == ["transferred", "transferred"]
        assert was_heard(await heard_in(heard), DESK)
        words = await heard_in(desk)
    assert was_heard(words, HELLO)
    assert was_heard(words, QUESTION)


async def test_we_are_sent_on_by_a_refer_of_asterisk(pbx: Asterisk, tmp_path: Path) -> None:
    """Asterisk's Transfer() sends us to an extension; its dialplan learns that we got there."""
    app = App()

    async def follow(referral: Referral) -> None:
        call = await app.dial(referral.target, trunk="pbx")
        await listen(call, stage)

    async with joined(pbx, app, codecs=("PCMU",)) as (stage, manager):
        await manager.do("Setvar", Variable="DESK_HEARD", Value=str(tmp_path / "desk.wav"))
        call = await app.dial("1003", trunk="pbx")
        call.on_transfer = follow
        await listen(call, stage)
        told = await manager.until("UserEvent", UserEvent="Transfer")
        assert told["Outcome"].startswith("SUCCESS")
        await anyio.sleep(2)
        for each in stage.gateway.calls.values():
            await each.hang_up()
        await stage.notes.until("call.ended", 2)
        before, after = stage.agent.sessions
    assert was_heard(before.heard, QUESTION)
    assert was_heard(after.heard, DESK)


async def test_asterisk_takes_the_place_of_a_caller_who_leaves(
    pbx: Asterisk, tmp_path: Path
) -> None:
    """Its INVITE with Replaces, as after an attended transfer from another PBX."""
    app, phone, heard = App(), App(), tmp_path / "heard.wav"

    @app.call()
    async def answer(call: Call) -> None:
        await call.answer()
        await listen(call, stage)
        await stage.notes.until("call.taken_over")
        await call.play(HELLO)
        await call.wait_ended()

    async with joined(pbx, app, codecs=("PCMU",)) as (stage, manager):
        said = tmp_path / "said.wav"
        say(said, 2 * SECOND + QUESTION)
        told = {"PERSON_HEARD": heard, "PERSON_SAYS": said.with_suffix("")}
        for name, value in told.items():
            await manager.do("Setvar", Variable=name, Value=str(value))
        async with scene(phone, settings=knowing(pbx)) as theirs:
            with_us = await phone.dial(stage.uri(), trunk="gateway")
            with_a_person = await phone.dial("1005", trunk="pbx")
            await with_a_person.transfer_to(with_us)
            await stage.notes.until("call.ended")
            assert theirs.causes() == ["transferred", "transferred"]
        assert stage.causes() == ["caller hung up"]
    assert was_heard(heard_by(stage), QUESTION)
    assert was_heard(await heard_in(heard), HELLO)


def knowing(pbx: Asterisk) -> Settings:
    """A telephone that may call both the gateway, as Asterisk does, and Asterisk."""
    gateway = Trunk(
        name="gateway",
        server=f"sip:127.0.0.1:{pbx.gateway}",
        username="pbx",
        password="PBX_PASSWORD",  # noqa: S106 - where it stands
    )
    (ours, *_) = gateway_settings(pbx).trunk
    return msgspec.structs.replace(SETTINGS, trunk=(gateway, ours))


@pytest.mark.parametrize(("endpoint", "method"), [("pcmu", "rtp"), ("info", "info")])
async def test_keys_go_both_ways_with_asterisk(
    endpoint: str, method: str, pbx: Asterisk, tmp_path: Path
) -> None:
    """Asterisk's keys are heard and ours are read by it, as telephone events and by INFO."""
    app, heard = App(), tmp_path / "heard.wav"

    @app.call()
    async def type_back(call: Call) -> None:
        await call.answer()
        await listen(call, stage)
        keys = call.keys()
        await call.play(HELLO)
        typed = [(await anext(keys)).digit for _ in range(3)]
        call.log("typed", digits="".join(typed))
        await anyio.sleep(0.5)  # Asterisk hears none while it types itself
        call.send_digits("159")
        await call.wait_ended()

    async with joined(pbx, app) as (stage, manager):
        await manager.talk(f"PJSIP/voxi@{endpoint}", "keys", QUESTION, heard)
        assert (await manager.until("UserEvent", UserEvent="Keys"))["Digits"] == "159"
        await stage.notes.until("call.ended")
        assert stage.notes.named("typed") == [{"digits": "42#"}]
        assert {note["method"] for note in stage.notes.named("call.key")} == {method}
    assert was_heard(await heard_in(heard), HELLO)
    assert was_heard(heard_by(stage), QUESTION)


async def test_a_caller_whom_we_hold_hears_music_of_asterisk(pbx: Asterisk, tmp_path: Path) -> None:
    """`call.hold()` has Asterisk play its music on hold, and `call.resume()` ends that."""
    app, heard = App(), tmp_path / "heard.wav"

    @app.call()
    async def hold(call: Call) -> None:
        await call.answer()
        await anyio.sleep(0.5)  # Asterisk takes no notice before it has joined both
        await call.hold()
        await anyio.sleep(1.5)
        await call.resume()
        await listen(call, stage)
        await call.play(HELLO)
        await call.wait_ended()

    async with joined(pbx, app) as (stage, manager):
        await manager.person("call-pcmu@test", STAYING, heard)
        await stage.notes.until("call.ended")
        assert stage.causes() == ["caller hung up"]
    words = await heard_in(heard)
    assert was_heard(words, MUSIC, seconds=1.5)
    assert was_heard(words, HELLO)
    assert was_heard(heard_by(stage), QUESTION)


@pytest.mark.parametrize("endpoint", ["plays-music", "passes-hold-on"])
async def test_a_caller_behind_asterisk_holds_us(
    endpoint: str, pbx: Asterisk, tmp_path: Path
) -> None:
    """Asterisk plays music to us, or asks us to be silent (moh_passthrough), and takes us back."""
    app, phone = App(), App()

    @app.call()
    async def answer(call: Call) -> None:
        await call.answer()
        await listen(call, stage)
        await call.wait_ended()

    async with joined(pbx, app) as (stage, _), scene(phone, SILENT) as theirs:
        call = await phone.dial(f"sip:call-{endpoint}@127.0.0.1:{pbx.sip}", caller="phone")
        await anyio.sleep(0.5)
        await call.hold()
        await anyio.sleep(1.5)
        await call.resume()
        await call.play(QUESTION)
        await anyio.sleep(0.2)
        await call.hang_up()
        await stage.notes.until("call.ended")
        changes = [note["direction"] for note in stage.notes.named("call.media_changed")]
        (ended,) = theirs.notes.named("call.ended")
        assert (ended["cause"], ended["rtp"]["lost"]) == ("hung up", 0)
    said = heard_by(stage)
    assert was_heard(said, QUESTION)
    if endpoint == "plays-music":
        assert was_heard(said, MUSIC, seconds=1.5)
        assert changes == []
    else:
        assert changes[0] in ("recvonly", "inactive")
        assert changes[-1] == "sendrecv"


async def test_media_goes_past_asterisk_once_it_says_so(pbx: Asterisk, tmp_path: Path) -> None:
    """direct_media: Asterisk sends both sides a re-INVITE with each other's address."""
    app, phone = App(), App()

    @app.call()
    async def answer(call: Call) -> None:
        await call.answer()
        await listen(call, stage)
        await stage.notes.until("call.media_changed")
        await anyio.sleep(0.3)
        await call.play(HELLO)
        await call.wait_ended()

    async with joined(pbx, app) as (stage, _), scene(phone, SILENT) as theirs:
        call = await phone.dial(f"sip:call-direct@127.0.0.1:{pbx.sip}", caller="phone")
        await listen(call, theirs)
        (change,) = await stage.notes.until("call.media_changed")
        assert 21000 <= change["remote"][1] <= 21400
        (change,) = await theirs.notes.until("call.media_changed")
        assert 26000 <= change["remote"][1] <= 26400
        await anyio.sleep(0.3)
        await call.play(QUESTION)
        await anyio.sleep(0.3)
        await call.hang_up()
        await stage.notes.until("call.ended")
    assert was_heard(heard_by(stage), QUESTION)
    assert was_heard(heard_by(theirs), HELLO)


def test_sessions_with_asterisk_and_a_registration_are_refreshed_and_go_on(
    lasting: Lasting, pbx: Asterisk
) -> None:
    """Session timers of 90 s, refreshed half way by Asterisk and by us; a registration of 30 s."""
    lasting.until_refreshed()
    (offered,) = lasting.stage.notes.named("call.offered")
    theirs = pbx.messages(f"Call-ID: {offered['sip_call_id']}\n")
    ours = pbx.messages("<sip:phone@127.0.0.1", "<sip:600@127.0.0.1>")
    for messages in (theirs, ours):
        assert "UPDATE" in messages or messages.count("INVITE") > 1
        assert "BYE" not in messages
    assert len(lasting.stage.notes.named("registration.registered")) >= 2
    assert lasting.stage.notes.named("call.ended") == []
    assert was_heard(heard_by(lasting.stage), QUESTION)
    assert was_heard(b"".join(chunk.pcm for chunk in lasting.caller.heard), QUESTION)
