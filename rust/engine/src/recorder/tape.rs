//! A worker's side of a recording.

use std::collections::VecDeque;
use std::time::Duration;

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
    pauses: Pauses,
    /// Samples for which there was no room on the way.
    dropped: u64,
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
        let pauses = Pauses::new(rate.samples_in(REMEMBERED) as u64);
        Self { id, start, rate, pauses, dropped: 0, bytes: Vec::new() }
    }

    /// Pauses from `now` on, or goes on.
    pub(crate) fn pause(&mut self, now: Moment, pause: Option<Pause>) {
        self.pauses.turn(self.place(now), pause);
    }

    /// Sends a stretch on to the recorder; false where there was no room.
    pub(crate) fn write(&mut self, stretch: Recorded<'_>, outbox: &mut TapeOutbox) -> bool {
        let Self { id, pauses, dropped, bytes, .. } = self;
        let (start, end) = (stretch.position, stretch.position + stretch.pcm.len() as u64);
        let before = *dropped;
        pauses.recorded(start, end, |from, to, place| {
            let pcm = &stretch.pcm[(from - start) as usize..(to - start) as usize];
            bytes.clear();
            bytes.extend(pcm.iter().flat_map(|sample| sample.to_ne_bytes()));
            let kind = u8::from(stretch.side == Side::Agent);
            if !outbox.send_frame(Frame { owner: id.0, kind, mark: place, bytes }) {
                *dropped += to - from;
            }
        });
        *dropped == before
    }

    /// Lets the recorder finish the file.
    pub(crate) fn end(self, now: Moment, outbox: &mut TapeOutbox) {
        let place = self.place(now);
        let end = place - self.pauses.left_out(place);
        outbox.send(TapeNote::Ended { id: self.id, end, dropped: self.dropped });
    }

    fn place(&self, now: Moment) -> u64 {
        self.rate.samples_in(now.since(self.start)) as u64
    }
}

/// A stretch that is not recorded, on the clock of the leg; one that goes on has no end yet.
#[derive(Clone, Copy, Debug)]
struct Paused {
    from: u64,
    to: u64,
    how: Pause,
}

/// Where a tape paused, as far back as anything may still come that was heard then: the caller's
/// voice is under way for a while, and pauses may follow one another sooner than that.
#[derive(Debug)]
struct Pauses {
    list: VecDeque<Paused>,
    /// How far back that is, in samples.
    reach: u64,
    /// Where the last pause ended that is forgotten, and what they all left out.
    known_from: u64,
    forgotten: u64,
}

impl Pauses {
    const fn new(reach: u64) -> Self {
        Self { list: VecDeque::new(), reach, known_from: 0, forgotten: 0 }
    }

    /// From `at` on it pauses in that way, or goes on.
    fn turn(&mut self, at: u64, pause: Option<Pause>) {
        if let Some(last) = self.list.back_mut().filter(|it| it.to == u64::MAX) {
            if Some(last.how) == pause {
                return;
            }
            last.to = at;
            if last.from == at {
                self.list.pop_back();
            }
        }
        while let Some(first) = self.list.front().filter(|it| it.to.saturating_add(self.reach) < at)
        {
            self.known_from = first.to;
            self.forgotten += first.left_out(at);
            self.list.pop_front();
        }
        if let Some(how) = pause {
            self.list.push_back(Paused { from: at, to: u64::MAX, how });
        }
    }

    /// How many samples before `at` were left out.
    fn left_out(&self, at: u64) -> u64 {
        self.forgotten + self.list.iter().map(|it| it.left_out(at)).sum::<u64>()
    }

    /// Tells of each part of `start` up to `end` that is recorded, and of its place then.
    fn recorded(&self, start: u64, end: u64, mut tell: impl FnMut(u64, u64, u64)) {
        let mut from = start.max(self.known_from);
        for pause in &self.list {
            let to = end.min(pause.from);
            if from < to {
                tell(from, to, from - self.left_out(from));
            }
            from = from.max(pause.to);
        }
        if from < end {
            tell(from, end, from - self.left_out(from));
        }
    }
}

impl Paused {
    fn left_out(&self, at: u64) -> u64 {
        match self.how {
            Pause::Gap => at.min(self.to).saturating_sub(self.from),
            Pause::Silence => 0,
        }
    }
}

