//! One side of a call, for those who own their sockets and their clock.

use std::sync::Mutex;
use std::time::Duration;

use fourwire::listen::Shape;
use fourwire::speak::Announcement;
use fourwire::wire::{PayloadType, Ssrc};
use fourwire::{
    AudioFormat, Bridge, ClockRate, Codec, Direction, Event, Idle, InBandKeys, Law, Media, Output,
    PayloadTypes, Received, Side,
};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::{Octets, bytes_of};
use crate::early_barge_in::Early;
use crate::error::Error;
use crate::event::{
    Audio, ClearedEarly, Counters, Drained, Ducked, Goodbye, Interruption, Key, Played, Recorded,
    ReplyEnded, ReplyStarted, Restored, Rtcp, Rtp, RtpResumed, RtpStopped, Unbridged,
};
use crate::lock::Held;
use crate::word::{
    AnyCodec, AppendTime, Field, Hertz, Nanoseconds, PacketTime, SevenBits, Span, Spelled,
    ToneTime, Word, millis,
};

/// What a leg needs to know from its start.
#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct LegConfig(fourwire::LegConfig);

#[pymethods]
impl LegConfig {
    #[new]
    #[pyo3(
        signature = (
            *, codec=AnyCodec(Codec::G711(Law::Mu)), payload_type=None, receive_payload_type=None,
            other_payload_type=None, telephone_event=None, receive_telephone_event=None,
            other_telephone_event=None, event_rate=None, comfort_noise=None,
            receive_comfort_noise=None, other_comfort_noise=None, idle=Spelled(Idle::Silence),
            packet_time_ms=Span(Duration::from_millis(20)),
            direction=Spelled(Direction::SendRecv),
            ssrc=None, first_sequence=None, first_timestamp=None, cname=None, unix_time_ns=Field(0),
        ),
        text_signature = "(*, codec='PCMU', payload_type=None, receive_payload_type=None, \
            other_payload_type=None, telephone_event=None, receive_telephone_event=None, \
            other_telephone_event=None, event_rate=None, comfort_noise=None, \
            receive_comfort_noise=None, other_comfort_noise=None, idle='silence', \
            packet_time_ms=20, direction='sendrecv', ssrc=None, first_sequence=None, \
            first_timestamp=None, \
            cname=None, unix_time_ns=0)",
    )]
    #[expect(clippy::too_many_arguments, reason = "all are named, and most have a default")]
    fn new(
        py: Python<'_>,
        codec: AnyCodec,
        payload_type: Option<SevenBits>,
        receive_payload_type: Option<SevenBits>,
        other_payload_type: Option<SevenBits>,
        telephone_event: Option<SevenBits>,
        receive_telephone_event: Option<SevenBits>,
        other_telephone_event: Option<SevenBits>,
        event_rate: Option<Hertz>,
        comfort_noise: Option<SevenBits>,
        receive_comfort_noise: Option<SevenBits>,
        other_comfort_noise: Option<SevenBits>,
        idle: Spelled<Idle>,
        packet_time_ms: PacketTime,
        direction: Spelled<Direction>,
        ssrc: Option<Field<u32>>,
        first_sequence: Option<Field<u16>>,
        first_timestamp: Option<Field<u32>>,
        cname: Option<String>,
        unix_time_ns: Field<u64>,
    ) -> PyResult<Self> {
        let media = Media::new(codec.0);
        let random = Random::draw(py)?;
        Ok(Self(fourwire::LegConfig {
            media: Media {
                payload_type: PayloadTypes {
                    other: other_payload_type.map(|it| it.0),
                    ..numbers(payload_type, receive_payload_type, None)
                        .unwrap_or(media.payload_type)
                },
                telephone_event: numbers(
                    telephone_event,
                    receive_telephone_event,
                    other_telephone_event,
                ),
                event_rate: event_rate.map_or(media.event_rate, |rate| rate.0),
                comfort_noise: numbers(comfort_noise, receive_comfort_noise, other_comfort_noise),
                idle: idle.0,
                packet_time: packet_time_ms.0,
                direction: direction.0,
                ..media
            },
            ssrc: Ssrc(ssrc.map_or(random.ssrc, |it| it.0)),
            first_sequence: first_sequence.map_or(random.sequence, |it| it.0),
            first_timestamp: first_timestamp.map_or(random.timestamp, |it| it.0),
            cname: cname.unwrap_or(random.cname),
            unix_time_at_origin: Duration::from_nanos(unix_time_ns.0),
        }))
    }

    #[getter]
    fn codec(&self) -> &'static str {
        AnyCodec::word(self.0.media.codec)
    }

    #[getter]
    fn payload_type(&self) -> u8 {
        self.0.media.payload_type.send.get()
    }

    #[getter]
    fn receive_payload_type(&self) -> u8 {
        self.0.media.payload_type.receive.get()
    }

    #[getter]
    fn other_payload_type(&self) -> Option<u8> {
        self.0.media.payload_type.other.map(PayloadType::get)
    }

    #[getter]
    fn telephone_event(&self) -> Option<u8> {
        self.0.media.telephone_event.map(|event| event.send.get())
    }

    #[getter]
    fn receive_telephone_event(&self) -> Option<u8> {
        self.0.media.telephone_event.map(|event| event.receive.get())
    }

    #[getter]
    fn other_telephone_event(&self) -> Option<u8> {
        self.0.media.telephone_event?.other.map(PayloadType::get)
    }

    #[getter]
    fn event_rate(&self) -> u32 {
        self.0.media.event_rate.hertz()
    }

    #[getter]
    fn comfort_noise(&self) -> Option<u8> {
        self.0.media.comfort_noise.map(|noise| noise.send.get())
    }

    #[getter]
    fn receive_comfort_noise(&self) -> Option<u8> {
        self.0.media.comfort_noise.map(|noise| noise.receive.get())
    }

    #[getter]
    fn other_comfort_noise(&self) -> Option<u8> {
        self.0.media.comfort_noise?.other.map(PayloadType::get)
    }

    #[getter]
    fn idle(&self) -> &'static str {
        Spelled::word(self.0.media.idle)
    }

    #[getter]
    fn packet_time_ms(&self) -> f64 {
        millis(self.0.media.packet_time)
    }

    #[getter]
    fn direction(&self) -> &'static str {
        Spelled::word(self.0.media.direction)
    }

    #[getter]
    fn ssrc(&self) -> u32 {
        self.0.ssrc.0
    }

    #[getter]
    fn first_sequence(&self) -> u16 {
        self.0.first_sequence
    }

    #[getter]
    fn first_timestamp(&self) -> u32 {
        self.0.first_timestamp
    }

    #[getter]
    fn cname(&self) -> &str {
        &self.0.cname
    }

    fn __repr__(&self) -> String {
        format!(
            "LegConfig(codec={:?}, payload_type={}, packet_time_ms={}, direction={:?})",
            self.codec(),
            self.payload_type(),
            self.packet_time_ms(),
            self.direction()
        )
    }
}

