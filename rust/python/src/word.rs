//! Words and numbers of Python's, read as the core's types; what does not fit is an error that
//! names it and what would fit.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use fourwire::listen::Shape;
use fourwire::sound::resampler::Preset;
use fourwire::wire::PayloadType;
use fourwire::{AudioFormat, ClockRate, Codec, Direction, Idle, Law, Moment};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyInt;

use crate::buffer::name_of;

/// A type of the core that Python writes as one of a few words.
pub(crate) trait Word: Copy + PartialEq + Sized + 'static {
    /// What the word stands for, as an error message names it.
    const WHAT: &'static str;
    /// Every word with its meaning.
    const WORDS: &'static [(&'static str, Self)];
}

/// A value that came as a word.
#[derive(Clone, Copy)]
pub(crate) struct Spelled<T>(pub(crate) T);

impl<T: Word> Spelled<T> {
    /// The word for `value`.
    pub(crate) fn word(value: T) -> &'static str {
        let found = T::WORDS.iter().find(|(_, meaning)| *meaning == value);
        found.map_or("", |(word, _)| word)
    }
}

impl<T: Word> FromPyObject<'_, '_> for Spelled<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let word: String = object.extract().map_err(|_| unknown::<T>(&object))?;
        let found = T::WORDS.iter().find(|(known, _)| *known == word);
        found.map(|&(_, meaning)| Self(meaning)).ok_or_else(|| unknown::<T>(&object))
    }
}

fn unknown<T: Word>(object: &Bound<'_, PyAny>) -> PyErr {
    let words: Vec<_> = T::WORDS.iter().map(|(word, _)| format!("{word:?}")).collect();
    let (what, words) = (T::WHAT, words.join(", "));
    PyValueError::new_err(format!("{what} is one of {words}, not {}", shown_word(object)))
}

/// `object` as an error message shows what came in the place of a word: what may be a key that came
/// in the wrong place is not shown.
fn shown_word(object: &Bound<'_, PyAny>) -> String {
    match object.extract::<String>() {
        Ok(word) if word.chars().count() > LONGEST_WORD => "a text that is no word".to_owned(),
        Err(_) if object.cast::<PyInt>().is_err() => name_of(object),
        _ => shown(object),
    }
}

/// Characters of the longest word that is taken anywhere.
const LONGEST_WORD: usize = 26;

/// `object` as an error message shows it.
pub(crate) fn shown(object: &Bound<'_, PyAny>) -> String {
    object.repr().map_or_else(|_| "?".to_owned(), |repr| repr.to_string())
}

impl Word for Codec {
    const WHAT: &'static str = "codec";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("PCMU", Self::G711(Law::Mu)),
        ("PCMA", Self::G711(Law::A)),
        ("G722", Self::G722),
        #[cfg(feature = "opus")]
        ("opus", Self::Opus(OPUS)),
    ];
}

/// Opus as nobody has said a word about it.
#[cfg(feature = "opus")]
const OPUS: fourwire::sound::opus::Opus = fourwire::sound::opus::Opus::DEFAULT;

/// A codec, as one of a few words or, where more is to be said, as an `Opus`.
#[derive(Clone, Copy)]
pub(crate) struct AnyCodec(pub(crate) Codec);

impl AnyCodec {
    /// The codec's word.
    pub(crate) fn word(codec: Codec) -> &'static str {
        match codec {
            #[cfg(feature = "opus")]
            Codec::Opus(_) => "opus",
            other => Spelled::word(other),
        }
    }
}

impl FromPyObject<'_, '_> for AnyCodec {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        #[cfg(feature = "opus")]
        if let Ok(opus) = object.cast::<crate::opus::Opus>() {
            return Ok(Self(Codec::Opus(opus.get().0)));
        }
        Ok(Self(object.extract::<Spelled<Codec>>()?.0))
    }
}

impl Word for Law {
    const WHAT: &'static str = "law of G.711";
    const WORDS: &'static [(&'static str, Self)] = &[("PCMU", Self::Mu), ("PCMA", Self::A)];
}

