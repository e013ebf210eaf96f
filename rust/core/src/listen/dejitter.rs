//! Packets in, a timeline without holes out: the jitter buffer towards a listener that is no
//! loudspeaker.
//!
//! An agent does not need its samples at a steady pace; it needs all of them, soon, and each in
//! its place, because it tells the time by counting them. So, unlike a playout buffer:
//!
//! - Audio that continues the timeline is handed on at once, however it arrived.
//! - A hole is waited for until the caller is in a [`hurry`](Dejitter::hurry) or the *reorder
//!   limit* is over. That limit adapts: it starts at two packet times, rises at once to what
//!   packets are seen to be out of order by (up to [`DejitterConfig::reorder_limit`]), and falls
//!   by half in about seven seconds of packets in order. Then exactly the missing samples come
//!   out as [`Stretch::Lost`].
//! - Where timestamps leave a gap that no missing packet explains, the sender was silent (RFC 3551
//!   §4.1); the gap comes out as [`Stretch::Quiet`], to the sample.
//! - Where no audio comes at all for [`DejitterConfig::quiet_after`], quiet comes out in small
//!   steps at the pace of the clock, from then on. The timeline so stays `quiet_after` behind the
//!   clock and never runs ahead of it: a network that holds packets back for less than that costs
//!   nothing, and one that holds them back for longer costs no more than what was filled.
//!   Audio for time that was filled is late; of a packet that lies across, the rest is heard.
//!
//! What the other side restarts goes on in the same timeline: another SSRC, a jump of sequence
//! numbers, a jump of timestamps. What real time says has passed in between comes out as quiet, at
//! most a second. Timestamps that stood still during a pause are a jump too, known by a packet
//! that is late and has the marker, or by packets that are late and do not catch up.

mod arriving;
mod counters;
mod decide;
mod leaving;
mod pace;
mod patience;
mod ring;

use std::time::Duration;

use self::arriving::{Anchor, CLOCK_SLACK, Newest, Packet, Suspect};
pub use self::counters::DejitterCounters;
use self::decide::{Limits, Standing, Step, decide};
use self::leaving::GivenUp;
use self::pace::Pace;
use self::patience::Patience;
use self::ring::{Ring, SLOT_ROOM};
use super::source::{Heard, Source};
use crate::wire::RtpPacket;
use crate::{ClockRate, Moment};

/// The longest gap that is believed, and the most quiet that one event may bring.
const LONGEST_GAP: Duration = Duration::from_secs(1);

/// How a [`Dejitter`] is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DejitterConfig {
    /// The clock of the timestamps. What is called a sample here is one period of it, whatever the
    /// codec makes of that.
    pub clock_rate: ClockRate,
    /// How much audio a packet usually carries. Others may come at any time.
    pub packet_time: Duration,
    /// The longest that a hole is waited for.
    pub reorder_limit: Duration,
    /// After how long without audio quiet is put in its place.
    pub quiet_after: Duration,
}

impl Default for DejitterConfig {
    fn default() -> Self {
        Self {
            clock_rate: ClockRate::Hz8000,
            packet_time: Duration::from_millis(20),
            reorder_limit: Duration::from_millis(60),
            quiet_after: Duration::from_millis(200),
        }
    }
}

/// What became of a packet on its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It has its place in the timeline.
    Accepted,
    /// The same, and the stream was joined anew.
    Restarted(Restart),
    /// It carries no audio; its sequence number is known not to be missing.
    Empty,
    /// It is here already, or was.
    Duplicate,
    /// Its place in the timeline is filled.
    Late,
    /// Its sequence number jumped; whether it is heard depends on the next packet.
    Suspect,
    /// It belongs to an SSRC that another has replaced.
    Stray,
    /// There is no room for it.
    Overflow,
}

/// What was discontinuous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// The SSRC changed.
    Ssrc,
    /// The sequence numbers jumped.
    Sequence,
    /// The timestamps jumped, or stood still during a pause.
    Timestamp,
}

/// A piece of the timeline. Each begins where the one before it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch<'a> {
    /// Audio that was heard.
    Received {
        /// The packet's payload.
        payload: &'a [u8],
        /// How many samples of its beginning are out already.
        overlap: usize,
        /// How many are left.
        samples: usize,
        /// Where these begin: samples since the beginning of the timeline.
        timestamp: u64,
        /// When its packet came.
        arrival: Moment,
    },
    /// Audio that was lost: to be concealed.
    Lost {
        /// For how long; at most a second.
        samples: usize,
    },
    /// No audio was sent: silence or comfort noise.
    Quiet {
        /// For how long; at most a second.
        samples: usize,
    },
}

