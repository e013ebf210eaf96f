//! How alike two runs of samples are.

use crate::dispatch::dispatched;

dispatched! {
    /// The sum of the products of `a` and `b`, as many as the shorter one has; exact for up to
    /// 2³² of them.
    pub fn product(a: &[i16], b: &[i16]) -> i64 = product_body
}

#[inline(always)]
fn product_body(a: &[i16], b: &[i16]) -> i64 {
    a.iter().zip(b).map(|(&a, &b)| i64::from(i32::from(a) * i32::from(b))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_least_samples_have_the_largest_product() {
        assert_eq!(product(&[i16::MIN; 5], &[i16::MIN; 4]), 4 << 30);
    }

    proptest! {
        #[test]
        fn both_builds_agree(pairs in proptest::collection::vec(any::<(i16, i16)>(), 0..300)) {
            let (a, b): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            prop_assert_eq!(product(&a, &b), product_body(&a, &b));
        }
    }
}
