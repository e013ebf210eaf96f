//! Values that many targets draw.

use std::sync::LazyLock;
use std::time::Duration;

use arbitrary::Arbitrary;
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{AudioFormat, ClockRate, Codec, Law};

/// A sample rate.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Rate {
    Hz8000,
    Hz16000,
    Hz24000,
    Hz48000,
}

impl Rate {
    pub fn clock(self) -> ClockRate {
        match self {
            Self::Hz8000 => ClockRate::Hz8000,
            Self::Hz16000 => ClockRate::Hz16000,
            Self::Hz24000 => ClockRate::Hz24000,
            Self::Hz48000 => ClockRate::Hz48000,
        }
    }
}

/// A format of audio.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Format {
    Mu,
    A,
    Pcm(Rate),
}

impl Format {
    pub fn audio(self) -> AudioFormat {
        match self {
            Self::Mu => AudioFormat::G711(Law::Mu),
            Self::A => AudioFormat::G711(Law::A),
            Self::Pcm(rate) => AudioFormat::Pcm16(rate.clock()),
        }
    }
}

/// How much time passes between two operations: mostly that of a packet, at times much more.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Pause {
    None,
    Micros(u16),
    Packet,
    Millis(u16),
}

impl Pause {
    pub fn span(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Micros(micros) => Duration::from_micros(micros.into()),
            Self::Packet => Duration::from_millis(20),
            Self::Millis(millis) => Duration::from_millis(u64::from(millis % 4096)),
        }
    }
}

/// Where the next packet of a stream goes on.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Step {
    /// Where the last one ended.
    On,
    /// A little before or after that.
    Near(i8),
    /// Anywhere.
    Anywhere(u32),
}

/// Draws packets of one stream, in which much goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stream {
    sequence: u16,
    timestamp: u32,
}

/// A packet to come.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Draft {
    sequence: Step,
    timestamp: Step,
    other_ssrc: bool,
    marker: bool,
    /// Bytes of its payload: at most two packet times and some.
    size: u16,
}

impl Draft {
    /// How many bytes it carries.
    pub fn size(self) -> usize {
        usize::from(self.size) % 700
    }
}

impl Stream {
    /// The packet that `draft` makes after those before.
    pub fn packet<'a>(
        &mut self,
        draft: Draft,
        payload_type: PayloadType,
        payload: &'a [u8],
    ) -> RtpPacket<'a> {
        let sequence = match draft.sequence {
            Step::On => self.sequence,
            Step::Near(by) => self.sequence.wrapping_add_signed(by.into()),
            Step::Anywhere(number) => number as u16,
        };
        let timestamp = match draft.timestamp {
            Step::On => self.timestamp,
            Step::Near(by) => self.timestamp.wrapping_add_signed(i32::from(by) * 80),
            Step::Anywhere(number) => number,
        };
        self.sequence = sequence.wrapping_add(1);
        self.timestamp = timestamp.wrapping_add(payload.len() as u32);
        let ssrc = Ssrc(1 + u32::from(draft.other_ssrc));
        let packet = RtpPacket::new(payload_type, sequence, timestamp, ssrc, payload);
        RtpPacket { marker: draft.marker, ..packet }
    }
}

/// Bytes for payloads: every code, at every place within a packet.
pub fn codes(length: usize) -> Vec<u8> {
    /// Made once: every step of making it would be watched.
    static ALL: LazyLock<Vec<u8>> =
        LazyLock::new(|| (0..=usize::from(u16::MAX)).map(|n| (n * 7 + n / 256) as u8).collect());
    ALL[..length].to_vec()
}

impl Draft {
    /// The packet that comes where nothing goes wrong.
    pub const NEXT: Self = Self {
        sequence: Step::On,
        timestamp: Step::On,
        other_ssrc: false,
        marker: false,
        size: 160,
    };
}

/// A run of samples.
#[derive(Arbitrary, Clone, Debug)]
pub enum Sound {
    Silence(u16),
    /// Full scale, turning every so many samples.
    Square(u16, u8),
    /// Rises and falls by a step.
    Ramp(u16, i16),
    Given(Vec<i16>),
}

impl Sound {
    /// Its samples, at most two seconds at 8 kHz.
    pub fn pcm(&self) -> Vec<i16> {
        let length = |samples: &u16| usize::from(*samples) % 16_000;
        match self {
            Self::Silence(samples) => vec![0; length(samples)],
            Self::Square(samples, period) => (0..length(samples))
                .map(|n| if n / (usize::from(*period) + 1) % 2 == 0 { i16::MAX } else { i16::MIN })
                .collect(),
            Self::Ramp(samples, step) => {
                (0..length(samples)).map(|n| step.wrapping_mul(n as i16)).collect()
            }
            Self::Given(pcm) => pcm.clone(),
        }
    }
}

/// Cuts `whole` at places that `cuts` name, in their order.
pub fn pieces<'a, T>(whole: &'a [T], cuts: &[u16]) -> impl Iterator<Item = &'a [T]> + use<'a, T> {
    let mut places: Vec<usize> =
        cuts.iter().map(|&cut| usize::from(cut) % (whole.len() + 1)).collect();
    places.sort_unstable();
    places.push(whole.len());
    let mut start = 0;
    places.into_iter().map(move |end| &whole[std::mem::replace(&mut start, end)..end])
}

/// One of the codecs, whatever the number.
pub fn codec(number: u8) -> Codec {
    match number % 4 {
        0 => Codec::G711(Law::Mu),
        1 => Codec::G711(Law::A),
        #[cfg(feature = "opus")]
        2 => Codec::Opus(crate::opus::agreed(number)),
        _ => Codec::G722,
    }
}
