//! What is told of a fragment: extremes, averages, crossings.

use std::cmp::Ordering;

use fourwire_kernels::level;

use crate::fragment::{each, pcm};
use crate::sample::{by_width, load};
use crate::{Error, Fragment, Width};

impl Fragment<'_> {
    /// The sample at `index`.
    ///
    /// # Errors
    /// Where there is none.
    pub fn sample(&self, index: isize) -> Result<i32, Error> {
        let index = usize::try_from(index).map_err(|_| Error::Index)?;
        let sample = by_width!(self.width, W => each::<W>(self.bytes).get(index).map(|&s| load(s)));
        sample.ok_or(Error::Index)
    }

    /// The largest magnitude.
    pub fn max(&self) -> u32 {
        if self.width == Width::Two {
            return level::measure(&pcm(self.bytes), u16::MAX).peak.into();
        }
        self.fold(0, |max: u32, sample| max.max(sample.unsigned_abs()))
    }

    /// The least and the greatest sample; of none the greatest and the least number there is.
    pub fn minmax(&self) -> (i32, i32) {
        self.fold((i32::MAX, i32::MIN), |(min, max), sample| (min.min(sample), max.max(sample)))
    }

    /// The mean, rounded down; zero of none.
    pub fn avg(&self) -> i32 {
        if self.is_empty() {
            return 0;
        }
        let sum = if self.sums_exactly(8 * self.width.bytes() as u32 - 1) {
            self.fold(0, |sum: i64, sample| sum + i64::from(sample)) as f64
        } else {
            self.fold(0.0, |sum, sample| sum + f64::from(sample))
        };
        (sum / self.samples() as f64).floor() as i32
    }

    /// The root of the mean square, rounded down; zero of none.
    pub fn rms(&self) -> u32 {
        if self.is_empty() {
            return 0;
        }
        let energy = if self.width == Width::Two && self.sums_exactly(30) {
            level::measure(&pcm(self.bytes), u16::MAX).energy as f64
        } else {
            self.fold(0.0, |sum, sample| sum + f64::from(sample) * f64::from(sample))
        };
        (energy / self.samples() as f64).sqrt() as u32
    }

    /// How often the sign changes; minus one of no samples.
    pub fn cross(&self) -> isize {
        if self.is_empty() {
            return -1;
        }
        by_width!(self.width, W => {
            let samples = each::<W>(self.bytes);
            let pairs = samples.iter().zip(&samples[1..]);
            pairs.map(|(&one, &next)| isize::from(load(one) ^ load(next) < 0)).sum()
        })
    }

    /// The mean distance between one extreme and the next, rounded down.
    pub fn avgpp(&self) -> u32 {
        let mut sum = 0.0;
        let mut swings = 0_u64;
        self.each_swing(|swing| {
            sum += f64::from(swing);
            swings += 1;
        });
        if swings == 0 { 0 } else { (sum / swings as f64) as u32 }
    }

    /// The largest distance between one extreme and the next.
    pub fn maxpp(&self) -> u32 {
        let mut max = 0;
        self.each_swing(|swing| max = max.max(swing));
        max
    }

    /// Tells the distances between extremes. What comes before the first turn and after the last
    /// is not between two.
    fn each_swing(&self, mut tell: impl FnMut(u32)) {
        by_width!(self.width, W => {
            let samples = each::<W>(self.bytes);
            let Some((&first, later)) = samples.split_first() else { return };
            let mut turns = Turns { last: load(first), heading: Ordering::Equal, extreme: None };
            for &sample in later {
                if let Some(swing) = turns.swing(load(sample)) {
                    tell(swing);
                }
            }
        });
    }

    /// Whether a double adds up this many terms of at most `bits` bits without rounding, so that
    /// their order does not matter.
    fn sums_exactly(&self, bits: u32) -> bool {
        self.samples() as u64 <= 1 << (f64::MANTISSA_DIGITS - bits)
    }

    #[inline(always)]
    fn fold<T>(&self, start: T, mut step: impl FnMut(T, i32) -> T) -> T {
        by_width!(self.width, W => {
            each::<W>(self.bytes).iter().fold(start, |so_far, &sample| step(so_far, load(sample)))
        })
    }
}

/// Where a curve turns.
struct Turns {
    last: i32,
    /// Where the curve last went; nowhere at the start.
    heading: Ordering,
    extreme: Option<i32>,
}

impl Turns {
    /// How far the curve went between the last two turns, where `sample` shows that it turned.
    #[inline(always)]
    fn swing(&mut self, sample: i32) -> Option<u32> {
        if sample == self.last {
            return None;
        }
        let heading = if sample < self.last { Ordering::Less } else { Ordering::Greater };
        let turned = self.heading == heading.reverse();
        self.heading = heading;
        let last = std::mem::replace(&mut self.last, sample);
        if !turned {
            return None;
        }
        self.extreme.replace(last).map(|extreme| extreme.abs_diff(last))
    }
}
