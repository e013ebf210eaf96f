//! A run of samples.

use std::borrow::Cow;

use crate::{Error, Width};

/// A whole number of samples of one width.
#[derive(Clone, Copy, Debug)]
pub struct Fragment<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) width: Width,
}

impl<'a> Fragment<'a> {
    /// The samples of `width` bytes in `bytes`.
    ///
    /// # Errors
    /// Where there is no such width, or where the last sample is cut off.
    pub fn new(bytes: &'a [u8], width: i32) -> Result<Self, Error> {
        let width = Width::new(width)?;
        if !bytes.len().is_multiple_of(width.bytes()) {
            return Err(Error::Frames);
        }
        Ok(Self { bytes, width })
    }

    /// How many samples there are.
    pub fn samples(&self) -> usize {
        self.bytes.len() / self.width.bytes()
    }

    /// How many bytes they have.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes each has.
    pub fn width(&self) -> Width {
        self.width
    }
}

/// The bytes of each sample.
#[inline(always)]
pub(crate) fn each<const W: usize>(bytes: &[u8]) -> &[[u8; W]] {
    bytes.as_chunks().0
}

/// The room for each sample.
#[inline(always)]
pub(crate) fn each_mut<const W: usize>(bytes: &mut [u8]) -> &mut [[u8; W]] {
    bytes.as_chunks_mut().0
}

/// `bytes` as 16-bit samples, where they lie if that is possible.
pub(crate) fn pcm(bytes: &[u8]) -> Cow<'_, [i16]> {
    match bytemuck::try_cast_slice(bytes) {
        Ok(pcm) => Cow::Borrowed(pcm),
        Err(_) => each(bytes).iter().map(|&sample| i16::from_ne_bytes(sample)).collect(),
    }
}

/// Lets `make` write 16-bit samples to `out`, where they lie if that is possible.
pub(crate) fn with_pcm(out: &mut [u8], make: impl FnOnce(&mut [i16])) {
    if let Ok(pcm) = bytemuck::try_cast_slice_mut(out) {
        return make(pcm);
    }
    let mut pcm = vec![0; out.len() / 2];
    make(&mut pcm);
    out.copy_from_slice(bytemuck::cast_slice(&pcm));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_the_same_wherever_they_lie() {
        let bytes: Vec<u8> = (0..=64).collect();
        for start in 0..2 {
            let bytes = &bytes[start..start + 64];
            let mut copy = [0; 65];
            with_pcm(&mut copy[start..start + 64], |out| out.copy_from_slice(&pcm(bytes)));
            assert_eq!(&copy[start..start + 64], bytes);
        }
    }
}
