//! Sound made longer and shorter.

use std::f64::consts::TAU;

use fourwire::ClockRate;
use fourwire::listen::TimeStretch;
use fourwire::listen::time_stretch::Lead;
use proptest::collection::vec;
use proptest::prelude::*;

const MIDDLE: usize = 800;

/// 200 ms of a tone whose period is so many samples.
fn tone(period: f64) -> Vec<i16> {
    (0..1600).map(|n| ((f64::from(n) * TAU / period).sin() * 8000.0) as i16).collect()
}

/// 200 ms of noise.
fn noise() -> Vec<i16> {
    let mut dice = 1_u32;
    let throws = std::iter::repeat_with(|| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 16) as i16 / 4
    });
    throws.take(1600).collect()
}

/// One that has heard the beginning of `sound`.
fn stretch(sound: &[i16]) -> TimeStretch {
    let mut stretch = TimeStretch::new(ClockRate::Hz8000);
    sound[..MIDDLE].chunks(80).for_each(|piece| stretch.hear(piece));
    stretch
}

fn largest_step(pcm: &[i16]) -> i32 {
    pcm.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap()
}

#[test]
fn whole_periods_of_a_voice_are_cut_and_repeated() {
    for period in [23.0, 50.0, 64.5, 110.0] {
        let sound = tone(period);
        let (mut short, mut long) = (sound.clone(), sound.clone());
        let removed = stretch(&sound).shorten(&mut short, MIDDLE, 400, false);
        let inserted = stretch(&sound).lengthen(&mut long, MIDDLE, 400);
        assert_eq!((short.len(), long.len()), (1600 - removed, 1600 + inserted));
        for change in [removed, inserted] {
            let periods = change as f64 / period;
            assert!(change > 0 && (periods - periods.round()).abs() * period < 1.0, "{change}");
        }
        assert!(largest_step(&short) <= largest_step(&sound) * 11 / 10);
        assert!(largest_step(&long) <= largest_step(&sound) * 11 / 10);
    }
}

#[test]
fn what_does_not_resemble_itself_is_changed_in_a_hurry_alone() {
    let sound = noise();
    let stretch = stretch(&sound);
    assert_eq!(stretch.shorten(&mut sound.clone(), MIDDLE, 400, false), 0);
    assert_eq!(stretch.lengthen(&mut sound.clone(), MIDDLE, 400), 0);
}

#[test]
fn a_pause_of_speech_is_cut_by_as_much_as_is_asked_for() {
    let mut stretch = stretch(&tone(50.0));
    let mut sound = vec![3; 1600];
    sound[..MIDDLE].chunks(80).for_each(|piece| stretch.hear(piece));
    assert!(stretch.is_weak(&sound, MIDDLE));
    assert_eq!(stretch.shorten(&mut sound, MIDDLE, 500, false), 500);
}

#[test]
fn the_silence_between_two_syllables_is_no_pause() {
    let mut sound = tone(50.0);
    sound[MIDDLE - 80..MIDDLE + 80].fill(0);
    assert!(!stretch(&sound).is_weak(&sound, MIDDLE));
}

#[test]
fn one_sound_leads_over_to_another_in_step() {
    let (before, after) = (tone(50.0), tone(50.0));
    for shift in [0, 10, 25, 40] {
        let sound = [&before[..MIDDLE], &after[MIDDLE + shift..]].concat();
        let stretch = stretch(&sound);
        let skipped = stretch.fitting(&sound, MIDDLE, Lead::Skip);
        let waited = stretch.fitting(&sound, MIDDLE, Lead::Wait);
        assert_eq!(((shift + skipped) % 50, (50 + shift - waited) % 50), (0, 0), "{shift}");
    }
}

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
