//! What is taken for speech and what is not, at every rate.

mod voice;

use fourwire::ClockRate;
use fourwire::Law;
use fourwire::sound::g711;
use fourwire::sound::voice_activity::{Detector, VoiceActivity};
use proptest::prelude::*;
use voice::{Dice, noise, samples, silence, speech, tones, vowel, with};

const RATES: [ClockRate; 4] =
    [ClockRate::Hz8000, ClockRate::Hz16000, ClockRate::Hz24000, ClockRate::Hz48000];

/// What a line adds to `sound`: a little noise, and at 8 kHz the steps of G.711.
fn line(sound: Vec<f64>, rate: ClockRate, noise_dbov: f64) -> Vec<i16> {
    let hertz = f64::from(rate.hertz());
    let hiss = noise(hertz, sound.len() as f64 / hertz, noise_dbov, &mut Dice(5));
    let mut pcm = samples(&with(sound, &hiss));
    if rate == ClockRate::Hz8000 {
        let (mut codes, mut decoded) = (Vec::new(), Vec::new());
        g711::encode_into(Law::Mu, &pcm, &mut codes);
        g711::decode_into(Law::Mu, &codes, &mut decoded);
        pcm = decoded;
    }
    pcm
}

/// When speech is found to begin, in milliseconds.
fn onsets(pcm: &[i16], rate: ClockRate) -> Vec<usize> {
    let mut activity = VoiceActivity::new(rate, Detector::Own);
    let mut speech = false;
    let mut found = Vec::new();
    for (n, packet) in pcm.chunks(rate.hertz() as usize / 100).enumerate() {
        let now = activity.hear(packet).speech;
        if now && !speech {
            found.push(10 * (n + 1));
        }
        speech = now;
    }
    found
}

#[test]
fn a_voice_is_found_within_60_ms_at_every_rate() {
    for rate in RATES {
        let hertz = f64::from(rate.hertz());
        for seed in 0..10 {
            let mut sound = silence(hertz, 1.0);
            sound.extend(vowel(hertz, 0.4, -26.0, &mut Dice(seed)));
            let found = onsets(&line(sound, rate, -65.0), rate);
            assert!(matches!(found[..], [1010..=1060]), "{rate:?}, voice {seed}: {found:?}");
        }
    }
}

#[test]
fn silence_noise_and_what_begins_as_noise_are_no_speech() {
    for level in [-60.0, -45.0, -30.0, -15.0] {
        let mut dice = Dice(level as i64 as u64);
        let steady = noise(8_000.0, 10.0, level, &mut dice);
        assert_eq!(onsets(&line(steady, ClockRate::Hz8000, -70.0), ClockRate::Hz8000), []);
        let mut bursts = Vec::new();
        for _ in 0..10 {
            bursts.extend(silence(8_000.0, 0.6));
            bursts.extend(noise(8_000.0, dice.between(0.1, 1.0), level, &mut dice));
        }
        assert_eq!(onsets(&line(bursts, ClockRate::Hz8000, -70.0), ClockRate::Hz8000), []);
    }
}

#[test]
fn no_key_is_taken_for_a_voice() {
    for low in [697.0, 770.0, 852.0, 941.0] {
        for high in [1209.0, 1336.0, 1477.0, 1633.0] {
            let mut sound = silence(8_000.0, 0.5);
            for n in 0..8 {
                sound.extend(silence(8_000.0, 0.07 + 0.0013 * f64::from(n)));
                sound.extend(tones(8_000.0, &[low, high], 0.08, -10.0));
            }
            let found = onsets(&line(sound, ClockRate::Hz8000, -65.0), ClockRate::Hz8000);
            assert_eq!(found, [], "{low} and {high} Hz");
        }
    }
}

#[test]
fn no_signal_of_the_network_is_taken_for_a_voice() {
    let signals: [&[f64]; 7] = [
        &[440.0, 480.0],
        &[480.0, 620.0],
        &[350.0, 440.0],
        &[400.0, 450.0],
        &[425.0],
        &[1100.0],
        &[2100.0],
    ];
    for hertz in signals {
        let mut sound = silence(8_000.0, 0.5);
        for _ in 0..4 {
            sound.extend(tones(8_000.0, hertz, 0.5, -14.0));
            sound.extend(silence(8_000.0, 0.5));
        }
        let found = onsets(&line(sound, ClockRate::Hz8000, -65.0), ClockRate::Hz8000);
        assert_eq!(found, [], "{hertz:?} Hz");
    }
}

#[test]
fn a_click_is_no_speech() {
    let mut sound = silence(8_000.0, 5.0);
    sound.iter_mut().skip(700).step_by(2477).for_each(|sample| *sample = 25_000.0);
    assert_eq!(onsets(&line(sound, ClockRate::Hz8000, -65.0), ClockRate::Hz8000), []);
}

#[test]
fn made_up_audio_is_no_speech_and_neither_is_the_seam_after_it() {
    let mut activity = VoiceActivity::new(ClockRate::Hz8000, Detector::Own);
    activity.hear(&line(silence(8_000.0, 1.0), ClockRate::Hz8000, -65.0));
    for _ in 0..20 {
        activity.pass(160);
        assert!(!activity.hear(&line(silence(8_000.0, 0.02), ClockRate::Hz8000, -65.0)).speech);
    }
    assert_eq!(activity.gated().made_up, 40);
    assert_eq!(activity.pass(usize::MAX).score, 0.0);
}

