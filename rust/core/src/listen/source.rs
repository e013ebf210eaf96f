//! The stream we hear: which packets belong to it, where each has its place, how the network
//! treats it (RFC 3550 §A.1, §A.3, §A.8).

use std::time::Duration;

use crate::wire::rtcp::NtpTime;
use crate::wire::{ExtendedSequence, ExtendedTimestamp, ReportBlock, RtpPacket, Ssrc};
use crate::{ClockRate, Moment};

/// How far a sequence number may run ahead before it is taken for a jump (RFC 3550 §A.1).
pub const MAX_DROPOUT: u16 = 3000;

/// How far a packet may be behind before it is taken for a jump (RFC 3550 §A.1).
pub const MAX_MISORDER: u16 = 100;

/// One sender's stream of packets, as it is heard.
///
/// RFC 3550 §A.1 keeps a new source on probation for two packets. Here the first packet counts:
/// on the telephone it holds the beginning of "hello", and whether its address may speak at all
/// was settled before.
///
/// ```
/// use fourwire::listen::source::{Heard, Source, Start};
/// use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
/// use fourwire::{ClockRate, Moment};
///
/// let mut source = Source::new(ClockRate::Hz8000);
/// let packet = RtpPacket::new(PayloadType::PCMU, 65535, 0, Ssrc(1), &[0xFF; 160]);
/// let Heard::Placed(first) = source.hear(Moment::from_millis(0), &packet, true) else { panic!() };
/// assert_eq!(first.start, Some(Start::First));
///
/// let next = RtpPacket { sequence: 0, timestamp: 160, ..packet };
/// let Heard::Placed(next) = source.hear(Moment::from_millis(20), &next, true) else { panic!() };
/// assert_eq!((next.start, next.sequence.after(first.sequence)), (None, 1));
/// ```
#[derive(Clone, Debug)]
pub struct Source {
    clock_rate: ClockRate,
    stream: Option<Stream>,
    left: Option<Left>,
    last_arrival: Option<Moment>,
    longest_gap: Duration,
}

/// What a packet is to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It belongs to the stream.
    Placed(Place),
    /// Its sequence number jumped. If the next packet follows it, the stream has been restarted,
    /// and both belong to it; otherwise it is nobody's.
    Suspect,
    /// It is of the SSRC that another has replaced.
    Stray,
}

/// Where a packet belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its place among the packets.
    pub sequence: ExtendedSequence,
    /// Its place in time.
    pub timestamp: ExtendedTimestamp,
    /// Set where a stream begins, so that both numbers have nothing to do with those before.
    pub start: Option<Start>,
}

/// How a stream began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Nothing had been heard before.
    First,
    /// With another SSRC.
    NewSsrc,
    /// With a jump of the sequence number that the next packet confirmed.
    SequenceJump,
}

impl Source {
    /// Has heard nothing yet. Timestamps run at `clock_rate`.
    pub fn new(clock_rate: ClockRate) -> Self {
        Self {
            clock_rate,
            stream: None,
            left: None,
            last_arrival: None,
            longest_gap: Duration::ZERO,
        }
    }

    /// Forgets the stream; the next one's timestamps run at `clock_rate`.
    pub(super) fn forget(&mut self, clock_rate: ClockRate) {
        *self = Self { longest_gap: self.longest_gap, ..Self::new(clock_rate) };
    }

    /// Finds the place of a packet. `timed` tells whether its timestamp is that of its sending:
    /// those of telephone events are not, and stay out of the jitter.
    pub fn hear(&mut self, arrival: Moment, packet: &RtpPacket<'_>, timed: bool) -> Heard {
        let heard = match &mut self.stream {
            None => self.begin(packet, Start::First),
            Some(stream) if stream.ssrc == packet.ssrc => {
                if let Some(left) = &mut self.left {
                    left.expected = None;
                }
                stream.hear(packet)
            }
            Some(_) => self.hear_another(packet),
        };
        if let Heard::Placed(place) = heard {
            self.time(arrival, place.timestamp, timed);
        }
        heard
    }

