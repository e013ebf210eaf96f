//! The caller's speech as one unbroken line of samples.

use std::time::Duration;

use super::concealer::{Concealer, FORESIGHT_MS};
use super::dejitter::{Arrival, Dejitter, DejitterConfig, DejitterCounters, Stretch};
use super::source::Source;
use crate::sound::codec::Decoder;
use crate::wire::{ComfortNoise, RtpPacket};
use crate::{Codec, Moment};

/// Packets in, samples out: in order, holes filled, as many as time has passed.
///
/// ```
/// use std::time::Duration;
/// use fourwire::{Codec, Law, Moment, listen::Listener, wire::{PayloadType, RtpPacket, Ssrc}};
///
/// let mut listener = Listener::new(Codec::G711(Law::Mu), Duration::from_millis(20));
/// let packet = RtpPacket::new(PayloadType::PCMU, 1, 160, Ssrc(9), &[0xFF; 160]);
/// listener.receive(Moment::from_millis(0), &packet);
/// let mut pcm = Vec::new();
/// while listener.poll(Moment::from_millis(0), &mut pcm).is_some() {}
/// assert_eq!(pcm.len(), 160);
/// ```
pub struct Listener {
    codec: Codec,
    decoder: Decoder,
    dejitter: Dejitter,
    concealer: Concealer,
    /// When the caller said that he is silent, until he speaks.
    silent_since: Option<Moment>,
    /// What was decoded before its turn, because a hole leads over to it.
    foreseen: Vec<i16>,
    line: Line,
}

/// What of the timeline is less than a sample, and waits for the rest.
#[derive(Default)]
struct Line {
    rest: usize,
}

impl Line {
    /// How many samples the next `periods` of the timestamps complete.
    fn samples(&mut self, codec: Codec, periods: usize) -> usize {
        let all = self.rest + periods * codec.audio_rate().hertz() as usize;
        let period = codec.timestamp_rate().hertz() as usize;
        self.rest = all % period;
        all / period
    }
}

/// The most that is decoded before its turn: the longest packet.
const MOST_FORESEEN: Duration = Duration::from_millis(120);

/// Where samples came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A packet that arrived then.
    Received(Moment),
    /// Concealment of a packet that did not.
    Concealed,
    /// Comfort noise while the caller sends nothing.
    Quiet,
}

impl Listener {
    /// A listener to packets of `codec` that last about `packet_time`.
    pub fn new(codec: Codec, packet_time: Duration) -> Self {
        Self {
            codec,
            decoder: Decoder::new(codec),
            dejitter: Dejitter::new(DejitterConfig {
                clock_rate: codec.timestamp_rate(),
                packet_time,
                ..Default::default()
            }),
            concealer: Concealer::new(codec.audio_rate()),
            silent_since: None,
            foreseen: Vec::with_capacity(codec.audio_rate().samples_in(MOST_FORESEEN)),
            line: Line::default(),
        }
    }

    /// Read what is yet to be polled by another codec, whose samples may come at another rate.
    pub fn renegotiate(&mut self, codec: Codec) {
        if codec.audio_rate() != self.codec.audio_rate() {
            self.concealer = Concealer::new(codec.audio_rate());
        }
        if codec.timestamp_rate() != self.codec.timestamp_rate() {
            self.dejitter.change_clock(codec.timestamp_rate());
        }
        if codec != self.codec {
            self.decoder = Decoder::new(codec);
            self.line = Line::default();
            self.foreseen.clear();
            self.foreseen.reserve(codec.audio_rate().samples_in(MOST_FORESEEN));
        }
        self.codec = codec;
    }

    /// Hear what comes next as a beginning: packets whose numbers lie before it are not missing, for
    /// some mixers go on counting while they send nothing to who is not to hear.
    pub fn begin_anew(&mut self) {
        self.dejitter.reset();
    }

    /// Give up waiting for what is missing before the next packet that is here, which can then be
    /// polled; false where none is.
    pub fn hurry(&mut self) -> bool {
        self.dejitter.hurry();
        self.dejitter.waits()
    }

    /// Take in a packet that arrived at `arrival`.
    pub fn receive(&mut self, arrival: Moment, packet: &RtpPacket<'_>) -> Arrival {
        self.dejitter.receive(arrival, packet, self.codec.periods(packet.payload))
    }