/// How long pauses are remembered one by one: longer than a file waits for what comes late.
const REMEMBERED: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Item, rings};
    use proptest::prelude::*;

    const RATE: ClockRate = ClockRate::Hz8000;

    fn at(samples: u64) -> Moment {
        Moment::from_nanos(samples * 125_000)
    }

    /// What comes out of a tape that pauses as told and is given `stretches` then, each sample its
    /// own position: places and samples, and where it ends.
    fn taped(
        pauses: &[(u64, Option<Pause>)],
        stretches: &[(u64, u64)],
        end: u64,
    ) -> (Vec<(u64, i16)>, u64) {
        let (mut outbox, mut mailbox) = rings(1 << 20);
        let mut tape = Tape::begin(TapeId(1), at(0), RATE, &mut outbox);
        for &(place, pause) in pauses {
            tape.pause(at(place), pause);
        }
        for &(from, to) in stretches {
            let pcm: Vec<i16> = (from..to).map(|it| it as i16).collect();
            tape.write(Recorded { side: Side::Caller, position: from, pcm: &pcm }, &mut outbox);
        }
        tape.end(at(end), &mut outbox);
        let (mut out, mut ended) = (Vec::new(), 0);
        mailbox.take(|item| match item {
            Item::Frame(frame) => {
                let samples = frame.bytes.chunks_exact(2);
                let samples = samples.map(|it| i16::from_ne_bytes([it[0], it[1]]));
                out.extend((frame.mark..).zip(samples));
            }
            Item::Value(TapeNote::Ended { end, .. }) => ended = end,
            Item::Value(_) => {}
        });
        (out, ended)
    }

    #[test]
    fn a_voice_under_way_through_two_pauses_lies_where_it_was_heard() {
        use Pause::Gap;
        let pauses = [(0, Some(Gap)), (8000, None), (8160, Some(Gap)), (8320, None)];
        let (out, end) = taped(&pauses, &[(7900, 8400)], 8400);
        let expected: Vec<_> = (0..160).map(|n| (n, 8000 + n as i16)).collect();
        assert_eq!(out[..160], expected);
        assert_eq!(
            out[160..].iter().map(|it| it.0).collect::<Vec<_>>(),
            (160..240).collect::<Vec<_>>()
        );
        assert_eq!(end, 240);
    }

    #[test]
    fn one_kind_of_pause_takes_the_place_of_another() {
        let pauses = [(100, Some(Pause::Silence)), (200, Some(Pause::Gap)), (300, None)];
        let (out, end) = taped(&pauses, &[(0, 400)], 400);
        let places: Vec<_> = out.iter().map(|it| it.0).collect();
        assert_eq!(places, (0..100).chain(200..300).collect::<Vec<_>>());
        assert_eq!((out[100].1, end), (300, 300));
    }

    #[test]
    fn what_finds_no_room_is_counted_to_the_sample() {
        let (mut outbox, mut mailbox) = rings(1024);
        let mut tape = Tape::begin(TapeId(1), at(0), RATE, &mut outbox);
        let mut written = [0u64; 2];
        for n in 0..10 {
            let stretch = Recorded { side: Side::Agent, position: n * 160, pcm: &[1; 160] };
            written[usize::from(tape.write(stretch, &mut outbox))] += 160;
        }
        tape.end(at(1600), &mut outbox);
        let mut counted = None;
        mailbox.take(|item| {
            if let Item::Value(TapeNote::Ended { dropped, .. }) = item {
                counted = Some(dropped);
            }
        });
        assert!(written[0] > 0);
        assert_eq!(counted, Some(written[0]));
    }

    proptest! {
        #[test]
        fn every_sample_lies_where_the_pauses_before_it_leave_it(
            turns in proptest::collection::vec((0u64..4000, 0u8..3), 0..8),
            late in 0u64..2000,
        ) {
            let (mut now, mut pauses) = (0, Vec::new());
            for (step, how) in turns {
                now += step / 160 * 160;
                let how = [None, Some(Pause::Silence), Some(Pause::Gap)][usize::from(how)];
                pauses.push((now, how));
            }
            let start = now.saturating_sub(late);
            let (out, end) = taped(&pauses, &[(start, now + 160)], now + 160);

            // The same, sample by sample.
            let how_at = |place: u64| pauses.iter().rev().find(|it| it.0 <= place).and_then(|it| it.1);
            let (mut place, mut expected) = (0, Vec::new());
            for sample in 0..now + 160 {
                let how = how_at(sample);
                if how.is_none() && sample >= start {
                    expected.push((place, sample as i16));
                }
                place += u64::from(how != Some(Pause::Gap));
            }
            prop_assert_eq!(out, expected);
            prop_assert_eq!(end, place);
        }
    }
}
