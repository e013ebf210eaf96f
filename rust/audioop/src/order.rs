//! The same samples in another order, with their bytes in another order, or of another width.

use crate::fragment::{each, each_mut};
use crate::sample::{by_width, narrow, wide};
use crate::{Fragment, Width};

impl Fragment<'_> {
    /// The last sample first.
    pub fn reverse(&self, out: &mut [u8]) {
        by_width!(self.width, W => {
            for (out, &sample) in each_mut::<W>(out).iter_mut().rev().zip(each::<W>(self.bytes)) {
                *out = sample;
            }
        });
    }

    /// The bytes of every sample in the opposite order.
    pub fn byteswap(&self, out: &mut [u8]) {
        by_width!(self.width, W => {
            for (out, sample) in each_mut::<W>(out).iter_mut().zip(each::<W>(self.bytes)) {
                *out = std::array::from_fn(|n| sample[W - 1 - n]);
            }
        });
    }

    /// The samples at `width`: zeros are added below, or bits dropped from there.
    pub fn lin2lin(&self, width: Width, out: &mut [u8]) {
        by_width!(self.width, W => by_width!(width, V => {
            for (out, &sample) in each_mut::<V>(out).iter_mut().zip(each::<W>(self.bytes)) {
                *out = narrow(wide(sample));
            }
        }));
    }
}
