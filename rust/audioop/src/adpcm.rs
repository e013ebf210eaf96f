//! ADPCM of four bits a sample, as IMA recommends it ("Recommended Practices for Enhancing Digital
//! Audio Compatibility", 1992), which Intel and DVI used.

use crate::fragment::{each, each_mut};
use crate::sample::{by_width, narrow, wide};
use crate::{Error, Fragment, Width};

/// What coder and decoder know of the stream so far. A stream starts with [`Adpcm::default`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adpcm {
    predicted: i32,
    index: usize,
}

impl Adpcm {
    /// A state as it was told by [`Adpcm::parts`].
    ///
    /// # Errors
    /// Where coding never gets there.
    pub fn new(predicted: i32, index: i32) -> Result<Self, Error> {
        let index = usize::try_from(index).ok().filter(|&index| index < STEPS.len());
        match (i16::try_from(predicted), index) {
            (Ok(_), Some(index)) => Ok(Self { predicted, index }),
            _ => Err(Error::BadState),
        }
    }

    /// The sample predicted, and the number of the step.
    pub fn parts(&self) -> (i32, i32) {
        (self.predicted, self.index as i32)
    }

    /// Codes the upper 16 bits of every sample, two a byte; an odd one at the end is taken in, but
    /// its code goes nowhere.
    pub fn encode(&mut self, fragment: Fragment<'_>, out: &mut [u8]) {
        by_width!(fragment.width, W => {
            let (pairs, odd) = each::<W>(fragment.bytes).as_chunks::<2>();
            for (code, &pair) in out.iter_mut().zip(pairs) {
                let [first, second] = pair.map(|sample| wide(sample) >> 16);
                *code = self.code(first) << 4 | self.code(second);
            }
            for &sample in odd {
                self.code(wide(sample) >> 16);
            }
        });
    }

    /// Decodes to samples of `width`, two a byte.
    pub fn decode(&mut self, codes: &[u8], width: Width, out: &mut [u8]) {
        by_width!(width, W => {
            let pairs = each_mut::<W>(out).as_chunks_mut::<2>().0;
            for (pair, &code) in pairs.iter_mut().zip(codes) {
                *pair = [code >> 4, code & 0x0F].map(|code| {
                    self.follow(code);
                    narrow(self.predicted << 16)
                });
            }
        });
    }

    /// The code that leads closest to `sample`, which is then followed as the decoder will.
    #[inline(always)]
    fn code(&mut self, sample: i32) -> u8 {
        let distance = sample - self.predicted;
        let mut left = distance.abs();
        let mut code = 0;
        for bit in 0..3 {
            let part = STEPS[self.index] >> bit;
            // Without branches: in speech nobody could predict them.
            let within = i32::from(left >= part);
            left -= part & -within;
            code |= (within as u8) << (2 - bit);
        }
        code |= u8::from(distance < 0) << 3;
        self.follow(code);
        code
    }

    #[inline(always)]
    fn follow(&mut self, code: u8) {
        let step = STEPS[self.index];
        let part = |bit: u8, shift: u32| if code & bit == 0 { 0 } else { step >> shift };
        let distance = (step >> 3) + part(4, 0) + part(2, 1) + part(1, 2);
        let next = self.predicted + if code & 8 == 0 { distance } else { -distance };
        self.predicted = next.clamp(i16::MIN.into(), i16::MAX.into());
        let index = self.index as i32 + CHANGES[usize::from(code & 7)];
        self.index = index.clamp(0, STEPS.len() as i32 - 1) as usize;
    }
}

/// By how much the number of the step changes after a code, its sign aside.
const CHANGES: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];

/// The steps, each about a tenth above the one before; no formula gives all of them.
const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449,
    494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272,
    2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493,
    10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];
