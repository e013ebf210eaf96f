//! Streams of sound that are converted piece by piece.

use arbitrary::Arbitrary;
use fourwire::sound::converter::Converter;
use fourwire::sound::g722;
use fourwire::sound::resampler::{Preset, Resampler};

use crate::draw::{Format, Rate, Sound, pieces};

/// A conversion, what goes in, and where it is cut.
#[derive(Arbitrary, Debug)]
pub struct Input {
    conversion: Conversion,
    sounds: Vec<Sound>,
    cuts: Vec<u16>,
}

/// What is converted to what.
#[derive(Arbitrary, Debug)]
pub enum Conversion {
    Rate { from: Rate, to: Rate, low_delay: bool },
    Format { from: Format, to: Format, low_delay: bool },
    ToG722,
    FromG722,
}

/// However a stream is cut, the same comes out, and as much as the rates say.
pub fn check(input: Input) {
    let pcm: Vec<i16> = input.sounds.iter().flat_map(Sound::pcm).take(MOST).collect();
    let bytes: Vec<u8> = pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let preset = |low_delay| if low_delay { Preset::LowDelay } else { Preset::Standard };
    match input.conversion {
        Conversion::Rate { from, to, low_delay } => {
            let resampler = Resampler::new(from.clock(), to.clock(), preset(low_delay));
            let out = check_cuts(
                &pcm,
                &input.cuts,
                |piece, out, stream: &mut Resampler| {
                    stream.process(piece, out);
                },
                resampler,
            );
            let (from, to) = (from.clock().hertz() as usize, to.clock().hertz() as usize);
            assert_eq!(out, (pcm.len() * to).div_ceil(from), "as many as are due");
        }
        Conversion::Format { from, to, low_delay } => {
            let converter = Converter::new(from.audio(), to.audio(), preset(low_delay));
            let convert = |piece: &[u8], out: &mut Vec<u8>, stream: &mut Converter| {
                stream.convert(piece, out);
            };
            check_cuts(&bytes, &input.cuts, convert, converter);
        }
        Conversion::ToG722 => {
            let encode = |piece: &[i16], out: &mut Vec<u8>, stream: &mut g722::Encoder| {
                stream.encode_into(piece, out);
            };
            let octets = check_cuts(&pcm, &input.cuts, encode, g722::Encoder::new());
            assert_eq!(octets, pcm.len() / 2);
        }
        Conversion::FromG722 => {
            let decode = |piece: &[u8], out: &mut Vec<i16>, stream: &mut g722::Decoder| {
                stream.decode_into(piece, out);
            };
            let samples = check_cuts(&bytes, &input.cuts, decode, g722::Decoder::default());
            assert_eq!(samples, 2 * bytes.len());
        }
    }
}

/// Converts `whole` at once and in pieces, and tells how much came out.
fn check_cuts<I, O: PartialEq, S: Clone>(
    whole: &[I],
    cuts: &[u16],
    convert: impl Fn(&[I], &mut Vec<O>, &mut S),
    stream: S,
) -> usize {
    let (mut at_once, mut in_pieces) = (Vec::new(), Vec::new());
    convert(whole, &mut at_once, &mut stream.clone());
    let mut stream = stream;
    for piece in pieces(whole, cuts) {
        convert(piece, &mut in_pieces, &mut stream);
    }
    assert!(at_once == in_pieces, "a cut is heard");
    at_once.len()
}

/// Samples that go in at most.
const MOST: usize = 20_000;
