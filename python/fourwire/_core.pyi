"""The audio of a call, in Rust.

Nothing in here asks what time it is, but for `Engine`: times ending in `_ns` are readings of one
monotonic clock of the caller's choosing (`time.monotonic_ns()` will do, zero in a test will too),
spans ending in `_ms` are milliseconds.

*Octets* come as `bytes` or as any other contiguous buffer of bytes (`bytearray`, `memoryview`, a
NumPy array of `uint8`). *Samples* (`pcm`) are signed 16-bit, mono, and come as a buffer of those (a
NumPy array of `int16`, `array("h")`) or as little-endian bytes. Both go out as `bytes`, or into the
head of a writable buffer given as `out`, of either kind; then their number is returned.

*Formats* of audio are `"audio/pcmu"` and `"audio/pcma"` (G.711, 8 kHz), and `"audio/pcm;rate=N"`
(16-bit little-endian) for N of 8000, 16000, 24000 and 48000; plain `"audio/pcm"` is at 24 kHz.

Errors: `TypeError` where a buffer is of the wrong kind, `ValueError` where a value does not fit
(the message names the value and what would fit), `BufferError` where `out` is too small or
read-only, `OSError` where the system refuses.
"""

from collections.abc import Sequence
from os import PathLike
from types import ModuleType
from typing import Final, Literal, TypeAlias, final, overload

import numpy as np
from _typeshed import ReadableBuffer, WriteableBuffer
from numpy.typing import NDArray

__all__ = [
    "Audio",
    "ClearedEarly",
    "Closed",
    "Converter",
    "Dejitter",
    "Drained",
    "Ducked",
    "EarlyBargeIn",
    "Engine",
    "G722Decoder",
    "G722Encoder",
    "Goodbye",
    "Interruption",
    "Key",
    "KeyTones",
    "Latched",
    "Leg",
    "LegConfig",
    "Levels",
    "LinkClosed",
    "LinkHalted",
    "LinkParted",
    "LinkRelieved",
    "LiveLeg",
    "LiveLink",
    "Network",
    "OpenedLink",
    "Opus",
    "OpusDecoder",
    "OpusEncoder",
    "Pattern",
    "Played",
    "Playout",
    "PlayoutBuffer",
    "Port",
    "PortsExhausted",
    "Recorded",
    "RecordingFailed",
    "RecordingStarted",
    "RecordingStopped",
    "ReplyEnded",
    "ReplyStarted",
    "Resampler",
    "Restored",
    "Rtcp",
    "Rtp",
    "RtpPacket",
    "RtpResumed",
    "RtpStopped",
    "SrtpError",
    "SrtpKeys",
    "SrtpReceiver",
    "SrtpSender",
    "Unbridged",
    "VoiceActivity",
    "append_message",
    "audioop",
    "clipped",
    "decode_pcma",
    "decode_pcmu",
    "encode_pcma",
    "encode_pcmu",
    "is_rtcp",
    "is_silent",
    "level_dbov",
    "levels",
    "peak",
    "rms",
    "tone",
]

_Law: TypeAlias = Literal["PCMU", "PCMA"]
_Codec: TypeAlias = Literal["PCMU", "PCMA", "G722", "opus"]
_Detector: TypeAlias = Literal["own", "earshot"]
_InBandKeys: TypeAlias = Literal["off", "hear", "remove"]
_Direction: TypeAlias = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
_Idle: TypeAlias = Literal["silence", "noise", "comfort_noise"]
_Format: TypeAlias = str
_Suite: TypeAlias = Literal[
    "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM"
]
_Octets: TypeAlias = ReadableBuffer | NDArray[np.uint8]
_Pcm: TypeAlias = ReadableBuffer | NDArray[np.int16]
_Out: TypeAlias = WriteableBuffer | NDArray[np.int16] | NDArray[np.uint8]
_Rate: TypeAlias = Literal[8000, 16000, 24000, 48000]
_Arrival: TypeAlias = Literal[
    "accepted",
    "new ssrc",
    "sequence jumped",
    "timestamp jumped",
    "empty",
    "duplicate",
    "late",
    "suspect",
    "stray",
    "overflow",
]
_Event: TypeAlias = (
    Audio
    | Key
    | ReplyStarted
    | ReplyEnded
    | Drained
    | Interruption
    | Ducked
    | Restored
    | ClearedEarly
    | Unbridged
    | Played
    | RtpStopped
    | RtpResumed
    | Goodbye
)
_Said: TypeAlias = Literal["queued", "refused", "overflow"]
_Shape: TypeAlias = Literal["append", "audio"]
_EarlyBargeIn: TypeAlias = EarlyBargeIn | Literal["off", "duck", "pause"]

audioop: ModuleType
"""What is imported as `fourwire.audioop`."""

@overload
def decode_pcmu(codes: _Octets, out: None = None) -> bytes:
    """The samples that G.711 µ-law `codes` (`PCMU` in RFC 3551) stand for, one a code.

    Bit-exact with `audioop.ulaw2lin` of Python 3.11.
    """

@overload
def decode_pcmu(codes: _Octets, out: _Out) -> int: ...
@overload
def encode_pcmu(pcm: _Pcm, out: None = None) -> bytes:
    """The G.711 µ-law codes (`PCMU` in RFC 3551) closest to samples, one a sample.

    Bit-exact with `audioop.lin2ulaw` of Python 3.11.
    """

@overload
def encode_pcmu(pcm: _Pcm, out: _Out) -> int: ...
@overload
def decode_pcma(codes: _Octets, out: None = None) -> bytes:
    """The samples that G.711 A-law `codes` (`PCMA` in RFC 3551) stand for, one a code.

    Bit-exact with `audioop.alaw2lin` of Python 3.11.
    """

@overload
def decode_pcma(codes: _Octets, out: _Out) -> int: ...
@overload
def encode_pcma(pcm: _Pcm, out: None = None) -> bytes:
    """The G.711 A-law codes (`PCMA` in RFC 3551) closest to samples, one a sample.

    Bit-exact with `audioop.lin2alaw` of Python 3.11.
    """

@overload
def encode_pcma(pcm: _Pcm, out: _Out) -> int: ...
def append_message(audio: _Octets) -> bytes:
    """The message that hands `audio` to a realtime session, ready to be sent as text.

    `audio` is in the session's input format; the message is `input_audio_buffer.append` with it in
    base64. A `Leg` makes these by itself.
    """

def levels(pcm: _Pcm) -> Levels:
    """All there is to say about the level of samples, found in one look at them."""

def level_dbov(pcm: _Pcm) -> float:
    """The level of samples in dBov: 0 is the loudest square wave, speech lies near -26.

    Digital silence is at -127 (RFC 6465 section 3.1).
    """

def rms(pcm: _Pcm) -> float:
    """The root of the mean square of samples, 0 to 32768."""

