//! Arithmetic on samples: 20 ms at 8 kHz, or what becomes of them.

use std::hint::black_box;

use fourwire::ClockRate::{self, Hz8000, Hz16000, Hz24000, Hz48000};
use fourwire::listen::concealer::Concealer;
use fourwire::sound::converter::Converter;
use fourwire::sound::level::Levels;
use fourwire::sound::resampler::{Preset, Resampler};
use fourwire::sound::voice_activity::{Detector, VoiceActivity};
use fourwire::sound::{g711, g722};
use fourwire::{AudioFormat, Law};

use super::Look;

pub(super) fn all(look: Look<'_>) {
    for (law, name) in [(Law::Mu, "µ-law"), (Law::A, "A-law")] {
        companding(look, law, name);
    }
    wideband(look);
    #[cfg(feature = "opus")]
    opus(look);
    let standard = Preset::Standard;
    for (from, to) in [(Hz8000, Hz24000), (Hz24000, Hz8000)] {
        resampling(look, from, to, standard, Some(2_500.0));
    }
    for (from, to) in [(Hz8000, Hz16000), (Hz16000, Hz8000), (Hz48000, Hz8000)] {
        resampling(look, from, to, standard, None);
    }
    resampling(look, Hz8000, Hz24000, Preset::LowDelay, None);
    converting(look);
    concealing(look);
    watching(look);
    let pcm = speech(160);
    look("levels of 160 samples", None, &mut || {
        black_box(Levels::of(black_box(&pcm)));
    });
}

fn speech(samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| ((n as f64 * 0.37).sin() * 9000.0 + (n as f64 * 0.061).sin() * 9000.0) as i16)
        .collect()
}

fn companding(look: Look<'_>, law: Law, name: &str) {
    let pcm = speech(160);
    let mut codes = [0; 160];
    let mut samples = [0; 160];
    look(&format!("{name}, encode 160 samples"), Some(80.0), &mut || {
        g711::encode(law, black_box(&pcm), &mut codes);
        black_box(&codes);
    });
    look(&format!("{name}, decode 160 samples"), Some(25.0), &mut || {
        g711::decode(law, black_box(&codes), &mut samples);
        black_box(&samples);
    });
}

/// 20 ms of Opus at the rate of an agent.
#[cfg(feature = "opus")]
fn opus(look: Look<'_>) {
    use fourwire::sound::opus::{Decoder, Encoder, Opus};
    let pcm = speech(480);
    let (mut encoder, mut decoder) = (Encoder::new(Opus::DEFAULT), Decoder::new(Hz24000));
    let (mut packet, mut samples) = (Vec::new(), Vec::new());
    look("Opus at 24 kHz, encode 480 samples", None, &mut || {
        packet.clear();
        encoder.encode_into(black_box(&pcm), &mut packet);
    });
    look("Opus at 24 kHz, decode 480 samples", None, &mut || {
        samples.clear();
        decoder.decode_into(black_box(&packet), &mut samples);
        black_box(&samples);
    });
}

/// 20 ms of G.722, which is a recursion: each sample waits for the one before it.
fn wideband(look: Look<'_>) {
    let pcm = speech(320);
    let (mut encoder, mut decoder) = (g722::Encoder::new(), g722::Decoder::new());
    let (mut octets, mut samples) = (Vec::new(), Vec::new());
    look("G.722, encode 320 samples", None, &mut || {
        octets.clear();
        encoder.encode_into(black_box(&pcm), &mut octets);
        black_box(&octets);
    });
    look("G.722, decode 320 samples", None, &mut || {
        samples.clear();
        decoder.decode_into(black_box(&octets), &mut samples);
        black_box(&samples);
    });
}

fn resampling(look: Look<'_>, from: ClockRate, to: ClockRate, preset: Preset, goal: Option<f64>) {
    let input = speech(from.hertz() as usize / 50);
    let mut resampler = Resampler::new(from, to, preset);
    let mut out = Vec::new();
    look(&format!("{} to {} Hz, 20 ms, {preset:?}", from.hertz(), to.hertz()), goal, &mut || {
        out.clear();
        resampler.process(black_box(&input), &mut out);
        black_box(&out);
    });
}

fn converting(look: Look<'_>) {
    let agent = AudioFormat::Pcm16(Hz24000);
    let mut converter = Converter::new(AudioFormat::G711(Law::Mu), agent, Preset::Standard);
    let mut out = Vec::new();
    look("µ-law to PCM16 at 24 kHz, 20 ms", None, &mut || {
        out.clear();
        converter.convert(black_box(&[0x2A; 160]), &mut out);
        black_box(&out);
    });
}

fn concealing(look: Look<'_>) {
    let mut heard = speech(160);
    let next = speech(320);
    let mut concealer = Concealer::new(Hz8000);
    let mut out = Vec::new();
    look("good packet past the concealer", None, &mut || {
        concealer.hear(black_box(&mut heard));
    });
    look("lost packet, led over to the next", None, &mut || {
        out.clear();
        concealer.conceal_before(black_box(&next), &mut out, 160);
    });
    look("lost packet, concealed and rejoined", None, &mut || {
        out.clear();
        concealer.conceal(&mut out, 160);
        concealer.hear(black_box(&mut heard));
    });
}

/// What the caller's audio costs where it is watched for speech, by itself and with the guard
/// against echo, which looks at the agent's as well.
fn watching(look: Look<'_>) {
    let quiet: Vec<i16> = (0..160).map(|n| (n * 7919 % 41 - 20) as i16).collect();
    let (loud, goal) = (speech(160), Some(3_000.0));
    let mut activity = VoiceActivity::new(Hz8000, Detector::Own);
    look("voice activity, 20 ms of silence", goal, &mut || {
        black_box(activity.hear(black_box(&quiet)));
    });
    // Now and then silent, so that the sound does not become the background.
    let mut turn = 0;
    look("voice activity, 20 ms of sound", goal, &mut || {
        turn += 1;
        black_box(activity.hear(black_box(if turn % 40 < 30 { &loud } else { &quiet })));
    });
    look("voice activity, 20 ms of silence and echo", None, &mut || {
        activity.say(black_box(&loud));
        black_box(activity.hear(black_box(&quiet)));
    });
}
