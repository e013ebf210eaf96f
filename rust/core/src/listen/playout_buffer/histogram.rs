//! How late packets are, as a distribution that forgets.

/// Buckets; what is later than all of them counts as the last.
const BUCKETS: usize = 100;

/// What the beginning counts, beside an observation.
const FIRST: f32 = 0.6;

/// How probable each delay is.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    /// What share of the past has which delay; sums up to one.
    shares: [f32; BUCKETS],
    /// The share of the past that a new observation leaves.
    memory: f32,
    /// Observations so far, as long as they matter.
    seen: f32,
    /// The width of a bucket.
    width: i64,
}

impl Histogram {
    /// A distribution over buckets of `width`, in which an observation counts less by a factor of
    /// `memory` with each one that follows. It begins at `delay`, as if a part of one observation
    /// had been of it.
    pub(super) fn new(width: i64, memory: f32, delay: i64) -> Self {
        let mut new = Self { shares: [0.0; BUCKETS], memory, seen: FIRST, width };
        new.shares[new.bucket(delay)] = 1.0;
        new
    }

    /// A delay was observed. The first ones count more, so that what was assumed before is soon
    /// forgotten.
    pub(super) fn observe(&mut self, delay: i64) {
        let memory = self.next_memory();
        for share in &mut self.shares {
            *share *= memory;
        }
        self.shares[self.bucket(delay)] += 1.0 - memory;
        self.seen += 1.0;
    }

    fn next_memory(&self) -> f32 {
        self.memory.min(1.0 - 1.0 / (self.seen + 1.0))
    }

    /// The least delay that no more than `beyond` of the past exceeds, had `delay` been observed
    /// as well.
    pub(super) fn quantile_with(&self, delay: i64, beyond: f32) -> i64 {
        let (memory, also) = (self.next_memory(), self.bucket(delay));
        let mut left = 0.0;
        for (bucket, share) in self.shares.iter().enumerate().rev() {
            left += share * memory + if bucket == also { 1.0 - memory } else { 0.0 };
            if left > beyond {
                return self.upper(bucket);
            }
        }
        0
    }

    /// The delay at which waiting longer costs more than it saves, where one lost packet in a
    /// hundred costs as much as `price` of delay; zero where nothing was late.
    pub(super) fn cheapest(&self, price: i64) -> i64 {
        let (mut beyond, mut best) = (0.0, (f32::MAX, 0));
        for (bucket, share) in self.shares.iter().enumerate().rev() {
            let delay = if bucket == 0 { 0 } else { self.upper(bucket) };
            let cost = delay as f32 + 100.0 * beyond * price as f32;
            if cost < best.0 {
                best = (cost, delay);
            }
            beyond += share;
        }
        best.1
    }

    fn bucket(&self, delay: i64) -> usize {
        ((delay.max(0) / self.width) as usize).min(BUCKETS - 1)
    }

    fn upper(&self, bucket: usize) -> i64 {
        (bucket as i64 + 1) * self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_lies_just_above_what_was_seen() {
        let mut histogram = Histogram::new(40, 0.99, 0);
        for n in 0..1000 {
            histogram.observe(if n % 20 == 0 { 500 } else { 90 });
        }
        assert_eq!(histogram.quantile_with(0, 0.10), 120);
        assert_eq!(histogram.quantile_with(0, 0.01), 520);
    }

    #[test]
    fn what_was_seen_long_ago_is_forgotten() {
        let mut histogram = Histogram::new(40, 0.98, 0);
        (0..100).for_each(|_| histogram.observe(800));
        (0..100).for_each(|_| histogram.observe(0));
        assert_eq!(histogram.quantile_with(0, 0.15), 40);
    }

    #[test]
    fn a_rare_delay_is_not_waited_for_and_a_common_one_is() {
        let mut rare = Histogram::new(40, 0.999, 0);
        let mut common = rare.clone();
        for n in 0..2000 {
            rare.observe(if n % 400 == 0 { 790 } else { 0 });
            common.observe(if n % 15 == 0 { 790 } else { 0 });
        }
        assert_eq!((rare.cheapest(160), common.cheapest(160)), (0, 800));
    }

    #[test]
    fn a_delay_beyond_all_bounds_is_the_longest_there_is() {
        let mut histogram = Histogram::new(40, 0.9, 0);
        assert_eq!(histogram.quantile_with(i64::MAX, 0.5), 4000);
        histogram.observe(i64::MIN);
        assert_eq!(histogram.quantile_with(i64::MIN, 0.0), 40);
    }
}