def peak(pcm: _Pcm) -> int:
    """The largest magnitude among samples, 0 to 32768."""

def clipped(pcm: _Pcm) -> int:
    """How many samples are as loud as G.711 gets (32124 and above), and were probably louder."""

def is_silent(pcm: _Pcm, below_dbov: float = -60.0) -> bool:
    """Whether the level of samples lies below a limit, by default one above the hiss of a line."""

def tone(rate: int, hertz: float, duration_ms: float, dbov: float = -20.0) -> bytes:
    """A sine as samples at `rate`, as loud as told (0 dBov is the loudest there is), that swells
    and fades so that it does not click.
    """

@final
class Levels:
    """How loud a run of samples is. Those of two runs add up to those of both."""

    @property
    def samples(self) -> int:
        """How many samples there are."""

    @property
    def peak(self) -> int:
        """The largest magnitude, 0 to 32768."""

    @property
    def rms(self) -> float:
        """The root of the mean square, 0 to 32768."""

    @property
    def dbov(self) -> float:
        """The level in dBov, as `level_dbov` tells it."""

    @property
    def clipped(self) -> int:
        """How many samples are as loud as G.711 gets, as `clipped` counts them."""

    def is_silent(self, below_dbov: float = -60.0) -> bool:
        """Whether the level lies below a limit."""

    def __add__(self, value: Levels, /) -> Levels: ...
    def __radd__(self, value: Levels, /) -> Levels: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class G722Encoder:
    """The way of one stream of samples at 16 kHz to G.722 in 64 kbit/s."""

    def __new__(cls) -> G722Encoder: ...
    @overload
    def encode(self, pcm: _Pcm, out: None = None) -> bytes:
        """The next octets, one for two samples; an odd sample waits for the next call.

        `out` needs room for half as many octets as there are samples, rounded up.
        """

    @overload
    def encode(self, pcm: _Pcm, out: _Out) -> int: ...

@final
class G722Decoder:
    """The way of one stream of G.722 in 64 kbit/s to samples at 16 kHz."""

    def __new__(cls) -> G722Decoder: ...
    @overload
    def decode(self, octets: _Octets, out: None = None) -> bytes:
        """The next samples, two an octet."""

    @overload
    def decode(self, octets: _Octets, out: _Out) -> int: ...

@final
class Opus:
    """What both sides said of their Opus (RFC 7587 section 6.1). Only in builds with Opus."""

    def __new__(
        cls,
        *,
        rate: _Rate = 24000,
        playback_rate: _Rate = 48000,
        bitrate: int = 32000,
        fec: bool = True,
        dtx: bool = False,
        cbr: bool = False,
    ) -> Opus: ...
    @property
    def rate(self) -> int:
        """The rate of the samples that we take and give; any will do, best the agent's own."""

    @property
    def playback_rate(self) -> int:
        """The highest rate that the other side can play."""

    @property
    def bitrate(self) -> int:
        """Bits a second that are sent on average."""

    @property
    def fec(self) -> bool:
        """Whether packets tell of the ones before them, for the case that those are lost."""

    @property
    def dtx(self) -> bool:
        """Whether silence is packets of a byte or two."""

    @property
    def cbr(self) -> bool:
        """Whether every packet of sound has the same length."""

@final
class OpusEncoder:
    """The way of one stream of samples, at the rate of `opus`, to packets."""

    def __new__(cls, opus: Opus | None = None) -> OpusEncoder: ...
    def encode(self, pcm: _Pcm) -> bytes:
        """The packet of `pcm`: 10, 20, 40 or 60 ms of it."""

@final
class OpusDecoder:
    """The way of one stream of packets to samples at `rate`, whatever they were made at."""

    def __new__(cls, rate: _Rate = 24000) -> OpusDecoder: ...
    def decode(self, packet: _Octets) -> bytes:
        """The samples of `packet`, made up where it is damaged; none where it is no packet."""

    def conceal(self, milliseconds: int, behind: _Octets | None = None) -> bytes:
        """Samples in place of so much that was lost.

        Where the packet `behind` them is given and tells of the last of them (in-band forward
        error correction), these are what was said.
        """

@final
class Resampler:
    """A streaming change of sample rate: one line of samples, fed in pieces of any length.

    Fed in pieces or whole, the output is the same to the bit. `"standard"` has the cleaner
    stop band, `"low_delay"` half the delay. Equal rates pass samples through.
    """

    def __new__(
        cls,
        input_rate: _Rate,
        output_rate: _Rate,
        preset: Literal["standard", "low_delay"] = "standard",
    ) -> Resampler: ...
    @overload
    def process(self, pcm: _Pcm, out: None = None) -> bytes:
        """The next samples at the output rate.

        `out` needs room for `len(pcm) * output_rate / input_rate` samples, rounded up.
        """

    @overload
    def process(self, pcm: _Pcm, out: _Out) -> int: ...
    def reset(self) -> None:
        """Forget the samples inside, as if none had been fed."""

    @property
    def delay_ms(self) -> float:
        """How much later than its input the output is."""

    @property
    def input_rate(self) -> int:
        """Samples a second going in."""

    @property
    def output_rate(self) -> int:
        """Samples a second coming out."""

@final
class Converter:
    """A streaming change of format, codec and rate in one: audio fed in pieces of any length.

    `Converter("audio/pcmu", "audio/pcm;rate=24000")` takes what a telephone says to an agent, and
    with both formats swapped the other way. Fed in pieces or whole, be it within a sample, the
    output is the same to the bit. Equal formats pass through unchanged.
    """

    def __new__(
        cls,
        input: _Format,  # noqa: A002 the word of the session
        output: _Format,
        preset: Literal["standard", "low_delay"] = "standard",
    ) -> Converter: ...
    def convert(self, audio: _Octets | _Pcm) -> bytes:
        """What the next `audio`, in the input format, makes due in the output format."""

    def reset(self) -> None:
        """Forget the samples inside, as if none had been fed."""

    @property
    def delay_ms(self) -> float:
        """How much later than its input the output is."""

    @property
    def input(self) -> str:
        """The format that goes in."""

    @property
    def output(self) -> str:
        """The format that comes out."""

def is_rtcp(datagram: _Octets) -> bool:
    """Whether a datagram that came to a port of both kinds is RTCP (RFC 5761 section 4)."""

@final
class Pattern:
    """A regular expression for the whole of a text, matched in time proportional to the text.

    The syntax is that of Rust's `regex`: as in Python, without looking around and back.
    """

    def __new__(cls, expression: str) -> Pattern: ...
    def matches(self, text: str) -> bool:
        """Whether all of `text` is what the expression describes."""

    @property
    def expression(self) -> str:
        """As it was written."""

