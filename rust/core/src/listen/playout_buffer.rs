//! Packets in, samples at the pace of a loudspeaker out: the jitter buffer towards ears.
//!
//! An ear wants its samples when it wants them, and there are always as many as were asked for.
//! They come as early as the network allows: the buffer watches when packets arrive, aims at the
//! least delay at which nearly all of them are in time, and gets there without a click.
//!
//! - Speech had better not change its pace, so the delay changes where nobody notices: in the
//!   pauses of speech, and while the sender is silent. Only where there are no pauses for long is
//!   sound shortened and lengthened by whole pitch periods ([`TimeStretch`]).
//! - Packets that are missing when their turn comes are given up, and the hole is filled from both
//!   sides ([`Concealer`]). Where losses are frequent, the delay leaves time for the packet behind.
//! - While nothing comes the timeline waits. What then comes a little late is dropped as far as it
//!   is overdue, if that is rare, so that the delay stays; what was held up for longer is heard.
//! - The sender's clock may run fast or slow: that is a delay that changes slowly, and is met like
//!   all others.
//!
//! Packets are put in order by a [`Dejitter`], whose judgement of restarts, jumps and silence
//! holds here too.

mod counters;
mod decide;
mod delay;
mod drift;
mod fastest;
mod histogram;
mod line;
mod operate;

use std::time::Duration;

pub use self::counters::PlayoutCounters;
pub use self::decide::{Limits, Operation, Status, decide};
use self::delay::Delay;
use self::line::Line;
use super::concealer::Concealer;
use super::dejitter::{Arrival, Dejitter, DejitterConfig, Stretch};
use super::source::Source;
use super::time_stretch::TimeStretch;
use crate::sound::codec::Decoder;
use crate::wire::{ComfortNoise, PayloadType, RtpPacket};
use crate::{ClockRate, Codec, Law, Moment};

/// How a [`PlayoutBuffer`] is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutConfig {
    /// What packets carry, and so the rates of their timestamps and of what is heard.
    pub codec: Codec,
    /// How much audio a packet usually carries. Others may come at any time.
    pub packet_time: Duration,
    /// The most delay that is aimed at. No more audio than that is kept waiting, or what is oldest
    /// of it is dropped.
    pub longest_delay: Duration,
}

impl Default for PlayoutConfig {
    fn default() -> Self {
        Self {
            codec: Codec::G711(Law::Mu),
            packet_time: Duration::from_millis(20),
            longest_delay: Duration::from_millis(500),
        }
    }
}

/// The jitter buffer towards ears: feed it with [`receive`](Self::receive), and take samples out
/// with [`play`](Self::play) when they are needed.
///
/// It takes all its memory at its making.
///
/// ```
/// use fourwire::listen::playout_buffer::{PlayoutBuffer, PlayoutConfig};
/// use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
/// use fourwire::Moment;
///
/// let mut buffer = PlayoutBuffer::new(PlayoutConfig::default());
/// let mut heard = Vec::new();
/// for number in 0..100_u16 {
///     let now = Moment::from_millis(u64::from(number) * 20);
///     let timestamp = u32::from(number) * 160;
///     let packet = RtpPacket::new(PayloadType::PCMU, number, timestamp, Ssrc(1), &[0x2A; 160]);
///     buffer.receive(now, &packet);
///     buffer.play(now, 160, &mut heard);
/// }
/// assert_eq!(heard.len(), 16_000);
/// ```
pub struct PlayoutBuffer {
    config: PlayoutConfig,
    /// The clock of the timestamps.
    clock_rate: ClockRate,
    /// The rate of the samples.
    rate: ClockRate,
    limits: Limits,
    decoder: Decoder,
    dejitter: Dejitter,
    delay: Delay,
    line: Line,
    concealer: Concealer,
    stretch: TimeStretch,
    /// The sender's silence before what comes next, in clock periods; `Some` before the first
    /// packet too.
    pause: Option<i64>,
    /// What was heard last is made up.
    made_up: bool,
    /// Samples that are ready and that the concealer knows already.
    known: usize,
    /// The timeline waited for what is ready.
    held: bool,
    /// Room for samples made up before such as are ready.
    lead: Vec<i16>,
    /// Samples made up since audio was last played.
    starved: usize,
    /// Those of them that the timeline knows nothing of.
    owed: usize,
    /// Samples played since something was stretched.
    unchanged: usize,
    /// Samples played since the lag was near its target, or brought nearer.
    astray: usize,
    /// Samples played since that was tried.
    untried: usize,
    /// The lag of what was played last.
    played_lag: i64,
    /// The sender has said that it is silent now (RFC 3389).
    silent: bool,
    counters: PlayoutCounters,
}