impl LegConfig {
    /// The configuration itself.
    pub(crate) fn inner(&self) -> &fourwire::LegConfig {
        &self.0
    }
}

/// A format's numbers both ways; the same where only one is given.
fn numbers(
    send: Option<SevenBits>,
    receive: Option<SevenBits>,
    other: Option<SevenBits>,
) -> Option<PayloadTypes> {
    let (send, receive) = (send.or(receive)?.0, receive.or(send)?.0);
    Some(PayloadTypes { send, receive, other: other.map(|it| it.0) })
}

/// What RFC 3550 §5.1 wants to be hard to guess.
struct Random {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    cname: String,
}

impl Random {
    /// Draws from the same source as Python's `secrets`.
    fn draw(py: Python<'_>) -> PyResult<Self> {
        let [a, b, c, d, e, f, g, h, i, j, cname @ ..]: [u8; 22] =
            py.import("os")?.call_method1("urandom", (22,))?.extract()?;
        Ok(Self {
            ssrc: u32::from_be_bytes([a, b, c, d]),
            sequence: u16::from_be_bytes([e, f]),
            timestamp: u32::from_be_bytes([g, h, i, j]),
            // 96 bits, as a short-term name has them (RFC 7022 §4.2).
            cname: cname.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

/// What the agent hears and speaks, in its replies and in its back channel.
type Formats = (Spelled<AudioFormat>, Spelled<AudioFormat>, Option<Spelled<AudioFormat>>);

/// How the agent wants to be spoken to; the arguments of `bridge`.
pub(crate) fn bridge_of(
    (input, output, back_channel): Formats,
    append: AppendTime,
    shape: Spelled<Shape>,
    early_barge_in: Early,
) -> Bridge {
    Bridge {
        input: input.0,
        output: output.0,
        back_channel: back_channel.unwrap_or(output).0,
        append: append.0,
        shape: shape.0,
        early_barge_in: early_barge_in.0,
    }
}

/// What is to be played; the arguments of `play`.
pub(crate) fn announcement_of(
    number: u64,
    audio: &Octets,
    format: Spelled<AudioFormat>,
    repeat: bool,
    gives_way: bool,
) -> Announcement {
    Announcement { number, format: format.0, audio: audio.to_vec(), repeat, gives_way }
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct Leg(Mutex<fourwire::Leg>);

#[pymethods]
impl Leg {
    #[new]
    fn new(config: &LegConfig, now_ns: Nanoseconds) -> Self {
        Self(Mutex::new(fourwire::Leg::new(config.0.clone(), now_ns.0)))
    }

    fn renegotiate(&self, py: Python<'_>, now_ns: Nanoseconds, config: &LegConfig) {
        self.0.held(py).renegotiate(now_ns.0, config.0.media);
    }

    #[expect(clippy::too_many_arguments, reason = "all are named and have a default")]
    #[pyo3(
        signature = (
            *, input=PCMU, output=PCMU, back_channel=None, append_ms=APPEND,
            shape=Spelled(Shape::Append), early_barge_in=Early(None),
        ),
        text_signature = "($self, *, input='audio/pcmu', output='audio/pcmu', back_channel=None, \
            append_ms=60, shape='append', early_barge_in=None)",
    )]
    fn bridge(
        &self,
        py: Python<'_>,
        input: Spelled<AudioFormat>,
        output: Spelled<AudioFormat>,
        back_channel: Option<Spelled<AudioFormat>>,
        append_ms: AppendTime,
        shape: Spelled<Shape>,
        early_barge_in: Early,
    ) {
        let formats = (input, output, back_channel);
        self.0.held(py).bridge(bridge_of(formats, append_ms, shape, early_barge_in));
    }

    fn unbridge(&self, py: Python<'_>) {
        self.0.held(py).unbridge();
    }

    fn receive(&self, py: Python<'_>, now_ns: Nanoseconds, datagram: Octets) -> &'static str {
        Spelled::word(self.0.held(py).receive(now_ns.0, &datagram))
    }

    fn receive_rtcp(&self, py: Python<'_>, now_ns: Nanoseconds, datagram: Octets) -> &'static str {
        Spelled::word(self.0.held(py).receive_rtcp(now_ns.0, &datagram))
    }

    fn receive_message(&self, py: Python<'_>, message: Octets) -> bool {
        self.0.held(py).receive_message(&message)
    }

    fn begin_response(&self, py: Python<'_>, response: &str) {
        self.0.held(py).begin_response(response);
    }

    #[pyo3(signature = (audio, *, response="", item=""))]
    fn say(&self, py: Python<'_>, audio: Octets, response: &str, item: &str) -> &'static str {
        Spelled::word(self.0.held(py).say(response, item, &audio))
    }

    fn say_back_channel(&self, py: Python<'_>, audio: Octets) -> &'static str {
        Spelled::word(self.0.held(py).say_back_channel(&audio))
    }

    fn barge_in(&self, py: Python<'_>) -> Interruption {
        self.0.held(py).barge_in().into()
    }

    fn clear(&self, py: Python<'_>) -> Interruption {
        self.0.held(py).clear().into()
    }

    #[pyo3(
        signature = (number, audio, *, format=PCM8, repeat=false, gives_way=false),
        text_signature = "($self, number, audio, *, format='audio/pcm;rate=8000', repeat=False, \
            gives_way=False)",
    )]
    fn play(
        &self,
        py: Python<'_>,
        number: Field<u64>,
        audio: Octets,
        format: Spelled<AudioFormat>,
        repeat: bool,
        gives_way: bool,
    ) {
        let announcement = announcement_of(number.0, &audio, format, repeat, gives_way);
        self.0.held(py).play(announcement);
    }

    fn stop_playing(&self, py: Python<'_>, number: Field<u64>) {
        self.0.held(py).stop_playing(number.0);
    }

    #[pyo3(
        signature = (digits, *, tone_ms=TONE, gap_ms=TONE),
        text_signature = "($self, digits, *, tone_ms=100, gap_ms=100)",
    )]
    fn send_digits(
        &self,
        py: Python<'_>,
        digits: &str,
        tone_ms: ToneTime,
        gap_ms: ToneTime,
    ) -> Result<(), Error> {
        Ok(self.0.held(py).send_digits(digits, tone_ms.0, gap_ms.0)?)
    }

    fn hear_in_band_keys(&self, py: Python<'_>, how: Spelled<InBandKeys>) {
        self.0.held(py).hear_in_band_keys(how.0);
    }

    fn mask(&self, py: Python<'_>, on: bool) {
        self.0.held(py).mask(on);
    }

    #[pyo3(signature = (rate))]
    fn record(&self, py: Python<'_>, rate: Option<Hertz>) {
        self.0.held(py).record(rate.map(|rate| rate.0));
    }

    fn poll<'py>(
        &self,
        py: Python<'py>,
        now_ns: Nanoseconds,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut leg = self.0.held(py);
        leg.poll(now_ns.0).map(|output| output_of(py, output)).transpose()
    }

    fn goodbye<'py>(&self, py: Python<'py>, now_ns: Nanoseconds) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.held(py).goodbye(now_ns.0))
    }

    #[getter]
    fn deadline_ns(&self, py: Python<'_>) -> u64 {
        self.0.held(py).deadline().as_nanos()
    }

    fn heard_ms(&self, py: Python<'_>, item: &str) -> Option<f64> {
        self.0.held(py).playout().ledger().heard(item).map(millis)
    }

    #[getter]
    fn waiting_ms(&self, py: Python<'_>) -> f64 {
        millis(self.0.held(py).playout().waiting())
    }

    fn counters(&self, py: Python<'_>) -> Counters {
        Counters::new(&self.0.held(py).counters().entries())
    }
}

