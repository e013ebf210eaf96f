//! What the resampler lets through, what it keeps out, and when.

use std::f64::consts::TAU;

use fourwire::ClockRate::{self, Hz8000, Hz16000, Hz24000, Hz48000};
use fourwire::sound::resampler::{Preset, Resampler};
use proptest::prelude::*;

const RATES: [ClockRate; 4] = [Hz8000, Hz16000, Hz24000, Hz48000];

fn pairs() -> impl Iterator<Item = (ClockRate, ClockRate)> {
    RATES.into_iter().flat_map(|from| RATES.map(|to| (from, to))).filter(|(from, to)| from != to)
}

fn tone(rate: ClockRate, hertz: f64, samples: usize) -> Vec<i16> {
    let step = TAU * hertz / f64::from(rate.hertz());
    (0..samples).map(|n| ((step * n as f64).sin() * 16_000.0).round() as i16).collect()
}

fn resample(from: ClockRate, to: ClockRate, preset: Preset, input: &[i16]) -> Vec<i16> {
    let mut out = Vec::new();
    Resampler::new(from, to, preset).process(input, &mut out);
    out
}

/// How loud `hertz` is in `pcm`, in decibels relative to the tone of [`tone`].
fn level_at(rate: ClockRate, hertz: f64, pcm: &[i16]) -> f64 {
    let step = TAU * hertz / f64::from(rate.hertz());
    // A window without which the tone's own skirts would hide what is 80 dB down.
    let window = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / pcm.len() as f64).cos();
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &sample) in pcm.iter().enumerate() {
        let weighted = f64::from(sample) * window(n);
        re += weighted * (step * n as f64).cos();
        im += weighted * (step * n as f64).sin();
    }
    20.0 * (4.0 * re.hypot(im) / pcm.len() as f64 / 16_000.0).log10()
}

/// How much of a tone of `hertz` at `from` comes out as one of `seen` at `to`, in decibels.
fn passed(from: ClockRate, to: ClockRate, preset: Preset, hertz: f64, seen: f64) -> f64 {
    let input = tone(from, hertz, from.hertz() as usize / 4);
    let out = resample(from, to, preset, &input);
    let settled = to.hertz() as usize / 50;
    level_at(to, seen, &out[settled..])
}

fn nyquist(from: ClockRate, to: ClockRate) -> f64 {
    f64::from(from.min(to).hertz()) / 2.0
}

#[test]
fn speech_passes_unchanged_up_to_the_edge_of_the_band() {
    for (from, to) in pairs() {
        for share in [0.05, 0.25, 0.5, 0.75, 0.85] {
            let hertz = nyquist(from, to) * share;
            let level = passed(from, to, Preset::Standard, hertz, hertz);
            assert!(level.abs() < 0.1, "{from:?} to {to:?} at {hertz} Hz: {level:.3} dB");
        }
    }
}

#[test]
fn what_would_alias_is_eighty_decibels_down() {
    for (from, to) in pairs().filter(|(from, to)| from > to) {
        for share in [1.075, 1.15, 1.3, 1.6, 1.9] {
            let hertz = nyquist(from, to) * share;
            if hertz >= f64::from(from.hertz()) / 2.0 {
                continue;
            }
            let folded = (hertz - f64::from(to.hertz())).abs();
            let level = passed(from, to, Preset::Standard, hertz, folded);
            assert!(level < -80.0, "{from:?} to {to:?} at {hertz} Hz: {level:.1} dB");
        }
    }
}

#[test]
fn the_images_of_a_tone_are_eighty_decibels_down() {
    for (from, to) in pairs().filter(|(from, to)| from < to) {
        let hertz = nyquist(from, to) * 0.825;
        let image = f64::from(from.hertz()) - hertz;
        let level = passed(from, to, Preset::Standard, hertz, image);
        assert!(level < -80.0, "{from:?} to {to:?}, image at {image} Hz: {level:.1} dB");
    }
}

#[test]
fn low_delay_still_keeps_what_is_well_out_of_the_band() {
    for (from, to) in pairs() {
        let edge = nyquist(from, to);
        let level = passed(from, to, Preset::LowDelay, edge * 0.85, edge * 0.85);
        assert!(level.abs() < 0.1, "{from:?} to {to:?} passes {level:.3} dB");
        if from > to && edge * 1.2 < f64::from(from.hertz()) / 2.0 {
            let level = passed(from, to, Preset::LowDelay, edge * 1.2, edge * 0.8);
            assert!(level < -65.0, "{from:?} to {to:?} folds {level:.1} dB");
        }
    }
}

