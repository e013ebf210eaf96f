//! Comfort noise as it comes.

use fourwire::wire::ComfortNoise;

/// What was told is told again by what it is written as, and is a noise that there can be.
pub fn check(payload: &[u8]) {
    let Some(noise) = ComfortNoise::parse(payload) else { return assert!(payload.is_empty()) };
    let mut written = Vec::new();
    noise.write(&mut written);
    assert!(written.len() <= payload.len());
    assert_eq!(ComfortNoise::parse(&written), Some(noise));
    assert!(noise.coefficients().iter().all(|it| (-1.0..=1.0).contains(it)));
}
