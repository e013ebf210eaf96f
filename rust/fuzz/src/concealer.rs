//! What stands in for a loss.

use arbitrary::Arbitrary;
use fourwire::listen::concealer::Concealer;

use crate::draw::{Rate, Sound};

/// A concealer, and what happens to it.
#[derive(Arbitrary, Debug)]
pub struct Input {
    rate: Rate,
    acts: Vec<Act>,
}

/// Something that happens.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Hear(Sound),
    Conceal(u16),
    /// The same, where it is known what comes after.
    ConcealBefore(u16, Sound),
}

/// As many samples are made up as were asked for, and only what follows a loss is changed, at its
/// beginning alone.
pub fn check(input: Input) {
    let rate = input.rate.clock();
    let (mut concealer, mut lost) = (Concealer::new(rate), false);
    for act in input.acts {
        match act {
            Act::Hear(sound) => {
                let (clean, mut heard) = (sound.pcm(), sound.pcm());
                concealer.hear(&mut heard);
                let led_over = if lost { rate.hertz() as usize / 1000 * REJOIN_MS } else { 0 };
                let from = led_over.min(clean.len());
                assert_eq!(heard.len(), clean.len());
                assert_eq!(heard[from..], clean[from..]);
                lost &= clean.is_empty();
            }
            Act::Conceal(samples) => {
                let mut out = vec![7];
                concealer.conceal(&mut out, usize::from(samples) % 20_000);
                assert_eq!(out.len(), 1 + usize::from(samples) % 20_000);
                lost |= out.len() > 1;
            }
            Act::ConcealBefore(samples, next) => {
                let (samples, mut out) = (usize::from(samples) % 20_000, vec![7]);
                let next = next.pcm();
                concealer.conceal_before(&next, &mut out, samples);
                assert_eq!(out.len(), 1 + samples);
                lost |= samples > 0 && next.len() < FORESEEN_MS * rate.hertz() as usize / 1000;
            }
        }
    }
}

/// As much of what comes after a loss as is made use of.
const FORESEEN_MS: usize = 5;

/// The longest cross-fade back to what is heard.
const REJOIN_MS: usize = 5;