impl Word for Direction {
    const WHAT: &'static str = "direction";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("sendrecv", Self::SendRecv),
        ("sendonly", Self::SendOnly),
        ("recvonly", Self::RecvOnly),
        ("inactive", Self::Inactive),
    ];
}

impl Word for Idle {
    const WHAT: &'static str = "what is sent in silence";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("silence", Self::Silence),
        ("noise", Self::Noise),
        ("comfort_noise", Self::ComfortNoise),
    ];
}

impl Word for AudioFormat {
    const WHAT: &'static str = "audio format";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("audio/pcmu", Self::G711(Law::Mu)),
        ("audio/pcma", Self::G711(Law::A)),
        ("audio/pcm;rate=8000", Self::Pcm16(ClockRate::Hz8000)),
        ("audio/pcm;rate=16000", Self::Pcm16(ClockRate::Hz16000)),
        ("audio/pcm;rate=24000", Self::Pcm16(ClockRate::Hz24000)),
        ("audio/pcm;rate=48000", Self::Pcm16(ClockRate::Hz48000)),
        ("audio/pcm", Self::Pcm16(ClockRate::Hz24000)),
    ];
}

impl Word for Shape {
    const WHAT: &'static str = "shape";
    const WORDS: &'static [(&'static str, Self)] =
        &[("append", Self::Append), ("audio", Self::Audio)];
}

impl Word for Preset {
    const WHAT: &'static str = "preset";
    const WORDS: &'static [(&'static str, Self)] =
        &[("standard", Self::Standard), ("low_delay", Self::LowDelay)];
}

/// The whole number `object`; `None` where it is larger than any field.
fn whole(object: &Borrowed<'_, '_, PyAny>) -> PyResult<Option<i128>> {
    within(object.extract(), object.py())
}

/// What was extracted; `None` for a number that is out of all bounds, which is a wrong value and
/// no error of arithmetic.
fn within<T>(extracted: PyResult<T>, py: Python<'_>) -> PyResult<Option<T>> {
    match extracted {
        Err(error) if error.is_instance_of::<PyOverflowError>(py) => Ok(None),
        extracted => extracted.map(Some),
    }
}

/// A sample rate in hertz.
#[derive(Clone, Copy)]
pub(crate) struct Hertz(pub(crate) ClockRate);

impl FromPyObject<'_, '_> for Hertz {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let hertz = whole(&object)?.and_then(|hertz| u32::try_from(hertz).ok());
        hertz.and_then(ClockRate::new).map(Self).ok_or_else(|| {
            let hertz = shown(&object);
            PyValueError::new_err(format!(
                "sample rate is one of 8000, 16000, 24000, 48000 Hz, not {hertz}"
            ))
        })
    }
}

/// A payload type of RTP.
#[derive(Clone, Copy)]
pub(crate) struct SevenBits(pub(crate) PayloadType);

impl FromPyObject<'_, '_> for SevenBits {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let bits = whole(&object)?.and_then(|bits| u8::try_from(bits).ok());
        bits.and_then(PayloadType::new).map(Self).ok_or_else(|| {
            let bits = shown(&object);
            PyValueError::new_err(format!(
                "payload type is from 0 to 127 (RFC 3550 §5.1), not {bits}"
            ))
        })
    }
}

/// A reading of a monotonic clock, in nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Nanoseconds(pub(crate) Moment);

impl FromPyObject<'_, '_> for Nanoseconds {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let nanos = whole(&object)?.and_then(|nanos| u64::try_from(nanos).ok());
        nanos.map(|nanos| Self(Moment::from_nanos(nanos))).ok_or_else(|| {
            let nanos = shown(&object);
            PyValueError::new_err(format!("time is from 0 to {} ns, not {nanos}", u64::MAX))
        })
    }
}

/// A span of time in milliseconds, of at least and at most so many.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Span<const LEAST: u64, const MOST: u64>(pub(crate) Duration);

