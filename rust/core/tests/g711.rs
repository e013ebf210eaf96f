//! Every code and every sample, held against what CPython 3.11's `audioop` makes of them
//! (`scripts/make_g711_vectors.py` wrote the vectors).

use fourwire::Law;
use fourwire::sound::g711;

const ORACLES: [(Law, &[u8]); 2] =
    [(Law::Mu, include_bytes!("data/ulaw.bin")), (Law::A, include_bytes!("data/alaw.bin"))];

#[test]
fn every_code_is_expanded_as_audioop_does() {
    for (law, vectors) in ORACLES {
        let codes: Vec<u8> = (0..=255).collect();
        let mut pcm = vec![0; 256];
        g711::decode(law, &codes, &mut pcm);
        let bytes: Vec<u8> = pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert_eq!(bytes, vectors[..512], "{law:?}");
    }
}

#[test]
fn every_sample_is_compressed_as_audioop_does() {
    for (law, vectors) in ORACLES {
        let pcm: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let mut codes = vec![0; 65_536];
        g711::encode(law, &pcm, &mut codes);
        assert_eq!(codes, vectors[512..], "{law:?}");
    }
}

#[test]
fn a_code_survives_being_a_sample() {
    for (law, _) in ORACLES {
        let codes: Vec<u8> = (0..=255).collect();
        let (mut pcm, mut again) = (Vec::new(), Vec::new());
        g711::decode_into(law, &codes, &mut pcm);
        g711::encode_into(law, &pcm, &mut again);
        // µ-law has two codes for silence.
        let changed: Vec<_> =
            codes.iter().zip(&again).filter(|(before, after)| before != after).collect();
        let negative_zero = [(&0x7F, &0xFF)];
        assert_eq!(changed, if law == Law::Mu { &negative_zero[..] } else { &[] });
    }
}

#[test]
fn silence_is_the_code_of_zero() {
    for (law, _) in ORACLES {
        let mut code = [0];
        g711::encode(law, &[0], &mut code);
        assert_eq!(code, [law.silence()]);
    }
}

#[test]
fn what_was_there_before_is_kept() {
    let mut pcm = vec![7];
    g711::decode_into(Law::A, &[0xD5], &mut pcm);
    assert_eq!(pcm, [7, 8]);
}