#[test]
fn speech_ends_a_fifth_of_a_second_after_its_last_sound() {
    let mut sound = silence(8_000.0, 1.0);
    sound.extend(vowel(8_000.0, 0.4, -26.0, &mut Dice(1)));
    sound.extend(silence(8_000.0, 1.0));
    let mut activity = VoiceActivity::new(ClockRate::Hz8000, Detector::Own);
    let speech: Vec<bool> = line(sound, ClockRate::Hz8000, -65.0)
        .chunks(80)
        .map(|frame| activity.hear(frame).speech)
        .collect();
    let last = speech.iter().rposition(|&it| it).unwrap();
    assert!((155..=165).contains(&last), "speech until {} ms", 10 * last);
}

/// The echo of `said`, softer by so many decibels, after so many milliseconds.
fn echo(said: &[f64], loss_db: f64, delay_ms: usize) -> Vec<f64> {
    let gain = 10.0_f64.powf(-loss_db / 20.0);
    let mut sound = vec![0.0; 8 * delay_ms];
    sound.extend(said.iter().map(|sample| gain * sample));
    sound.truncate(said.len());
    sound
}

/// When speech is found in `heard` while `said` is said.
fn onsets_over(heard: &[i16], said: &[i16]) -> (Vec<usize>, VoiceActivity) {
    let mut activity = VoiceActivity::new(ClockRate::Hz8000, Detector::Own);
    let mut speech = false;
    let mut found = Vec::new();
    for (n, (heard, said)) in heard.chunks(160).zip(said.chunks(160)).enumerate() {
        activity.say(said);
        let now = activity.hear(heard).speech;
        if now && !speech {
            found.push(20 * (n + 1));
        }
        speech = now;
    }
    (found, activity)
}

#[test]
fn our_own_echo_is_no_speech_from_its_first_word_on() {
    let said = speech(8_000.0, 12.0, -20.0, &mut Dice(3));
    for delay_ms in [40, 120, 250, 400] {
        for loss_db in [10.0, 20.0, 30.0, 40.0] {
            let heard = line(echo(&said, loss_db, delay_ms), ClockRate::Hz8000, -65.0);
            let (found, activity) = onsets_over(&heard, &samples(&said));
            assert_eq!(found, [], "{loss_db} dB after {delay_ms} ms");
            if loss_db <= 20.0 {
                let echo = activity.echo().expect("an echo");
                assert!(echo.delay_ms.abs_diff(delay_ms as u32) <= 20, "{echo:?}, {delay_ms} ms");
                assert!((f64::from(echo.return_loss_db) - loss_db).abs() < 3.0, "{echo:?}");
            }
        }
    }
}

#[test]
fn a_caller_who_speaks_into_his_own_echo_is_found() {
    let said = speech(8_000.0, 8.0, -20.0, &mut Dice(3));
    let mut caller = silence(8_000.0, 5.0);
    caller.extend(speech(8_000.0, 1.0, -20.0, &mut Dice(9)));
    let heard = line(with(echo(&said, 20.0, 120), &caller), ClockRate::Hz8000, -65.0);
    let (found, _) = onsets_over(&heard, &samples(&said));
    assert!(matches!(found[..], [5020..=5120, ..]), "{found:?}");
}

#[test]
fn an_echo_that_was_taken_for_speech_is_not_a_second_time() {
    let word = vowel(8_000.0, 0.3, -12.0, &mut Dice(4));
    let mut said = Vec::new();
    for _ in 0..6 {
        said.extend(&word);
        said.extend(silence(8_000.0, 0.7));
    }
    // Louder than it was said, which no line does at first sight.
    let heard = line(echo(&said, -1.0, 100), ClockRate::Hz8000, -65.0);
    let said = samples(&said);
    let mut activity = VoiceActivity::new(ClockRate::Hz8000, Detector::Own);
    let mut found = Vec::new();
    for (n, (heard, said)) in heard.chunks(160).zip(said.chunks(160)).enumerate() {
        activity.say(said);
        let before = activity.activity().speech;
        if activity.hear(heard).speech && !before {
            found.push(20 * n);
            activity.mistaken();
        }
    }
    assert!(found.len() <= 1, "{found:?}");
}

proptest! {
    #[test]
    fn pieces_of_any_length_are_judged_as_the_whole_is(
        seed in any::<u64>(),
        cuts in proptest::collection::vec(1usize..700, 1..40),
    ) {
        let mut sound = silence(8_000.0, 0.3);
        sound.extend(speech(8_000.0, 0.7, -26.0, &mut Dice(seed)));
        let pcm = line(sound, ClockRate::Hz8000, -60.0);
        let mut whole = VoiceActivity::new(ClockRate::Hz8000, Detector::Own);
        let mut pieces = VoiceActivity::new(ClockRate::Hz8000, Detector::Own);
        whole.hear(&pcm);
        let mut rest = &pcm[..];
        for cut in cuts.into_iter().cycle() {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.hear(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(whole.activity(), pieces.activity());
        prop_assert_eq!(whole.gated(), pieces.gated());
    }

    #[test]
    fn nothing_that_arrives_makes_a_score_that_is_no_number(
        pcm in proptest::collection::vec(any::<i16>(), 0..2000),
        said in proptest::collection::vec(any::<i16>(), 0..2000),
    ) {
        let mut activity = VoiceActivity::new(ClockRate::Hz16000, Detector::Own);
        activity.say(&said);
        let heard = activity.hear(&pcm);
        prop_assert!((0.0..=1.0).contains(&heard.score));
        activity.mistaken();
        activity.pass(pcm.len());
        prop_assert!((0.0..=1.0).contains(&activity.hear(&said).score));
    }
}