@final
class RtpPacket:
    """An RTP packet (RFC 3550 section 5.1). Equal where all fields are."""

    def __new__(
        cls,
        payload_type: int,
        sequence: int,
        timestamp: int,
        ssrc: int,
        payload: _Octets,
        *,
        marker: bool = False,
        csrcs: Sequence[int] = ...,
        extension: tuple[int, _Octets] | None = None,
    ) -> RtpPacket: ...
    @staticmethod
    def parse(datagram: _Octets) -> RtpPacket:
        """Reads a datagram. `ValueError` tells where one that is no RTP packet goes wrong."""

    def write(self) -> bytes:
        """The packet as a datagram, without padding."""

    @property
    def marker(self) -> bool:
        """Set on the first packet of a talkspurt (RFC 3551 section 4.1)."""

    @property
    def payload_type(self) -> int:
        """What the payload is, 0 to 127."""

    @property
    def sequence(self) -> int:
        """Counts packets, modulo 65536."""

    @property
    def timestamp(self) -> int:
        """Counts periods of the payload's clock, modulo 2**32."""

    @property
    def ssrc(self) -> int:
        """Who sends: a random number of 32 bits."""

    @property
    def csrcs(self) -> list[int]:
        """Who was mixed in, at most 15."""

    @property
    def extension(self) -> tuple[int, bytes] | None:
        """The header extension (RFC 3550 section 5.3.1): 16 bits of the profile's, and content."""

    @property
    def payload(self) -> bytes:
        """The payload, without padding."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

class SrtpError(ValueError):
    """A packet that is not protected, or not let through; the message tells why."""

@final
class SrtpKeys:
    """The master keys of a call under SRTP, one a direction, as SDES gives them (RFC 4568).

    `send` is the one in our description, `receive` the one in theirs; each is as `SrtpSender` takes
    it. They are shown by nothing.
    """

    def __new__(cls, suite: _Suite, send: _Octets, receive: _Octets) -> SrtpKeys: ...
    @property
    def suite(self) -> _Suite:
        """What they are keys of."""

@final
class SrtpSender:
    """SRTP out: what makes RTP and RTCP unreadable and unchangeable on the way (RFC 3711).

    `suite` is called as in SDES (RFC 4568); `key` is its master key followed by its salt, 16 + 14
    bytes, or 16 + 12 for `AEAD_AES_128_GCM`, of `os.urandom`. Each direction has a key of its own.
    No sequence number is protected twice: that would give both packets away.
    """

    def __new__(cls, suite: _Suite, key: _Octets) -> SrtpSender: ...
    def protect(self, packet: _Octets) -> bytes:
        """The SRTP packet of an RTP packet."""

    def protect_rtcp(self, packet: _Octets) -> bytes:
        """The SRTCP packet of an RTCP compound."""

    @property
    def suite(self) -> _Suite:
        """What it protects with."""

    def counters(self) -> dict[str, int]:
        """What became of the packets, RTP and RTCP together; their sum is what was given."""

@final
class SrtpReceiver:
    """SRTP in: what lets through the packets of a key's owner, each once. See `SrtpSender`.

    What is forged, changed, there before or too old to tell raises `SrtpError` and moves nothing
    but a counter.
    """

    def __new__(cls, suite: _Suite, key: _Octets) -> SrtpReceiver: ...
    def unprotect(self, datagram: _Octets) -> bytes:
        """The RTP packet of an SRTP packet."""

    def unprotect_rtcp(self, datagram: _Octets) -> bytes:
        """The RTCP compound of an SRTCP packet."""

    @property
    def suite(self) -> _Suite:
        """What it checks with."""

    def counters(self) -> dict[str, int]:
        """What became of the packets, RTP and RTCP together; their sum is what was given."""

@final
class Dejitter:
    """Packets in, one unbroken line of samples out: 8 kHz of G.711, 16 kHz of G.722, 24 kHz of Opus
    where nothing else is said.

    Made for a listener that is not a loudspeaker: audio goes on as soon as it is contiguous. A
    hole is waited for shortly and then filled with exactly the missing samples, made up from what
    came before (the method of G.711 Appendix I); while nothing comes at all, comfort noise keeps
    real time. Feed packets of the audio's payload type only.
    """

    def __new__(cls, *, codec: _Codec | Opus = "PCMU", packet_time_ms: float = 20) -> Dejitter: ...
    def receive(self, now_ns: int, datagram: _Octets) -> _Arrival:
        """Take in a datagram that arrived at `now_ns`, and tell what became of it.

        It has its place in the timeline (`"accepted"`), begins it anew (`"new ssrc"`,
        `"sequence jumped"`, `"timestamp jumped"`) or waits for the next one to say so
        (`"suspect"`); or it carries no audio (`"empty"`), is here already (`"duplicate"`), comes
        when its place is filled (`"late"`), belongs to a replaced SSRC (`"stray"`) or finds no
        room (`"overflow"`). `ValueError` where it is no RTP packet.
        """

    def poll(self, now_ns: int) -> bytes | None:
        """The next samples that are due, as PCM16. Call until `None`."""

    @property
    def deadline_ns(self) -> int | None:
        """When to poll again though nothing arrived; `None` before the first packet."""

    def counters(self) -> dict[str, int]:
        """What arrived and what became of it."""

@final
class Network:
    """A bad network: datagrams go in when they are sent, and come out when they arrive, if they do.

    All chance comes from `seed`: the same sending times give the same arrivals on every machine,
    every time. What is not given is as in the profile.

    `skew_ppm`: how fast the sender's clock is. `loss`: the share lost, each packet by itself; or
    that share and how many are lost in a row on average; or Gilbert's and Elliott's p and r and
    the shares lost in the good and in the bad state. `stalls`: nothing gets through for the third
    while, with the second between two on average, then all at once. `delay_ms`: the shortest way.
    `jitter`: what is added to it, as a distribution and its mean, or, in a list, packet by packet
    as recorded (`None` for a lost one) and over again. `in_order`: packets queue and none
    overtakes. `reordering`, `duplication`: the share of packets that take a longer way in spite of
    that, or come twice, and how much later they do.

    `sent` + `duplicated` = `delivered` + `lost` + `overflow` + `waiting`.
    """

    def __new__(
        cls,
        profile: str = "clean",
        *,
        seed: int = 0,
        skew_ppm: int | None = None,
        loss: float | tuple[float, float] | tuple[float, float, float, float] | None = None,
        stalls: tuple[Literal["regular", "random"], float, float] | None = None,
        delay_ms: float | None = None,
        jitter: tuple[Literal["uniform", "gamma", "heavy-tailed"], float]
        | list[float | None]
        | None = None,
        in_order: bool | None = None,
        reordering: tuple[float, float] | None = None,
        duplication: tuple[float, float] | None = None,
    ) -> Network: ...
    @staticmethod
    def profiles() -> dict[str, str]:
        """The networks that have names, and what each does."""

    def send(self, now_ns: int, datagram: _Octets) -> None:
        """Hand over a datagram that is sent when the sender's clock shows `now_ns`.

        Where that clock is fast, it leaves earlier than that: send it before polling.
        """

    def poll(self, now_ns: int) -> tuple[int, bytes] | None:
        """A datagram that has arrived by `now_ns`, after when it did. Call until `None`."""

    @property
    def deadline_ns(self) -> int | None:
        """When the next datagram arrives; `None` where none is under way."""

    def change(self, to: Network) -> None:
        """Do to the next datagrams what `to` does, and leave those under way alone."""

    def arrivals(self, sent_ns: Sequence[int]) -> list[tuple[int, int]]:
        """When packets sent at these times arrive, and which of them each is, counted from zero.

        In the order of arrival, in a network that begins anew.
        """

    def counters(self) -> dict[str, int]:
        """Where datagrams are."""

@final
class PlayoutBuffer:
    """Packets in, samples at the codec's rate at the pace of a loudspeaker out.

    Always exactly as many samples as are asked for. The delay follows what the network does: as
    little as lets nearly all packets come in time, changed in the pauses of speech, and by single
    pitch periods where there are none for long. What is missing is made up. Feed packets of the
    audio's payload type, and comfort noise (RFC 3389).
    """

    def __new__(
        cls,
        *,
        codec: _Law = "PCMU",
        packet_time_ms: float = 20,
        longest_delay_ms: float = 500,
    ) -> PlayoutBuffer: ...
    def receive(self, now_ns: int, datagram: _Octets) -> _Arrival:
        """Take in a datagram that arrived at `now_ns`, and tell what became of it.

        The words are those of `Dejitter.receive`. `ValueError` where it is no RTP packet.
        """

    def play(self, now_ns: int, samples: int) -> bytes:
        """The next samples as PCM16, to be heard from `now_ns` on."""

    @property
    def delay_ms(self) -> float:
        """How much later samples are played than the fastest packets would have allowed for.

        The time that a packet took to be filled is part of it.
        """

    @property
    def target_ms(self) -> float:
        """What the delay should be."""

    @property
    def drift_ppm(self) -> float:
        """How many parts in a million the sender's clock is faster than the one of `now_ns`.

        Zero in the first seconds.
        """

    def counters(self) -> dict[str, int]:
        """What arrived and what became of it, and where samples came from."""

@final
class Playout:
    """What an agent has yet to say, and the word that silences it.

    Two lanes: *replies*, emptied by `barge_in`, and the *back channel* ("uh-huh"), mixed under and
    left alone. A ledger knows how much of each item was put on the wire.
    """

    def __new__(
        cls,
        *,
        output: _Format = "audio/pcmu",
        back_channel: _Format | None = None,
        rate: _Rate = 8000,
    ) -> Playout:
        """A playout of replies in `output`; `rate` is that of the samples taken out."""

    def begin_response(self, response: str) -> None:
        """Learn that the agent has begun a response, before any of its audio."""

    def say(self, audio: _Octets, *, response: str = "", item: str = "") -> _Said:
        """Speak `audio` after all that waits.

        `"refused"` where its response was interrupted, `"overflow"` where ten minutes wait.
        """

    def say_back_channel(self, audio: _Octets) -> _Said:
        """Mix `audio` under whatever is spoken."""

    @overload
    def take(self, samples: int, out: None = None) -> bytes:
        """The next samples, a whole number of milliseconds; silence where nothing waits."""

    @overload
    def take(self, samples: int, out: _Out) -> int: ...
    def barge_in(self) -> Interruption:
        """Fall silent within 5 ms: the caller has begun to speak."""

    def clear(self) -> Interruption:
        """Fall silent in both lanes."""

    def change(self) -> ReplyStarted | ReplyEnded | Drained | None:
        """What happened since the last call, oldest first. Call until `None`."""

    def heard_ms(self, item: str) -> float | None:
        """How much of an item was taken out; `None` where it is not remembered."""

    @property
    def waiting_ms(self) -> float:
        """How long the reply lane will go on speaking."""

    def counters(self) -> dict[str, int]:
        """Samples at the agent's rate: received = sent + discarded + those that wait."""