/// The de-jitter: feed it with [`receive`](Self::receive), then [`poll`](Self::poll) until it has
/// no more, and again at its [`deadline`](Self::deadline).
///
/// It takes all its memory at its making, about 64 kB.
///
/// ```
/// use fourwire::listen::dejitter::{Dejitter, DejitterConfig, Stretch};
/// use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
/// use fourwire::Moment;
///
/// let mut dejitter = Dejitter::new(DejitterConfig::default());
/// let packet = |sequence: u16| {
///     let timestamp = u32::from(sequence) * 160;
///     RtpPacket::new(PayloadType::PCMU, sequence, timestamp, Ssrc(1), &[0xFF; 160])
/// };
/// dejitter.receive(Moment::from_millis(0), &packet(0), 160);
/// dejitter.receive(Moment::from_millis(40), &packet(2), 160); // 1 is missing
///
/// let now = Moment::from_millis(40);
/// assert!(matches!(dejitter.poll(now), Some(Stretch::Received { timestamp: 0, .. })));
/// assert_eq!(dejitter.poll(now), None);
///
/// let now = dejitter.deadline().unwrap();
/// assert_eq!(now, Moment::from_millis(80));
/// assert_eq!(dejitter.poll(now), Some(Stretch::Lost { samples: 160 }));
/// assert!(matches!(dejitter.poll(now), Some(Stretch::Received { timestamp: 320, .. })));
/// ```
#[derive(Clone, Debug)]
pub struct Dejitter {
    config: DejitterConfig,
    limits: Limits,
    source: Source,
    ring: Ring,
    suspect: Suspect,
    anchor: Anchor,
    pace: Pace,
    patience: Patience,
    /// The last packets taken out, the latest in the lowest bit: whether they had come.
    history: u128,
    /// The number of the next packet to take out.
    next: i64,
    /// The end of the timeline so far.
    end: i64,
    newest: Newest,
    /// Packets given up whose samples no stretch stands for yet.
    owed: i64,
    last_samples: i64,
    given_up: Option<GivenUp>,
    hurried: bool,
    quiet_due: Option<Moment>,
    counters: DejitterCounters,
}

impl Dejitter {
    /// An empty timeline.
    pub fn new(config: DejitterConfig) -> Self {
        Self {
            config,
            limits: limits(&config),
            source: Source::new(config.clock_rate),
            ring: Ring::new(),
            suspect: Suspect::new(),
            anchor: Anchor::default(),
            pace: Pace::new(config.clock_rate),
            patience: Patience::new(config.packet_time, config.reorder_limit),
            history: 0,
            next: 0,
            end: 0,
            newest: Newest { number: -1, position: 0, end: 0 },
            owed: 0,
            last_samples: 0,
            given_up: None,
            hurried: false,
            quiet_due: None,
            counters: DejitterCounters::default(),
        }
    }

    /// Takes a packet that came at `arrival` and carries `samples` samples of audio; afterwards
    /// [`poll`](Self::poll).
    ///
    /// Packets of the same stream that carry no audio, such as telephone events and comfort noise,
    /// belong here too, with zero samples: otherwise their sequence numbers would be missing.
    pub fn receive(&mut self, arrival: Moment, packet: &RtpPacket<'_>, samples: usize) -> Arrival {
        self.counters.received += 1;
        if packet.payload.len() > SLOT_ROOM || samples > self.limits.gap as usize {
            self.counters.overflow += 1;
            return Arrival::Overflow;
        }
        let samples = samples as i64;
        match self.source.hear(arrival, packet, samples > 0) {
            Heard::Stray => {
                self.counters.stray += 1;
                Arrival::Stray
            }
            Heard::Suspect => {
                self.counters.stray += u64::from(self.suspect.replace(arrival, packet, samples));
                Arrival::Suspect
            }
            Heard::Placed(place) => self.hear(place, &Packet::new(arrival, packet, samples)),
        }
    }