impl Word for Received {
    const WHAT: &'static str = "what a datagram was";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("audio", Self::Audio),
        ("key", Self::Key),
        ("comfort noise", Self::ComfortNoise),
        ("rtcp", Self::Rtcp),
        ("dropped", Self::Dropped),
    ];
}

/// What both kinds of leg default to.
pub(crate) const PCMU: Spelled<AudioFormat> = Spelled(AudioFormat::G711(Law::Mu));

/// What an announcement is written in, unless it says so.
pub(crate) const PCM8: Spelled<AudioFormat> = Spelled(AudioFormat::Pcm16(ClockRate::Hz8000));

/// Audio in one message to the agent.
pub(crate) const APPEND: AppendTime = Span(Duration::from_millis(60));

/// How long a digit sounds, and how long the gap after it lasts.
pub(crate) const TONE: ToneTime = Span(Duration::from_millis(100));

fn output_of<'py>(py: Python<'py>, output: Output<'_>) -> PyResult<Bound<'py, PyAny>> {
    match output {
        Output::Rtp(datagram) => {
            Rtp { datagram: PyBytes::new(py, datagram).into() }.into_bound_py_any(py)
        }
        Output::Rtcp(datagram) => {
            Rtcp { datagram: PyBytes::new(py, datagram).into() }.into_bound_py_any(py)
        }
        Output::Append(message) => Ok(PyBytes::new(py, message).into_any()),
        Output::Audio { arrival, audio } => {
            let audio = PyBytes::new(py, audio).into();
            Audio { arrival_ns: arrival.as_nanos(), audio }.into_bound_py_any(py)
        }
        Output::Recorded(stretch) => {
            let side = if stretch.side == Side::Caller { "caller" } else { "agent" };
            let pcm = bytes_of(py, stretch.pcm)?.into();
            Recorded { side: side.into(), position: stretch.position, pcm }.into_bound_py_any(py)
        }
        Output::Event(event) => event_of(py, event),
    }
}

