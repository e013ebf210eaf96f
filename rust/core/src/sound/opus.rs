//! Opus (RFC 6716, updated by RFC 8251) by libopus; mono.
//!
//! ```
//! use fourwire::sound::opus::{Decoder, Encoder, Opus};
//!
//! let opus = Opus::default();
//! let (mut encoder, mut decoder) = (Encoder::new(opus), Decoder::new(opus.rate));
//! let (mut packet, mut pcm) = (Vec::new(), Vec::new());
//! encoder.encode_into(&[500; 480], &mut packet);
//! decoder.decode_into(&packet, &mut pcm);
//! assert_eq!(pcm.len(), 480); // 20 ms at 24 kHz
//! ```

mod packet;

use opusic_c::{Application, Bandwidth, Bitrate, Channels, InbandFec, SampleRate, Signal};

pub use self::packet::periods;
use crate::ClockRate;

/// What both sides said of their Opus (RFC 7587 §6.1), as far as it matters to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opus {
    /// The rate of the samples that we take and give. Any will do, whatever the other side has:
    /// libopus resamples on the way, so it is best the agent's own.
    pub rate: ClockRate,
    /// The highest rate that the other side can play (`maxplaybackrate`).
    pub playback: ClockRate,
    /// Bits a second that we send on average, at most what the other side wants
    /// (`maxaveragebitrate`).
    pub bitrate: u32,
    /// Whether the other side makes use of forward error correction (`useinbandfec`).
    pub fec: bool,
    /// Whether the other side prefers that silence costs next to nothing (`usedtx`).
    pub dtx: bool,
    /// Whether the other side prefers that every packet has the same length (`cbr`): then those
    /// under SRTP do not tell what is said by how long they are (RFC 6562 §3).
    pub cbr: bool,
}

impl Opus {
    /// Opus of which nothing else is known.
    pub const DEFAULT: Self = Self {
        rate: ClockRate::Hz24000,
        playback: ClockRate::Hz48000,
        bitrate: 32_000,
        fec: true,
        dtx: false,
        cbr: false,
    };
}

impl Default for Opus {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Samples in, packets out.
pub struct Encoder(opusic_c::Encoder);

impl Encoder {
    /// An encoder of samples at `opus.rate`.
    ///
    /// # Panics
    /// Where there is no memory.
    pub fn new(opus: Opus) -> Self {
        let rate = sample_rate(opus.rate);
        let encoder = opusic_c::Encoder::new(Channels::Mono, rate, Application::Voip);
        let mut encoder = encoder.expect("a rate that Opus knows needs nothing but memory");
        let settings = [
            encoder.set_bitrate(Bitrate::Value(opus.bitrate.clamp(LOWEST_BITRATE, BEST_BITRATE))),
            encoder.set_complexity(COMPLEXITY),
            encoder.set_signal(Signal::Voice),
            encoder.set_max_bandwidth(bandwidth(opus.playback)),
            encoder.set_inband_fec(if opus.fec { InbandFec::Mode1 } else { InbandFec::Off }),
            encoder.set_packet_loss(if opus.fec { EXPECTED_LOSS } else { 0 }),
            encoder.set_dtx(opus.dtx),
            encoder.set_vbr(!opus.cbr),
        ];
        debug_assert!(settings.iter().all(Result::is_ok), "{settings:?}");
        Self(encoder)
    }

    /// Appends the packet of `pcm`, which lasts 10, 20, 40 or 60 ms, to `packet`.
    pub fn encode_into(&mut self, pcm: &[i16], packet: &mut Vec<u8>) {
        let start = packet.len();
        packet.resize(start + LONGEST_PACKET, 0);
        let samples = bytemuck::cast_slice(pcm);
        // Of another length nothing can be made: an empty packet is silence to everybody.
        let length = self.0.encode_to_slice(samples, &mut packet[start..]).unwrap_or(0);
        packet.truncate(start + length);
    }
}

/// Packets in, samples out.
pub struct Decoder {
    decoder: opusic_c::Decoder,
    rate: ClockRate,
}

impl Decoder {
    /// A decoder to samples at `rate`.
    ///
    /// # Panics
    /// Where there is no memory.
    pub fn new(rate: ClockRate) -> Self {
        let decoder = opusic_c::Decoder::new(Channels::Mono, sample_rate(rate));
        let decoder = decoder.expect("a rate that Opus knows needs nothing but memory");
        Self { decoder, rate }
    }

    /// Appends the samples of `packet` to `pcm`: as many as [`periods`] says, made up where the
    /// packet is damaged.
    pub fn decode_into(&mut self, packet: &[u8], pcm: &mut Vec<i16>) {
        let samples = periods(packet) * self.rate.hertz() as usize / 48_000;
        self.fill(packet, false, samples, pcm);
    }

    /// Appends `samples` samples that were lost. Where the packet behind them is known and tells
    /// of the last of them (in-band forward error correction, RFC 6716 §2.1.7), these are what was
    /// said; the rest is made up.
    pub fn conceal(&mut self, samples: usize, behind: Option<&[u8]>, pcm: &mut Vec<i16>) {
        // libopus makes whole steps of 2.5 ms; no loss is of any other length but by mistake.
        let step = self.rate.hertz() as usize / 400;
        // libopus lays what it is asked for on the stack: never more than a packet can hold.
        let longest = packet::LONGEST * self.rate.hertz() as usize / 48_000;
        let (start, mut left) = (pcm.len(), samples.next_multiple_of(step));
        while left > longest {
            self.fill(&[], false, longest, pcm);
            left -= longest;
        }
        match behind {
            Some(packet) => self.fill(packet, true, left, pcm),
            None => self.fill(&[], false, left, pcm),
        }
        pcm.truncate(start + samples);
    }

    fn fill(&mut self, packet: &[u8], fec: bool, samples: usize, pcm: &mut Vec<i16>) {
        let start = pcm.len();
        pcm.resize(start + samples, 0);
        let out = bytemuck::cast_slice_mut(&mut pcm[start..]);
        if samples > 0 && self.decoder.decode_to_slice(packet, out, fec).is_err() {
            // Damaged: as good as lost. Where even that fails, silence stands there already.
            let _ = self.decoder.decode_to_slice(&[], out, false);
        }
    }
}

const fn sample_rate(rate: ClockRate) -> SampleRate {
    match rate {
        ClockRate::Hz8000 => SampleRate::Hz8000,
        ClockRate::Hz16000 => SampleRate::Hz16000,
        ClockRate::Hz24000 => SampleRate::Hz24000,
        ClockRate::Hz48000 => SampleRate::Hz48000,
    }
}

const fn bandwidth(rate: ClockRate) -> Bandwidth {
    match rate {
        ClockRate::Hz8000 => Bandwidth::Narrow,
        ClockRate::Hz16000 => Bandwidth::Wide,
        ClockRate::Hz24000 => Bandwidth::Superwide,
        ClockRate::Hz48000 => Bandwidth::Full,
    }
}

/// The least that `maxaveragebitrate` can ask for (RFC 7587 §6.1).
const LOWEST_BITRATE: u32 = 6_000;

/// More than this no voice needs.
const BEST_BITRATE: u32 = 128_000;

/// The longest packet that is made: what `BEST_BITRATE` takes in 60 ms, with room to spare.
const LONGEST_PACKET: usize = 1275;

/// How much is tried for the best sound, of 10: the last steps double the cost and are not heard
/// in speech.
const COMPLEXITY: u8 = 5;

/// The loss in percent that forward error correction is made for.
const EXPECTED_LOSS: u8 = 10;
