//! G.711 companding (ITU-T G.711), bit-exact with CPython 3.11's `audioop`.
//!
//! Decoders agree everywhere. Encoders do not: at the boundaries between two codes `audioop`, sox,
//! ffmpeg and ITU-T G.191 differ from one another for 500 to 1 020 of the 65 536 samples, mostly by
//! how they round negative ones. One had to be chosen; this is `audioop`, since it is what Python
//! telephony was built on.
//!
//! ```
//! use fourwire::{Law, sound::g711};
//!
//! let mut codes = Vec::new();
//! g711::encode_into(Law::Mu, &[0, 1000, -1000], &mut codes);
//! assert_eq!(codes, [0xFF, 0xCE, 0x4E]);
//! ```

use fourwire_kernels::g711;

use crate::Law;

/// Expands `codes` into `out`.
///
/// # Panics
/// Where the lengths differ.
pub fn decode(law: Law, codes: &[u8], out: &mut [i16]) {
    assert_eq!(codes.len(), out.len(), "one sample a code");
    match law {
        Law::Mu => g711::decode_mu(codes, out),
        Law::A => g711::decode_a(codes, out),
    }
}

/// Compresses `pcm` into `out`.
///
/// # Panics
/// Where the lengths differ.
pub fn encode(law: Law, pcm: &[i16], out: &mut [u8]) {
    assert_eq!(pcm.len(), out.len(), "one code a sample");
    match law {
        Law::Mu => g711::encode_mu(pcm, out),
        Law::A => g711::encode_a(pcm, out),
    }
}

/// Appends the samples of `codes` to `out`, which keeps its room from call to call.
pub fn decode_into(law: Law, codes: &[u8], out: &mut Vec<i16>) {
    let start = out.len();
    out.resize(start + codes.len(), 0);
    decode(law, codes, &mut out[start..]);
}

/// Appends the codes of `pcm` to `out`, which keeps its room from call to call.
pub fn encode_into(law: Law, pcm: &[i16], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + pcm.len(), 0);
    encode(law, pcm, &mut out[start..]);
}
