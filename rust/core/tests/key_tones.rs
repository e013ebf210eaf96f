//! Keys are known by their sound as ITU-T Q.24 has it, at every rate, and nothing else is a key.

mod voice;

use std::f64::consts::TAU;

use fourwire::listen::KeyTones;
use fourwire::{ClockRate, sound::g711};
use proptest::prelude::*;
use voice::{Dice, noise, samples, speech, with};

const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const LAYOUT: [&str; 4] = ["123A", "456B", "789C", "*0#D"];
const RATES: [ClockRate; 4] =
    [ClockRate::Hz8000, ClockRate::Hz16000, ClockRate::Hz24000, ClockRate::Hz48000];

/// The peak of a sine of so many dBm0 (ITU-T G.711: one of 3.17 dBm0 is the loudest).
fn peak(dbm0: f64) -> f64 {
    32124.0 * 10f64.powf((dbm0 - 3.17) / 20.0)
}

/// A key as it sounds.
#[derive(Clone, Copy, Debug)]
struct Tone {
    digit: char,
    millis: f64,
    /// Of the low tone and of the high one, in dBm0.
    levels: [f64; 2],
    /// How far off each is.
    off: [f64; 2],
}

impl Tone {
    fn of(digit: char) -> Self {
        Self { digit, millis: 60.0, levels: [-10.0; 2], off: [0.0; 2] }
    }

    fn sound(self, rate: ClockRate) -> Vec<f64> {
        let (row, column) = place(self.digit);
        let hertz = f64::from(rate.hertz());
        let low = TAU * ROWS[row] * (1.0 + self.off[0]) / hertz;
        let high = TAU * COLUMNS[column] * (1.0 + self.off[1]) / hertz;
        let [low_peak, high_peak] = self.levels.map(peak);
        (0..(self.millis * hertz / 1000.0) as usize)
            .map(|n| low_peak * (low * n as f64).sin() + high_peak * (high * n as f64 + 1.0).sin())
            .collect()
    }
}

fn place(digit: char) -> (usize, usize) {
    let found = LAYOUT.iter().enumerate().find_map(|(at, row)| Some((at, row.find(digit)?)));
    found.expect("a key")
}

fn pause(rate: ClockRate, millis: f64) -> Vec<f64> {
    vec![0.0; (millis * f64::from(rate.hertz()) / 1000.0) as usize]
}

/// What is heard in `sound` after a start of `lead` samples, which shifts the windows.
fn heard(rate: ClockRate, lead: usize, sound: &[f64]) -> String {
    let mut tones = KeyTones::new(rate, false);
    let line = [vec![0.0; lead], sound.to_vec(), pause(rate, 100.0)].concat();
    let mut pcm = samples(&line);
    let mut keys = String::new();
    for packet in pcm.chunks_mut(rate.hertz() as usize / 50) {
        tones.hear(packet);
        keys.extend(std::iter::from_fn(|| tones.poll()).map(|press| press.key.digit()));
    }
    keys
}

/// At how many of sixteen places within a window `tone` is heard as what it is.
fn times(tone: Tone) -> usize {
    let sound = tone.sound(ClockRate::Hz8000);
    (0..16)
        .filter(|n| heard(ClockRate::Hz8000, 100 + 7 * n, &sound) == tone.digit.to_string())
        .count()
}

#[test]
fn every_key_is_heard_at_every_rate() {
    for rate in RATES {
        let number = "1234567890*#ABCD";
        let sound: Vec<f64> = number
            .chars()
            .flat_map(|digit| [Tone::of(digit).sound(rate), pause(rate, 45.0)].concat())
            .collect();
        assert_eq!(heard(rate, 3, &sound), number, "{rate:?}");
    }
}

#[test]
fn forty_milliseconds_are_a_key_and_twenty_four_are_none() {
    for digit in LAYOUT.concat().chars() {
        assert_eq!(times(Tone { millis: 40.0, ..Tone::of(digit) }), 16, "{digit}");
        assert_eq!(times(Tone { millis: 24.0, ..Tone::of(digit) }), 0, "{digit}");
    }
}

#[test]
fn tones_may_be_off_by_one_and_a_half_percent_and_not_by_three_and_a_half() {
    for digit in LAYOUT.concat().chars() {
        for sign in [-1.0, 1.0] {
            for way in [[1.0, 1.0], [1.0, -1.0], [1.0, 0.0], [0.0, 1.0]] {
                let off = |by: f64| way.map(|it| it * sign * by);
                let fair = Tone { off: off(0.015), ..Tone::of(digit) };
                assert_eq!(times(fair), 16, "{fair:?}");
                let foul = Tone { off: off(0.035), ..Tone::of(digit) };
                assert_eq!(times(foul), 0, "{foul:?}");
            }
        }
    }
}

#[test]
fn levels_and_their_difference_are_those_of_the_recommendation() {
    for digit in LAYOUT.concat().chars() {
        for levels in [[-3.0, -3.0], [-25.0, -25.0], [-10.0, -6.0], [-6.0, -14.0]] {
            assert_eq!(times(Tone { levels, ..Tone::of(digit) }), 16, "{digit} {levels:?}");
        }
        for levels in [[-29.5, -29.5], [-16.0, -6.0], [-6.0, -20.0]] {
            assert_eq!(times(Tone { levels, ..Tone::of(digit) }), 0, "{digit} {levels:?}");
        }
    }
}

