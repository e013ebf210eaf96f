//! What the engine counts, and how a worker shows it to other threads without stopping.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fourwire::LegCounters;

macro_rules! counters {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$doc])* pub $field: u64,)*
        }

        impl $name {
            /// How many counters there are.
            pub const COUNT: usize = [$(stringify!($field)),*].len();

            /// All counters with their names.
            pub const fn entries(&self) -> [(&'static str, u64); Self::COUNT] {
                [$((stringify!($field), self.$field)),*]
            }
        }
    };
}

counters! {
    /// What the engine has seen and dropped on the way between a leg and the network or its user.
    LineCounters {
        /// Datagrams from addresses that are not the caller's, dropped.
        strangers,
        /// Datagrams from a source that was still to prove itself; dropped, but for those recalled.
        probation,
        /// Of these, the beginning of what a source had said that was believed then.
        recalled,
        /// How often the caller's address was learnt.
        latched,
        /// RTCP datagrams from addresses that are not the caller's, dropped.
        rtcp_strangers,
        /// Datagrams too long for RTP, dropped.
        truncated,
        /// Datagrams for which the kernel had no room.
        kernel_overflow,
        /// Packets that the network refused to take, or whose port it reported closed.
        unsent,
        /// Packets for which the SDP names no address.
        nowhere_to_send,
        /// Chunks of the caller's audio dropped because nobody took the events.
        chunks_dropped,
        /// Packet times missing in the recording because the disk was too slow; silence there.
        recording_dropped,
        /// Digits that could not be sent.
        digits_refused,
        /// Datagrams that the SRTP key does not fit: changed, forged, or in the clear; dropped.
        srtp_unauthenticated,
        /// SRTP datagrams that were there before, or are too old to tell; dropped.
        srtp_replayed,
        /// Datagrams that are no SRTP at all, or of too many sources; dropped.
        srtp_malformed,
        /// Packets that could not be protected, so were not sent.
        srtp_unprotected,
    }
}

counters! {
    /// What an engine as a whole is doing and has dropped.
    EngineCounters {
        /// Legs that run.
        legs,
        /// Legs ever started.
        legs_started,
        /// Legs closed.
        legs_closed,
        /// Legs closed because of a fault of ours in them.
        legs_failed,
        /// WebSockets to agents that are open.
        links,
        /// Ticks of all workers.
        ticks,
        /// Ticks that began less than 1 ms late.
        ticks_on_time,
        /// Ticks that began 1 to 5 ms late.
        ticks_late_1ms,
        /// Ticks that began 5 to 20 ms late.
        ticks_late_5ms,
        /// Ticks that began 20 ms late or more.
        ticks_late_20ms,
        /// The largest lateness of a tick, in microseconds.
        largest_lateness_us,
        /// Time spent in ticks, in microseconds.
        busy_us,
        /// Speech refused because too many commands waited.
        commands_refused,
        /// Events dropped because nobody took any for very long.
        events_dropped,
        /// Recordings given up because of the disk.
        recordings_failed,
        /// How long the threads of recordings are at their present work, in microseconds: more than
        /// a moment is a disk that stalls.
        recorder_busy_us,
        /// Port pairs that may be reserved.
        ports_free,
        /// Port pairs that are reserved or carry a call.
        ports_in_use,
        /// Port pairs that rest after a call.
        ports_resting,
    }
}

/// The counters of one leg, written by its worker now and then, read by anyone.
#[derive(Debug)]
pub(crate) struct Board([AtomicU64; LegCounters::COUNT + LineCounters::COUNT]);

impl Board {
    pub(crate) fn new() -> Self {
        Self([const { AtomicU64::new(0) }; LegCounters::COUNT + LineCounters::COUNT])
    }

    pub(crate) fn publish(&self, leg: &LegCounters, line: &LineCounters) {
        let values = entries(leg, line);
        self.0.iter().zip(values).for_each(|(shown, (_, value))| shown.store(value, Relaxed));
    }

