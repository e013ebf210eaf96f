//! G.711 (ITU-T G.711) to and from samples of any width.

use fourwire::Law;
use fourwire::sound::g711;

use crate::fragment::{each, each_mut, pcm, with_pcm};
use crate::sample::{by_width, narrow, wide};
use crate::{Fragment, Width};

/// Expands `codes` to samples of `width`.
pub fn expand(law: Law, codes: &[u8], width: Width, out: &mut [u8]) {
    if width == Width::Two {
        return with_pcm(out, |out| g711::decode(law, codes, out));
    }
    let mut pcm = [0; BLOCK];
    by_width!(width, W => {
        let blocks = codes.chunks(BLOCK).zip(each_mut::<W>(out).chunks_mut(BLOCK));
        for (codes, out) in blocks {
            g711::decode(law, codes, &mut pcm[..codes.len()]);
            for (out, &sample) in out.iter_mut().zip(&pcm) {
                *out = narrow(i32::from(sample) << 16);
            }
        }
    });
}

/// Compresses the upper 16 bits of every sample.
pub fn compress(law: Law, fragment: Fragment<'_>, out: &mut [u8]) {
    if fragment.width == Width::Two {
        return g711::encode(law, &pcm(fragment.bytes), out);
    }
    let mut pcm = [0; BLOCK];
    by_width!(fragment.width, W => {
        for (samples, out) in each::<W>(fragment.bytes).chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            for (pcm, &sample) in pcm.iter_mut().zip(samples) {
                *pcm = (wide(sample) >> 16) as i16;
            }
            g711::encode(law, &pcm[..samples.len()], out);
        }
    });
}

/// Samples that pass through 16 bits at a time.
const BLOCK: usize = 512;