#[test]
fn the_delay_told_is_the_delay_there_is() {
    for (from, to) in pairs() {
        for preset in [Preset::Standard, Preset::LowDelay] {
            let mut click = vec![0; from.hertz() as usize / 10];
            click[0] = 32_000;
            let out = resample(from, to, preset, &click);
            let peak = (0..out.len()).max_by_key(|&n| out[n]).unwrap();
            let told = Resampler::new(from, to, preset).delay_in_output_samples();
            assert_eq!(peak, told, "{from:?} to {to:?}, {preset:?}");
        }
    }
}

#[test]
fn no_delay_is_longer_than_three_milliseconds() {
    for (from, to) in pairs() {
        assert!(Resampler::new(from, to, Preset::Standard).delay().as_micros() <= 3000);
        assert!(Resampler::new(from, to, Preset::LowDelay).delay().as_micros() <= 2000);
    }
}

#[test]
fn a_millisecond_in_is_a_millisecond_out() {
    for (from, to) in pairs() {
        let mut resampler = Resampler::new(from, to, Preset::Standard);
        let mut out = Vec::new();
        for count in 1..=50 {
            resampler.process(&vec![5; from.hertz() as usize / 1000], &mut out);
            assert_eq!(out.len(), count * to.hertz() as usize / 1000, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn after_a_reset_nothing_is_left_of_what_came_before() {
    for (from, to) in pairs() {
        let input = tone(from, 700.0, 1003);
        let mut resampler = Resampler::new(from, to, Preset::Standard);
        resampler.process(&[30_000; 777], &mut Vec::new());
        resampler.reset();
        let mut out = Vec::new();
        resampler.process(&input, &mut out);
        assert_eq!(out, resample(from, to, Preset::Standard, &input));
    }
}

#[test]
fn full_scale_is_clipped_and_does_not_wrap() {
    let square: Vec<i16> =
        (0..800).map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let out = resample(Hz8000, Hz24000, Preset::Standard, &square);
    let settled = 100; // Before it, the filter rings about the silence that came first.
    let sign_changes =
        out[settled..].windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
    assert!(sign_changes <= 40, "{sign_changes} changes of sign");
}

/// Noise of full scale, the same every time.
fn noise(samples: usize) -> Vec<i16> {
    let mut dice = 1u32;
    let mut next = || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 16) as i16
    };
    (0..samples).map(|_| next()).collect()
}

/// FNV-1a, 64 bits.
fn fingerprint(pcm: &[i16]) -> u64 {
    pcm.iter().flat_map(|sample| sample.to_le_bytes()).fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[test]
fn every_processor_gives_the_same_bits() {
    let noise = noise(10_000);
    let all: Vec<i16> =
        pairs().flat_map(|(from, to)| resample(from, to, Preset::Standard, &noise)).collect();
    assert_eq!(fingerprint(&all), 0xB2E4_1334_A920_5605);
}

#[test]
fn a_long_recording_gives_what_its_frames_give() {
    let noise = noise(20_000);
    for (from, to) in pairs() {
        let (mut resampler, mut out) = (Resampler::new(from, to, Preset::Standard), Vec::new());
        noise.chunks(160).for_each(|frame| resampler.process(frame, &mut out));
        assert_eq!(out, resample(from, to, Preset::Standard, &noise), "{from:?} to {to:?}");
    }
}

proptest! {
    #[test]
    fn chunks_give_what_the_whole_gives_to_the_bit(
        pair in (0usize..4, 0usize..4),
        input in proptest::collection::vec(any::<i16>(), 0..2000),
        cuts in proptest::collection::vec(0usize..300, 1..40),
    ) {
        let (from, to) = (RATES[pair.0], RATES[pair.1]);
        let mut resampler = Resampler::new(from, to, Preset::Standard);
        let (mut out, mut rest) = (Vec::new(), input.as_slice());
        for cut in cuts {
            let (chunk, left) = rest.split_at(cut.min(rest.len()));
            resampler.process(chunk, &mut out);
            rest = left;
        }
        resampler.process(rest, &mut out);
        prop_assert_eq!(out, resample(from, to, Preset::Standard, &input));
    }
}
