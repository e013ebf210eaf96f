//! Opus as it comes, and losses in it.

use arbitrary::Arbitrary;
use fourwire::ClockRate;
use fourwire::sound::opus::{Decoder, Encoder, Opus, periods};

use crate::draw::{Rate, Sound};

/// A decoder, and what it is given.
#[derive(Arbitrary, Debug)]
pub struct Input {
    rate: Rate,
    acts: Vec<Act>,
}

/// Something that is given.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Packet(Vec<u8>),
    Lost(u16),
    LostBefore(u16, Vec<u8>),
    /// What was said comes through an encoder.
    Said(u8, Sound),
}

/// Every packet lasts as long as its first bytes say, and every loss as long as it was.
pub fn check(input: Input) {
    let rate = input.rate.clock();
    let mut decoder = Decoder::new(rate);
    let mut encoder = Encoder::new(Opus { rate, ..agreed(7) });
    for act in input.acts {
        let mut pcm = vec![7];
        let due = match act {
            Act::Packet(packet) => decode(&mut decoder, rate, &packet, &mut pcm),
            Act::Lost(samples) => {
                decoder.conceal(usize::from(samples) % MOST, None, &mut pcm);
                usize::from(samples) % MOST
            }
            Act::LostBefore(samples, behind) => {
                decoder.conceal(usize::from(samples) % MOST, Some(&behind), &mut pcm);
                usize::from(samples) % MOST
            }
            Act::Said(tens, sound) => {
                let samples = rate.hertz() as usize / 100 * [1, 2, 4, 6][usize::from(tens % 4)];
                let (mut said, mut packet) = (sound.pcm(), Vec::new());
                said.resize(samples, 0);
                encoder.encode_into(&said, &mut packet);
                assert_eq!(decode(&mut decoder, rate, &packet, &mut pcm), samples);
                samples
            }
        };
        assert_eq!(pcm.len(), 1 + due);
    }
}

fn decode(decoder: &mut Decoder, rate: ClockRate, packet: &[u8], pcm: &mut Vec<i16>) -> usize {
    decoder.decode_into(packet, pcm);
    periods(packet) * rate.hertz() as usize / 48_000
}

/// What both sides may have agreed on.
pub(crate) fn agreed(number: u8) -> Opus {
    let rates = [ClockRate::Hz8000, ClockRate::Hz16000, ClockRate::Hz24000, ClockRate::Hz48000];
    Opus {
        rate: rates[usize::from(number / 4 % 4)],
        playback: rates[usize::from(number / 16 % 4)],
        bitrate: 6_000 + u32::from(number) * 300,
        fec: number & 64 != 0,
        dtx: number & 128 != 0,
        cbr: number & 32 != 0,
    }
}

/// Samples lost at a time.
const MOST: usize = 9_000;