    /// A sender report came (RFC 3550 §6.4.1): the next report block refers to it.
    pub fn hear_sender_report(&mut self, arrival: Moment, ssrc: Ssrc, ntp: NtpTime) {
        if let Some(stream) = self.stream.as_mut().filter(|stream| stream.ssrc == ssrc) {
            stream.last_sr = Some((ntp.middle(), arrival));
        }
    }

    /// What to tell the sender at `now`; the share lost is that since the last call.
    pub fn report(&mut self, now: Moment) -> Option<ReportBlock> {
        self.stream.as_mut().map(|stream| stream.report(now))
    }

    /// Whose stream is heard.
    pub fn ssrc(&self) -> Option<Ssrc> {
        self.stream.as_ref().map(|stream| stream.ssrc)
    }

    /// The present stream's reading of a `timestamp`.
    pub(super) fn widen(&self, timestamp: u32) -> Option<ExtendedTimestamp> {
        self.stream.as_ref().map(|stream| stream.highest_timestamp.nearest(timestamp))
    }

    /// Packets of the present stream that are missing; negative where duplicates came.
    pub fn lost(&self) -> i64 {
        self.stream.as_ref().map_or(0, Stream::lost)
    }

    /// Interarrival jitter (RFC 3550 §6.4.1).
    pub fn jitter(&self) -> Duration {
        let periods = self.stream.as_ref().map_or(0, Stream::jitter);
        self.clock_rate.duration_of(u64::from(periods))
    }

    /// The longest time between two packets.
    pub const fn longest_gap(&self) -> Duration {
        self.longest_gap
    }

    fn time(&mut self, arrival: Moment, timestamp: ExtendedTimestamp, timed: bool) {
        let before = self.last_arrival.replace(arrival).unwrap_or(arrival);
        self.longest_gap = self.longest_gap.max(arrival.since(before));
        if let Some(stream) = self.stream.as_mut().filter(|_| timed) {
            stream.measure(clock_reading(arrival, self.clock_rate), timestamp);
        }
    }

    fn begin(&mut self, packet: &RtpPacket<'_>, start: Start) -> Heard {
        let stream = self.stream.insert(Stream::new(packet));
        Heard::Placed(stream.place(start))
    }

    /// A packet of another SSRC than the present one. A new one is heard at once; the one before
    /// only when two of its packets come in a row, because its stragglers do not.
    fn hear_another(&mut self, packet: &RtpPacket<'_>) -> Heard {
        match &mut self.left {
            Some(left) if left.ssrc == packet.ssrc && left.expected != Some(packet.sequence) => {
                left.expected = Some(packet.sequence.wrapping_add(1));
                Heard::Stray
            }
            _ => {
                self.left = self.ssrc().map(|ssrc| Left { ssrc, expected: None });
                self.begin(packet, Start::NewSsrc)
            }
        }
    }
}

/// The SSRC that another has replaced.
#[derive(Clone, Copy, Debug)]
struct Left {
    ssrc: Ssrc,
    /// The sequence number that would prove it to be back.
    expected: Option<u16>,
}

/// What is known of the present SSRC. Field names as in RFC 3550 §A.1 where it has them.
#[derive(Clone, Debug)]
struct Stream {
    ssrc: Ssrc,
    base: ExtendedSequence,
    highest: ExtendedSequence,
    highest_timestamp: ExtendedTimestamp,
    /// The sequence number that would confirm a jump.
    expected: Option<u16>,
    received: i64,
    expected_prior: i64,
    received_prior: i64,
    transit: Option<i64>,
    /// In 16ths of a clock period (RFC 3550 §A.8).
    jitter: i64,
    last_sr: Option<(u32, Moment)>,
}