@final
class LegConfig:
    """What an offer and its answer agreed on, and the numbers that a leg starts from.

    Numbers not given are random, as RFC 3550 section 5.1 wants them.
    """

    def __new__(
        cls,
        *,
        codec: _Codec | Opus = "PCMU",
        payload_type: int | None = None,
        receive_payload_type: int | None = None,
        other_payload_type: int | None = None,
        telephone_event: int | None = None,
        receive_telephone_event: int | None = None,
        other_telephone_event: int | None = None,
        event_rate: _Rate | None = None,
        comfort_noise: int | None = None,
        receive_comfort_noise: int | None = None,
        other_comfort_noise: int | None = None,
        idle: _Idle = "silence",
        packet_time_ms: float = 20,
        direction: _Direction = "sendrecv",
        ssrc: int | None = None,
        first_sequence: int | None = None,
        first_timestamp: int | None = None,
        cname: str | None = None,
        unix_time_ns: int = 0,
    ) -> LegConfig:
        """`unix_time_ns` is the time since 1970 at time 0 (`time.time_ns() - time.monotonic_ns()`),
        for sender reports (RFC 3550 section 6.4.1). An `Engine` knows it by itself, and draws
        its own random numbers.
        """

    @property
    def codec(self) -> _Codec:
        """The codec of both directions."""

    @property
    def payload_type(self) -> int:
        """The codec's payload type in what we send; its static one where none was given."""

    @property
    def receive_payload_type(self) -> int:
        """The codec's payload type in what comes; the same where none was given."""

    @property
    def other_payload_type(self) -> int | None:
        """One by which it may come as well; it counts where no format has it in what comes."""

    @property
    def telephone_event(self) -> int | None:
        """The payload type of telephone events (RFC 4733) that we send, where the other side takes
        them.
        """

    @property
    def receive_telephone_event(self) -> int | None:
        """The payload type of telephone events that come; the same where none was given."""

    @property
    def other_telephone_event(self) -> int | None:
        """One by which they may come as well, like `other_payload_type`."""

    @property
    def event_rate(self) -> int:
        """The clock that their durations are told by; that of the codec where none was given."""

    @property
    def comfort_noise(self) -> int | None:
        """The payload type of comfort noise (RFC 3389) that we send, where the other side takes
        it. What comes is known by 13 where nothing was agreed.
        """

    @property
    def receive_comfort_noise(self) -> int | None:
        """The payload type of comfort noise that comes; the same where none was given."""

    @property
    def other_comfort_noise(self) -> int | None:
        """One by which it may come as well, like `other_payload_type`."""

    @property
    def idle(self) -> _Idle:
        """What we send while the agent is silent: digital silence, a faint noise, or, where the
        other side takes it, a packet of comfort noise each half second and nothing in between.
        """

    @property
    def packet_time_ms(self) -> float:
        """Audio in a packet that we send, 10 to 60 ms."""

    @property
    def direction(self) -> _Direction:
        """Which ways audio flows, as we see it (RFC 3264 section 6.1)."""

    @property
    def ssrc(self) -> int:
        """The name of our stream."""

    @property
    def first_sequence(self) -> int:
        """The first sequence number we send."""

    @property
    def first_timestamp(self) -> int:
        """The first timestamp we send."""

    @property
    def cname(self) -> str:
        """Our canonical name (RFC 3550 section 6.5.1)."""

