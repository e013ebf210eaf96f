//! How much delay there is, and how much there should be.

use super::drift::Drift;
use super::fastest::Fastest;
use super::histogram::Histogram;
use crate::listen::source::clock_reading;
use crate::{ClockRate, Moment};

/// The width of a bucket.
const BUCKET_MS: i64 = 5;

/// What is assumed before anything is known.
const BEGINNING_MS: i64 = 55;

/// How much packets that come together are looked at together: a stall holds up many, and is one
/// event.
const INTERVAL_MS: i64 = 500;

/// The share of intervals that may have needed more delay than there is.
const BEYOND: f32 = 0.03;

/// What is left of an interval with each that follows: half of it after 20 s.
const MEMORY: f32 = 0.983;

/// How many intervals are remembered one by one: what none of them needed is not waited for,
/// whatever was needed long ago.
const RECENT: usize = 60;

/// The same of a packet, for those that others overtook.
const OVERTAKEN_MEMORY: f32 = 0.9993;

/// What one packet in a hundred that comes too late to be heard is worth in delay.
const PRICE_MS: i64 = 30;

/// The share of a packet in how often losses are seen: half of it is forgotten after 7 s.
const LOSS_MEMORY: f32 = 0.002;

/// How often losses are seen when the packet behind one is waited for.
const OFTEN: f32 = 0.004;

/// How much later a packet may come without having missed the samples taken out after it: what
/// drifting clocks do to it within some seconds.
const GUARD_MS: i64 = 3;

/// The delay of a stream of packets; times and places in periods of its clock.
///
/// The *lag* of a sample is how much later it is played than the fastest packets lately would have
/// allowed for, if each had brought one sample. What lag a packet *needed* is what it would have
/// had to be for the packet to come in time: the last samples taken out before it came would have
/// had to end where it begins.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    rate: ClockRate,
    millisecond: i64,
    fastest: Fastest,
    drift: Drift,
    /// The most that packets that came in their order needed, of every interval.
    needed: Histogram,
    /// The same, of the last ones, in a circle.
    recent: [i64; RECENT],
    at: usize,
    /// The same, of the present interval.
    most_needed: i64,
    /// When that is over.
    interval_end: i64,
    /// What packets that others overtook needed; zero for all others.
    overtaken: Histogram,
    /// Packets that were lost so far, and how often they are lately.
    lost: u64,
    losses: f32,
    /// When samples were last taken out.
    taken: Option<i64>,
    /// How many were.
    portion: i64,
    target: i64,
    most: i64,
}

impl Delay {
    /// Nothing is known yet of a stream whose clock runs at `rate`; no more than `most` is aimed at.
    pub(super) fn new(rate: ClockRate, most: i64) -> Self {
        let millisecond = i64::from(rate.hertz()) / 1000;
        let bucket = BUCKET_MS * millisecond;
        let beginning = BEGINNING_MS * millisecond;
        Self {
            rate,
            millisecond,
            fastest: Fastest::new(rate),
            drift: Drift::new(rate),
            needed: Histogram::new(bucket, MEMORY, beginning),
            recent: [beginning; RECENT],
            at: 0,
            most_needed: 0,
            interval_end: 0,
            overtaken: Histogram::new(bucket, OVERTAKEN_MEMORY, 0),
            lost: 0,
            losses: 0.0,
            taken: None,
            portion: 0,
            target: beginning + bucket,
            most,
        }
    }

    /// A packet came that lies at `start..end`.
    pub(super) fn hear(&mut self, arrival: Moment, start: i64, end: i64, in_order: bool) {
        let arrival = clock_reading(arrival, self.rate).cast_signed();
        self.fastest.hear(arrival, arrival - end);
        self.drift.hear(arrival, arrival - end);
        let needed = self.lag_at(self.missed(arrival), start);
        if in_order {
            self.observe(arrival, needed);
        }
        self.overtaken.observe(if in_order { 0 } else { needed });
        self.aim(end - start);
    }

    /// Packets were lost, so many so far. A hole is filled better from both sides than from one:
    /// where there are many, the packet behind is worth its time.
    pub(super) fn lose(&mut self, lost: u64) {
        let more = f32::from(u8::from(lost > self.lost));
        self.losses += (more - self.losses) * LOSS_MEMORY;
        self.lost = lost;
    }

    fn aim(&mut self, packet: i64) {
        let usual = self.needed.quantile_with(self.most_needed, BEYOND);
        let recent = self.recent.iter().fold(self.most_needed, |most, &it| most.max(it));
        let overtaken = self.overtaken.cheapest(PRICE_MS * self.millisecond);
        let foresight = if self.losses > OFTEN { packet } else { 0 };
        let in_time = usual.min(recent + BUCKET_MS * self.millisecond).max(overtaken);
        self.target = in_time + foresight;
    }

    /// When samples were taken out without a packet that came at `arrival`, for the last time.
    fn missed(&self, arrival: i64) -> i64 {
        let Some(taken) = self.taken else { return arrival };
        let latest = arrival + GUARD_MS * self.millisecond;
        let next = taken + self.portion;
        let missed = if next <= latest { next } else { taken };
        missed.clamp(arrival - self.portion, latest)
    }

    fn observe(&mut self, arrival: i64, needed: i64) {
        if arrival >= self.interval_end {
            if self.interval_end > 0 {
                self.needed.observe(self.most_needed);
                self.recent[self.at] = self.most_needed;
                self.at = (self.at + 1) % RECENT;
            }
            self.most_needed = 0;
            self.interval_end = arrival + INTERVAL_MS * self.millisecond;
        }
        self.most_needed = self.most_needed.max(needed);
    }

    /// `portion` is taken out at `now`.
    pub(super) fn take(&mut self, now: Moment, portion: i64) {
        self.taken = Some(clock_reading(now, self.rate).cast_signed());
        self.portion = portion;
    }

    /// How far `position` lies behind the fastest packets when it is played `after` the last time
    /// that samples were taken out; zero where nothing is known.
    pub(super) fn lag(&self, position: i64, after: i64) -> i64 {
        self.taken.map_or(0, |taken| self.lag_at(taken + after, position))
    }

    /// The same, when it is played the next time that as many samples are taken out.
    pub(super) fn next_lag(&self, position: i64) -> i64 {
        self.lag(position, self.portion)
    }

    /// What the lag should be.
    pub(super) fn target(&self) -> i64 {
        (self.portion + self.target).min(self.most)
    }

    /// How many parts in a million the sender's clock is faster than ours.
    pub(super) fn drift_ppm(&self) -> f64 {
        self.drift.ppm()
    }

    /// The stream was joined anew: its packets have nothing to do with those before.
    pub(super) fn restart(&mut self) {
        self.fastest.forget();
        self.drift.forget();
    }

    fn lag_at(&self, time: i64, position: i64) -> i64 {
        self.fastest.transit().map_or(0, |least| time - least - position)
    }
}
