//! G.711 by formula: shifts and masks that a vector unit does for many samples at a time.

use crate::dispatch::by_hand;

#[cfg(target_arch = "x86_64")]
mod wide;

by_hand! {
    /// Expands µ-law `codes` (ITU-T G.711 table 2a) into `out`, as many as the shorter one has.
    pub fn decode_mu(codes: &[u8], out: &mut [i16]) = wide::decode_mu, decode_mu_body
}

by_hand! {
    /// Expands A-law `codes` (ITU-T G.711 table 1a) into `out`, as many as the shorter one has.
    pub fn decode_a(codes: &[u8], out: &mut [i16]) = wide::decode_a, decode_a_body
}

by_hand! {
    /// Compresses `pcm` into µ-law codes, as many as the shorter one has.
    pub fn encode_mu(pcm: &[i16], out: &mut [u8]) = wide::encode_mu, encode_mu_body
}

by_hand! {
    /// Compresses `pcm` into A-law codes, as many as the shorter one has.
    pub fn encode_a(pcm: &[i16], out: &mut [u8]) = wide::encode_a, encode_a_body
}

#[inline(always)]
fn decode_mu_body(codes: &[u8], out: &mut [i16]) {
    for (sample, &code) in out.iter_mut().zip(codes) {
        *sample = expand_mu(code);
    }
}

#[inline(always)]
fn decode_a_body(codes: &[u8], out: &mut [i16]) {
    for (sample, &code) in out.iter_mut().zip(codes) {
        *sample = expand_a(code);
    }
}

#[inline(always)]
fn encode_mu_body(pcm: &[i16], out: &mut [u8]) {
    for (code, &sample) in out.iter_mut().zip(pcm) {
        *code = compress_mu(sample);
    }
}

#[inline(always)]
fn encode_a_body(pcm: &[i16], out: &mut [u8]) {
    for (code, &sample) in out.iter_mut().zip(pcm) {
        *code = compress_a(sample);
    }
}

#[inline(always)]
const fn expand_mu(code: u8) -> i16 {
    let bits = !code as i32 & 0xFF;
    let magnitude = (((bits & 0x0F) << 3) + 0x84) << ((bits >> 4) & 0x07);
    let value = magnitude - 0x84;
    (if bits & 0x80 == 0 { value } else { -value }) as i16
}

#[inline(always)]
const fn expand_a(code: u8) -> i16 {
    let bits = code as i32 ^ 0x55;
    let segment = (bits >> 4) & 0x07;
    // The lowest segment is linear; each of the others doubles the one before.
    let curved = (segment != 0) as i32;
    let value = (((bits & 0x0F) << 4) + 8 + (curved << 8)) << (segment - curved);
    (if bits & 0x80 == 0 { -value } else { value }) as i16
}

/// As CPython 3.11's `audioop`: 14 bits, rounded towards minus infinity, clipped.
#[inline(always)]
fn compress_mu(sample: i16) -> u8 {
    let linear = i32::from(sample) >> 2;
    let mask = if linear < 0 { 0x7F } else { 0xFF };
    let biased = linear.abs().min(8158) + 33;
    let segment = top_bit(biased) - 5;
    (((segment << 4) | ((biased >> (segment + 1)) & 0x0F)) ^ mask) as u8
}

/// As CPython 3.11's `audioop`: 13 bits, rounded towards minus infinity.
#[inline(always)]
fn compress_a(sample: i16) -> u8 {
    let linear = i32::from(sample) >> 3;
    let mask = if linear < 0 { 0x55 } else { 0xD5 };
    let magnitude = if linear < 0 { -linear - 1 } else { linear };
    let segment = top_bit(magnitude | 0x1F) - 4;
    let shift = segment.max(1);
    (((segment << 4) | ((magnitude >> shift) & 0x0F)) ^ mask) as u8
}

/// The place of the highest bit set, read off the exponent of a float: vector units convert, but
/// few count zeros. `value` is positive and below 2²⁴, so the conversion is exact.
#[inline(always)]
fn top_bit(value: i32) -> i32 {
    (((value as f32).to_bits() >> 23) as i32) - 127
}

#[cfg(test)]
mod tests {
    use super::*;

    type Decoder = fn(&[u8], &mut [i16]);
    type Encoder = fn(&[i16], &mut [u8]);

    #[test]
    fn both_builds_agree_on_every_code_and_every_sample() {
        let codes: Vec<u8> = (0..=255).collect();
        let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let decoders: [(Decoder, Decoder); 2] =
            [(decode_mu, decode_mu_body), (decode_a, decode_a_body)];
        for (wide, scalar) in decoders {
            // Of lengths that leave something over, the scalar twin takes the rest.
            for length in (0..40).chain([256]) {
                let (mut a, mut b) = ([0; 256], [0; 256]);
                wide(&codes[..length], &mut a);
                scalar(&codes[..length], &mut b);
                assert_eq!(a, b);
            }
        }
        let encoders: [(Encoder, Encoder); 2] =
            [(encode_mu, encode_mu_body), (encode_a, encode_a_body)];
        for (wide, scalar) in encoders {
            for length in (0..70).chain([65_536]) {
                let (mut a, mut b) = (vec![0; 65_536], vec![0; 65_536]);
                wide(&samples[..length], &mut a);
                scalar(&samples[..length], &mut b);
                assert_eq!(a, b);
            }
        }
    }
}