impl<const LEAST: u64, const MOST: u64> FromPyObject<'_, '_> for Span<LEAST, MOST> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let limits = Duration::from_millis(LEAST)..=Duration::from_millis(MOST);
        let span = within(object.extract::<f64>(), object.py())?
            .and_then(|span| Duration::try_from_secs_f64(span / 1_000.0).ok());
        span.filter(|span| limits.contains(span)).map(Self).ok_or_else(|| {
            let span = shown(&object);
            PyValueError::new_err(format!("a span from {LEAST} to {MOST} ms is needed, not {span}"))
        })
    }
}

/// The audio of a packet; telephony has no shorter ones, and longer ones would delay a barge-in.
pub(crate) type PacketTime = Span<10, 60>;

/// The most that a playout buffer delays.
pub(crate) type LongestDelay = Span<60, 2_000>;

/// The audio of a message to the agent; more of it would be no conversation.
pub(crate) type AppendTime = Span<10, 1_000>;

/// How long a digit sounds, or the silence after it.
pub(crate) type ToneTime = Span<0, 60_000>;

/// How long a barge-in is waited for, or spoken into.
pub(crate) type WaitTime = Span<20, 10_000>;

/// How often an engine looks at its calls.
pub(crate) type TickTime = Span<1, 20>;

/// `span` in milliseconds.
pub(crate) fn millis(span: Duration) -> f64 {
    span.as_nanos() as f64 / 1e6
}

/// A whole number that fits into the field of this many bits.
#[derive(Clone, Copy)]
pub(crate) struct Field<T>(pub(crate) T);

impl<T: TryFrom<i128>> FromPyObject<'_, '_> for Field<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let wrong =
            || PyTypeError::new_err(format!("a whole number is needed, not {}", shown(&object)));
        let number = whole(&object).map_err(|_| wrong())?;
        number.and_then(|number| T::try_from(number).ok()).map(Self).ok_or_else(|| {
            let most = (1_u128 << (8 * size_of::<T>())) - 1;
            let number = shown(&object);
            PyValueError::new_err(format!(
                "a whole number from 0 to {most} is needed, not {number}"
            ))
        })
    }
}

/// A level difference in whole decibels, from 1 to 60.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Decibels(pub(crate) u8);

impl FromPyObject<'_, '_> for Decibels {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let decibels = whole(&object)?.and_then(|decibels| u8::try_from(decibels).ok());
        decibels.filter(|it| (1..=60).contains(it)).map(Self).ok_or_else(|| {
            let decibels = shown(&object);
            PyValueError::new_err(format!("from 1 to 60 decibels are needed, not {decibels}"))
        })
    }
}

/// An IP address.
#[derive(Clone, Copy)]
pub(crate) struct Ip(pub(crate) IpAddr);

impl FromPyObject<'_, '_> for Ip {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let address: String = object.extract()?;
        address.parse().map(Self).map_err(|_| {
            PyValueError::new_err(format!("an IP address is needed, not {}", shown(&object)))
        })
    }
}

/// Where someone is reached: an IP address and a port.
#[derive(Clone, Copy)]
pub(crate) struct Place(pub(crate) SocketAddr);

impl FromPyObject<'_, '_> for Place {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let (address, port): (Ip, Field<u16>) = object.extract()?;
        Ok(Self(SocketAddr::new(address.0, port.0)))
    }
}

/// The first and the last port of a range that holds at least one pair for a call: an even port
/// and the odd one above it (RFC 3550 §11).
#[derive(Clone)]
pub(crate) struct Ports(pub(crate) RangeInclusive<u16>);

impl FromPyObject<'_, '_> for Ports {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let (first, last): (Field<u16>, Field<u16>) = object.extract()?;
        if u32::from(first.0).next_multiple_of(2) < u32::from(last.0) {
            return Ok(Self(first.0..=last.0));
        }
        let ports = shown(&object);
        Err(PyValueError::new_err(format!("ports {ports} hold no even port with an odd one above")))
    }
}
