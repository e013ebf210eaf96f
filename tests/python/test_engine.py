"""The engine on loopback: real sockets, real packets, nobody else's software."""

import base64
import json
import select
import time
import wave
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.phone import PATIENCE_S, Phone

from fourwire import LegConfig, RtpPacket
from fourwire._core import (
    Audio,
    Closed,
    Drained,
    Engine,
    Interruption,
    Key,
    Latched,
    LiveLeg,
    PortsExhausted,
    RecordingFailed,
    RecordingStopped,
    ReplyEnded,
    ReplyStarted,
)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(address="127.0.0.1", ports=(30000, 30999))
    yield engine
    engine.close()


@pytest.fixture
def caller() -> Iterator[Phone]:
    caller = Phone()
    yield caller
    caller.socket.close()


def start(engine: Engine, caller: Phone, **options: Any) -> LiveLeg:
    leg = engine.reserve().start(LegConfig(telephone_event=101, **options), caller.address)
    leg.bridge(append_ms=20)
    return leg


def take_until(engine: Engine, enough: Callable[[list[Any]], bool]) -> list[Any]:
    """The events of a test's only leg, until they are enough."""
    events: list[Any] = []
    end = time.monotonic() + PATIENCE_S
    while not enough(events):
        assert time.monotonic() < end, events
        select.select([engine], [], [], PATIENCE_S)
        events += [event for _, event in engine.take()]
    return events


def test_a_leg_speaks_from_its_port_at_once(engine: Engine, caller: Phone) -> None:
    leg = start(engine, caller)
    payload, (host, port) = caller.socket.recvfrom(2048)
    assert (host, port) == ("127.0.0.1", leg.port)
    assert RtpPacket.parse(payload).payload == b"\xff" * 160


