//! Companding spelled out for AVX2, where the compiler finds half of it.
//!
//! 16-bit lanes cannot be shifted each by an amount of its own, but they can be multiplied by a
//! power of two, and sixteen bytes can be looked up in a table of sixteen.

use std::arch::x86_64::*;

#[target_feature(enable = "avx2")]
pub(super) fn decode_mu(codes: &[u8], out: &mut [i16]) {
    let (codes, samples, rest) = blocks(codes, out);
    for (codes, samples) in codes.iter().zip(samples) {
        let bits = _mm256_xor_si256(load_codes(codes), _mm256_set1_epi16(0xFF));
        let steps = _mm256_slli_epi16(_mm256_and_si256(bits, _mm256_set1_epi16(0x0F)), 3);
        let biased = _mm256_add_epi16(steps, _mm256_set1_epi16(0x84));
        let magnitude = doubled(biased, segment_of_code(bits));
        let value = _mm256_sub_epi16(magnitude, _mm256_set1_epi16(0x84));
        store_samples(samples, negate_if(value, sign_of_code(bits)));
    }
    super::decode_mu_body(rest.0, rest.1);
}

#[target_feature(enable = "avx2")]
pub(super) fn decode_a(codes: &[u8], out: &mut [i16]) {
    let (codes, samples, rest) = blocks(codes, out);
    for (codes, samples) in codes.iter().zip(samples) {
        let bits = _mm256_xor_si256(load_codes(codes), _mm256_set1_epi16(0x55));
        let segment = segment_of_code(bits);
        let curved = _mm256_cmpgt_epi16(segment, _mm256_setzero_si256());
        let steps = _mm256_slli_epi16(_mm256_and_si256(bits, _mm256_set1_epi16(0x0F)), 4);
        let offset = _mm256_and_si256(curved, _mm256_set1_epi16(0x100));
        let linear = _mm256_add_epi16(_mm256_add_epi16(steps, offset), _mm256_set1_epi16(8));
        // A true comparison is minus one: the first curved segment is not doubled.
        let value = doubled(linear, _mm256_add_epi16(segment, curved));
        let negative = _mm256_xor_si256(sign_of_code(bits), _mm256_set1_epi16(-1));
        store_samples(samples, negate_if(value, negative));
    }
    super::decode_a_body(rest.0, rest.1);
}

