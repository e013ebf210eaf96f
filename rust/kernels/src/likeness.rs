//! How much sounds resemble each other.

use crate::dispatch::dispatched;

/// Sums are kept in this many lanes, whatever the vector unit's width, and added up in one order:
/// so the result does not depend on the processor.
const LANES: usize = 8;

dispatched! {
    /// Fills `out` with the normalised correlation of `shape` with each stretch of `along` that is
    /// as long, from the first on: from −1, in opposition, to 1, where it is the same.
    ///
    /// # Panics
    /// Where `along` is too short for all of `out`, or `shape` is empty.
    pub fn likenesses(shape: &[f32], along: &[f32], out: &mut [f32]) = likenesses_body
}

dispatched! {
    /// The sum of the products of `a` and `b`, as many as the shorter has.
    pub fn correlation(a: &[f32], b: &[f32]) -> f32 = correlation_body
}

#[inline(always)]
fn likenesses_body(shape: &[f32], along: &[f32], out: &mut [f32]) {
    let (length, last) = (shape.len(), shape.len() - 1);
    let mine = correlation_body(shape, shape);
    let mut rest = correlation_body(&along[..last], &along[..last]);
    for (n, likeness) in out.iter_mut().enumerate() {
        let stretch = &along[n..n + length];
        let theirs = rest + stretch[last] * stretch[last];
        *likeness = correlation_body(shape, stretch) / (1.0 + mine * theirs).sqrt();
        // What rounding leaves over may fall below zero.
        rest = (theirs - stretch[0] * stretch[0]).max(0.0);
    }
}

#[inline(always)]
fn correlation_body(a: &[f32], b: &[f32]) -> f32 {
    let ((a, last_a), (b, last_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f32>() + last_a.iter().zip(last_b).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_shape_is_found_where_it_is_and_its_opposite_where_that_is() {
        let shape = [300.0, -200.0, 100.0, 50.0];
        let along = [0.0, 300.0, -200.0, 100.0, 50.0, -300.0, 200.0, -100.0, -50.0, 0.0];
        let mut out = [0.0; 7];
        likenesses(&shape, &along, &mut out);
        assert!((out[1] - 1.0).abs() < 1e-4 && (out[5] + 1.0).abs() < 1e-4, "{out:?}");
        assert!(out.iter().all(|likeness| likeness.abs() <= 1.0));
    }

    fn sound() -> impl Strategy<Value = Vec<f32>> {
        proptest::collection::vec((-32768i16..32767).prop_map(f32::from), 1..200)
    }

    proptest! {
        #[test]
        fn both_builds_agree(shape in sound(), along in sound()) {
            let places = (along.len() + 1).saturating_sub(shape.len());
            let (mut out, mut twin) = (vec![0.0; places], vec![0.0; places]);
            if places > 0 {
                likenesses(&shape, &along, &mut out);
                likenesses_body(&shape, &along, &mut twin);
            }
            prop_assert_eq!(out, twin);
            prop_assert_eq!(correlation(&shape, &along), correlation_body(&shape, &along));
        }
    }
}