def test_packets_come_one_every_packet_time(engine: Engine, caller: Phone) -> None:
    leg = start(engine, caller)
    packets = [caller.hear() for _ in range(10)]
    steps = {(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(packets)}
    assert steps == {160}
    assert leg.port % 2 == 0
    assert [packet.marker for packet in packets] == [True] + [False] * 9


def test_the_caller_comes_as_messages_ready_for_the_agent(engine: Engine, caller: Phone) -> None:
    leg = start(engine, caller)
    codes = [bytes([0x90 + number]) * 160 for number in range(5)]
    for code in codes:
        caller.speak(leg.port, code)
    events = take_until(engine, lambda seen: sum(isinstance(it, bytes) for it in seen) >= 5)
    frames = [json.loads(event) for event in events if isinstance(event, bytes)]
    assert [base64.b64decode(frame["audio"]) for frame in frames[:5]] == codes
    assert frames[0]["type"] == "input_audio_buffer.append"


def test_the_caller_comes_as_raw_audio_where_that_is_asked_for(
    engine: Engine, caller: Phone
) -> None:
    leg = start(engine, caller)
    leg.bridge(append_ms=20, shape="audio")
    before = time.monotonic_ns()
    caller.hear()  # the engine has done what it was told
    caller.speak(leg.port, b"\x90" * 160)
    events = take_until(engine, lambda seen: any(isinstance(it, Audio) for it in seen))
    chunk = next(event for event in events if isinstance(event, Audio))
    assert chunk.audio == b"\x90" * 160
    assert before <= chunk.arrival_ns <= time.monotonic_ns()


def test_the_caller_is_latched_on_to(engine: Engine, caller: Phone) -> None:
    leg = start(engine, caller)
    caller.speak(leg.port, b"\x90" * 160)
    events = take_until(engine, lambda seen: any(isinstance(it, Latched) for it in seen))
    assert Latched(caller.address) in events


def test_a_reply_is_heard_by_the_caller_and_told(engine: Engine, caller: Phone) -> None:
    leg = start(engine, caller)
    assert leg.say(b"\x91" * 320, response="r", item="a")
    caller.hear_until(b"\x91" * 160)
    events = take_until(engine, lambda seen: Drained() in seen)
    began = events[0].at_ns
    assert events == [
        ReplyStarted("a", began),
        ReplyEnded("a", 40.0, began + 40_000_000),
        Drained(),
    ]


def test_a_barge_in_silences_and_is_told(engine: Engine, caller: Phone) -> None:
    leg = start(engine, caller)
    delta = {
        "type": "response.output_audio.delta",
        "response_id": "r",
        "item_id": "a",
        "delta": base64.b64encode(b"\x91" * 80_000).decode(),
    }
    assert leg.receive_message(json.dumps(delta).encode())
    caller.hear_until(b"\x91" * 160)
    assert not leg.receive_message(b'{"type":"input_audio_buffer.speech_started"}')
    caller.hear_until(b"\xff" * 160)
    events = take_until(engine, lambda seen: any(isinstance(it, Interruption) for it in seen))
    cut = next(event for event in events if isinstance(event, Interruption))
    assert (cut.response, cut.item) == ("r", "a")
    assert cut.heard_ms + cut.discarded_ms == 10_000
    assert cut.heard_ms < 5000


def test_a_key_is_told(engine: Engine, caller: Phone) -> None:
    leg = start(engine, caller)
    caller.speak(leg.port, b"\x90" * 160)
    for _ in range(3):
        caller.speak(leg.port, bytes([11, 0x8A, 1, 0x40]), payload_type=101)
    events = take_until(engine, lambda seen: any(isinstance(it, Key) for it in seen))
    assert Key("#", 40.0) in events


def test_digits_reach_the_caller(engine: Engine, caller: Phone) -> None:
    leg = start(engine, caller)
    leg.send_digits("7", tone_ms=60)
    packet = caller.hear()
    while packet.payload_type != 101:
        packet = caller.hear()
    assert packet.payload[0] == 7
    with pytest.raises(ValueError, match="no key 'z'"):
        leg.send_digits("z")


def test_a_renegotiated_leg_speaks_the_new_codec_to_the_new_address(
    engine: Engine, caller: Phone
) -> None:
    leg = start(engine, caller)
    caller.hear()
    other = Phone()
    try:
        leg.renegotiate(LegConfig(codec="PCMA"), other.address)
        assert other.hear().payload == b"\xd5" * 160
    finally:
        other.socket.close()


def test_a_closed_leg_tells_its_counters_and_is_the_last_to_be_heard_of(
    engine: Engine, caller: Phone
) -> None:
    leg = start(engine, caller)
    caller.hear()
    leg.close()
    leg.close()
    [*_, last] = take_until(engine, lambda seen: any(isinstance(it, Closed) for it in seen))
    assert last.cause == "asked"
    assert last.counters["packets_sent"] >= 1
    assert leg.counters() == last.counters


def test_a_leg_that_nobody_holds_closes(engine: Engine, caller: Phone) -> None:
    start(engine, caller)
    events = take_until(engine, lambda seen: any(isinstance(it, Closed) for it in seen))
    assert events[-1].cause == "asked"


def test_a_recording_is_a_stereo_file_of_the_call(
    engine: Engine, caller: Phone, tmp_path: Path
) -> None:
    leg = start(engine, caller)
    leg.record(tmp_path / "call.wav")
    for _ in range(10):
        caller.hear()
    leg.close()
    take_until(engine, lambda seen: any(isinstance(it, Closed) for it in seen))
    engine.close()
    with wave.open(str(tmp_path / "call.wav")) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (2, 8000)
        assert recording.getnframes() >= 8 * 160


def test_a_recording_that_cannot_be_made_is_told_and_the_call_goes_on(
    engine: Engine, caller: Phone, tmp_path: Path
) -> None:
    leg = start(engine, caller)
    leg.record(tmp_path / "no such folder" / "call.wav")
    failed = take_until(engine, lambda seen: any(isinstance(it, RecordingFailed) for it in seen))
    assert "No such file" in next(it for it in failed if isinstance(it, RecordingFailed)).error
    assert engine.counters()["recordings_failed"] == 1
    assert len(caller.hear().payload) == 160


def test_the_recorder_is_at_nothing_once_it_has_done_what_it_was_told(
    engine: Engine, caller: Phone, tmp_path: Path
) -> None:
    leg = start(engine, caller)
    leg.record(tmp_path / "call.wav")
    caller.hear()
    leg.record(None)
    take_until(engine, lambda seen: any(isinstance(it, RecordingStopped) for it in seen))
    end = time.monotonic() + PATIENCE_S
    while engine.counters()["recorder_busy_us"]:
        assert time.monotonic() < end, "it never rests"
        time.sleep(0.001)


def test_ports_run_out_with_a_message_that_says_why() -> None:
    engine = Engine(address="127.0.0.1", ports=(31000, 31003))
    ports = [engine.reserve(), engine.reserve()]
    assert sorted(port.port for port in ports) == [31000, 31002]
    with pytest.raises(PortsExhausted, match="31000"):
        engine.reserve()
    assert issubclass(PortsExhausted, OSError)
    ports[0].close()
    engine.close()


def test_a_port_is_started_once(engine: Engine, caller: Phone) -> None:
    port = engine.reserve()
    leg = port.start(LegConfig(), caller.address)
    assert port.port == leg.port
    with pytest.raises(RuntimeError, match=f"port {port.port} was started or closed already"):
        port.start(LegConfig(), caller.address)


def test_a_closed_engine_gives_no_ports_but_its_last_events(caller: Phone) -> None:
    engine = Engine(address="127.0.0.1", ports=(31010, 31019))
    leg = start(engine, caller)
    caller.hear()
    engine.close()
    engine.close()
    assert [event.cause for _, event in engine.take() if isinstance(event, Closed)] == [
        "engine closed"
    ]
    assert not leg.say(b"\x91" * 160)
    with pytest.raises(RuntimeError, match="closed"):
        engine.reserve()


def test_an_engine_counts(engine: Engine, caller: Phone) -> None:
    leg = start(engine, caller)
    caller.hear()
    counters = engine.counters()
    assert counters["legs_started"] == 1
    assert counters["ports_in_use"] == 1
    assert leg.counters().keys() >= {"packets_sent", "packets_received", "strangers"}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"address": "localhost"}, "an IP address is needed, not 'localhost'"),
        ({"ports": (20000, 10000)}, r"ports \(20000, 10000\) hold no even port"),
        ({"ports": (10001, 10002)}, r"ports \(10001, 10002\) hold no even port"),
        ({"ports": (10000, 70000)}, "from 0 to 65535 is needed, not 70000"),
        ({"workers": 0}, "at least one worker"),
        ({"tick_ms": 50}, "from 1 to 20 ms"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Engine(**options)


def test_a_remote_that_is_no_address_is_named(engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"an IP address is needed, not 'phone\.example'"):
        engine.reserve().start(LegConfig(), ("phone.example", 4000))
