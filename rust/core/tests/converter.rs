//! A converter is its parts one after the other, however its stream is cut.

use fourwire::sound::converter::Converter;
use fourwire::sound::g711;
use fourwire::sound::resampler::{Preset, Resampler};
use fourwire::{AudioFormat, ClockRate, Law};
use proptest::prelude::*;

const FORMATS: [AudioFormat; 6] = [
    AudioFormat::G711(Law::Mu),
    AudioFormat::G711(Law::A),
    AudioFormat::Pcm16(ClockRate::Hz8000),
    AudioFormat::Pcm16(ClockRate::Hz16000),
    AudioFormat::Pcm16(ClockRate::Hz24000),
    AudioFormat::Pcm16(ClockRate::Hz48000),
];

fn convert(from: AudioFormat, to: AudioFormat, audio: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Converter::new(from, to, Preset::Standard).convert(audio, &mut out);
    out
}

#[test]
fn codes_become_what_decoder_and_resampler_make_of_them() {
    let codes: Vec<u8> = (0..10_000).map(|n| (n * 7 % 256) as u8).collect();
    let (mut pcm, mut resampled) = (Vec::new(), Vec::new());
    g711::decode_into(Law::A, &codes, &mut pcm);
    let mut resampler = Resampler::new(ClockRate::Hz8000, ClockRate::Hz24000, Preset::Standard);
    resampler.process(&pcm, &mut resampled);
    let expected: Vec<u8> = resampled.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let agent = AudioFormat::Pcm16(ClockRate::Hz24000);
    assert_eq!(convert(AudioFormat::G711(Law::A), agent, &codes), expected);

    let mut back = Vec::new();
    let mut resampler = Resampler::new(ClockRate::Hz24000, ClockRate::Hz8000, Preset::Standard);
    resampler.process(&resampled, &mut back);
    let mut codes = Vec::new();
    g711::encode_into(Law::Mu, &back, &mut codes);
    assert_eq!(convert(agent, AudioFormat::G711(Law::Mu), &expected), codes);
}

#[test]
fn an_equal_format_passes_every_bit() {
    let audio: Vec<u8> = (0..=255).collect();
    for format in FORMATS {
        assert_eq!(convert(format, format, &audio), audio);
    }
}

#[test]
fn after_a_reset_nothing_is_left_of_what_came_before() {
    let [from, to] = [ClockRate::Hz24000, ClockRate::Hz8000].map(AudioFormat::Pcm16);
    let mut converter = Converter::new(from, to, Preset::Standard);
    converter.convert(&[0x7F; 481], &mut Vec::new());
    converter.reset();
    let mut out = Vec::new();
    converter.convert(&[0; 480], &mut out);
    assert_eq!(out, [0; 160]);
}

proptest! {
    #[test]
    fn pieces_give_what_the_whole_gives_to_the_byte(
        audio in proptest::collection::vec(any::<u8>(), 0..3000),
        cuts in proptest::collection::vec(0usize..3000, 0..8),
        from in 0..FORMATS.len(),
        to in 0..FORMATS.len(),
    ) {
        let (from, to) = (FORMATS[from], FORMATS[to]);
        let mut ends: Vec<usize> = cuts.into_iter().map(|cut| cut.min(audio.len())).collect();
        ends.push(audio.len());
        ends.sort_unstable();
        let (mut converter, mut out) = (Converter::new(from, to, Preset::Standard), Vec::new());
        let mut start = 0;
        for end in ends {
            converter.convert(&audio[start..end], &mut out);
            start = end;
        }
        prop_assert_eq!(out, convert(from, to, &audio));
    }
}
