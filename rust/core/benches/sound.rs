//! How long arithmetic on samples takes: 20 ms at 8 kHz, or what becomes of them.
//!
//! `cargo bench -p fourwire --bench sound` prints, for each part, the fastest and the median of
//! many rounds, in nanoseconds.

#![allow(clippy::print_stdout, reason = "printing is what a bench is for")]

mod timing;

use std::hint::black_box;

use fourwire::ClockRate::{self, Hz8000, Hz16000, Hz24000, Hz48000};
use fourwire::Law;
use fourwire::listen::concealer::Concealer;
use fourwire::sound::level::Levels;
use fourwire::sound::resampler::{Preset, Resampler};
use fourwire::sound::{g711, g722};
use timing::{heading, measure};

fn main() {
    heading();
    for (law, name) in [(Law::Mu, "µ-law"), (Law::A, "A-law")] {
        companding(law, name);
    }
    wideband();
    for (from, to) in [(Hz8000, Hz24000), (Hz24000, Hz8000), (Hz8000, Hz16000), (Hz16000, Hz8000)] {
        resampling(from, to, Preset::Standard);
    }
    resampling(Hz48000, Hz8000, Preset::Standard);
    resampling(Hz8000, Hz24000, Preset::LowDelay);
    concealing();
    let pcm = speech(160);
    measure("levels of 160 samples", || {
        black_box(Levels::of(black_box(&pcm)));
    });
}

fn speech(samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| ((n as f64 * 0.37).sin() * 9000.0 + (n as f64 * 0.061).sin() * 9000.0) as i16)
        .collect()
}

fn companding(law: Law, name: &str) {
    let pcm = speech(160);
    let mut codes = [0; 160];
    let mut samples = [0; 160];
    measure(&format!("{name}, encode 160 samples"), || {
        g711::encode(law, black_box(&pcm), &mut codes);
        black_box(&codes);
    });
    measure(&format!("{name}, decode 160 samples"), || {
        g711::decode(law, black_box(&codes), &mut samples);
        black_box(&samples);
    });
}

/// 20 ms of G.722, which is a recursion: each sample waits for the one before it.
fn wideband() {
    let pcm = speech(320);
    let (mut encoder, mut decoder) = (g722::Encoder::new(), g722::Decoder::new());
    let (mut octets, mut samples) = (Vec::new(), Vec::new());
    measure("G.722, encode 320 samples", || {
        octets.clear();
        encoder.encode_into(black_box(&pcm), &mut octets);
        black_box(&octets);
    });
    measure("G.722, decode 320 samples", || {
        samples.clear();
        decoder.decode_into(black_box(&octets), &mut samples);
        black_box(&samples);
    });
}

fn resampling(from: ClockRate, to: ClockRate, preset: Preset) {
    let input = speech(from.hertz() as usize / 50);
    let mut resampler = Resampler::new(from, to, preset);
    let mut out = Vec::new();
    measure(&format!("{} to {} Hz, 20 ms, {preset:?}", from.hertz(), to.hertz()), || {
        out.clear();
        resampler.process(black_box(&input), &mut out);
        black_box(&out);
    });
}

fn concealing() {
    let mut heard = speech(160);
    let mut concealer = Concealer::new(Hz8000);
    let mut out = Vec::new();
    measure("good packet past the concealer", || {
        concealer.hear(black_box(&mut heard));
    });
    measure("lost packet, concealed and rejoined", || {
        out.clear();
        concealer.conceal(&mut out, 160);
        concealer.hear(black_box(&mut heard));
    });
}
