//! Where one fragment of 16-bit samples is found in another, and how loud.

use fourwire_kernels::correlation;

use crate::Error;
use crate::fragment::pcm;

/// Where in `fragment` what comes closest to `reference` begins, and how many times as loud it is.
///
/// # Errors
/// Where a sample is cut off, or where `reference` is the longer one.
pub fn findfit(fragment: &[u8], reference: &[u8]) -> Result<(usize, f64), Error> {
    require_even(&[fragment, reference])?;
    if fragment.len() < reference.len() {
        return Err(Error::Shorter);
    }
    let (fragment, reference) = (pcm(fragment), pcm(reference));
    let power = product(&reference, &reference);
    let distance = |at: usize, energy: f64| {
        let likeness = product(&fragment[at..at + reference.len()], &reference);
        (power * energy - likeness * likeness) / energy
    };
    let mut energies = energies(&fragment, reference.len());
    let start = energies.next().map_or(0.0, |energy| distance(0, energy));
    let mut best = (0, start);
    for (at, energy) in (1..).zip(energies) {
        let distance = distance(at, energy);
        if distance < best.1 {
            best = (at, distance);
        }
    }
    let found = &fragment[best.0..best.0 + reference.len()];
    Ok((best.0, product(found, &reference) / power))
}

/// By how much `reference` is to be multiplied to come closest to `fragment`.
///
/// # Errors
/// Where a sample is cut off, or where the lengths differ.
pub fn findfactor(fragment: &[u8], reference: &[u8]) -> Result<f64, Error> {
    require_even(&[fragment, reference])?;
    if fragment.len() != reference.len() {
        return Err(Error::Sizes);
    }
    let (fragment, reference) = (pcm(fragment), pcm(reference));
    let power = product(&reference, &reference);
    Ok(product(&fragment, &reference) / power)
}

/// Where the loudest stretch of `length` samples begins.
///
/// # Errors
/// Where a sample is cut off, or where there are not as many.
pub fn findmax(fragment: &[u8], length: isize) -> Result<usize, Error> {
    require_even(&[fragment])?;
    let fragment = pcm(fragment);
    let length = usize::try_from(length).map_err(|_| Error::Stretch)?;
    if fragment.len() < length {
        return Err(Error::Stretch);
    }
    let mut loudest = (0, f64::NEG_INFINITY);
    for (at, energy) in energies(&fragment, length).enumerate() {
        if energy > loudest.1 {
            loudest = (at, energy);
        }
    }
    Ok(loudest.0)
}

fn require_even(fragments: &[&[u8]]) -> Result<(), Error> {
    let even = fragments.iter().all(|fragment| fragment.len().is_multiple_of(2));
    if even { Ok(()) } else { Err(Error::Odd) }
}

/// The energy of every stretch of `length` samples, each made of the one before.
fn energies(pcm: &[i16], length: usize) -> impl Iterator<Item = f64> {
    let square = |sample: i16| f64::from(sample) * f64::from(sample);
    let mut energy = product(&pcm[..length], &pcm[..length]);
    let later = pcm.iter().zip(&pcm[length..]).map(move |(&left, &entered)| {
        energy = energy + square(entered) - square(left);
        energy
    });
    std::iter::once(product(&pcm[..length], &pcm[..length])).chain(later)
}

/// The sum of the products, sample by sample.
fn product(one: &[i16], other: &[i16]) -> f64 {
    if one.len() <= EXACT {
        return correlation::product(one, other) as f64;
    }
    let products = one.iter().zip(other).map(|(&a, &b)| f64::from(a) * f64::from(b));
    products.fold(0.0, |sum, product| sum + product)
}

/// As many products of 16 by 16 bits a double adds up without rounding, whatever their order.
const EXACT: usize = 1 << (f64::MANTISSA_DIGITS - 30);