@final
class Leg:
    """One side of a call without sockets, threads or clock: fed and drained.

    `receive` what arrives, `say` what the agent says, and after each, or when `deadline_ns` has
    come, `poll` until `None`.
    """

    def __new__(cls, config: LegConfig, now_ns: int) -> Leg:
        """A leg whose first packet is due at `now_ns`. It sends silence until it is bridged."""

    def bridge(
        self,
        *,
        input: _Format = "audio/pcmu",  # noqa: A002 the word of the session
        output: _Format = "audio/pcmu",
        back_channel: _Format | None = None,
        append_ms: float = 60,
        shape: _Shape = "append",
        early_barge_in: _EarlyBargeIn | None = None,
    ) -> None:
        """Let the agent hear, in `input`, and be heard, in `output` and `back_channel`.

        `append_ms` of audio, 10 to 1000, go into one `input_audio_buffer.append` message, or into
        one `Audio` where `shape` is `"audio"`. With `early_barge_in` replies give way while the
        caller only seems to speak.
        """

    def unbridge(self) -> None:
        """Part the agent from the caller again: silence both ways. What was silenced is told as an
        `Interruption`, and `Unbridged` comes after all that is told of it.
        """

    def renegotiate(self, now_ns: int, config: LegConfig) -> None:
        """Go on with what a new offer and answer agreed on (RFC 3264 section 8)."""

    def receive(
        self, now_ns: int, datagram: _Octets
    ) -> Literal["audio", "key", "comfort noise", "rtcp", "dropped"]:
        """Take in a datagram that arrived at the RTP port at `now_ns`, and tell what it was."""

    def receive_rtcp(self, now_ns: int, datagram: _Octets) -> Literal["rtcp", "dropped"]:
        """Take in a datagram that arrived at the RTCP port at `now_ns`."""

    def receive_message(self, message: _Octets) -> bool:
        """Take in a message of the agent, as it came from the WebSocket.

        True where it was audio and is done with. All else is for the session's parser, also
        `input_audio_buffer.speech_started`, on which the leg has then fallen silent.
        """

    def begin_response(self, response: str) -> None:
        """Learn that the agent has begun a response, before any of its audio."""

    def say(self, audio: _Octets, *, response: str = "", item: str = "") -> _Said:
        """Speak `audio`, in the bridge's output format, after all that waits."""

    def say_back_channel(self, audio: _Octets) -> _Said:
        """Mix `audio`, in the bridge's back-channel format, under whatever is spoken."""

    def barge_in(self) -> Interruption:
        """Fall silent within 5 ms: the caller has begun to speak."""

    def clear(self) -> Interruption:
        """Fall silent in both lanes."""

    def play(
        self,
        number: int,
        audio: _Octets,
        *,
        format: _Format = "audio/pcm;rate=8000",  # noqa: A002 the word of the session
        repeat: bool = False,
        gives_way: bool = False,
    ) -> None:
        """Play `audio` to the caller, bridged or not, over whatever the agent says.

        `repeat` begins anew at its end, `gives_way` lets a barge-in end it. `Played` tells of its
        end.
        """

    def stop_playing(self, number: int) -> None:
        """Stop what was begun under `number`, within 5 ms."""

    def send_digits(self, digits: str, *, tone_ms: float = 100, gap_ms: float = 100) -> None:
        """Send `digits` (`0-9*#A-D`) as telephone events (RFC 4733), in place of audio.

        `ValueError` where one is no key; nothing is sent then.
        """

    def hear_in_band_keys(self, how: _InBandKeys) -> None:
        """Make keys of their tones in the caller's audio (ITU-T Q.23) from now on: `"hear"` them,
        or also `"remove"` them from what the agent and the recording hear; `"off"` ends it.
        """

    def mask(self, on: bool) -> None:
        """Put silence in place of the caller's audio, for the agent and in the recording, while
        something is typed that nobody else must know; it goes on for 0.3 s after its end.
        """

    def record(self, rate: int | None) -> None:
        """Start giving out `Recorded` at `rate` Hz, whatever the codec becomes, from the next
        packet on; None stops.
        """

    def poll(self, now_ns: int) -> bytes | Rtp | Rtcp | Recorded | _Event | None:
        """What is due, packets first. Call until `None`. Plain `bytes` are a message to the agent,
        to be sent as text.
        """

    def goodbye(self, now_ns: int) -> bytes:
        """The last datagram for the other side's RTCP address, when the call is over
        (RFC 3550 section 6.6).
        """

    @property
    def deadline_ns(self) -> int:
        """When to poll again though nothing was fed."""

    def heard_ms(self, item: str) -> float | None:
        """How much of an item was put on the wire; `None` where it is not remembered."""

    @property
    def waiting_ms(self) -> float:
        """How long the agent will go on speaking."""

    def counters(self) -> dict[str, int]:
        """What the leg has seen, done and dropped."""

class PortsExhausted(OSError):
    """No pair of RTP ports is free; the message tells what they are doing."""