impl Stream {
    fn new(packet: &RtpPacket<'_>) -> Self {
        let first = ExtendedSequence::first(packet.sequence);
        Self {
            ssrc: packet.ssrc,
            base: first,
            highest: first,
            highest_timestamp: ExtendedTimestamp::first(packet.timestamp),
            expected: None,
            received: 1,
            expected_prior: 0,
            received_prior: 0,
            transit: None,
            jitter: 0,
            last_sr: None,
        }
    }

    const fn place(&self, start: Start) -> Place {
        let (sequence, timestamp) = (self.highest, self.highest_timestamp);
        Place { sequence, timestamp, start: Some(start) }
    }

    fn hear(&mut self, packet: &RtpPacket<'_>) -> Heard {
        let sequence = self.highest.nearest(packet.sequence);
        let ahead = sequence.after(self.highest);
        if ahead >= i64::from(MAX_DROPOUT) || ahead < -i64::from(MAX_MISORDER) {
            return self.hear_jump(packet);
        }
        let timestamp = self.highest_timestamp.nearest(packet.timestamp);
        if ahead > 0 {
            (self.highest, self.highest_timestamp) = (sequence, timestamp);
        }
        self.base = self.base.min(sequence); // The first two packets may come in either order.
        self.expected = None;
        self.received += 1;
        Heard::Placed(Place { sequence, timestamp, start: None })
    }

    /// Two packets in a row with numbers far from ours: the other side has restarted without
    /// telling us. One alone may be anything.
    fn hear_jump(&mut self, packet: &RtpPacket<'_>) -> Heard {
        if self.expected != Some(packet.sequence) {
            self.expected = Some(packet.sequence.wrapping_add(1));
            return Heard::Suspect;
        }
        *self = Self { last_sr: self.last_sr, received: 2, ..Self::new(packet) };
        self.base = self.base.previous();
        Heard::Placed(self.place(Start::SequenceJump))
    }

    /// RFC 3550 §A.8.
    fn measure(&mut self, arrival: u64, timestamp: ExtendedTimestamp) {
        let transit = arrival.cast_signed() - timestamp.after(ExtendedTimestamp::first(0));
        if let Some(before) = self.transit.replace(transit) {
            let change = transit.abs_diff(before).min(u64::from(u32::MAX)).cast_signed();
            self.jitter += change - ((self.jitter + 8) >> 4);
        }
    }

    fn jitter(&self) -> u32 {
        u32::try_from(self.jitter >> 4).unwrap_or(u32::MAX)
    }

    fn expected(&self) -> i64 {
        self.highest.after(self.base) + 1
    }

    fn lost(&self) -> i64 {
        self.expected() - self.received
    }

    fn report(&mut self, now: Moment) -> ReportBlock {
        let (last_sr, delay_since_last_sr) = match self.last_sr {
            Some((middle, at)) => (middle, in_65536ths(now.since(at))),
            None => (0, 0),
        };
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: self.fraction_lost(),
            cumulative_lost: self.lost().clamp(-0x80_0000, 0x7F_FFFF) as i32,
            highest_sequence: self.highest.reported(),
            jitter: self.jitter(),
            last_sr,
            delay_since_last_sr,
        }
    }

    /// The share lost since it was last asked for, in 256ths (RFC 3550 §A.3).
    fn fraction_lost(&mut self) -> u8 {
        let expected = self.expected() - self.expected_prior;
        let lost = expected - (self.received - self.received_prior);
        (self.expected_prior, self.received_prior) = (self.expected(), self.received);
        if expected <= 0 || lost <= 0 { 0 } else { (lost * 256 / expected).min(255) as u8 }
    }
}

/// `moment` on a clock of `rate`.
pub(super) fn clock_reading(moment: Moment, rate: ClockRate) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    let (seconds, nanos) = (moment.as_nanos() / SECOND, moment.as_nanos() % SECOND);
    let hertz = u64::from(rate.hertz());
    seconds * hertz + nanos * hertz / SECOND
}

/// A span as report blocks tell it.
fn in_65536ths(span: Duration) -> u32 {
    u32::try_from((span.as_nanos() << 16) / 1_000_000_000).unwrap_or(u32::MAX)
}
