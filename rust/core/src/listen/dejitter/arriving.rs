//! The way in: each packet's place in the timeline.

use std::time::Duration;

use super::decide::{Timing, Verdict, judge};
use super::ring::{SLOT_ROOM, Slot};
use super::{Arrival, Dejitter, Restart};
use crate::Moment;
use crate::listen::source::{Place, Start};
use crate::wire::{ExtendedSequence, ExtendedTimestamp, RtpPacket};

/// How far a gap in the timestamps may lead the real clock: what the fastest packets so far may
/// have been delayed by.
pub(super) const CLOCK_SLACK: Duration = Duration::from_millis(200);

/// What matters of a packet once its place is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    arrival: Moment,
    samples: i64,
    marker: bool,
    payload: &'a [u8],
}

impl<'a> Packet<'a> {
    pub(super) const fn new(arrival: Moment, packet: &RtpPacket<'a>, samples: i64) -> Self {
        Self { arrival, samples, marker: packet.marker, payload: packet.payload }
    }
}

/// Joins the sender's numbers to ours, which go on over restarts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    sequence: ExtendedSequence,
    number: i64,
    timestamp: ExtendedTimestamp,
    position: i64,
}

impl Default for Anchor {
    fn default() -> Self {
        let (sequence, timestamp) = (ExtendedSequence::first(0), ExtendedTimestamp::first(0));
        Self { sequence, number: 0, timestamp, position: 0 }
    }
}

impl Anchor {
    const fn number(&self, sequence: ExtendedSequence) -> i64 {
        self.number + sequence.after(self.sequence)
    }

    pub(super) const fn position(&self, timestamp: ExtendedTimestamp) -> i64 {
        self.position + timestamp.after(self.timestamp)
    }
}

/// The packet with the highest number so far, and the span of the last one with audio.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newest {
    pub(super) number: i64,
    pub(super) position: i64,
    pub(super) end: i64,
}

/// A packet whose sequence number jumped, kept until the next one proves or disproves it.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    packet: Option<SuspectPacket>,
    room: Box<[u8]>,
}

#[derive(Clone, Copy, Debug)]
struct SuspectPacket {
    arrival: Moment,
    samples: i64,
    marker: bool,
    timestamp: u32,
    len: usize,
}

impl Suspect {
    pub(super) fn new() -> Self {
        Self { packet: None, room: vec![0; SLOT_ROOM].into_boxed_slice() }
    }

    pub(super) const fn waits(&self) -> bool {
        self.packet.is_some()
    }

    /// Keeps `packet`; tells whether another was dropped for it. Its payload fits a slot.
    pub(super) fn replace(
        &mut self,
        arrival: Moment,
        packet: &RtpPacket<'_>,
        samples: i64,
    ) -> bool {
        let (marker, timestamp, len) = (packet.marker, packet.timestamp, packet.payload.len());
        self.room[..len].copy_from_slice(packet.payload);
        self.packet.replace(SuspectPacket { arrival, samples, marker, timestamp, len }).is_some()
    }

    /// Drops the packet that waits; tells whether one did.
    pub(super) fn forget(&mut self) -> bool {
        self.packet.take().is_some()
    }
}

impl Dejitter {
    #[inline]
    pub(super) fn hear(&mut self, place: Place, packet: &Packet<'_>) -> Arrival {
        match place.start {
            Some(Start::SequenceJump) => self.join_at_suspect(place, packet),
            Some(start) => {
                self.drop_suspect();
                self.join(place.sequence, place.timestamp, packet);
                let heard = self.place(place, packet);
                self.restarted(start, heard)
            }
            None => {
                self.drop_suspect();
                self.place(place, packet)
            }
        }
    }

    /// The jump is confirmed: the stream begins with the packet before this one.
    fn join_at_suspect(&mut self, place: Place, packet: &Packet<'_>) -> Arrival {
        let Some(suspect) = self.suspect.packet.take() else {
            self.join(place.sequence, place.timestamp, packet);
            return self.place(place, packet);
        };
        let room = std::mem::take(&mut self.suspect.room);
        let first = Packet {
            arrival: suspect.arrival,
            samples: suspect.samples,
            marker: suspect.marker,
            payload: &room[..suspect.len],
        };
        let sequence = place.sequence.previous();
        let timestamp = place.timestamp.nearest(suspect.timestamp);
        self.join(sequence, timestamp, &first);
        self.place(Place { sequence, timestamp, start: None }, &first);
        self.suspect.room = room;
        let heard = self.place(place, packet);
        self.restarted(Start::SequenceJump, heard)
    }

    fn drop_suspect(&mut self) {
        self.counters.stray += u64::from(self.suspect.forget());
    }

    /// Lets a stream that begins with `packet` follow what has been heard.
    fn join(
        &mut self,
        sequence: ExtendedSequence,
        timestamp: ExtendedTimestamp,
        packet: &Packet<'_>,
    ) {
        self.anchor.sequence = sequence;
        self.anchor.number = self.newest.number + 1;
        self.join_timeline(timestamp, packet);
    }

    /// Gives `timestamp` the place that follows what has been heard, after as much quiet as the
    /// real clock says has passed.
    fn join_timeline(&mut self, timestamp: ExtendedTimestamp, packet: &Packet<'_>) {
        let floor = self.newest.end.max(self.end);
        let behind = -self.pace.ahead(packet.arrival, floor + packet.samples);
        // Less than a packet is how much packets vary anyway.
        let quiet = if behind < self.limits.packet { 0 } else { behind };
        let position = floor + quiet.min(self.limits.gap);
        (self.anchor.timestamp, self.anchor.position) = (timestamp, position);
        self.pace.restart(packet.arrival, position + packet.samples);
    }

