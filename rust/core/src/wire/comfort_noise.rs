//! What a silent line sounds like, as its other end tells it (RFC 3389).
//!
//! ```text
//! byte 0   0 and 7 bits: the level in dBov, its sign dropped
//! byte 1…  a reflection coefficient each, in 254 steps from −1 to 1
//! ```
//!
//! What the coefficients are of is left to other papers. Here and in all implementations met so far
//! the first is minus the correlation of a sample with the one before it, over its power.

/// The most coefficients that are kept; higher ones may be taken for zero (RFC 3389 §3).
pub const MOST_COEFFICIENTS: usize = 10;

/// A noise: how loud it is, and the shape of its spectrum.
///
/// ```
/// use fourwire::wire::ComfortNoise;
///
/// let noise = ComfortNoise::parse(&[62, 63]).unwrap();
/// assert_eq!(noise.level_dbov(), -62);
/// assert!((noise.coefficients()[0] + 0.5).abs() < 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComfortNoise {
    /// In dBov, its sign dropped: up to 127.
    level: u8,
    coefficients: [f32; MOST_COEFFICIENTS],
    order: usize,
}

impl ComfortNoise {
    /// A noise of `level_dbov`, brought to between −127 and 0, and of no colour.
    pub const fn white(level_dbov: i8) -> Self {
        let level = if level_dbov > 0 { 0 } else { level_dbov.unsigned_abs() };
        let level = if level > LOWEST { LOWEST } else { level };
        Self { level, coefficients: [0.0; MOST_COEFFICIENTS], order: 0 }
    }

    /// The same with these reflection coefficients, of which those beyond the
    /// [most](MOST_COEFFICIENTS) are left out.
    #[must_use]
    pub fn coloured(mut self, coefficients: &[f32]) -> Self {
        self.order = coefficients.len().min(MOST_COEFFICIENTS);
        for (kept, told) in self.coefficients.iter_mut().zip(coefficients) {
            *kept = told.clamp(-1.0, 1.0);
        }
        self
    }

    /// The noise that `payload` tells of; `None` where it has no level.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (level, indices) = payload.split_first()?;
        let mut noise = Self::white(0);
        noise.level = level & 0x7F; // The top bit is always zero (§3.1).
        noise.order = indices.len().min(MOST_COEFFICIENTS);
        for (coefficient, &index) in noise.coefficients.iter_mut().zip(indices) {
            *coefficient = coefficient_of(index);
        }
        Some(noise)
    }

    /// Appends the noise as a payload to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(self.level);
        out.extend(self.coefficients().iter().map(|&coefficient| index_of(coefficient)));
    }

    /// How loud it is: from −127 to 0.
    pub const fn level_dbov(&self) -> i8 {
        -(self.level as i8)
    }

    /// Its reflection coefficients, as many as were told.
    pub fn coefficients(&self) -> &[f32] {
        &self.coefficients[..self.order]
    }
}

/// The quietest level that seven bits can tell, its sign dropped.
const LOWEST: u8 = 127;

/// RFC 3389 §3.2. The last index is reserved, and tells nothing.
fn coefficient_of(index: u8) -> f32 {
    if index == u8::MAX { 0.0 } else { 258.0 * (f32::from(index) - 127.0) / 32_768.0 }
}

fn index_of(coefficient: f32) -> u8 {
    (coefficient * 32_768.0 / 258.0 + 127.0).round().clamp(0.0, 254.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_level_alone_is_a_noise_without_colour() {
        let noise = ComfortNoise::parse(&[0x4E]).unwrap();
        assert_eq!((noise.level_dbov(), noise.coefficients()), (-78, &[][..]));
    }

    #[test]
    fn the_top_bit_of_the_level_means_nothing() {
        assert_eq!(ComfortNoise::parse(&[0xCE]), ComfortNoise::parse(&[0x4E]));
    }

    #[test]
    fn an_empty_payload_is_none() {
        assert_eq!(ComfortNoise::parse(&[]), None);
    }

    #[test]
    fn coefficients_run_from_minus_one_to_one_by_way_of_zero_and_the_reserved_one_is_zero() {
        let noise = ComfortNoise::parse(&[60, 0, 127, 254, 255]).unwrap();
        let ends = noise.coefficients();
        assert!(ends[0] > -1.0 && ends[0] < -0.999, "{ends:?}");
        assert!(ends[2] < 1.0 && ends[2] > 0.999, "{ends:?}");
        assert_eq!((ends[1], ends[3]), (0.0, 0.0));
    }

    #[test]
    fn of_a_higher_order_the_first_coefficients_are_kept() {
        let noise = ComfortNoise::parse(&[100; 25]).unwrap();
        assert_eq!(noise.coefficients().len(), MOST_COEFFICIENTS);
    }

    #[test]
    fn no_level_is_out_of_range() {
        assert_eq!(ComfortNoise::white(i8::MIN).level_dbov(), -127);
        assert_eq!(ComfortNoise::white(3).level_dbov(), 0);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            level in 0u8..=127,
            indices in proptest::collection::vec(0u8..=254, 0..=MOST_COEFFICIENTS),
        ) {
            let payload: Vec<u8> = std::iter::once(level).chain(indices).collect();
            let mut written = Vec::new();
            ComfortNoise::parse(&payload).unwrap().write(&mut written);
            prop_assert_eq!(written, payload);
        }

        #[test]
        fn whatever_comes_makes_a_filter_that_is_stable(payload: Vec<u8>) {
            if let Some(noise) = ComfortNoise::parse(&payload) {
                prop_assert!((-127..=0).contains(&noise.level_dbov()));
                prop_assert!(noise.coefficients().iter().all(|k| k.abs() < 1.0));
            }
        }
    }
}