@final
class Engine:
    """Many legs on few threads, with sockets of their own (Linux).

    The threads never wait for Python: however long it stands still, packets go out in time.
    """

    def __new__(
        cls,
        *,
        address: str = "0.0.0.0",  # noqa: S104 a caller may come by any interface
        ports: tuple[int, int] = (10000, 20000),
        workers: int = 1,
        tick_ms: float = 5,
    ) -> Engine:
        """Starts the threads.

        `ports` are the first and last to be used for RTP and RTCP at `address`. One worker does
        for about a thousand calls; every `tick_ms`, 1 to 20, it looks at them.
        """

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to `take`; not to be closed."""

    def take(self) -> list[tuple[int, bytes | _Event | Latched | Closed]]:
        """All that came out of the legs since the last call, each with its leg's id.

        Plain `bytes` are a message ready for the agent, to be sent as text. Does not wait.
        """

    def take_links(
        self,
    ) -> list[tuple[int, bytes | LinkHalted | LinkParted | LinkRelieved | LinkClosed]]:
        """All that came out of the links, each with its link's id; to be called after each `take`.

        Plain `bytes` are a message of the agent, as it came.
        """

    def link(
        self,
        opened: OpenedLink,
        *,
        ping_interval: float | None = 20.0,
        ping_timeout: float | None = 20.0,
    ) -> LiveLink:
        """Run an open WebSocket from now on, with pings (RFC 6455 section 5.5.2) every so many
        seconds, and so many for their answers; None switches them off.

        `ValueError` where it was refused or runs already, `OSError` where the engine is closed.
        """

    def reserve(self) -> Port:
        """A pair of ports for a call, bound; `PortsExhausted` where none is free.

        `RuntimeError` where the engine is closed.
        """

    def counters(self) -> dict[str, int]:
        """What the engine as a whole is doing and has dropped."""

    def close(self) -> None:
        """End all calls and recordings and join the threads; idempotent.

        What the legs had still to tell can be taken afterwards.
        """

@final
class OpenedLink:
    """A server's answer to the opening handshake of a WebSocket (RFC 6455 section 4), and the
    WebSocket, where it was granted.
    """

    def __new__(
        cls,
        socket: int,
        *,
        host: str,
        authority: str,
        target: str,
        secure: bool,
        headers: Sequence[tuple[str, str]],
        patience_s: float,
    ) -> OpenedLink:
        """Asks for it, and waits `patience_s` at most, without keeping other threads from running.

        `socket` is the descriptor of a TCP connection; it stays its owner's. `target` is path and
        query, `authority` the Host of HTTP, `host` the name that the certificate must bear where
        it is to be `secure`, by the system's certificates. `OSError` where the network fails, TLS
        does, or what comes is no answer; `ValueError` where a header holds a line break.
        """

    @property
    def status(self) -> int:
        """The status code: 101 where there is a WebSocket."""

    @property
    def reason(self) -> str:
        """The reason phrase."""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All headers, in their order."""

    @property
    def body(self) -> bytes:
        """The beginning of the body."""

@final
class LiveLink:
    """A WebSocket to an agent that runs on an `Engine`; dropped, it closes.

    All verbs return at once; what they lead to comes out of `Engine.take_links`.
    """

    @property
    def id(self) -> int:
        """Names the link; never given out twice by an engine."""

    def send(self, frame: _Octets) -> None:
        """Send `frame`, UTF-8, as a text message."""

    def backlog(self) -> int:
        """Bytes that wait because the network stands still; where there are many, send no more
        until `LinkRelieved`.
        """

    def halt(self) -> None:
        """Read no more; `LinkHalted` comes after all that was read."""

    def join(self, leg: LiveLeg) -> None:
        """Read on, and let `leg` have what is for it before anybody else: its audio, which nobody
        else gets, and `response.created` and `speech_started`.
        """

    def part(self) -> None:
        """Let no leg have anything any more; `LinkParted` comes in between."""

    def took(self, size: int) -> None:
        """Say that a message of `size` bytes was read, so that another may come."""

    def counters(self) -> dict[str, int]:
        """What went through by now, and what did not."""

    def close(self) -> None:
        """Say goodbye (code 1000); `LinkClosed` follows within a few seconds."""

@final
class Port:
    """A reserved pair of ports, bound and silent; dropped, it gives them back."""

    @property
    def port(self) -> int:
        """The even port, for RTP; RTCP has the odd one above it (RFC 3550 section 11)."""

    def start(
        self,
        config: LegConfig,
        remote: tuple[str, int],
        remote_rtcp: tuple[str, int] | None = None,
        rtcp_mux: bool = False,
        keys: SrtpKeys | None = None,
    ) -> LiveLeg:
        """Begin the call: from now on packets go out, and the engine listens.

        `remote` is an IP address and a port; RTCP goes one port above where `remote_rtcp` does
        not say otherwise, or to the same with `rtcp_mux` (RFC 5761). With `keys` every packet
        is under SRTP, both ways. `RuntimeError` where the port was started or closed already.
        """

    def close(self) -> None:
        """Give the ports back, if no leg was started on them; idempotent."""

@final
class LiveLeg:
    """A leg that runs on an `Engine`; dropped, it closes.

    All verbs return at once; what they lead to comes out of `Engine.take`.
    """

    @property
    def id(self) -> int:
        """Names the leg; never given out twice by an engine."""

    @property
    def port(self) -> int:
        """The port of its RTP."""

    def bridge(
        self,
        *,
        input: _Format = "audio/pcmu",  # noqa: A002 the word of the session
        output: _Format = "audio/pcmu",
        back_channel: _Format | None = None,
        append_ms: float = 60,
        shape: _Shape = "append",
        early_barge_in: _EarlyBargeIn | None = None,
        link: LiveLink | None = None,
    ) -> None:
        """Let the agent hear, in `input`, and be heard, in `output` and `back_channel`.

        `append_ms` of audio, 10 to 1000, go into one `input_audio_buffer.append` message, or into
        one `Audio` where `shape` is `"audio"`. With `early_barge_in` replies give way while the
        caller only seems to speak. Messages go by `link` where there is one, and do not come out of
        `Engine.take` then.
        """

    def unbridge(self) -> None:
        """Part the agent from the caller again: silence both ways. What was silenced is told as an
        `Interruption`, and `Unbridged` comes after all that is told of it.
        """

    def receive_message(self, message: _Octets) -> bool:
        """Take in a message of the agent, as it came from the WebSocket.

        True where it was audio and is done with. All else is for the session's parser, also
        `input_audio_buffer.speech_started`, on which the leg falls silent.
        """

    def begin_response(self, response: str) -> None:
        """Learn that the agent has begun a response, before any of its audio."""

    def say(self, audio: _Octets, *, response: str = "", item: str = "") -> bool:
        """Speak `audio`, in the bridge's output format, after all that waits.

        False where too many commands wait, or the leg is gone.
        """

    def say_back_channel(self, audio: _Octets) -> bool:
        """Mix `audio`, in the bridge's back-channel format, under whatever is spoken."""

    def barge_in(self) -> None:
        """Fall silent: the caller has begun to speak. An `Interruption` tells what was cut."""

    def clear(self) -> None:
        """Fall silent in both lanes."""

    def play(
        self,
        number: int,
        audio: _Octets,
        *,
        format: _Format = "audio/pcm;rate=8000",  # noqa: A002 the word of the session
        repeat: bool = False,
        gives_way: bool = False,
    ) -> bool:
        """Play `audio` to the caller, bridged or not, over whatever the agent says.

        `repeat` begins anew at its end, `gives_way` lets a barge-in end it. `Played` tells of its
        end. False where too many commands wait, or the leg is gone.
        """

    def stop_playing(self, number: int) -> None:
        """Stop what was begun under `number`, within 5 ms."""

    def send_digits(self, digits: str, *, tone_ms: float = 100, gap_ms: float = 100) -> None:
        """Send `digits` (`0-9*#A-D`) as telephone events (RFC 4733), in place of audio.

        `ValueError` where one is no key; nothing is sent then.
        """

    def renegotiate(
        self,
        config: LegConfig,
        remote: tuple[str, int],
        remote_rtcp: tuple[str, int] | None = None,
        rtcp_mux: bool = False,
        keys: SrtpKeys | None = None,
    ) -> None:
        """Go on with what a new offer and answer agreed on (RFC 3264 section 8). A key that stays
        is gone on with; without `keys`, packets are in the clear from now on.
        """

    def hear_in_band_keys(self, how: _InBandKeys) -> None:
        """Make keys of their tones in the caller's audio (ITU-T Q.23) from now on: `"hear"` them,
        or also `"remove"` them from what the agent and the recording hear; `"off"` ends it.
        """

    def mask(self, on: bool) -> None:
        """Put silence in place of the caller's audio, for the agent and in the recording, while
        something is typed that nobody else must know; it goes on for 0.3 s after its end.
        """

    def record(
        self,
        path: str | PathLike[str] | None,
        *,
        format: Literal["wav", "flac"] | None = None,  # noqa: A002
        mono: bool = False,
    ) -> None:
        """Write the call to a file, the caller left and the agent right; None finishes it.

        `format` is by the path's suffix where left out: FLAC for `.flac`, else WAV. It has the rate
        of the present codec, whatever others come after it. Until it is finished it is called
        `path.part`; it replaces no file that lies at `path` then. `RecordingStarted` tells that it
        runs; `RecordingStopped`, or `RecordingFailed` where the disk does not take it, that it is
        over, be that after `Closed`.
        """

    def pause_recording(self, pause: Literal["silence", "gap"] | None) -> None:
        """Record silence, or nothing at all, from the next packet on; None goes on."""

    def counters(self) -> dict[str, int]:
        """What the leg has seen, done and dropped; a tenth of a second old at most."""

    def close(self) -> None:
        """End the call; `Closed` follows. Idempotent."""

