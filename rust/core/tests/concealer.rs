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

/// `clean` as it is heard where the packets of 20 ms that `lost` names are concealed, with `ahead`
/// packets of what follows known.
fn conceal(clean: &[i16], ahead: usize, lost: impl Fn(usize) -> bool) -> Vec<i16> {
    let mut concealer = Concealer::new(ClockRate::Hz8000);
    let mut heard = Vec::new();
    let packets: Vec<&[i16]> = clean.chunks(160).collect();
    let mut number = 0;
    while let Some(packet) = packets.get(number) {
        let run = (number..packets.len()).take_while(|&number| lost(number)).count();
        if run == 0 {
            let mut packet = packet.to_vec();
            concealer.hear(&mut packet);
            heard.extend(packet);
        } else {
            let known = (number + run..packets.len()).take_while(|&number| !lost(number));
            let next: Vec<i16> =
                known.take(ahead).flat_map(|number| packets[number].to_vec()).collect();
            concealer.conceal_before(&next, &mut heard, 160 * run);
        }
        number += run.max(1);
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
    let ours = signal_to_noise(&clean, &conceal(&clean, 0, lost));
    let foreseen = signal_to_noise(&clean, &conceal(&clean, 2, lost));
    let silence = signal_to_noise(&clean, &replace(&clean, lost, |_| vec![0; 160]));
    let repetition = signal_to_noise(&clean, &replace(&clean, lost, <[i16]>::to_vec));
    assert!(ours > silence + 4.0, "{ours:.1} dB, silence {silence:.1} dB");
    assert!(ours > repetition + 4.0, "{ours:.1} dB, repetition {repetition:.1} dB");
    assert!(foreseen > ours + 3.0, "{foreseen:.1} dB, unforeseen {ours:.1} dB");
}

#[test]
fn no_seam_is_steeper_than_the_voice_itself() {
    let clean = voice(16_000);
    let steepest = largest_step(&clean);
    for (run, ahead) in (1..9).flat_map(|run| [(run, 0), (run, 1), (run, 2)]) {
        let heard = conceal(&clean, ahead, |number| number > 2 && number % 10 < run);
        let step = largest_step(&heard);
        assert!(
            step <= steepest * 12 / 10,
            "{run} packets lost, {ahead} known: a step of {step}, the voice {steepest}"
        );
    }
}

#[test]
fn a_long_loss_fades_to_the_background() {
    let mut concealer = Concealer::new(ClockRate::Hz8000);
    let mut dice = 1u32;
    let mut quiet: Vec<i16> = std::iter::repeat_with(|| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 28) as i16 - 8
    })
    .take(160)
    .collect();
    concealer.hear(&mut quiet);
    let mut speech = voice(1600);
    concealer.hear(&mut speech);
    let mut made_up = Vec::new();
    concealer.conceal(&mut made_up, 8000);
    assert!(made_up[..160].iter().any(|sample| sample.abs() > 500));
    assert!(made_up[800..].iter().all(|sample| sample.abs() < 20), "still loud after 100 ms");
    assert!(made_up[800..].iter().any(|&sample| sample != 0), "dead silence after 100 ms");
}

#[test]
fn silence_is_concealed_by_silence() {
    let mut concealer = Concealer::new(ClockRate::Hz8000);
    concealer.hear(&mut [0; 160]);
    let mut made_up = Vec::new();
    concealer.conceal_before(&[0; 320], &mut made_up, 500);
    concealer.conceal(&mut made_up, 500);
    assert_eq!(made_up, [0; 1000]);
}

#[test]
fn what_is_not_near_a_loss_is_left_as_it_is() {
    let clean = voice(3200);
    let heard = conceal(&clean, 0, |number| number == 5);
    assert_eq!(heard[..800], clean[..800]);
    assert_eq!(heard[960 + 40..], clean[960 + 40..]);
}

#[test]
fn not_a_sample_that_arrived_is_changed_where_the_end_of_a_loss_is_foreseen() {
    let clean = voice(3200);
    let heard = conceal(&clean, 1, |number| number == 5 || number == 9);
    for arrived in [0..800, 960..1440, 1600..3200] {
        assert_eq!(heard[arrived.clone()], clean[arrived]);
    }
}

#[test]
fn in_the_middle_of_a_long_loss_only_the_background_is_heard() {
    let clean = voice(8000);
    let heard = conceal(&clean, 2, |number| (10..40).contains(&number));
    let middle = |pcm: &[i16]| pcm[3200..4800].iter().map(|sample| sample.abs()).max();
    assert!(middle(&clean) > Some(2000));
    assert!(middle(&heard) < Some(500), "{:?}", middle(&heard));
}

#[test]
fn every_rate_is_concealed_alike() {
    for (rate, factor) in
        [(ClockRate::Hz16000, 2), (ClockRate::Hz24000, 3), (ClockRate::Hz48000, 6)]
    {
        let wide = |pcm: &[i16]| -> Vec<i16> {
            pcm.iter().flat_map(|&sample| std::iter::repeat_n(sample, factor)).collect()
        };
        let clean = voice(1200);
        let mut concealer = Concealer::new(rate);
        concealer.hear(&mut wide(&clean[..800]));
        let mut made_up = Vec::new();
        concealer.conceal_before(&wide(&clean[960..]), &mut made_up, 160 * factor);
        let narrow: Vec<i16> = made_up.iter().step_by(factor).copied().collect();
        let ratio = signal_to_noise(&clean[800..960], &narrow);
        assert!(ratio > 10.0, "{ratio:.1} dB at {} Hz", rate.hertz());
    }
}

proptest! {
    #[test]
    fn as_many_samples_come_out_as_were_asked_for(
        steps in proptest::collection::vec(
            (any::<bool>(), 0usize..700, 0usize..400, any::<i16>()), 1..40,
        ),
        rate in 0usize..4,
    ) {
        let rate = ClockRate::new([8_000, 16_000, 24_000, 48_000][rate]).unwrap();
        let mut concealer = Concealer::new(rate);
        for (lost, samples, known, value) in steps {
            let mut out = vec![1];
            if lost {
                concealer.conceal_before(&vec![value; known], &mut out, samples);
                prop_assert_eq!(out.len(), samples + 1);
            } else {
                concealer.hear(&mut vec![value; samples]);
            }
        }
    }

    #[test]
    fn whatever_stands_around_a_loss_can_be_concealed(
        before in proptest::collection::vec(any::<i16>(), 0..500),
        next in proptest::collection::vec(any::<i16>(), 0..500),
        samples in 0usize..9000,
    ) {
        let mut concealer = Concealer::new(ClockRate::Hz8000);
        concealer.hear(&mut before.clone());
        let mut out = Vec::new();
        concealer.conceal_before(&next, &mut out, samples);
        prop_assert_eq!(out.len(), samples);
    }
}