    pub(crate) fn entries(&self) -> Vec<(&'static str, u64)> {
        let names = entries(&LegCounters::default(), &LineCounters::default());
        names.zip(&self.0).map(|((name, _), shown)| (name, shown.load(Relaxed))).collect()
    }
}

fn entries(
    leg: &LegCounters,
    line: &LineCounters,
) -> impl Iterator<Item = (&'static str, u64)> + use<> {
    leg.entries().into_iter().chain(line.entries())
}

/// What one worker counts. It alone writes, so a load and a store are enough.
#[derive(Debug, Default)]
pub(crate) struct WorkerBoard {
    pub(crate) legs: AtomicU64,
    pub(crate) legs_started: AtomicU64,
    pub(crate) legs_failed: AtomicU64,
    pub(crate) events_dropped: AtomicU64,
    pub(crate) links: AtomicU64,
    ticks: [AtomicU64; LATENESS.len() + 1],
    largest_lateness_us: AtomicU64,
    busy_ns: AtomicU64,
}

impl WorkerBoard {
    /// Counts a tick that began `late` after its time and was at work for `busy`.
    pub(crate) fn note_tick(&self, late: Duration, busy: Duration) {
        let class = LATENESS.iter().take_while(|&&limit| late >= limit).count();
        add(&self.ticks[class], 1);
        add(&self.busy_ns, busy.as_nanos() as u64);
        let late = late.as_micros() as u64;
        if late > self.largest_lateness_us.load(Relaxed) {
            self.largest_lateness_us.store(late, Relaxed);
        }
    }

    pub(crate) fn add_to(&self, sum: &mut EngineCounters) {
        let [on_time, late_1ms, late_5ms, late_20ms] =
            self.ticks.each_ref().map(|it| it.load(Relaxed));
        sum.legs += self.legs.load(Relaxed);
        sum.legs_started += self.legs_started.load(Relaxed);
        sum.legs_closed = sum.legs_started.saturating_sub(sum.legs);
        sum.legs_failed += self.legs_failed.load(Relaxed);
        sum.links += self.links.load(Relaxed);
        sum.ticks += on_time + late_1ms + late_5ms + late_20ms;
        sum.ticks_on_time += on_time;
        sum.ticks_late_1ms += late_1ms;
        sum.ticks_late_5ms += late_5ms;
        sum.ticks_late_20ms += late_20ms;
        sum.largest_lateness_us =
            sum.largest_lateness_us.max(self.largest_lateness_us.load(Relaxed));
        sum.busy_us += self.busy_ns.load(Relaxed) / 1000;
        sum.events_dropped += self.events_dropped.load(Relaxed);
    }
}

/// Adds to a counter of which this thread is the only writer.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.store(counter.load(Relaxed) + count, Relaxed);
}

/// Where one class of lateness ends and the next begins.
const LATENESS: [Duration; 3] =
    [Duration::from_millis(1), Duration::from_millis(5), Duration::from_millis(20)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_of_a_leg_and_its_line_is_shown_under_its_name() {
        let board = Board::new();
        let line = LineCounters { strangers: 3, ..LineCounters::default() };
        let leg = LegCounters { packets_received: 5, ..LegCounters::default() };
        board.publish(&leg, &line);
        let entries = board.entries();
        assert_eq!(entries.len(), LegCounters::COUNT + LineCounters::COUNT);
        assert!(entries.contains(&("strangers", 3)));
        assert!(entries.contains(&("packets_received", 5)));
    }

    #[test]
    fn ticks_are_sorted_by_how_late_they_began() {
        let board = WorkerBoard::default();
        for late in [0, 999, 1_000, 4_999, 5_000, 20_000, 70_000] {
            board.note_tick(Duration::from_micros(late), Duration::from_micros(10));
        }
        let mut sum = EngineCounters::default();
        board.add_to(&mut sum);
        assert_eq!((sum.ticks, sum.ticks_on_time, sum.ticks_late_1ms), (7, 2, 2));
        assert_eq!((sum.ticks_late_5ms, sum.ticks_late_20ms), (1, 2));
        assert_eq!((sum.largest_lateness_us, sum.busy_us), (70_000, 70));
    }
}
