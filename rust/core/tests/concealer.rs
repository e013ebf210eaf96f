//! What a loss sounds like.

use std::f64::consts::TAU;

use fourwire::ClockRate;
use fourwire::listen::concealer::Concealer;
use proptest::prelude::*;

/// A voice: a glottal buzz at a pitch that glides, through two formants, with a little breath.
fn voice(samples: usize) -> Vec<i16> {
    let mut phase = 0.0;
    let mut noise = 1u32;
    (0..samples)
        .map(|n| {
            let hertz = 120.0 + 15.0 * (TAU * n as f64 / 24000.0).sin();
            phase += TAU * hertz / 8000.0;
            let formant = |f: f64| {
                (-((f - 500.0) / 300.0).powi(2)).exp()
                    + 0.4 * (-((f - 1500.0) / 300.0).powi(2)).exp()
            };
            let buzz: f64 =
                (1..25).map(|k| formant(hertz * f64::from(k)) * (phase * f64::from(k)).sin()).sum();
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let breath = f64::from(noise) / f64::from(u32::MAX) - 0.5;
            (buzz * 2500.0 + breath * 60.0) as i16
        })
        .collect()
}

/// `clean` as it is heard where the packets of 20 ms that `lost` names are concealed.
fn conceal(clean: &[i16], lost: impl Fn(usize) -> bool) -> Vec<i16> {
    let mut concealer = Concealer::new(ClockRate::Hz8000);
    let mut heard = Vec::new();
    for (number, packet) in clean.chunks(160).enumerate() {
        if lost(number) {
            concealer.conceal(&mut heard, packet.len());
        } else {
            let mut packet = packet.to_vec();
            concealer.hear(&mut packet);
            heard.extend(packet);
        }
    }
    heard
}

/// The same with other stand-ins: what `substitute` makes of the packet before.
fn replace(
    clean: &[i16],
    lost: impl Fn(usize) -> bool,
    substitute: impl Fn(&[i16]) -> Vec<i16>,
) -> Vec<i16> {
    let mut heard: Vec<i16> = Vec::new();
    for (number, packet) in clean.chunks(160).enumerate() {
        if lost(number) {
            let before = heard[heard.len() - 160..].to_vec();
            heard.extend(substitute(&before));
        } else {
            heard.extend(packet);
        }
    }
    heard
}

fn signal_to_noise(clean: &[i16], heard: &[i16]) -> f64 {
    let power = |it: &mut dyn Iterator<Item = f64>| it.map(|x| x * x).sum::<f64>();
    let signal = power(&mut clean.iter().map(|&s| f64::from(s)));
    let noise = power(&mut clean.iter().zip(heard).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    10.0 * (signal / noise).log10()
}

fn largest_step(pcm: &[i16]) -> i32 {
    pcm.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap()
}

#[test]
fn a_lost_packet_is_closer_to_the_voice_than_silence_or_a_repetition() {
    let clean = voice(16_000);
    let lost = |number: usize| number > 2 && number % 7 == 3;
    let ours = signal_to_noise(&clean, &conceal(&clean, lost));
    let silence = signal_to_noise(&clean, &replace(&clean, lost, |_| vec![0; 160]));
    let repetition = signal_to_noise(&clean, &replace(&clean, lost, <[i16]>::to_vec));
    assert!(ours > silence + 4.0, "{ours:.1} dB, silence {silence:.1} dB");
    assert!(ours > repetition + 4.0, "{ours:.1} dB, repetition {repetition:.1} dB");
}

#[test]
fn no_seam_is_steeper_than_the_voice_itself() {
    let clean = voice(16_000);
    let steepest = largest_step(&clean);
    for run in 1..8 {
        let heard = conceal(&clean, |number| number > 2 && number % 10 < run);
        let step = largest_step(&heard);
        assert!(
            step <= steepest * 12 / 10,
            "{run} packets lost: a step of {step}, the voice {steepest}"
        );
    }
}

#[test]
fn a_long_loss_fades_to_the_background() {
    let mut concealer = Concealer::new(ClockRate::Hz8000);
    concealer.hear(&mut [4; 160]);
    let mut speech = voice(1600);
    concealer.hear(&mut speech);
    let mut made_up = Vec::new();
    concealer.conceal(&mut made_up, 8000);
    assert!(made_up[..160].iter().any(|sample| sample.abs() > 500));
    assert!(made_up[480..].iter().all(|sample| sample.abs() < 20), "still loud after 60 ms");
    assert!(made_up[480..].iter().any(|&sample| sample != 0), "dead silence after 60 ms");
}

#[test]
fn silence_is_concealed_by_silence() {
    let mut concealer = Concealer::new(ClockRate::Hz8000);
    concealer.hear(&mut [0; 160]);
    let mut made_up = Vec::new();
    concealer.conceal(&mut made_up, 500);
    assert_eq!(made_up, [0; 500]);
}

#[test]
fn what_is_not_near_a_loss_is_left_as_it_is() {
    let clean = voice(3200);
    let heard = conceal(&clean, |number| number == 5);
    assert_eq!(heard[..800], clean[..800]);
    assert_eq!(heard[960 + 80..], clean[960 + 80..]);
}

proptest! {
    #[test]
    fn as_many_samples_come_out_as_were_asked_for(
        steps in proptest::collection::vec((any::<bool>(), 0usize..700, any::<i16>()), 1..40),
        wide in any::<bool>(),
    ) {
        let rate = if wide { ClockRate::Hz16000 } else { ClockRate::Hz8000 };
        let mut concealer = Concealer::new(rate);
        for (lost, samples, value) in steps {
            let mut out = vec![1];
            if lost {
                concealer.conceal(&mut out, samples);
                prop_assert_eq!(out.len(), samples + 1);
            } else {
                concealer.hear(&mut vec![value; samples]);
            }
        }
    }
}