    /// The next piece of the timeline; call until `None`.
    pub fn poll(&mut self, now: Moment) -> Option<Stretch<'_>> {
        self.begin_quiet(now);
        self.next_stretch(|it| it.standing(now))
    }

    /// The next piece of the timeline that is certain; call until `None`. Unlike
    /// [`poll`](Self::poll), this waits for a hole until it is filled by
    /// [`fill_hole`](Self::fill_hole), and for audio for ever.
    pub fn poll_certain(&mut self) -> Option<Stretch<'_>> {
        self.next_stretch(Self::patient_standing)
    }

    fn next_stretch(&mut self, stand: impl Fn(&Self) -> Standing) -> Option<Stretch<'_>> {
        loop {
            let standing = stand(self);
            match decide(standing) {
                Step::Wait => return self.nothing(standing),
                Step::Skip => self.skip(),
                Step::GiveUp(samples) => {
                    self.give_up(standing.first?);
                    if samples > 0 {
                        return Some(self.conceal(samples));
                    }
                }
                Step::Silence(samples) => return Some(self.be_quiet(samples)),
                Step::Quiet => return Some(self.fill()),
                Step::Play => {
                    if let Some((slot, overlap)) = self.play() {
                        return Some(self.received(&slot, overlap));
                    }
                }
            }
        }
    }

    /// The payloads that continue the timeline without a hole: the next ones to be polled.
    pub fn coming(&self) -> impl Iterator<Item = &[u8]> {
        let mut end = self.end;
        (self.next..).map_while(move |number| {
            let slot = self.ring.get(number)?;
            let continues = slot.samples > 0 && slot.position == end;
            end = slot.end();
            continues.then(|| self.ring.payload(slot))
        })
    }

    /// When to poll although nothing has come; `None` before the first packet and the first poll.
    pub fn deadline(&self) -> Option<Moment> {
        let standing = self.standing(Moment::default());
        match decide(Standing { quiet_due: false, ..standing }) {
            Step::Wait if standing.first.is_some() => self.hole_over(),
            Step::Wait => self.quiet_due,
            _ => self.hole_since(), // Something waits to be polled: since it came.
        }
    }

    /// Gives up waiting for the present hole, if there is one: what comes after it is needed now.
    pub fn hurry(&mut self) {
        self.hurried = self.ring.audible() > 0;
    }

    /// How many samples are missing before the first audio that waits; `None` where none waits
    /// behind a missing packet.
    pub fn hole(&self) -> Option<usize> {
        let first = self.ring.first(self.next).filter(|slot| slot.number > self.next)?;
        let audible = self.ring.from(first.number).find(|slot| slot.samples > 0)?;
        Some((audible.position - self.end).max(0) as usize)
    }

    /// Waits no longer for the next `samples` samples of the [`hole`](Self::hole), and tells how
    /// many of them it had. What still comes for the rest is heard.
    pub fn fill_hole(&mut self, samples: usize) -> usize {
        let Some(hole) = self.hole() else { return 0 };
        let filled = samples.min(hole);
        self.end += filled as i64;
        self.counters.concealed_samples += filled as u64;
        self.hurried = filled == hole;
        filled
    }

    /// The end of the timeline so far: samples since its beginning.
    pub const fn end(&self) -> u64 {
        self.end.cast_unsigned()
    }

    /// Packets given up.
    pub(super) const fn lost(&self) -> u64 {
        self.counters.lost
    }

    /// Whether audio waits.
    pub(super) const fn waits(&self) -> bool {
        self.ring.audible() > 0
    }

    /// The end of the last packet that has come, in the timeline.
    pub(super) const fn newest_end(&self) -> i64 {
        self.newest.end
    }

    /// The place in the timeline of a packet of the present stream.
    pub(super) fn place_of(&self, packet: &RtpPacket<'_>) -> Option<i64> {
        self.source.widen(packet.timestamp).map(|timestamp| self.anchor.position(timestamp))
    }

    /// What happened so far.
    pub fn counters(&self) -> DejitterCounters {
        let waiting = self.ring.audible() as u64 + u64::from(self.suspect.waits());
        DejitterCounters { waiting, ..self.counters }
    }

    /// The stream that is heard, for its statistics.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// The stream that is heard, for its RTCP reports.
    pub const fn source_mut(&mut self) -> &mut Source {
        &mut self.source
    }

    /// How long a hole is waited for at present.
    pub const fn reorder_limit(&self) -> Duration {
        self.patience.limit()
    }

    /// Goes on by timestamps of another clock, with the packet that comes next. The timeline is
    /// counted in its periods from here on; the counters are not converted.
    pub fn change_clock(&mut self, clock_rate: ClockRate) {
        let (from, to) = (self.config.clock_rate.hertz(), clock_rate.hertz());
        self.end = self.end * i64::from(to) / i64::from(from);
        self.last_samples = 0;
        self.config.clock_rate = clock_rate;
        self.limits = limits(&self.config);
        self.reset();
    }

    /// Forgets the stream and drops what waits. The timeline and the counters go on.
    pub fn reset(&mut self) {
        self.counters.discarded += self.ring.audible() as u64 + u64::from(self.suspect.waits());
        self.ring.clear();
        self.suspect.forget();
        self.source.forget(self.config.clock_rate);
        self.pace = Pace::new(self.config.clock_rate);
        self.newest = Newest { number: self.next - 1, position: self.end, end: self.end };
        (self.history, self.owed, self.hurried) = (0, 0, false);
    }
}

fn limits(config: &DejitterConfig) -> Limits {
    let samples_in = |span| config.clock_rate.samples_in(span) as i64;
    Limits {
        gap: samples_in(LONGEST_GAP),
        ahead: samples_in(CLOCK_SLACK),
        packet: samples_in(config.packet_time),
    }
}