    fn restarted(&mut self, start: Start, heard: Arrival) -> Arrival {
        let restart = match start {
            Start::First => return heard,
            Start::NewSsrc => Restart::Ssrc,
            Start::SequenceJump => Restart::Sequence,
        };
        self.counters.restarts += 1;
        if heard == Arrival::Accepted { Arrival::Restarted(restart) } else { heard }
    }

    /// Finds out whether a packet of the present stream is needed, and keeps it if so.
    #[inline]
    fn place(&mut self, place: Place, packet: &Packet<'_>) -> Arrival {
        let number = self.anchor.number(place.sequence);
        if number < self.next || number < self.anchor.number {
            return self.hear_behind(number, packet);
        }
        if self.ring.get(number).is_some() {
            self.counters.duplicate += 1;
            return Arrival::Duplicate;
        }
        if packet.samples == 0 {
            self.counters.empty += 1;
            self.keep_place(number, packet.arrival);
            return Arrival::Empty;
        }
        if number > self.newest.number {
            self.hear_newest(number, place.timestamp, packet)
        } else {
            self.hear_misordered(number, place.timestamp, packet)
        }
    }

    #[inline]
    fn hear_newest(
        &mut self,
        number: i64,
        timestamp: ExtendedTimestamp,
        packet: &Packet<'_>,
    ) -> Arrival {
        let position = self.anchor.position(timestamp);
        let timing = self.timing(number, position, packet);
        match judge(timing, self.limits) {
            Verdict::InTime => {
                self.pace.hear(packet.arrival, position + packet.samples);
                self.accept(number, position, packet)
            }
            Verdict::Late => self.refuse_late(number, packet.arrival),
            Verdict::Jumped => {
                self.counters.restarts += 1;
                self.join_timeline(timestamp, packet);
                match self.accept(number, self.anchor.position, packet) {
                    Arrival::Accepted => Arrival::Restarted(Restart::Timestamp),
                    refused => refused,
                }
            }
        }
    }

    #[inline]
    fn timing(&mut self, number: i64, position: i64, packet: &Packet<'_>) -> Timing {
        let end = position + packet.samples;
        let gap = position - self.newest.end.max(self.end);
        let missing = number - self.newest.number - 1 + self.owed;
        let late = end <= self.end;
        let by = self.end - position;
        Timing {
            backward: position < self.newest.position,
            gap,
            unexplained: gap - missing * self.last_samples.max(packet.samples),
            ahead: self.pace.ahead(packet.arrival, end),
            late,
            marker: packet.marker,
            stubborn: late && self.pace.hear_late(packet.arrival, by),
        }
    }

    /// A packet that others overtook, while its place is still open.
    fn hear_misordered(
        &mut self,
        number: i64,
        timestamp: ExtendedTimestamp,
        packet: &Packet<'_>,
    ) -> Arrival {
        self.counters.reordered += 1;
        if let Some(overtaken) = self.ring.from(number).map(|slot| slot.arrival).min() {
            self.patience.observe(packet.arrival.since(overtaken));
        }
        let position = self.anchor.position(timestamp);
        let fits = position + packet.samples > self.end && position <= self.newest.position;
        if fits {
            self.accept(number, position, packet)
        } else {
            self.refuse_late(number, packet.arrival)
        }
    }

    /// A packet whose number has passed.
    fn hear_behind(&mut self, number: i64, packet: &Packet<'_>) -> Arrival {
        let age = self.next - 1 - number;
        let bit = if (0..128).contains(&age) { 1u128 << age } else { 0 };
        if self.history & bit != 0 {
            self.counters.duplicate += 1;
            return Arrival::Duplicate;
        }
        self.history |= bit;
        if packet.samples == 0 {
            self.counters.empty += 1;
            return Arrival::Empty;
        }
        if let Some(hole) = self.given_up.filter(|hole| hole.numbers().contains(&number)) {
            self.patience.observe(packet.arrival.since(hole.since()));
        }
        self.counters.reordered += 1;
        self.counters.late += 1;
        Arrival::Late
    }

    fn refuse_late(&mut self, number: i64, arrival: Moment) -> Arrival {
        self.counters.late += 1;
        self.keep_place(number, arrival);
        Arrival::Late
    }

    /// Notes that `number` is not missing, although there is nothing to play for it.
    fn keep_place(&mut self, number: i64, arrival: Moment) {
        if self.ring.put(self.next, Slot::keeping_place(number, arrival), &[]) {
            self.newest.number = self.newest.number.max(number);
        }
    }

    #[inline]
    fn accept(&mut self, number: i64, position: i64, packet: &Packet<'_>) -> Arrival {
        let slot = Slot::audible(number, position, packet.samples, packet.arrival);
        if !self.ring.put(self.next, slot, packet.payload) {
            self.counters.overflow += 1;
            return Arrival::Overflow;
        }
        if number == self.newest.number + 1 {
            self.patience.relax();
        }
        if number > self.newest.number {
            self.newest = Newest { number, position, end: slot.end() };
        }
        let quiet_due = packet.arrival + self.config.quiet_after;
        self.quiet_due = self.quiet_due.max(Some(quiet_due));
        Arrival::Accepted
    }
}
