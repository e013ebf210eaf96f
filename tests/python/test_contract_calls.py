"""The contract with authors of scenarios, point by point: calls, keys, transfers, records.

Its 23 points are numbered through this file and `test_contract_sessions.py`; each test says in its
name what is promised.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import anyio
import msgspec
import pytest
from support.gateway import settled
from support.living import living
from support.scene import SETTINGS, Scene, connected, scene

import fourwire as fw
from fourwire import sip
from fourwire.agent_file import AgentFile, scenario
from fourwire.app import App
from fourwire.call import Call
from fourwire.failure_policy import FailurePolicy
from fourwire.life import Cause
from fourwire.line import LineEnded, MediaChanged
from fourwire.routing import Offered
from fourwire.settings import Settings
from fourwire.standin import Behaviour
from fourwire.trunks import Trunk
from fourwire.wav import read_wav

pytestmark = pytest.mark.anyio

KEY = "bm90LWZvci1hbnlib2R5"


def settings(**more: object) -> Settings:
    return msgspec.structs.replace(SETTINGS, **more)


def only(dialled: str, answer: Callable[[Call], Awaitable[None]], **more: str) -> App:
    app = App()
    app.call(dialled, **more)(answer)  # type: ignore[arg-type]
    return app


async def stay(call: Call) -> None:
    await call.answer()
    await call.wait_ended()


async def refused(stage: Scene, user: str) -> int:
    """The status that a call is refused with."""
    with pytest.raises(sip.CallFailed) as failed:
        async with stage.phone.call(stage.uri(user)):
            pass
    return failed.value.status


async def test_01_a_call_of_no_rule_gets_404_a_stranger_403_and_one_too_many_503() -> None:
    async with scene(only("voxi", stay)) as stage:
        assert await refused(stage, "nobody") == 404
    known = Trunk(name="carrier", sources=("203.0.113.0/24",))
    async with scene(only("voxi", stay), settings=settings(trunk=(known,))) as stage:
        assert await refused(stage, "voxi") == 403
        assert stage.notes.named("call.offered") == []
    full = settings(max_calls=1)
    async with (
        scene(only("voxi", stay), settings=full) as stage,
        stage.phone.call(stage.uri()),
    ):
        assert await refused(stage, "voxi") == 503


async def test_02_a_pattern_is_of_the_whole_number_and_the_first_rule_wins() -> None:
    app = App()
    first = app.call(r"1\d\d", exclude="113")(stay)

    @app.call(r"1.*")
    async def second(call: Call) -> None:
        await stay(call)

    @app.call(trunk="office")
    async def registered(call: Call) -> None:
        await stay(call)

    def target(dialled: str, trunk: str = "") -> object:
        return app.target(Offered(dialled=dialled, trunk=trunk, at=datetime.now(UTC)))

    assert target("112") is first
    assert target("1120") is second
    assert target("113") is second
    assert target("x112") is None
    assert target("anything", trunk="office") is registered


async def test_03_a_call_tells_who_calls_whom_and_all_that_came_with_it() -> None:
    told: list[object] = []

    async def look(call: Call) -> None:
        headers = call.headers
        told.extend([call.caller, call.display_name, call.dialled])
        told.extend([headers["x-account"], headers["USER-TO-USER"]])
        await call.reject(486)

    async with scene(only("voxi", look)) as stage:
        with pytest.raises(sip.CallFailed):
            await stage.phone.endpoint.invite(
                stage.uri(),
                from_user="1001",
                display_name="Ada",
                offer=None,
                headers={"X-Account": "blue", "User-to-User": "41646121;encoding=hex"},
            )
        assert told == ["1001", "Ada", "voxi", "blue", "41646121;encoding=hex"]
        (offered,) = stage.notes.named("call.offered")
        assert offered["from_uri"].startswith("sip:1001@")
        assert offered["to_uri"].startswith("sip:voxi@")


async def test_04_ring_early_media_and_refusal_come_before_the_answer_and_ringing_has_an_end() -> (
    None
):
    async def refuse(call: Call) -> None:
        await call.ring({"X-Step": "1"})
        await call.progress()
        await call.reject(488, headers={"X-Why": "closed"})

    async with scene(only("voxi", refuse)) as stage:
        assert await refused(stage, "voxi") == 488
        names = [entry.event for entry in stage.notes]
        assert names.index("call.ringing") < names.index("call.early_media")
        (ended,) = await stage.notes.until("call.ended")
        assert (ended["cause"], ended["status"]) == ("rejected", 488)

    async def ring_for_ever(call: Call) -> None:
        await call.ring()
        await anyio.sleep_forever()

    async with scene(only("voxi", ring_for_ever), settings=settings(ring_s=0.3)) as stage:
        assert await refused(stage, "voxi") == 480
        (ended,) = await stage.notes.until("call.ended")
        assert ended["cause"] == "not answered in time"


@pytest.mark.parametrize("end", ["bye", "hang up", "line failed", "error", "agent", "shutdown"])
async def test_05_whatever_ends_a_call_there_is_one_record_of_it(end: str) -> None:
    async def answer(call: Call) -> None:
        await call.answer()
        if end == "error":
            raise RuntimeError("a mistake of the scenario's")
        if end == "hang up":
            await call.hang_up()
        await call.wait_ended()

    async with living(answer) as it:
        call, line, notes = it.call, it.line, it.notes
        for cause in (Cause.CALLER_HUNG_UP, Cause.LINE_FAILED):
            if end in ("bye", "line failed"):
                line.happen(LineEnded(cause))  # two at once: the first one is the cause
        if end == "agent":
            call.end(Cause.AGENT_CLOSED)
            line.happen(LineEnded(Cause.CALLER_HUNG_UP))
        if end == "shutdown":
            call.end(Cause.SHUTDOWN)
        await call.wait_ended()
        await settled()
    assert len(notes.named("call.ended")) == 1
    assert line.verbs().count("hang_up") <= 1


async def test_05_a_caller_who_cancels_ends_the_call_once() -> None:
    async def ring(call: Call) -> None:
        await call.ring()
        await anyio.sleep_forever()

    async with scene(only("voxi", ring)) as stage:
        calling = asyncio.create_task(
            stage.phone.endpoint.invite(stage.uri(), from_user="1001", offer=None)
        )
        await stage.notes.until("call.ringing")
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        await stage.notes.until("call.ended")
        assert stage.causes() == ["cancelled"]


async def test_15_ending_is_harmless_however_often_and_from_wherever_it_is_asked_for() -> None:
    def app(url: str) -> App:
        async def end_all(call: Call) -> None:
            async with connected(url, call.id) as agent:
                await call.answer()
                call.bridge(agent)
                await agent.close()
                await agent.close()
                async for event in agent:
                    call.log(event)
                    await agent.close()  # in the handler of the close itself
                await call.hang_up()
                await call.hang_up()

        return only("voxi", end_all)

    async with scene(app) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.ended()
        await stage.notes.until("call.ended")
        assert stage.causes() == ["hung up"]
        assert stage.notes.named("call.error") == []


async def test_17_a_key_is_told_once_however_it_comes_and_may_be_kept_secret() -> None:
    pins: list[str] = []

    async def ask(call: Call) -> None:
        await call.answer()
        pins.append(await call.collect_digits(3, sensitive=True))
        await call.wait_ended()

    async with scene(only("voxi", ask)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await stage.notes.until("call.answered")
            caller.leg.send_digits("4")
            await stage.notes.until("call.key")
            await caller.call.inform("application/dtmf-relay", b"Signal=2\r\nDuration=100\r\n")
            await stage.notes.until("call.key", 2)
            caller.leg.send_digits("7")
            keys = await stage.notes.until("call.key", 3)
            with anyio.fail_after(10):
                while not pins:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
        assert pins == ["427"]
        assert {note["digit"] for note in keys} == {"***"}
        assert len(stage.notes.named("call.key")) == 3


async def test_18_a_transfer_tells_whether_it_came_about_and_by_what_it_failed() -> None:
    told: list[object] = []

    async def send_on(call: Call) -> None:
        await call.answer()
        try:
            await call.transfer("sip:desk@pbx.example")
        except fw.TransferFailed as failed:
            told.append(failed.status)
            await call.wait_ended()

    async with living(send_on) as it:
        it.line.outcome.set_exception(fw.TransferFailed(486, "Busy Here"))
        await settled()
        assert told == [486]
        assert it.call.ended is None
        it.line.happen(LineEnded(Cause.CALLER_HUNG_UP))
    async with living(send_on) as it:
        it.line.outcome.set_result(None)
        assert (await it.call.wait_ended()).cause is Cause.TRANSFERRED
    assert len(it.notes.named("call.ended")) == 1


async def test_19_a_caller_who_holds_hears_nothing_and_is_not_taken_for_gone() -> None:
    async with scene(settings=settings(rtp_lost_s=0.2)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            await caller.renegotiate("sendonly")
            (held,) = await stage.notes.until("call.media_changed")
            assert held["direction"] == "recvonly"
            sent = caller.leg.counters()["packets_received"]
            await anyio.sleep(0.4)  # twice as long as a call without RTP is let live
            assert caller.leg.counters()["packets_received"] - sent <= 10
            assert stage.causes() == []
            await caller.renegotiate("sendrecv")
            await caller.until_speech(20)
        await stage.notes.until("call.ended")
        assert stage.causes() == ["caller hung up"]


async def test_20_rtp_that_stops_is_told_and_leads_to_the_end_that_is_set() -> None:
    async with living(stay) as it:
        line, notes = it.line, it.notes
        line.leg.news.put(fw._core.RtpStopped())
        await settled()
        line.leg.news.put(fw._core.RtpResumed())
        await settled()
        line.happen(MediaChanged("sendrecv", ("192.0.2.1", 4000), "PCMU"))
        await settled()
        names = [entry.event for entry in notes]
        assert names.index("call.rtp_stopped") < names.index("call.rtp_resumed")
        assert it.call.ended is None
        line.happen(LineEnded(Cause.CALLER_HUNG_UP))


async def test_21_a_recording_may_begin_late_and_end_early_and_has_both_sides(
    tmp_path: Path,
) -> None:
    path = tmp_path / "call.wav"

    def app(url: str) -> App:
        async def record(call: Call) -> None:
            async with connected(url, call.id, call.audio) as agent:
                await call.answer()
                await agent.session_update({"instructions": "-"})
                call.bridge(agent)
                call.record(str(path))
                agent.greet("Greet the caller.")
                await agent.once(fw.inworld.events.OutputAudioBufferStarted)
                await anyio.sleep(1.0)
                call.record(None)
                await call.wait_ended()

        return only("voxi", record)

    async with scene(app) as stage, stage.phone.call(stage.uri()) as caller:
        await caller.until_speech()
        with anyio.fail_after(10):
            while not await anyio.Path(path).exists():  # noqa: ASYNC110
                await anyio.sleep(0.05)
        assert stage.causes() == []  # the call outlives its recording
    recording = read_wav(path)
    assert recording.rate == 8000
    assert recording.channels == 2
    assert 0.5 < recording.duration_s < 5


async def test_22_a_secret_is_in_no_line_of_the_journal() -> None:
    key = fw.secret("INWORLD_API_KEY", {"INWORLD_API_KEY": KEY})
    heard: list[str] = []

    def app(url: str) -> App:
        async def leak(call: Call) -> None:
            heard.append(repr(key))
            call.log("careless", f"the key is {key.reveal()}")
            await scenario(AgentFile(), key, url)(call)

        return only("voxi", leak)

    async with scene(app, Behaviour(refuse_status=401, refuse_message=f"bad key {KEY}")) as stage:
        assert await refused(stage, "voxi") == 503
        await stage.notes.until("call.ended")
        written = "".join(entry.line() + "\n" for entry in stage.notes)
    assert KEY not in written + "".join(heard)
    assert all(json.loads(line) for line in written.splitlines())


@pytest.mark.parametrize("status", [401, 403, 429, 503])
async def test_23_a_refusal_of_the_agent_is_told_and_ends_by_the_policy_never_in_silence(
    status: int,
) -> None:
    policy = FailurePolicy(attempts=1, unanswered="answer", then="apologise")

    def app(url: str) -> App:
        return only("voxi", scenario(AgentFile(failure=policy), "any-key", url))

    async with scene(app, Behaviour(refuse_status=status)) as stage:
        async with stage.phone.call(stage.uri()) as caller:
            await caller.until_speech()
            await caller.ended()
        names = [entry.event for entry in stage.notes]
        answer = next(name for name in names if name.endswith("HTTPResponse"))
        error = next(name for name in names if name.endswith("WebSocketError"))
        assert names.index(answer) < names.index(error) < names.index("call.ended")
        assert stage.causes() == ["agent failed"]
