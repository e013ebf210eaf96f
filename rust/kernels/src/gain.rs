//! Samples by a factor, alone and in pairs: in double precision, rounded down, as far as 16 bits go.
//! Each takes as many as the shorter side has.

use crate::dispatch::dispatched;

dispatched! {
    /// Every sample times `factor`.
    pub fn scale(pcm: &[i16], factor: f64, out: &mut [i16]) = scale_body
}

dispatched! {
    /// A sample for each pair in `pcm`: the first by one factor and the second by the other.
    pub fn fold(pcm: &[i16], first: f64, second: f64, out: &mut [i16]) = fold_body
}

dispatched! {
    /// A pair for each sample in `pcm`, one by one factor and one by the other.
    pub fn spread(pcm: &[i16], first: f64, second: f64, out: &mut [i16]) = spread_body
}

#[inline(always)]
fn scale_body(pcm: &[i16], factor: f64, out: &mut [i16]) {
    for (out, &sample) in out.iter_mut().zip(pcm) {
        *out = bounded(f64::from(sample) * factor);
    }
}

#[inline(always)]
fn fold_body(pcm: &[i16], first: f64, second: f64, out: &mut [i16]) {
    for (out, &[a, b]) in out.iter_mut().zip(pcm.as_chunks::<2>().0) {
        *out = bounded(f64::from(a) * first + f64::from(b) * second);
    }
}

#[inline(always)]
fn spread_body(pcm: &[i16], first: f64, second: f64, out: &mut [i16]) {
    for (out, &sample) in out.as_chunks_mut::<2>().0.iter_mut().zip(pcm) {
        *out = [first, second].map(|factor| bounded(f64::from(sample) * factor));
    }
}

/// `value` rounded down and clipped; zero where it is no number.
#[inline(always)]
fn bounded(value: f64) -> i16 {
    let value = if value.is_nan() { 0.0 } else { value };
    let value = value.clamp(f64::from(i16::MIN), f64::from(i16::MAX));
    // SAFETY: a number of 16 bits is one of 32. A checked conversion would not become a vector.
    let whole: i32 = unsafe { value.to_int_unchecked() };
    // Not `floor`: without an instruction for that it is a call for every sample.
    (whole - i32::from(f64::from(whole) > value)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_product_is_rounded_down_and_clipped() {
        let mut out = [0; 6];
        scale(&[1, -1, 3, -3, 32_767, -32_768], 0.5, &mut out);
        assert_eq!(out, [0, -1, 1, -2, 16_383, -16_384]);
        scale(&[1, -1, 0, 0, 32_767, -32_768], 1e300, &mut out);
        assert_eq!(out, [32_767, -32_768, 0, 0, 32_767, -32_768]);
        scale(&[0, 1, -1, 0, 0, 0], f64::INFINITY, &mut out);
        assert_eq!(out, [0, 32_767, -32_768, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn both_builds_agree(
            pcm in proptest::collection::vec(any::<i16>(), 0..300),
            first in any::<f64>(),
            second in -2.0..2.0,
        ) {
            let room = || vec![0; 2 * pcm.len()];
            let (mut a, mut b) = (room(), room());
            scale(&pcm, first, &mut a);
            scale_body(&pcm, first, &mut b);
            prop_assert_eq!(&a, &b);
            fold(&pcm, first, second, &mut a);
            fold_body(&pcm, first, second, &mut b);
            prop_assert_eq!(&a, &b);
            spread(&pcm, first, second, &mut a);
            spread_body(&pcm, first, second, &mut b);
            prop_assert_eq!(&a, &b);
        }
    }
}
