//! How fast the sender's clock runs against ours.

use crate::ClockRate;

/// Seconds that are looked back on.
const SECONDS: usize = 32;

/// Seconds without which nothing is told: jitter would be taken for drift.
const LEAST_SECONDS: usize = 8;

/// The least transit of every second lately, through which a line is laid.
#[derive(Clone, Debug)]
pub(super) struct Drift {
    /// The second and its least transit, in a circle.
    least: [(i64, i64); SECONDS],
    /// How many of them there are, all told.
    count: usize,
    second: i64,
}

impl Drift {
    /// Nothing is known; times are periods of a clock of `rate`.
    pub(super) const fn new(rate: ClockRate) -> Self {
        Self { least: [(0, 0); SECONDS], count: 0, second: rate.hertz() as i64 }
    }

    /// A packet came.
    pub(super) fn hear(&mut self, arrival: i64, transit: i64) {
        let second = arrival / self.second;
        let latest = self.count.checked_sub(1).map(|last| &mut self.least[last % SECONDS]);
        match latest {
            Some((of, least)) if *of >= second => *least = transit.min(*least),
            _ => {
                self.least[self.count % SECONDS] = (second, transit);
                self.count += 1;
            }
        }
    }

    /// How many parts in a million the sender's clock is faster than ours; zero as long as that
    /// cannot be told.
    pub(super) fn ppm(&self) -> f64 {
        // The present second is not over, and may still see a faster packet.
        let known = self.count.saturating_sub(1).min(SECONDS - 1);
        if known < LEAST_SECONDS {
            return 0.0;
        }
        let points = (self.count - 1 - known..self.count - 1).map(|n| self.least[n % SECONDS]);
        -slope(points) / self.second as f64 * 1e6
    }

    /// Forgets all packets.
    pub(super) const fn forget(&mut self) {
        self.count = 0;
    }
}

/// The slope of the line that lies closest to `points`, by least squares.
fn slope(points: impl Iterator<Item = (i64, i64)> + Clone) -> f64 {
    let Some(origin) = points.clone().next() else { return 0.0 };
    let points = points.map(|(x, y)| ((x - origin.0) as f64, (y - origin.1) as f64));
    let (mut n, mut sum_x, mut sum_y) = (0.0, 0.0, 0.0);
    for (x, y) in points.clone() {
        (n, sum_x, sum_y) = (n + 1.0, sum_x + x, sum_y + y);
    }
    let (mean_x, mean_y) = (sum_x / n, sum_y / n);
    let (mut product, mut square) = (0.0, 0.0);
    for (x, y) in points {
        product += (x - mean_x) * (y - mean_y);
        square += (x - mean_x) * (x - mean_x);
    }
    if square > 0.0 { product / square } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drift_is_told_within_a_few_parts_in_a_million() {
        for ppm in [-200.0, -50.0, 0.0, 120.0, 200.0] {
            let mut drift = Drift::new(ClockRate::Hz8000);
            for n in 0..3000_i64 {
                let jitter = n * 7919 % 320;
                let sent = (n * 160) as f64 / (1.0 + ppm / 1e6);
                let arrival = sent.round() as i64 + jitter;
                drift.hear(arrival, arrival - n * 160);
            }
            assert!((drift.ppm() - ppm).abs() < 15.0, "{ppm} ppm was taken for {}", drift.ppm());
        }
    }

    #[test]
    fn nothing_is_told_of_a_clock_that_was_hardly_heard() {
        let mut drift = Drift::new(ClockRate::Hz8000);
        for n in 0..300 {
            drift.hear(n * 160, n * 3);
        }
        assert_eq!(drift.ppm(), 0.0);
    }
}