#[test]
fn an_interruption_of_10_ms_makes_one_key_and_a_pause_of_40_ms_two() {
    let rate = ClockRate::Hz8000;
    for digit in "159D".chars() {
        for lead in (0..104).step_by(8) {
            let tone = Tone::of(digit).sound(rate);
            let broken = [tone.clone(), pause(rate, 10.0), tone.clone()].concat();
            assert_eq!(heard(rate, lead, &broken), digit.to_string());
            let twice = [tone.clone(), pause(rate, 40.0), tone].concat();
            assert_eq!(heard(rate, lead, &twice), format!("{digit}{digit}"));
        }
    }
}

#[test]
fn keys_are_heard_over_noise_and_through_g711() {
    let rate = ClockRate::Hz8000;
    let mut dice = Dice(5);
    for digit in LAYOUT.concat().chars() {
        for law in [fourwire::Law::Mu, fourwire::Law::A] {
            let tone = Tone { millis: 50.0, ..Tone::of(digit) }.sound(rate);
            // 15 dB below both tones together, whose level is -7 dBm0, or -13 dBov.
            let noisy = with(tone, &noise(8000.0, 0.05, -28.0, &mut dice));
            let (mut codes, mut decoded) = (Vec::new(), Vec::new());
            g711::encode_into(law, &samples(&noisy), &mut codes);
            g711::decode_into(law, &codes, &mut decoded);
            let line: Vec<f64> = decoded.into_iter().map(f64::from).collect();
            assert_eq!(heard(rate, 0, &line), digit.to_string(), "{law:?}");
        }
    }
}

#[test]
fn an_hour_of_talk_is_no_key() {
    let (rate, mut dice) = (ClockRate::Hz8000, Dice(11));
    for voice in 0..120 {
        let sound = speech(8000.0, 30.0, -14.0 - f64::from(voice % 5) * 3.0, &mut dice);
        assert_eq!(heard(rate, 0, &sound), "", "voice {voice}");
    }
}

#[test]
fn a_key_that_is_removed_leaves_little_of_itself() {
    for rate in RATES {
        let mut tones = KeyTones::new(rate, true);
        let tone = Tone { millis: 200.0, ..Tone::of('7') }.sound(rate);
        let mut pcm = samples(&[pause(rate, 33.0), tone, pause(rate, 100.0)].concat());
        for packet in pcm.chunks_mut(rate.hertz() as usize / 50) {
            tones.hear(packet);
        }
        let left = pcm.iter().filter(|sample| **sample != 0).count();
        let left_ms = left * 1000 / rate.hertz() as usize;
        assert!(left_ms <= 25, "{left_ms} ms at {rate:?}");
        assert!(tones.removed() > 0);
        assert_eq!(tones.poll().map(|press| press.key.digit()), Some('7'));
    }
}

#[test]
fn the_talk_beside_a_key_is_not_removed() {
    let mut dice = Dice(3);
    let mut tones = KeyTones::new(ClockRate::Hz8000, true);
    let said = samples(&speech(8000.0, 60.0, -18.0, &mut dice));
    let mut pcm = said.clone();
    tones.hear(&mut pcm);
    assert_eq!(tones.removed(), 0);
    assert_eq!(pcm, said);
}

#[test]
fn keys_that_nobody_takes_are_counted() {
    let rate = ClockRate::Hz8000;
    let mut tones = KeyTones::new(rate, false);
    for _ in 0..12 {
        tones.hear(&mut samples(&[Tone::of('1').sound(rate), pause(rate, 60.0)].concat()));
    }
    let taken = std::iter::from_fn(|| tones.poll()).count();
    assert_eq!((taken, tones.dropped()), (8, 4));
}

#[test]
fn a_key_that_is_down_when_the_rate_changes_is_told() {
    let mut tones = KeyTones::new(ClockRate::Hz8000, false);
    tones.hear(&mut samples(&Tone::of('4').sound(ClockRate::Hz8000)));
    tones.renegotiate(ClockRate::Hz16000);
    assert_eq!(tones.poll().map(|press| press.key.digit()), Some('4'));
    let next = [Tone::of('6').sound(ClockRate::Hz16000), pause(ClockRate::Hz16000, 60.0)].concat();
    tones.hear(&mut samples(&next));
    assert_eq!(tones.poll().map(|press| press.key.digit()), Some('6'));
}

proptest! {
    #[test]
    fn pieces_of_any_length_are_heard_the_same(cuts in proptest::collection::vec(1..400usize, 1..40)) {
        let rate = ClockRate::Hz8000;
        let sound = [Tone::of('5').sound(rate), pause(rate, 50.0), Tone::of('#').sound(rate), pause(rate, 60.0)].concat();
        let pcm = samples(&sound);
        let (mut tones, mut at, mut keys) = (KeyTones::new(rate, false), 0, String::new());
        for cut in cuts.into_iter().chain([pcm.len()]) {
            let end = pcm.len().min(at + cut);
            let mut piece = pcm[at..end].to_vec();
            tones.hear(&mut piece);
            prop_assert_eq!(&piece, &pcm[at..end]);
            at = end;
        }
        keys.extend(std::iter::from_fn(|| tones.poll()).map(|press| press.key.digit()));
        prop_assert_eq!(keys, "5#");
    }
}