@final
class EarlyBargeIn:
    """What a leg does by itself when it takes something for the beginning of the caller's speech.

    Replies go on softer by `depth_db` (`"duck"`) or wait where they are (`"pause"`), within about
    60 ms; the back channel does not. All of it is taken back where no `barge_in` follows within
    `confirm_ms`, or the caller falls silent. With `clear_after_ms` given, a caller who speaks for
    that long has barged in, whoever else knows of it, and `confirm_ms` is not looked at.
    """

    def __new__(
        cls,
        how: Literal["duck", "pause"] = "duck",
        *,
        depth_db: int = 15,
        confirm_ms: float = 400,
        clear_after_ms: float | None = None,
        detector: _Detector = "own",
    ) -> EarlyBargeIn: ...
    @property
    def how(self) -> Literal["duck", "pause"]:
        """How a reply gives way."""

    @property
    def depth_db(self) -> int:
        """How much softer it goes on, 1 to 60 dB."""

    @property
    def confirm_ms(self) -> float:
        """How long a barge-in is waited for, 20 ms to 10 s."""

    @property
    def clear_after_ms(self) -> float | None:
        """After how much speech it needs none."""

    @property
    def detector(self) -> _Detector:
        """Who tells a voice from other sounds, as in `VoiceActivity`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class KeyTones:
    """A listener for keys of a telephone by their sound (ITU-T Q.23, Q.24).

    For lines that know no telephone events. Samples come at `rate` in pieces of any length; with
    `remove` keys are silenced, but for about 20 ms that pass before a tone is noticed.
    """

    def __new__(cls, rate: _Rate, *, remove: bool = False) -> KeyTones: ...
    def hear(self, pcm: _Pcm) -> bytes:
        """Take in what the line carried, and give back what is left of it."""

    def poll(self) -> Key | None:
        """A key that was pressed and released; call until `None`."""

    @property
    def sounds(self) -> bool:
        """Whether something sounds that is a key, or about to be one."""

@final
class VoiceActivity:
    """Whether a caller speaks, known within a few hundredths of a second.

    Every 10 ms are judged: noise, tones (DTMF, ringing), clicks and the echo of what is said to the
    caller are no speech. Samples come at `rate` in pieces of any length.
    """

    def __new__(cls, rate: _Rate, *, detector: _Detector = "own") -> VoiceActivity:
        """`detector` tells voice from other sounds: `"own"` by its pitch, `"earshot"` by a neural
        network, where this module was built with it.
        """

    def hear(self, pcm: _Pcm) -> bool:
        """Take in what the caller's line carried, and tell whether he speaks now."""

    def skip(self, samples: int) -> bool:
        """Let samples go by that the line did not carry: lost, concealed, comfort noise."""

    def say(self, pcm: _Pcm) -> None:
        """Take in what was said to the caller at the same time, so that its echo is known."""

    def key(self) -> None:
        """Learn that the caller presses a key, so that its tone is no speech."""

    def mistaken(self) -> None:
        """Learn that the speech found last was none, so that an echo is known better."""

    @property
    def speech(self) -> bool:
        """Whether the caller speaks; true for 0.2 s after the last sound."""

    @property
    def score(self) -> float:
        """How much speaks for it: at 1 speech begins."""

    @property
    def echo(self) -> tuple[int, float] | None:
        """After how many milliseconds the echo comes, and how many decibels softer, once known."""

    @property
    def rate(self) -> int:
        """Samples a second."""

    def counters(self) -> dict[str, int]:
        """Frames of 10 ms that were kept from counting as speech, by what."""

