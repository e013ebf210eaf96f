//! How much delay there is, and how much there should be.

use super::drift::Drift;
use super::fastest::Fastest;
use super::histogram::Histogram;
use crate::listen::source::clock_reading;
use crate::{ClockRate, Moment};

/// The width of a bucket.
const BUCKET_MS: i64 = 5;

/// The share of the past that may have needed more delay than there is.
const BEYOND: f32 = 0.03;

/// What one packet in a hundred that comes too late to be heard is worth in delay.
const PRICE_MS: i64 = 20;

/// The least that is kept beyond what was needed.
const MARGIN_MS: i64 = 0;

/// The delay of a stream of packets; times and places in periods of its clock.
///
/// The *lag* of a sample is how much later it is played than the fastest packets lately would have
/// allowed for, if each had brought one sample. What lag a packet *needed* is what it would have
/// had to be for the packet to come in time: the last samples taken out before it came would have
/// had to end where it begins.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    rate: ClockRate,
    fastest: Fastest,
    drift: Drift,
    /// What packets that came in their order needed.
    lately: Histogram,
    usually: Histogram,
    /// What packets that others overtook needed; zero for all others.
    overtaken: Histogram,
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
        let bucket = BUCKET_MS * i64::from(rate.hertz()) / 1000;
        Self {
            rate,
            fastest: Fastest::new(rate),
            drift: Drift::new(rate),
            lately: Histogram::new(bucket, 0.97),
            usually: Histogram::new(bucket, 0.998),
            overtaken: Histogram::new(bucket, 0.9993),
            taken: None,
            portion: 0,
            target: 12 * bucket,
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
            self.lately.observe(needed);
            self.usually.observe(needed);
        }
        self.overtaken.observe(if in_order { 0 } else { needed });
        self.aim();
    }

    /// When samples were taken out without a packet that came at `arrival`, for the last time.
    fn missed(&self, arrival: i64) -> i64 {
        self.taken.map_or(arrival, |taken| taken.clamp(arrival - self.portion, arrival))
    }

    fn aim(&mut self) {
        let needed = self.usually.quantile(BEYOND).max(self.lately.quantile(2.0 * BEYOND));
        let millisecond = i64::from(self.rate.hertz()) / 1000;
        let overtaken = self.overtaken.cheapest(PRICE_MS * millisecond);
        self.target = needed.max(overtaken) + MARGIN_MS * millisecond;
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