/// An event as Python's object.
pub(crate) fn event_of(py: Python<'_>, event: Event) -> PyResult<Bound<'_, PyAny>> {
    match event {
        Event::Key { digit, duration, in_band } => {
            Key { digit, duration_ms: millis(duration), in_band }.into_bound_py_any(py)
        }
        Event::ReplyStarted { item, at } => {
            ReplyStarted { item: item.into(), at_ns: at.as_nanos() }.into_bound_py_any(py)
        }
        Event::ReplyEnded { item, heard, at } => {
            let (item, heard_ms) = (item.into(), millis(heard));
            ReplyEnded { item, heard_ms, at_ns: at.as_nanos() }.into_bound_py_any(py)
        }
        Event::Drained => Drained.into_bound_py_any(py),
        Event::Ducked { item, heard } => {
            Ducked { item: item.into(), heard_ms: millis(heard) }.into_bound_py_any(py)
        }
        Event::Restored { item, softened } => {
            Restored { item: item.into(), softened_ms: millis(softened) }.into_bound_py_any(py)
        }
        Event::ClearedEarly => ClearedEarly.into_bound_py_any(py),
        Event::Interrupted(cut) => Interruption::from(cut).into_bound_py_any(py),
        Event::Unbridged => Unbridged.into_bound_py_any(py),
        Event::Played(it) => {
            let heard_ms = millis(it.heard);
            Played { number: it.number, heard_ms, whole: it.whole }.into_bound_py_any(py)
        }
        Event::RtpStopped => RtpStopped.into_bound_py_any(py),
        Event::RtpResumed => RtpResumed.into_bound_py_any(py),
        Event::Goodbye => Goodbye.into_bound_py_any(py),
    }
}
