//! A worker's side of a recording.

use fourwire::{ClockRate, Moment, Recorded, Side};

use super::{Pause, TapeId, TapeNote, TapeOutbox};
use crate::outbox::Frame;

/// Passes on what a leg gives out for its recording, as far as it is not paused. What is dropped
/// on the way becomes silence, and nothing moves.
#[derive(Debug)]
pub(crate) struct Tape {
    id: TapeId,
    start: Moment,
    rate: ClockRate,
    /// Since where it pauses, on the clock of the leg, and how.
    paused: Option<(u64, Pause)>,
    /// The last pause, on that clock.
    from: u64,
    to: u64,
    /// Samples that were left out for gaps, before the last pause and with it.
    before: u64,
    left_out: u64,
    bytes: Vec<u8>,
}

impl Tape {
    /// The tape `id` at `rate`, whose first sample goes out at `start`.
    pub(crate) fn begin(
        id: TapeId,
        start: Moment,
        rate: ClockRate,
        outbox: &mut TapeOutbox,
    ) -> Self {
        outbox.send(TapeNote::Began(id, start));
        Self {
            id,
            start,
            rate,
            paused: None,
            from: 0,
            to: 0,
            before: 0,
            left_out: 0,
            bytes: Vec::new(),
        }
    }

    /// Pauses from `now` on, or goes on.
    pub(crate) fn pause(&mut self, now: Moment, pause: Option<Pause>) {
        let at = self.place(now);
        match (self.paused, pause) {
            (None, Some(pause)) => {
                (self.from, self.to, self.before) = (at, u64::MAX, self.left_out);
                self.paused = Some((at, pause));
            }
            (Some((since, how)), None) => {
                self.to = at;
                self.left_out += if how == Pause::Gap { at - since } else { 0 };
                self.paused = None;
            }
            _ => {}
        }
    }

    /// Sends a stretch on to the recorder; false where there was no room.
    pub(crate) fn write(&mut self, stretch: Recorded<'_>, outbox: &mut TapeOutbox) -> bool {
        let (start, end) = (stretch.position, stretch.position + stretch.pcm.len() as u64);
        // What came before the last pause may still be under way in it.
        let early = (start, end.min(self.from.max(start)), self.before);
        let late = (start.max(self.to.min(end)), end, self.left_out);
        let mut sent = true;
        for (from, to, left_out) in if self.to == 0 { [late, (end, end, 0)] } else { [early, late] }
        {
            if from < to {
                let pcm = &stretch.pcm[(from - start) as usize..(to - start) as usize];
                sent &= self.send(stretch.side, from - left_out, pcm, outbox);
            }
        }
        sent
    }

    /// Lets the recorder finish the file.
    pub(crate) fn end(self, now: Moment, outbox: &mut TapeOutbox) {
        let place = self.place(now);
        let gap = self.paused.filter(|&(_, how)| how == Pause::Gap);
        let end = gap.map_or(place, |(since, _)| since) - self.left_out;
        outbox.send(TapeNote::Ended(self.id, end));
    }

    fn place(&self, now: Moment) -> u64 {
        self.rate.samples_in(now.since(self.start)) as u64
    }

    fn send(&mut self, side: Side, at: u64, pcm: &[i16], outbox: &mut TapeOutbox) -> bool {
        self.bytes.clear();
        self.bytes.extend(pcm.iter().flat_map(|sample| sample.to_ne_bytes()));
        let kind = u8::from(side == Side::Agent);
        outbox.send_frame(Frame { owner: self.id.0, kind, mark: at, bytes: &self.bytes })
    }
}