    /// Take in a packet that is not to be heard, such as a telephone event or comfort noise: where
    /// it is of the same stream, its sequence number is not missing. Other streams are ignored, for
    /// some gateways send their events as one of their own.
    pub fn pass(&mut self, arrival: Moment, packet: &RtpPacket<'_>) {
        if self.source().ssrc() == Some(packet.ssrc) {
            self.dejitter.receive(arrival, &RtpPacket { payload: &[], ..*packet }, 0);
        }
    }

    /// Take in a packet that tells how the caller's silence sounds (RFC 3389); false where it tells
    /// nothing. What it tells is believed until he speaks.
    pub fn hush(&mut self, arrival: Moment, packet: &RtpPacket<'_>) -> bool {
        let told = ComfortNoise::parse(packet.payload);
        if told.is_some() && self.source().ssrc() == Some(packet.ssrc) {
            self.silent_since = Some(arrival);
            self.concealer.believe(told);
        }
        self.pass(arrival, packet);
        told.is_some()
    }

    /// Appends the next samples at [`Codec::audio_rate`] to `pcm`, if any are due at `now`.
    /// Call until `None`.
    pub fn poll(&mut self, now: Moment, pcm: &mut Vec<i16>) -> Option<Heard> {
        let start = pcm.len();
        Some(match self.dejitter.poll(now)? {
            Stretch::Received { payload, overlap, samples, arrival, .. } => {
                let due = self.line.samples(self.codec, samples);
                if self.foreseen.is_empty() {
                    self.decoder.decode_into(payload, overlap, pcm);
                    pcm.drain(start..pcm.len() - due);
                } else {
                    pcm.extend(self.foreseen.drain(..due));
                }
                if !self.decoder.conceals() {
                    self.concealer.hear(&mut pcm[start..]);
                }
                if self.silent_since.is_some_and(|since| since < arrival) {
                    self.silent_since = None;
                    self.concealer.believe(None);
                }
                Heard::Received(arrival)
            }
            Stretch::Lost { samples } => {
                let samples = self.line.samples(self.codec, samples);
                self.make_up_for_loss(samples, pcm);
                Heard::Concealed
            }
            // A stream that stops is faded out just like a loss, and goes on as comfort noise.
            Stretch::Quiet { samples } => {
                let samples = self.line.samples(self.codec, samples);
                if !self.decoder.conceal(samples, None, pcm) {
                    self.concealer.conceal(pcm, samples);
                }
                Heard::Quiet
            }
        })
    }

    /// Appends `samples` lost samples: by the codec's own means where it has some, to which the
    /// packet behind the hole may tell what was said.
    fn make_up_for_loss(&mut self, samples: usize, pcm: &mut Vec<i16>) {
        if !self.decoder.conceal(samples, self.dejitter.coming().next(), pcm) {
            self.foresee();
            self.concealer.conceal_before(&self.foreseen, pcm, samples);
        }
    }

    /// Decodes what follows a hole, which is here: else the hole would still be waited for. Its
    /// packets are the next to be polled.
    fn foresee(&mut self) {
        let enough = FORESIGHT_MS * self.codec.audio_rate().hertz() as usize / 1000;
        for payload in self.dejitter.coming() {
            let samples = self.codec.samples(self.codec.periods(payload));
            let foreseen = self.foreseen.len();
            if foreseen >= enough || foreseen + samples > self.foreseen.capacity() {
                return;
            }
            self.decoder.decode_into(payload, 0, &mut self.foreseen);
        }
    }

    /// When to call [`poll`](Self::poll) again though nothing arrived.
    pub fn deadline(&self) -> Option<Moment> {
        self.dejitter.deadline()
    }

    /// The stream that is heard.
    pub fn source(&self) -> &Source {
        self.dejitter.source()
    }

    /// The stream that is heard, to be reported about.
    pub fn source_mut(&mut self) -> &mut Source {
        self.dejitter.source_mut()
    }

    /// What arrived and what became of it; samples are counted at [`Codec::timestamp_rate`].
    pub fn counters(&self) -> DejitterCounters {
        self.dejitter.counters()
    }
}
