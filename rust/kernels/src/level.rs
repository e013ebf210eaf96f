//! How loud samples are.

use crate::dispatch::dispatched;

dispatched! {
    /// The largest magnitude in `pcm`; 32 768 for the most negative sample.
    pub fn peak(pcm: &[i16]) -> u16 = peak_body
}

dispatched! {
    /// The sum of the squares of `pcm`; exact for up to 2³³ samples.
    pub fn energy(pcm: &[i16]) -> u64 = energy_body
}

#[inline(always)]
fn peak_body(pcm: &[i16]) -> u16 {
    pcm.iter().fold(0, |peak, sample| peak.max(sample.unsigned_abs()))
}

#[inline(always)]
fn energy_body(pcm: &[i16]) -> u64 {
    // Two squares fit 32 bits without a sign; longer runs are summed in 64.
    pcm.iter().map(|&sample| (i32::from(sample) * i32::from(sample)) as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_most_negative_sample_is_the_loudest() {
        assert_eq!((peak(&[i16::MIN, i16::MAX]), energy(&[i16::MIN])), (32_768, 1 << 30));
        assert_eq!((peak(&[]), energy(&[])), (0, 0));
    }

    proptest! {
        #[test]
        fn both_builds_agree(pcm in proptest::collection::vec(any::<i16>(), 0..500)) {
            prop_assert_eq!(peak(&pcm), peak_body(&pcm));
            prop_assert_eq!(energy(&pcm), energy_body(&pcm));
        }
    }
}
