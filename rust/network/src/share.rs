//! Probabilities.

/// A share of packets, or the probability that something happens to one: 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0.0);
    /// Everything.
    pub const ALL: Self = Self(1.0);

    /// `None` where `share` is not from 0 to 1.
    pub const fn new(share: f64) -> Option<Self> {
        if share >= 0.0 && share <= 1.0 { Some(Self(share)) } else { None }
    }

    /// So many in a thousand, of which there are at most a thousand.
    pub(crate) const fn per_mille(parts: u16) -> Self {
        if parts < 1000 { Self(parts as f64 / 1000.0) } else { Self::ALL }
    }

    /// The number from 0 to 1.
    pub const fn get(self) -> f64 {
        self.0
    }
}
