//! G.711 by formula: shifts and masks that a vector unit does for many samples at a time.

use crate::dispatch::dispatched;

/// Expands µ-law `codes` (ITU-T G.711 table 2a) into `out`, as many as the shorter one has.
#[inline]
pub fn decode_mu(codes: &[u8], out: &mut [i16]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: `wide` asks for AVX2 alone, and this processor was just seen to have it.
        return unsafe { wide::decode_mu(codes, out) };
    }
    decode_mu_body(codes, out);
}

/// Expands A-law `codes` (ITU-T G.711 table 1a) into `out`, as many as the shorter one has.
#[inline]
pub fn decode_a(codes: &[u8], out: &mut [i16]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: `wide` asks for AVX2 alone, and this processor was just seen to have it.
        return unsafe { wide::decode_a(codes, out) };
    }
    decode_a_body(codes, out);
}

dispatched! {
    /// Compresses `pcm` into µ-law codes, as many as the shorter one has.
    pub fn encode_mu(pcm: &[i16], out: &mut [u8]) = encode_mu_body
}

dispatched! {
    /// Compresses `pcm` into A-law codes, as many as the shorter one has.
    pub fn encode_a(pcm: &[i16], out: &mut [u8]) = encode_a_body
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

/// Expansion spelled out: sixteen samples at a time, where the compiler finds eight.
///
/// 16-bit lanes cannot be shifted each by an amount of its own, but they can be multiplied by a
/// power of two that is looked up.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    const LANES: usize = 16;

    #[target_feature(enable = "avx2")]
    pub(super) fn decode_mu(codes: &[u8], out: &mut [i16]) {
        let (codes, samples, rest) = blocks(codes, out);
        for (codes, samples) in codes.iter().zip(samples) {
            let bits = _mm256_xor_si256(load(codes), _mm256_set1_epi16(0xFF));
            let steps = _mm256_slli_epi16(_mm256_and_si256(bits, _mm256_set1_epi16(0x0F)), 3);
            let biased = _mm256_add_epi16(steps, _mm256_set1_epi16(0x84));
            let magnitude = doubled(biased, segment(bits));
            let value = _mm256_sub_epi16(magnitude, _mm256_set1_epi16(0x84));
            store(samples, negate_if(value, sign(bits)));
        }
        super::decode_mu_body(rest.0, rest.1);
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn decode_a(codes: &[u8], out: &mut [i16]) {
        let (codes, samples, rest) = blocks(codes, out);
        for (codes, samples) in codes.iter().zip(samples) {
            let bits = _mm256_xor_si256(load(codes), _mm256_set1_epi16(0x55));
            let segment = segment(bits);
            let curved = _mm256_cmpgt_epi16(segment, _mm256_setzero_si256());
            let steps = _mm256_slli_epi16(_mm256_and_si256(bits, _mm256_set1_epi16(0x0F)), 4);
            let offset = _mm256_and_si256(curved, _mm256_set1_epi16(0x100));
            let linear = _mm256_add_epi16(_mm256_add_epi16(steps, offset), _mm256_set1_epi16(8));
            // A true comparison is minus one: the first curved segment is not doubled.
            let value = doubled(linear, _mm256_add_epi16(segment, curved));
            let negative = _mm256_xor_si256(sign(bits), _mm256_set1_epi16(-1));
            store(samples, negate_if(value, negative));
        }
        super::decode_a_body(rest.0, rest.1);
    }

    type Blocks<'a> = (&'a [[u8; LANES]], &'a mut [[i16; LANES]], (&'a [u8], &'a mut [i16]));

    /// Whole vectors of both, as many as the shorter one has, and what is left.
    fn blocks<'a>(codes: &'a [u8], out: &'a mut [i16]) -> Blocks<'a> {
        let length = codes.len().min(out.len());
        let (codes, codes_left) = codes[..length].as_chunks();
        let (samples, samples_left) = out[..length].as_chunks_mut();
        (codes, samples, (codes_left, samples_left))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn segment(bits: __m256i) -> __m256i {
        _mm256_and_si256(_mm256_srli_epi16(bits, 4), _mm256_set1_epi16(0x07))
    }

    /// All ones where the code's highest bit is set.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn sign(bits: __m256i) -> __m256i {
        _mm256_srai_epi16(_mm256_slli_epi16(bits, 8), 15)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn negate_if(value: __m256i, mask: __m256i) -> __m256i {
        _mm256_sub_epi16(_mm256_xor_si256(value, mask), mask)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn doubled(value: __m256i, times: __m256i) -> __m256i {
        let powers = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
        // An index with its highest bit set gives zero: so the upper byte of a lane stays empty.
        let index = _mm256_or_si256(times, _mm256_set1_epi16(i16::MIN));
        _mm256_mullo_epi16(value, _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(powers), index))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(codes: &[u8; LANES]) -> __m256i {
        // SAFETY: there are sixteen bytes, and an unaligned load is asked for.
        _mm256_cvtepu8_epi16(unsafe { _mm_loadu_si128(codes.as_ptr().cast()) })
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn store(samples: &mut [i16; LANES], value: __m256i) {
        // SAFETY: there is room for sixteen samples, and an unaligned store is asked for.
        unsafe { _mm256_storeu_si256(samples.as_mut_ptr().cast(), value) }
    }
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
            // Lengths that leave something over are expanded in part by the scalar twin.
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
            let (mut a, mut b) = (vec![0; 65_536], vec![0; 65_536]);
            wide(&samples, &mut a);
            scalar(&samples, &mut b);
            assert_eq!(a, b);
        }
    }
}