#[target_feature(enable = "avx2")]
pub(super) fn encode_mu(pcm: &[i16], out: &mut [u8]) {
    // The power that brings a segment's highest bit to the thirteenth place.
    let powers = _mm_setr_epi8(-128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    let (samples, codes, rest) = blocks(pcm, out);
    for (samples, codes) in samples.iter().zip(codes) {
        let samples = load_samples(samples);
        let biased = samples.map(|samples| {
            let magnitude = _mm256_abs_epi16(_mm256_srai_epi16(samples, 2));
            let clipped = _mm256_min_epi16(magnitude, _mm256_set1_epi16(8158));
            _mm256_add_epi16(clipped, _mm256_set1_epi16(33))
        });
        store_codes(codes, signed(compressed::<5>(biased, powers), samples, 0xFF));
    }
    super::encode_mu_body(rest.0, rest.1);
}

#[target_feature(enable = "avx2")]
pub(super) fn encode_a(pcm: &[i16], out: &mut [u8]) {
    // The same; but the lowest segment is linear, and as fine as the one above it.
    let powers = _mm_setr_epi8(-128, -128, 64, 32, 16, 8, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0);
    let (samples, codes, rest) = blocks(pcm, out);
    for (samples, codes) in samples.iter().zip(codes) {
        let samples = load_samples(samples);
        let magnitudes = samples.map(|samples| {
            let linear = _mm256_srai_epi16(samples, 3);
            _mm256_xor_si256(linear, _mm256_srai_epi16(linear, 15))
        });
        store_codes(codes, signed(compressed::<4>(magnitudes, powers), samples, 0xD5));
    }
    super::encode_a_body(rest.0, rest.1);
}

type Blocks<'a, A, B, const N: usize> = (&'a [[A; N]], &'a mut [[B; N]], (&'a [A], &'a mut [B]));

/// Whole blocks of both, as many as the shorter one has, and what is left.
fn blocks<'a, A, B, const N: usize>(from: &'a [A], to: &'a mut [B]) -> Blocks<'a, A, B, N> {
    let length = from.len().min(to.len());
    let (from, from_left) = from[..length].as_chunks();
    let (to, to_left) = to[..length].as_chunks_mut();
    (from, to, (from_left, to_left))
}

#[inline]
#[target_feature(enable = "avx2")]
fn segment_of_code(bits: __m256i) -> __m256i {
    _mm256_and_si256(_mm256_srli_epi16(bits, 4), _mm256_set1_epi16(0x07))
}

/// All ones where the code's highest bit is set.
#[inline]
#[target_feature(enable = "avx2")]
fn sign_of_code(bits: __m256i) -> __m256i {
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
    _mm256_mullo_epi16(value, looked_up(powers, index))
}

/// Segment and mantissa of magnitudes below 2¹³, as bytes in the order of [`_mm256_packus_epi16`]:
/// all that lies above `UNIT` bits tells the segment, and what it is times its one of `powers`,
/// eight bits down, the mantissa.
#[inline]
#[target_feature(enable = "avx2")]
fn compressed<const UNIT: i32>(magnitudes: [__m256i; 2], powers: __m128i) -> __m256i {
    let [low, high] = magnitudes;
    let units = [_mm256_srli_epi16(low, UNIT), _mm256_srli_epi16(high, UNIT)];
    let segment = top_bit(_mm256_packus_epi16(units[0], units[1]));
    let power = looked_up(powers, segment);
    let nothing = _mm256_setzero_si256();
    let low = _mm256_mullo_epi16(low, _mm256_unpacklo_epi8(power, nothing));
    let high = _mm256_mullo_epi16(high, _mm256_unpackhi_epi8(power, nothing));
    let scaled = _mm256_packus_epi16(_mm256_srli_epi16(low, 8), _mm256_srli_epi16(high, 8));
    let mantissa = _mm256_and_si256(scaled, _mm256_set1_epi8(0x0F));
    _mm256_or_si256(_mm256_slli_epi16(segment, 4), mantissa)
}

/// The place of the highest bit set in each byte, zero of none, half a byte at a time.
#[inline]
#[target_feature(enable = "avx2")]
fn top_bit(bytes: __m256i) -> __m256i {
    let of_low = _mm_setr_epi8(0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    let of_high = _mm_setr_epi8(0, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7);
    let half = _mm256_set1_epi8(0x0F);
    let low = looked_up(of_low, _mm256_and_si256(bytes, half));
    let high = looked_up(of_high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half));
    _mm256_max_epu8(low, high)
}

#[inline]
#[target_feature(enable = "avx2")]
fn looked_up(table: __m128i, index: __m256i) -> __m256i {
    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), index)
}

/// Codes as they travel: inverted by `mask`, the highest bit cleared for negative samples.
#[inline]
#[target_feature(enable = "avx2")]
fn signed(codes: __m256i, samples: [__m256i; 2], mask: u8) -> __m256i {
    let signs = _mm256_packs_epi16(samples[0], samples[1]);
    let highest = _mm256_and_si256(signs, _mm256_set1_epi8(i8::MIN));
    let masked = _mm256_xor_si256(codes, _mm256_set1_epi8(mask.cast_signed()));
    _mm256_xor_si256(masked, highest)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_codes(codes: &[u8; 16]) -> __m256i {
    // SAFETY: there are sixteen bytes, and an unaligned load is asked for.
    _mm256_cvtepu8_epi16(unsafe { _mm_loadu_si128(codes.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_samples(samples: &mut [i16; 16], value: __m256i) {
    // SAFETY: there is room for sixteen samples, and an unaligned store is asked for.
    unsafe { _mm256_storeu_si256(samples.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_samples(samples: &[i16; 32]) -> [__m256i; 2] {
    let start = samples.as_ptr().cast::<__m256i>();
    // SAFETY: there are two times sixteen samples, and unaligned loads are asked for.
    unsafe { [_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))] }
}

/// Puts codes in the order of their samples: two vectors are packed half by half.
#[inline]
#[target_feature(enable = "avx2")]
fn store_codes(codes: &mut [u8; 32], value: __m256i) {
    const HALVES_CROSSED: i32 = 0b11_01_10_00;
    let ordered = _mm256_permute4x64_epi64(value, HALVES_CROSSED);
    // SAFETY: there is room for thirty-two bytes, and an unaligned store is asked for.
    unsafe { _mm256_storeu_si256(codes.as_mut_ptr().cast(), ordered) }
}
