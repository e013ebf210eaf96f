//! What the bits of either band stand for (ITU-T G.722 clauses 6.2.1.1 and 6.2.2.1).

use super::saturated;

/// QUANTL: the six bits for a `difference` to the lower band's prediction.
pub(super) fn lower(difference: i32, step: i32) -> u8 {
    let (size, negative) = magnitude(difference);
    // The largest level for which `size >= level * step >> 12`, without a search, whose branches
    // nobody can predict.
    let reached = (((size + 1) << 12) - 1) / step;
    let level = PLACES[(reached as usize).min(PLACES.len() - 1)];
    match (negative, level) {
        // The codes below 4 stand for nothing: a channel could lose the two lowest bits.
        (true, 0 | 1) => 63 - level,
        (true, _) => 33 - level,
        (false, _) => 61 - level,
    }
}

/// QUANTH: the two bits for a `difference` to the higher band's prediction.
pub(super) fn higher(difference: i32, step: i32) -> u8 {
    let (size, negative) = magnitude(difference);
    let small = size < (HIGHER_LEVEL * step) >> 12;
    u8::from(small) + if negative { 0 } else { 2 }
}

/// INVQBL: the difference that six bits stand for.
pub(super) fn lower_value(bits: u8, step: i32) -> i32 {
    (step * SIX_BITS[usize::from(bits)]) >> 15
}

/// INVQAL: the difference that the upper four of the six bits stand for, by which both sides
/// adapt.
pub(super) fn lower_value_of_four(bits: u8, step: i32) -> i32 {
    (step * FOUR_BITS[usize::from(bits)]) >> 15
}

/// INVQAH: the difference that two bits stand for.
pub(super) fn higher_value(bits: u8, step: i32) -> i32 {
    (step * TWO_BITS[usize::from(bits)]) >> 15
}

fn magnitude(difference: i32) -> (i32, bool) {
    let difference = saturated(difference);
    (if difference < 0 { !difference } else { difference }, difference < 0)
}

/// Table 14, column Q6: where one code ends and the next begins.
const LEVELS: [u16; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023,
    1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];

/// How many levels are not above a value, for each value up to the highest level.
static PLACES: [u8; 2920] = {
    let mut places = [0; 2920];
    let (mut value, mut place) = (0, 0);
    while value < places.len() {
        while place < LEVELS.len() && LEVELS[place] as usize <= value {
            place += 1;
        }
        places[value] = place as u8;
        value += 1;
    }
    places
};

/// Clause 6.2.2.1: the one level of the higher band.
const HIGHER_LEVEL: i32 = 564;

/// Table 19, column QQ6.
const SIX_BITS: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192,
    -10_232, -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168,
    -2776, -2400, -2032, -1688, -1360, -1040, -728, 24_808, 21_904, 19_008, 16_704, 14_984, 13_512,
    12_280, 11_192, 10_232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168,
    2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];

/// Table 17, column QQ4.
const FOUR_BITS: [i32; 16] = [
    0, -20_456, -12_896, -8968, -6288, -4240, -2584, -1200, 20_456, 12_896, 8968, 6288, 4240, 2584,
    1200, 0,
];

/// Table 22, column QQ2.
const TWO_BITS: [i32; 4] = [-7408, -1616, 7408, 1616];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_code_stands_for_lies_where_the_code_is_given() {
        for code in 4..64 {
            let value = lower_value(code, 4096);
            assert_eq!(lower(value, 4096), code, "{value}");
        }
        for code in 0..4 {
            assert_eq!(higher(higher_value(code, 4096), 4096), code);
        }
    }
}