@final
class Key:
    """The caller pressed a key, as telephone events (RFC 4733) or as a tone (ITU-T Q.23)."""

    __match_args__: Final = ("digit", "duration_ms", "in_band")

    def __new__(cls, digit: str, duration_ms: float, in_band: bool = False) -> Key: ...
    @property
    def digit(self) -> str:
        """One of `0-9*#A-D`, or `!` for a hook flash."""

    @property
    def duration_ms(self) -> float:
        """How long it was held."""

    @property
    def in_band(self) -> bool:
        """Whether it was a tone in the audio."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class ReplyStarted:
    """The first sample of a run of an item goes out."""

    __match_args__: Final = ("item", "at_ns")

    def __new__(cls, item: str, at_ns: int = 0) -> ReplyStarted: ...
    @property
    def item(self) -> str:
        """The item's id."""

    @property
    def at_ns(self) -> int:
        """When that sample is to be heard: its packet's turn and its place in the packet; 0 where a
        `Playout` tells, which knows no time.
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class ReplyEnded:
    """The last sample of a run of an item went out, or it was cut."""

    __match_args__: Final = ("item", "heard_ms", "at_ns")

    def __new__(cls, item: str, heard_ms: float, at_ns: int = 0) -> ReplyEnded: ...
    @property
    def item(self) -> str:
        """The item's id."""

    @property
    def heard_ms(self) -> float:
        """How much of the item has gone out."""

    @property
    def at_ns(self) -> int:
        """When its last sample was to be heard, as that of the first in `ReplyStarted`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Drained:
    """Nothing of the agent's replies waits any more."""

    def __new__(cls) -> Drained: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Interruption:
    """What a barge-in silenced; all empty where nothing was."""

    __match_args__: Final = ("response", "item", "heard_ms", "discarded_ms", "softened_ms")

    def __new__(
        cls,
        response: str | None,
        item: str | None,
        heard_ms: float,
        discarded_ms: float,
        softened_ms: float = 0.0,
    ) -> Interruption: ...
    @property
    def response(self) -> str | None:
        """The response whose audio was being spoken, or was next."""

    @property
    def item(self) -> str | None:
        """Its item that was being spoken, or was next."""

    @property
    def heard_ms(self) -> float:
        """How much of that item was put on the wire."""

    @property
    def discarded_ms(self) -> float:
        """How much was thrown away unsent, of all items."""

    @property
    def softened_ms(self) -> float:
        """How much of what was heard of the item, at its end, was turned down by early barge-in."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Ducked:
    """The caller seems to speak, and the reply gives way."""

    __match_args__: Final = ("item", "heard_ms")

    def __new__(cls, item: str, heard_ms: float) -> Ducked: ...
    @property
    def item(self) -> str:
        """The item that plays."""

    @property
    def heard_ms(self) -> float:
        """How much of it had gone out."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Restored:
    """Nobody confirmed that the caller speaks, or the reply is over: it gives way no more."""

    __match_args__: Final = ("item", "softened_ms")

    def __new__(cls, item: str, softened_ms: float) -> Restored: ...
    @property
    def item(self) -> str:
        """The item that gave way."""

    @property
    def softened_ms(self) -> float:
        """How much went out softer, of the item that plays."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class ClearedEarly:
    """The caller has spoken for `clear_after_ms`; an `Interruption` follows."""

    def __new__(cls) -> ClearedEarly: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Unbridged:
    """The agent was parted from the caller; nothing follows that tells of what it said."""

    def __new__(cls) -> Unbridged: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Played:
    """What was played to the caller has ended."""

    __match_args__: Final = ("number", "heard_ms", "whole")

    def __new__(cls, number: int, heard_ms: float, whole: bool) -> Played: ...
    @property
    def number(self) -> int:
        """Under which number it was begun."""

    @property
    def heard_ms(self) -> float:
        """How much of it went out, all its turns together."""

    @property
    def whole(self) -> bool:
        """Whether that was all of it."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class RtpStopped:
    """No RTP has come for a while."""

    def __new__(cls) -> RtpStopped: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class RtpResumed:
    """RTP comes again."""

    def __new__(cls) -> RtpResumed: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Goodbye:
    """The other side said goodbye (RTCP BYE, RFC 3550 section 6.6)."""

    def __new__(cls) -> Goodbye: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Latched:
    """The other side's RTP turned out to come from here, and ours goes there (RFC 4961)."""

    __match_args__: Final = ("address",)

    def __new__(cls, address: tuple[str, int]) -> Latched: ...
    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Audio:
    """A chunk of the caller's audio, in the bridge's input format."""

    __match_args__: Final = ("arrival_ns", "audio")

    def __new__(cls, arrival_ns: int, audio: bytes) -> Audio: ...
    @property
    def arrival_ns(self) -> int:
        """When the packet that completed it arrived."""

    @property
    def audio(self) -> bytes:
        """Its bytes."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Closed:
    """A leg's last event."""

    __match_args__: Final = ("counters", "cause")

    def __new__(cls, counters: dict[str, int], cause: str) -> Closed: ...
    @property
    def counters(self) -> dict[str, int]:
        """What the leg has seen, done and dropped."""

    @property
    def cause(self) -> str:
        """Why: `"asked"`, `"engine closed"`, `"socket refused"` or `"fault"`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Rtp:
    """A datagram to send to the other side's RTP address, now."""

    __match_args__: Final = ("datagram",)

    def __new__(cls, datagram: bytes) -> Rtp: ...
    @property
    def datagram(self) -> bytes:
        """Its bytes."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Rtcp:
    """A datagram to send to the other side's RTCP address."""

    __match_args__: Final = ("datagram",)

    def __new__(cls, datagram: bytes) -> Rtcp: ...
    @property
    def datagram(self) -> bytes:
        """Its bytes."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class RecordingStarted:
    """A recording has begun."""

    __match_args__: Final = ("path", "at_ns", "rate")

    def __new__(cls, path: str, at_ns: int, rate: int) -> RecordingStarted: ...
    @property
    def path(self) -> str:
        """Where it will lie."""

    @property
    def at_ns(self) -> int:
        """When its first sample is heard and said, on CLOCK_MONOTONIC."""

    @property
    def rate(self) -> int:
        """Its samples a second."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class RecordingStopped:
    """A recording is finished."""

    __match_args__: Final = ("path", "duration_s", "lost_ms", "size", "lies_at")

    def __new__(
        cls, path: str, duration_s: float, lost_ms: float, size: int, lies_at: str
    ) -> RecordingStopped: ...
    @property
    def path(self) -> str:
        """Where it was to lie."""

    @property
    def duration_s(self) -> float:
        """How long it plays."""

    @property
    def lost_ms(self) -> float:
        """How much came too late to be written, of either side; there is silence in its place."""

    @property
    def size(self) -> int:
        """How large the file is, in bytes."""

    @property
    def lies_at(self) -> str:
        """Where it lies: at `path`, or beside what was there before, as `call.2.wav`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class RecordingFailed:
    """The disk did not take a recording. What it took lies at `path.part`, if it took anything."""

    __match_args__: Final = ("path", "error")

    def __new__(cls, path: str, error: str) -> RecordingFailed: ...
    @property
    def path(self) -> str:
        """Where it should have lain."""

    @property
    def error(self) -> str:
        """What the system says."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class LinkHalted:
    """A link reads no more until it is joined or parted; all it had read was told."""

    def __new__(cls) -> LinkHalted: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class LinkParted:
    """Messages that follow have not been to a leg first."""

    def __new__(cls) -> LinkParted: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class LinkRelieved:
    """What a link could not send for a while is sent."""

    def __new__(cls) -> LinkRelieved: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class LinkClosed:
    """A link is gone, and this is the last of it."""

    __match_args__: Final = ("code", "reason", "clean")

    def __new__(cls, code: int, reason: str, clean: bool) -> LinkClosed: ...
    @property
    def code(self) -> int:
        """The status code (RFC 6455 section 7.4); 1006 where there was no goodbye."""

    @property
    def reason(self) -> str:
        """What was said with it."""

    @property
    def clean(self) -> bool:
        """Whether both sides said goodbye."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Recorded:
    """A stretch of one side of a recording."""

    __match_args__: Final = ("side", "position", "pcm")

    def __new__(cls, side: str, position: int, pcm: bytes) -> Recorded: ...
    @property
    def side(self) -> str:
        """Whose voice: `caller`, what was heard, or `agent`, what was put on the wire."""

    @property
    def position(self) -> int:
        """Where its first sample belongs, in samples since the recording began."""

    @property
    def pcm(self) -> bytes:
        """PCM16 at the rate of the recording."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
