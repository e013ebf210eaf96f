//! Pitch periods cut out and repeated.

use arbitrary::Arbitrary;
use fourwire::listen::TimeStretch;
use fourwire::listen::time_stretch::Lead;

use crate::draw::{Rate, Sound};

/// Sound, and what is done to it.
#[derive(Arbitrary, Debug)]
pub struct Input {
    rate: Rate,
    past: Sound,
    coming: Sound,
    acts: Vec<Act>,
}

/// Something that is done.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Hear(Sound),
    Shorten { at: u16, most: u16, hurry: bool },
    Lengthen { at: u16, most: u16 },
    Fit { at: u16, wait: bool },
}

/// Sound becomes shorter and longer by as much as is told, by no more than was allowed, and what
/// lies before the place is left as it was.
pub fn check(input: Input) {
    let rate = input.rate.clock();
    let context = TimeStretch::context(rate);
    let mut stretch = TimeStretch::new(rate);
    let mut sound = vec![0; context];
    sound.extend(input.past.pcm());
    sound.extend(input.coming.pcm());
    for act in input.acts {
        let place = |at: u16| context + usize::from(at) % (sound.len() - context + 1);
        let before = sound.clone();
        match act {
            Act::Hear(sound) => stretch.hear(&sound.pcm()),
            Act::Shorten { at, most, hurry } => {
                let at = place(at);
                let removed = stretch.shorten(&mut sound, at, most.into(), hurry);
                assert!(removed <= most.into());
                assert_eq!(sound.len(), before.len() - removed);
                assert_eq!(sound[..at], before[..at]);
            }
            Act::Lengthen { at, most } => {
                let at = place(at);
                let inserted = stretch.lengthen(&mut sound, at, most.into());
                assert!(inserted <= most.into());
                assert_eq!(sound.len(), before.len() + inserted);
            }
            Act::Fit { at, wait } => {
                let lead = if wait { Lead::Wait } else { Lead::Skip };
                let at = place(at);
                assert!(stretch.fitting(&sound, at, lead) <= sound.len() - at);
            }
        }
        if sound.len() < context {
            return;
        }
        sound.truncate(MOST);
    }
}

/// Samples that are kept, so that a run ends.
const MOST: usize = 60_000;
