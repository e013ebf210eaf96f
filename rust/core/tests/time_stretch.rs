//! Sound made longer and shorter: what holds for any sound.

use fourwire::ClockRate;
use fourwire::listen::TimeStretch;
use fourwire::listen::time_stretch::Lead;
use proptest::collection::vec;
use proptest::prelude::*;

/// A tone, or noise, or both one after the other: what can be stretched and what cannot.
fn sounds() -> impl Strategy<Value = Vec<i16>> {
    let tone = (20usize..200, 200usize..1200).prop_map(|(period, samples)| {
        let phase = |n: usize| n as f32 / period as f32 * std::f32::consts::TAU;
        (0..samples).map(|n| (9000.0 * phase(n).sin()) as i16).collect()
    });
    let part = prop_oneof![tone, vec(any::<i16>(), 200..1200)];
    vec(part, 1..3).prop_map(|parts: Vec<Vec<i16>>| parts.concat())
}

proptest! {
    #[test]
    fn sound_changes_by_as_much_as_is_told_and_by_no_more_than_is_allowed(
        past in sounds(), coming in sounds(), most in 0usize..200, hurry: bool,
    ) {
        let rate = ClockRate::Hz8000;
        let mut whole = vec![0; TimeStretch::context(rate)];
        whole.extend(past);
        let at = whole.len();
        whole.extend(coming);
        let mut stretch = TimeStretch::new(rate);
        stretch.hear(&whole[..at]);

        let mut shorter = whole.clone();
        let removed = stretch.shorten(&mut shorter, at, most, hurry);
        prop_assert!(removed <= most);
        prop_assert_eq!(shorter.len(), whole.len() - removed);
        prop_assert_eq!(&shorter[..at], &whole[..at]);

        let mut longer = whole.clone();
        let inserted = stretch.lengthen(&mut longer, at, most);
        prop_assert!(inserted <= most);
        prop_assert_eq!(longer.len(), whole.len() + inserted);

        for lead in [Lead::Skip, Lead::Wait] {
            prop_assert!(stretch.fitting(&whole, at, lead) <= whole.len() - at);
        }
    }
}
