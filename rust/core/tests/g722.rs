//! G.722, held against what FFmpeg makes of speech, noise and extremes
//! (`scripts/make_g722_vectors.py` wrote the vectors), and against itself.

use std::f64::consts::TAU;

use fourwire::sound::g722::{DELAY_SAMPLES, Decoder, Encoder};
use fourwire::sound::level;
use proptest::prelude::*;

const VECTORS: &[u8] = include_bytes!("data/g722.bin");

/// Octets and the samples that they are decoded to.
type Decoded = (&'static [u8], Vec<i16>);

/// The parts of the vectors: samples and their octets, which are decoded again; octets of noise.
fn vectors() -> (Vec<i16>, Decoded, Decoded) {
    let (pcm, rest) = VECTORS.split_at(64_000);
    let (octets, rest) = rest.split_at(16_000);
    let (decoded, rest) = rest.split_at(64_000);
    let (noise, decoded_noise) = rest.split_at(8_000);
    let samples = |bytes: &[u8]| {
        bytes.as_chunks::<2>().0.iter().map(|&sample| i16::from_le_bytes(sample)).collect()
    };
    (samples(pcm), (octets, samples(decoded)), (noise, samples(decoded_noise)))
}

fn encoded(pcm: &[i16]) -> Vec<u8> {
    let mut octets = Vec::new();
    Encoder::new().encode_into(pcm, &mut octets);
    octets
}

fn decoded(octets: &[u8]) -> Vec<i16> {
    let mut pcm = Vec::new();
    Decoder::new().decode_into(octets, &mut pcm);
    pcm
}

fn tone(hertz: f64, samples: usize) -> Vec<i16> {
    (0..samples).map(|n| ((n as f64 * hertz * TAU / 16_000.0).sin() * 8000.0) as i16).collect()
}

#[test]
fn every_signal_is_encoded_as_ffmpeg_does() {
    let (pcm, (octets, _), _) = vectors();
    assert_eq!(encoded(&pcm), octets);
}

#[test]
fn every_signal_is_decoded_as_ffmpeg_does() {
    let (_, speech, noise) = vectors();
    for (octets, samples) in [speech, noise] {
        assert_eq!(decoded(octets), samples);
    }
}

#[test]
fn a_tone_of_either_band_comes_through_later_by_the_filters_delay() {
    for hertz in [300.0, 1000.0, 3400.0, 5000.0, 6500.0] {
        let pcm = tone(hertz, 3200);
        let heard = decoded(&encoded(&pcm));
        let settled = 800..3200 - DELAY_SAMPLES;
        let error: Vec<i16> = settled.clone().map(|n| pcm[n] - heard[n + DELAY_SAMPLES]).collect();
        let below = level::dbov(&pcm[settled]) - level::dbov(&error);
        assert!(below > 20.0, "the error of {hertz} Hz is {below:.1} dB down");
    }
}

#[test]
fn silence_stays_close_to_silence() {
    let heard = decoded(&encoded(&[0; 3200]));
    assert!(level::dbov(&heard) < -70.0, "{}", level::dbov(&heard));
}

proptest! {
    #[test]
    fn it_does_not_matter_where_a_stream_is_cut(
        pcm in proptest::collection::vec(any::<i16>(), 0..600),
        cuts in proptest::collection::vec(0usize..600, 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(pcm.len())).collect();
        cuts.extend([0, pcm.len()]);
        cuts.sort_unstable();
        let (mut encoder, mut octets) = (Encoder::new(), Vec::new());
        for part in cuts.windows(2) {
            encoder.encode_into(&pcm[part[0]..part[1]], &mut octets);
        }
        prop_assert_eq!(&octets, &encoded(&pcm));

        let (mut decoder, mut samples) = (Decoder::new(), Vec::new());
        for octet in &octets {
            decoder.decode_into(&[*octet], &mut samples);
        }
        prop_assert_eq!(samples, decoded(&octets));
    }

    #[test]
    fn any_octets_are_two_samples_each(octets in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert_eq!(decoded(&octets).len(), 2 * octets.len());
    }
}
