//! How loud samples are.

use crate::dispatch::by_hand;

/// What one look at all samples tells of their level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The largest magnitude; 32 768 for the most negative sample.
    pub peak: u16,
    /// The sum of the squares; exact for up to 2³³ samples.
    pub energy: u64,
    /// How many magnitudes reach the limit that was asked about.
    pub at_limit: u64,
}

by_hand! {
    /// The level of `pcm`, with those samples counted whose magnitude is `limit` at least.
    pub fn measure(pcm: &[i16], limit: u16) -> Level = wide::measure, measure_body
}

#[inline(always)]
fn measure_body(pcm: &[i16], limit: u16) -> Level {
    pcm.iter().fold(Level::default(), |level, &sample| {
        let magnitude = sample.unsigned_abs();
        Level {
            peak: level.peak.max(magnitude),
            energy: level.energy + u64::from(magnitude) * u64::from(magnitude),
            at_limit: level.at_limit + u64::from(magnitude >= limit),
        }
    })
}

/// Sixteen samples at a time.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    use super::{Level, measure_body};

    #[target_feature(enable = "avx2")]
    pub(super) fn measure(pcm: &[i16], limit: u16) -> Level {
        let (vectors, rest) = pcm.as_chunks();
        let limit_of_all = _mm256_set1_epi16(limit.cast_signed());
        let nothing = _mm256_setzero_si256();
        let (mut peak, mut energy, mut at_limit) = (nothing, nothing, nothing);
        for samples in vectors {
            let samples = load(samples);
            let magnitude = _mm256_abs_epi16(samples);
            peak = _mm256_max_epu16(peak, magnitude);
            energy = _mm256_add_epi64(energy, squares(samples));
            let reached = _mm256_max_epu16(magnitude, limit_of_all);
            let ones = _mm256_srli_epi16(_mm256_cmpeq_epi16(reached, magnitude), 15);
            at_limit = _mm256_add_epi64(at_limit, _mm256_sad_epu8(ones, nothing));
        }
        let rest = measure_body(rest, limit);
        Level {
            peak: lanes::<u16, 16>(peak).into_iter().fold(rest.peak, u16::max),
            energy: lanes::<u64, 4>(energy).into_iter().sum::<u64>() + rest.energy,
            at_limit: lanes::<u64, 4>(at_limit).into_iter().sum::<u64>() + rest.at_limit,
        }
    }

    /// Sums of four squares each; two fit into 32 bits without a sign.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn squares(samples: __m256i) -> __m256i {
        let pairs = _mm256_madd_epi16(samples, samples);
        let even = _mm256_blend_epi32(pairs, _mm256_setzero_si256(), 0b1010_1010);
        _mm256_add_epi64(even, _mm256_srli_epi64(pairs, 32))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(samples: &[i16; 16]) -> __m256i {
        // SAFETY: there are sixteen samples, and an unaligned load is asked for.
        unsafe { _mm256_loadu_si256(samples.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn lanes<T: Copy + Default, const N: usize>(vector: __m256i) -> [T; N] {
        const { assert!(size_of::<[T; N]>() == size_of::<__m256i>()) };
        let mut lanes = [T::default(); N];
        // SAFETY: both are as large, and an unaligned store is asked for.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), vector) };
        lanes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_most_negative_sample_is_the_loudest() {
        let level = measure(&[i16::MIN; 17], 32_768);
        assert_eq!(level, Level { peak: 32_768, energy: 17 << 30, at_limit: 17 });
        assert_eq!(measure(&[i16::MAX; 17], 32_768).at_limit, 0);
    }

    #[test]
    fn of_no_samples_there_is_nothing_to_tell() {
        assert_eq!(measure(&[], 0), Level::default());
    }

    proptest! {
        #[test]
        fn both_builds_agree(
            pcm in proptest::collection::vec(any::<i16>(), 0..500), limit: u16,
        ) {
            prop_assert_eq!(measure(&pcm, limit), measure_body(&pcm, limit));
        }
    }
}
