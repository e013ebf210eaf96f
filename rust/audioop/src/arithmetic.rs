//! Fragments made louder, mixed, shifted, and moved between one channel and two.

use fourwire_kernels::gain;

use crate::fragment::{each, each_mut, pcm, with_pcm};
use crate::sample::{bounded, by_width, largest, load, store};
use crate::{Error, Fragment, Width};

impl<'a> Fragment<'a> {
    /// Every sample times `factor`, rounded down, as far as it fits.
    pub fn mul(&self, factor: f64, out: &mut [u8]) {
        if self.width == Width::Two {
            return with_pcm(out, |out| gain::scale(&pcm(self.bytes), factor, out));
        }
        self.map(out, |sample| f64::from(sample) * factor);
    }

    /// The sum with `other`, sample by sample, as far as it fits.
    ///
    /// # Errors
    /// Where one is longer than the other.
    pub fn plus(&self, other: &'a [u8]) -> Result<Sum<'a>, Error> {
        if self.bytes.len() != other.len() {
            return Err(Error::Lengths);
        }
        Ok(Sum { one: *self, other })
    }

    /// Every sample plus `bias`; what does not fit wraps.
    pub fn bias(&self, bias: i32, out: &mut [u8]) {
        by_width!(self.width, W => {
            for (out, &sample) in each_mut::<W>(out).iter_mut().zip(each::<W>(self.bytes)) {
                *out = store(load(sample).wrapping_add(bias));
            }
        });
    }

    /// Pairs of samples, left and right.
    ///
    /// # Errors
    /// Where the last one has no partner.
    pub fn stereo(self) -> Result<Stereo<'a>, Error> {
        if self.samples().is_multiple_of(2) { Ok(Stereo(self)) } else { Err(Error::Frames) }
    }

    /// Every sample twice, each time by a factor of its own.
    pub fn tostereo(&self, left: f64, right: f64, out: &mut [u8]) {
        if self.width == Width::Two {
            return with_pcm(out, |out| gain::spread(&pcm(self.bytes), left, right, out));
        }
        by_width!(self.width, W => {
            let pairs = each_mut::<W>(out).as_chunks_mut::<2>().0;
            for (pair, &sample) in pairs.iter_mut().zip(each::<W>(self.bytes)) {
                let sample = f64::from(load::<W>(sample));
                *pair = [left, right].map(|factor| store(bounded::<W>(sample * factor)));
            }
        });
    }

    fn map(&self, out: &mut [u8], value: impl Fn(i32) -> f64) {
        by_width!(self.width, W => {
            for (out, &sample) in each_mut::<W>(out).iter_mut().zip(each::<W>(self.bytes)) {
                *out = store(bounded::<W>(value(load(sample))));
            }
        });
    }
}

/// Two fragments of one length, to be added.
#[derive(Clone, Copy, Debug)]
pub struct Sum<'a> {
    one: Fragment<'a>,
    other: &'a [u8],
}

impl Sum<'_> {
    /// Writes the sums.
    pub fn write(&self, out: &mut [u8]) {
        by_width!(self.one.width, W => {
            let pairs = each::<W>(self.one.bytes).iter().zip(each::<W>(self.other));
            for (out, (&one, &other)) in each_mut::<W>(out).iter_mut().zip(pairs) {
                *out = store(sum::<W>(load(one), load(other)));
            }
        });
    }
}

#[inline(always)]
fn sum<const W: usize>(one: i32, other: i32) -> i32 {
    if W == 4 {
        return one.saturating_add(other);
    }
    (one + other).clamp(-largest::<W>() - 1, largest::<W>())
}

/// Samples of two channels by turns.
#[derive(Clone, Copy, Debug)]
pub struct Stereo<'a>(Fragment<'a>);

impl Stereo<'_> {
    /// One sample for each pair: the sum of both, each by a factor of its own.
    pub fn tomono(&self, left: f64, right: f64, out: &mut [u8]) {
        if self.0.width == Width::Two {
            return with_pcm(out, |out| gain::fold(&pcm(self.0.bytes), left, right, out));
        }
        by_width!(self.0.width, W => {
            let pairs = each::<W>(self.0.bytes).as_chunks::<2>().0;
            for (out, &pair) in each_mut::<W>(out).iter_mut().zip(pairs) {
                let [one, other] = pair.map(|sample| f64::from(load::<W>(sample)));
                *out = store(bounded::<W>(one * left + other * right));
            }
        });
    }
}
