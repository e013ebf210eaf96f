"""A whole call on a virtual clock: no socket, no thread, and the same bytes every time."""

import base64
import json
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import Leg, LegConfig, RtpPacket, g711
from fourwire._core import (
    Audio,
    Drained,
    Goodbye,
    Interruption,
    Key,
    Recorded,
    ReplyEnded,
    ReplyStarted,
    Rtcp,
    Rtp,
    RtpResumed,
    RtpStopped,
    is_rtcp,
)

MS = 1_000_000
PACKET_TIME_MS = 20


def config(**options: object) -> LegConfig:
    numbers = {"ssrc": 1, "first_sequence": 0, "first_timestamp": 0, "cname": "us@example"}
    return LegConfig(**{**numbers, **options})  # type: ignore[arg-type]


def tone(samples: int, hertz: int = 400) -> bytes:
    """µ-law codes of a sine."""
    wave = 8000 * np.sin(np.arange(samples) * 2 * np.pi * hertz / 8000)
    return g711.encode_pcmu(np.round(wave).astype(np.int16))


@dataclass
class Call:
    """A leg, a caller who speaks, and a clock that both are told."""

    leg: Leg
    now_ms: int = 0
    spoken: int = 0
    packets: list[RtpPacket] = field(default_factory=list)
    reports: list[bytes] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    chunks: list[Audio] = field(default_factory=list)
    tape: list[bytes] = field(default_factory=list)
    events: list[object] = field(default_factory=list)

    @classmethod
    def bridged(cls, **options: object) -> "Call":
        leg = Leg(config(telephone_event=101), 0)
        leg.bridge(**options)  # type: ignore[arg-type]
        return cls(leg)

    def speak(self, codes: bytes) -> None:
        """The caller's next packet arrives."""
        packet = RtpPacket(
            payload_type=0,
            sequence=self.spoken,
            timestamp=160 * self.spoken,
            ssrc=99,
            payload=codes,
        )
        self.spoken += 1
        assert self.leg.receive(self.now_ms * MS, packet.write()) == "audio"
        self.drain()

    def run(self, span_ms: int, codes: bytes = b"") -> "Call":
        """Let time pass; with `codes` the caller speaks meanwhile."""
        for _ in range(span_ms // PACKET_TIME_MS):
            if codes:
                self.speak(codes[:160])
                codes = codes[160:]
            self.drain()
            self.now_ms += PACKET_TIME_MS
        return self

    def drain(self) -> None:
        while (output := self.leg.poll(self.now_ms * MS)) is not None:
            match output:
                case Rtp(datagram):
                    self.packets.append(RtpPacket.parse(datagram))
                case Rtcp(datagram):
                    self.reports.append(datagram)
                case bytes():
                    self.frames.append(output)
                case Audio():
                    self.chunks.append(output)
                case Recorded():
                    self.tape.append(output)
                case _:
                    self.events.append(output)

    @property
    def said(self) -> bytes:
        return b"".join(packet.payload for packet in self.packets)


def delta(audio: bytes, response: str = "r", item: str = "a") -> bytes:
    message = {
        "type": "response.output_audio.delta",
        "event_id": "e",
        "response_id": response,
        "item_id": item,
        "output_index": 0,
        "content_index": 0,
        "delta": base64.b64encode(audio).decode(),
    }
    return json.dumps(message).encode()


def test_a_leg_sends_silence_from_its_first_moment() -> None:
    call = Call(Leg(config(), 0)).run(100)
    assert [packet.sequence for packet in call.packets] == [0, 1, 2, 3, 4]
    assert [packet.timestamp for packet in call.packets] == [0, 160, 320, 480, 640]
    assert call.said == b"\xff" * 800


def test_the_caller_is_forwarded_in_messages_of_the_length_asked_for() -> None:
    codes = tone(1600)
    call = Call.bridged(append_ms=60).run(200, codes)
    messages = [json.loads(frame) for frame in call.frames]
    assert {message["type"] for message in messages} == {"input_audio_buffer.append"}
    audio = b"".join(base64.b64decode(message["audio"]) for message in messages)
    assert audio == codes[: 3 * 480]


def test_the_caller_comes_as_raw_audio_where_that_is_asked_for() -> None:
    call = Call.bridged(append_ms=20, shape="audio", input="audio/pcm;rate=8000")
    call.run(60, tone(480))
    assert b"".join(chunk.audio for chunk in call.chunks) == g711.decode_pcmu(tone(480))
    assert [chunk.arrival_ns for chunk in call.chunks] == [0, 20 * MS, 40 * MS]


def test_a_reply_in_a_message_is_spoken_and_told_from_beginning_to_end() -> None:
    call = Call.bridged()
    assert call.leg.receive_message(delta(tone(320)))
    call.run(100)
    assert call.said[:320] == tone(320)
    began = call.events[0].at_ns
    ended = ReplyEnded("a", 40.0, began + 40 * MS)
    assert call.events == [ReplyStarted("a", began), ended, Drained()]


def test_a_message_that_is_not_audio_is_left_to_the_session() -> None:
    call = Call.bridged()
    assert not call.leg.receive_message(b'{"type": "session.updated"}')
    assert not call.leg.receive_message(b"\xff not JSON at all")


def test_the_leg_falls_silent_when_the_message_says_that_the_caller_speaks() -> None:
    call = Call.bridged()
    call.leg.begin_response("r")
    call.leg.receive_message(delta(tone(8000)))
    call.run(40)
    speech = b'{"type":"input_audio_buffer.speech_started","audio_start_ms":5,"item_id":"u"}'
    assert not call.leg.receive_message(speech)
    assert call.leg.receive_message(delta(tone(8000)))  # late audio of the same response
    call.run(60)
    assert Interruption("r", "a", 45.0, 955.0) in call.events
    assert call.said[480:] == b"\xff" * 320
    assert call.leg.heard_ms("a") == 45.0
    assert call.leg.counters()["reply_refused"] == 8000


def test_keys_are_told_once_each() -> None:
    call = Call.bridged()
    for repeat, (end, duration) in enumerate([(0, 160), (0, 320), (1, 480), (1, 480), (1, 480)]):
        payload = bytes([5, end << 7 | 10]) + duration.to_bytes(2, "big")
        packet = RtpPacket(payload_type=101, sequence=repeat, timestamp=0, ssrc=99, payload=payload)
        assert call.leg.receive(call.now_ms * MS, packet.write()) == "key"
        call.run(20)
    assert call.events == [Key("5", 60.0)]


def test_digits_are_sent_as_telephone_events_and_another_leg_reads_them() -> None:
    sender, receiver = Call.bridged(), Call.bridged()
    sender.leg.send_digits("19*#", tone_ms=60, gap_ms=40)
    for packet in sender.run(1000).packets:
        receiver.leg.receive(receiver.now_ms * MS, packet.write())
        receiver.run(20)
    assert [event.digit for event in receiver.events if isinstance(event, Key)] == list("19*#")


def test_a_character_that_is_no_key_is_named_and_nothing_is_sent() -> None:
    call = Call.bridged()
    with pytest.raises(ValueError, match="no key 'x'"):
        call.leg.send_digits("1x")
    assert {packet.payload_type for packet in call.run(200).packets} == {0}


def test_rtp_that_stops_and_comes_again_is_told() -> None:
    call = Call.bridged().run(200, tone(1600))
    call.run(6000)
    assert RtpStopped() in call.events
    call.speak(tone(160))
    call.run(20)
    assert call.events[-1] == RtpResumed()


def test_both_sides_report_on_each_other() -> None:
    call = Call.bridged().run(12_000, tone(96_000))
    assert call.reports
    assert all(is_rtcp(report) for report in call.reports)
    other = Leg(config(ssrc=99), 0)
    assert other.receive_rtcp(call.now_ms * MS, call.reports[0]) == "rtcp"
    assert other.counters()["malformed_rtcp"] == 0


def test_a_goodbye_is_told() -> None:
    call = Call.bridged().run(100, tone(800))
    other = Leg(config(ssrc=99), 0)
    assert call.leg.receive_rtcp(call.now_ms * MS, other.goodbye(0)) == "rtcp"
    call.run(20)
    assert Goodbye() in call.events


def test_a_recording_has_the_caller_left_and_the_agent_right() -> None:
    call = Call.bridged()
    call.leg.record(8000)
    call.leg.say(tone(1600, hertz=1000), item="a")
    call.run(400, tone(3200))
    stereo = np.zeros((3200, 2), np.int16)
    for stretch in call.tape:
        pcm = np.frombuffer(stretch.pcm, np.int16)
        side = ("caller", "agent").index(stretch.side)
        stereo[stretch.position : stretch.position + len(pcm), side] = pcm
    agent = g711.decode_pcmu(tone(1600, hertz=1000))
    assert stereo[:1600, 1].tobytes() == agent
    caller = np.frombuffer(g711.decode_pcmu(tone(3200)), dtype=np.int16)
    assert np.abs(np.fft.rfft(stereo[800:2400, 0])).argmax() == 80  # 400 Hz of 1600 samples
    assert stereo[:, 0].max() == caller.max()


def test_a_call_on_hold_sends_nothing_and_goes_on_afterwards() -> None:
    call = Call.bridged().run(100)
    call.leg.renegotiate(call.now_ms * MS, config(direction="inactive"))
    before = len(call.packets)
    call.run(100)
    assert len(call.packets) == before
    call.leg.renegotiate(call.now_ms * MS, config(codec="PCMA"))
    call.run(100)
    assert call.packets[-1].payload_type == 8
    assert call.packets[-1].payload == b"\xd5" * 160


def test_packets_go_out_when_the_deadline_says() -> None:
    leg = Leg(config(), 7 * MS)
    assert leg.deadline_ns == 7 * MS
    assert leg.poll(7 * MS - 1) is None
    assert isinstance(leg.poll(7 * MS), Rtp)
    while leg.poll(7 * MS) is not None:
        pass
    assert leg.deadline_ns == 27 * MS


@given(st.lists(st.binary(max_size=120), max_size=30))
def test_no_datagram_and_no_message_disturbs_a_leg(rubbish: list[bytes]) -> None:
    call = Call.bridged()
    for piece in rubbish:
        call.leg.receive(call.now_ms * MS, piece)
        call.leg.receive_rtcp(call.now_ms * MS, piece)
        call.leg.receive_message(piece)
        call.run(20)
    assert len(call.packets) == len(rubbish)


def test_the_numbers_nobody_gave_are_random() -> None:
    first, second = LegConfig(), LegConfig()
    assert first.ssrc != second.ssrc
    assert first.cname != second.cname


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"codec": "G729"}, r'codec is one of "PCMU", "PCMA", .*not \'G729\''),
        ({"direction": "both"}, "direction is one of .*, not 'both'"),
        ({"payload_type": 128}, "payload type is from 0 to 127 .*, not 128"),
        ({"packet_time_ms": 5}, "from 10 to 60 ms is needed, not 5"),
        ({"ssrc": 2**32}, "from 0 to 4294967295 is needed, not 4294967296"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        LegConfig(**options)  # type: ignore[arg-type]


def test_silence_is_told_of_where_that_was_agreed() -> None:
    leg = Leg(config(comfort_noise=13, idle="comfort_noise"), 0)
    sent = []
    for now_ms in range(0, 1000, PACKET_TIME_MS):
        while (output := leg.poll(now_ms * MS)) is not None:
            if isinstance(output, Rtp):
                sent.append(RtpPacket.parse(output.datagram))

    told = [packet for packet in sent if packet.payload_type == 13]
    assert [packet.timestamp for packet in told] == [1600, 5600]
    assert told[0].payload[0] == 62
    assert len(sent) == 10 + len(told)
    assert leg.counters()["comfort_noise_sent"] == 2


def test_a_leg_says_what_it_was_told_of_comfort_noise() -> None:
    told = config(comfort_noise=110, receive_comfort_noise=13, idle="noise")
    assert (told.comfort_noise, told.receive_comfort_noise, told.idle) == (110, 13, "noise")
    assert (config().comfort_noise, config().idle) == (None, "silence")
    with pytest.raises(ValueError, match="comfort_noise"):
        config(idle="hiss")


def test_comfort_noise_that_comes_is_known() -> None:
    leg = Leg(config(), 0)
    noise = RtpPacket(payload_type=13, sequence=1, timestamp=0, ssrc=7, payload=bytes([60, 100]))
    assert leg.receive(0, noise.write()) == "comfort noise"
    assert leg.counters()["comfort_noise_received"] == 1