impl PlayoutBuffer {
    /// An empty buffer.
    pub fn new(config: PlayoutConfig) -> Self {
        let (clock_rate, rate) = (config.codec.timestamp_rate(), config.codec.audio_rate());
        let dejitter = DejitterConfig {
            clock_rate,
            packet_time: config.packet_time,
            reorder_limit: config.longest_delay,
            quiet_after: Duration::MAX,
        };
        let limits = Limits::new(rate);
        let longest = clock_rate.samples_in(config.longest_delay) as i64;
        let room = rate.samples_in(config.longest_delay + LONGEST_PACKET);
        Self {
            config,
            clock_rate,
            rate,
            limits,
            decoder: Decoder::new(config.codec),
            dejitter: Dejitter::new(dejitter),
            delay: Delay::new(clock_rate, longest),
            line: Line::new(TimeStretch::context(rate), room),
            concealer: Concealer::new(rate),
            stretch: TimeStretch::new(rate),
            pause: Some(0),
            made_up: false,
            known: 0,
            held: false,
            lead: Vec::with_capacity(limits.bridge.max(TimeStretch::context(rate))),
            starved: 0,
            owed: 0,
            unchanged: 0,
            untried: 0,
            astray: 0,
            played_lag: 0,
            silent: false,
            counters: PlayoutCounters::default(),
        }
    }

    /// Takes in a packet that arrived at `arrival`: when the kernel says it did, not when somebody
    /// found the time to read it.
    pub fn receive(&mut self, arrival: Moment, packet: &RtpPacket<'_>) -> Arrival {
        if packet.payload_type == PayloadType::CN {
            return self.pass(arrival, packet);
        }
        let periods = self.config.codec.periods(packet.payload);
        let said = self.dejitter.receive(arrival, packet, periods);
        match said {
            Arrival::Restarted(_) => self.delay.restart(),
            Arrival::Accepted | Arrival::Late => {}
            _ => return said,
        }
        self.silent = false;
        self.concealer.believe(None);
        self.measure(arrival, packet, periods as i64);
        self.pull();
        self.keep_cap();
        said
    }

    /// Takes in a packet that is not to be heard, such as a telephone event or comfort noise: where
    /// it is of the same stream, its sequence number is not missing. Other streams are ignored.
    pub fn pass(&mut self, arrival: Moment, packet: &RtpPacket<'_>) -> Arrival {
        if self.dejitter.source().ssrc() != Some(packet.ssrc) {
            return Arrival::Stray;
        }
        if packet.payload_type == PayloadType::CN {
            self.silent = true;
            self.concealer.believe(ComfortNoise::parse(packet.payload));
        }
        let said = self.dejitter.receive(arrival, &RtpPacket { payload: &[], ..*packet }, 0);
        self.pull();
        said
    }

    /// Appends `samples` samples to `out`, which are to be heard from `now` on.
    pub fn play(&mut self, now: Moment, samples: usize, out: &mut Vec<i16>) {
        self.delay.take(now, self.periods(samples));
        let mut done = 0;
        while done < samples {
            let status = self.status(done);
            done += self.operate(decide(status, self.limits), status, samples - done, out);
        }
        self.counters.out_samples += samples as u64;
    }

    /// How much later the next sample is played than the fastest packets lately would have allowed
    /// for, if each had brought one sample.
    pub fn delay(&self) -> Duration {
        self.span(self.delay.next_lag(self.position()))
    }

    /// What the delay should be.
    pub fn target(&self) -> Duration {
        self.span(self.delay.target())
    }

