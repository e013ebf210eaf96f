//! Samples as they lie in memory.

use crate::Error;

/// How many bytes a sample has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Eight bits, signed.
    One,
    /// Sixteen bits: what telephony uses.
    Two,
    /// Twenty-four bits, packed.
    Three,
    /// Thirty-two bits.
    Four,
}

impl Width {
    /// The width of this many bytes.
    ///
    /// # Errors
    /// Where it is not from one to four.
    pub const fn new(bytes: i32) -> Result<Self, Error> {
        match bytes {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            3 => Ok(Self::Three),
            4 => Ok(Self::Four),
            _ => Err(Error::Width),
        }
    }

    /// The number of bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
        }
    }
}

/// Compiles `$work` for each width, with `$W` its number of bytes.
macro_rules! by_width {
    ($width:expr, $W:ident => $work:expr) => {
        by_width!(@ $width, $W, $work, One 1, Two 2, Three 3, Four 4)
    };
    (@ $width:expr, $W:ident, $work:expr, $($name:ident $bytes:literal),*) => {
        match $width {
            $($crate::Width::$name => {
                const $W: usize = $bytes;
                $work
            })*
        }
    };
}

pub(crate) use by_width;

/// The sample in `bytes`, moved up to the top of 32 bits.
#[inline(always)]
pub(crate) fn wide<const W: usize>(bytes: [u8; W]) -> i32 {
    let mut all = [0; 4];
    if cfg!(target_endian = "little") {
        all[4 - W..].copy_from_slice(&bytes);
    } else {
        all[..W].copy_from_slice(&bytes);
    }
    i32::from_ne_bytes(all)
}

/// The bytes of the sample at the top of 32 bits; lower bits go.
#[inline(always)]
pub(crate) fn narrow<const W: usize>(wide: i32) -> [u8; W] {
    let all = wide.to_ne_bytes();
    let start = if cfg!(target_endian = "little") { 4 - W } else { 0 };
    std::array::from_fn(|n| all[start + n])
}

/// The sample in `bytes`, as a number.
#[inline(always)]
pub(crate) fn load<const W: usize>(bytes: [u8; W]) -> i32 {
    wide(bytes) >> (32 - 8 * W)
}

/// The bytes of `value`; bits above a sample's go.
#[inline(always)]
pub(crate) fn store<const W: usize>(value: i32) -> [u8; W] {
    narrow(value.wrapping_shl(32 - 8 * W as u32))
}

/// The largest sample of `W` bytes.
pub(crate) const fn largest<const W: usize>() -> i32 {
    i32::MAX >> (32 - 8 * W)
}

/// `value` rounded down and kept within what `W` bytes hold.
#[inline(always)]
pub(crate) fn bounded<const W: usize>(value: f64) -> i32 {
    let most = f64::from(largest::<W>());
    // Not `floor`: where a processor has no instruction for that, it is a call for every sample.
    let value = value.clamp(-most - 1.0, most);
    let whole = truncated(value);
    whole - i32::from(f64::from(whole) > value)
}

/// `value` without its fraction; where that is no 32-bit number, the least one.
#[inline(always)]
pub(crate) fn truncated(value: f64) -> i32 {
    if value > -2_147_483_649.0 && value < 2_147_483_648.0 { value as i32 } else { i32::MIN }
}