    /// How many parts in a million the sender's clock is faster than the one that times are told
    /// by; zero in the first seconds.
    pub fn drift_ppm(&self) -> f64 {
        self.delay.drift_ppm()
    }

    /// The stream that is heard.
    pub fn source(&self) -> &Source {
        self.dejitter.source()
    }

    /// The stream that is heard, to be reported about.
    pub fn source_mut(&mut self) -> &mut Source {
        self.dejitter.source_mut()
    }

    /// What happened so far.
    pub fn counters(&self) -> PlayoutCounters {
        PlayoutCounters {
            packets: self.dejitter.counters(),
            waiting_samples: self.line.ready() as u64,
            ..self.counters
        }
    }

    /// Learns what delay a packet needed.
    fn measure(&mut self, arrival: Moment, packet: &RtpPacket<'_>, periods: i64) {
        if let Some(start) = self.dejitter.place_of(packet) {
            let end = start + periods;
            self.delay.lose(self.dejitter.lost());
            self.delay.hear(arrival, start, end, end >= self.dejitter.newest_end());
        }
    }

    /// Decodes all that is certain, up to the sender's next pause.
    fn pull(&mut self) {
        while self.pause.is_none() {
            match self.dejitter.poll_certain() {
                Some(Stretch::Received { payload, overlap, samples, .. }) => {
                    let wanted = self.config.codec.samples(samples);
                    let line = self.line.end();
                    let from = line.len();
                    self.decoder.decode_into(payload, overlap, line);
                    // Some codecs give all of a packet, also what is out already.
                    line.drain(from..from + (line.len() - from).saturating_sub(wanted));
                    self.counters.decoded_samples += (line.len() - from) as u64;
                    self.held |= self.owed > 0;
                    self.owed = 0;
                }
                Some(Stretch::Lost { samples } | Stretch::Quiet { samples }) => {
                    self.pause = Some(samples as i64);
                    self.owed = 0;
                }
                None => {
                    if !self.settle() {
                        return;
                    }
                }
            }
        }
    }

    /// Lets what was made up stand for what is missing; tells whether nothing more is.
    fn settle(&mut self) -> bool {
        let Some(hole) = self.dejitter.hole() else { return false };
        let filled = self.dejitter.fill_hole(self.periods(self.owed) as usize);
        self.owed -= self.samples(filled as i64) as usize;
        filled == hole
    }

    /// Drops the oldest of what waits where that is more than the longest delay.
    fn keep_cap(&mut self) {
        let longest = self.clock_rate.samples_in(self.config.longest_delay) as i64;
        loop {
            let excess = self.dejitter.newest_end() - self.position() - longest;
            if excess <= 0 {
                return;
            }
            if self.line.ready() > 0 {
                // At least one, for a period may be less than a sample.
                self.shed(self.samples(excess).max(1) as usize);
            } else if self.pause.take().is_none() {
                let Some(hole) = self.dejitter.hole() else { return };
                self.dejitter.fill_hole(hole);
                (self.owed, self.made_up) = (0, true);
            }
            self.pull();
        }
    }

    fn shed(&mut self, samples: usize) {
        let dropped = samples.min(self.line.ready());
        let (line, at) = self.line.around_mut();
        self.stretch.leap(line, at, dropped);
        self.counters.dropped_samples += dropped as u64;
    }

    /// Where the next sample lies in the timeline.
    fn position(&self) -> i64 {
        let ahead = self.pause.unwrap_or(0) + self.periods(self.line.ready());
        self.dejitter.end().cast_signed() - ahead
    }

    /// How many periods of the timestamps' clock `samples` samples last.
    fn periods(&self, samples: usize) -> i64 {
        samples as i64 * i64::from(self.clock_rate.hertz()) / i64::from(self.rate.hertz())
    }

    /// How many samples last `periods` periods of the timestamps' clock.
    fn samples(&self, periods: i64) -> i64 {
        periods * i64::from(self.rate.hertz()) / i64::from(self.clock_rate.hertz())
    }

    fn span(&self, periods: i64) -> Duration {
        self.clock_rate.duration_of(periods.max(0).cast_unsigned())
    }
}

/// The longest packet that the de-jitter takes.
const LONGEST_PACKET: Duration = Duration::from_millis(120);
