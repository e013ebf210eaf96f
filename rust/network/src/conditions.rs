//! What a network does to packets.

use std::time::Duration;

use crate::{Jitter, Loss, Share, Stalls};

/// What a network does to packets, in the order in which it does it. Without loss, jitter and all
/// else by default.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    /// How fast the sender's clock is.
    pub skew: Skew,
    /// Which packets are lost.
    pub loss: Loss,
    /// When nothing gets through for a while.
    pub stalls: Option<Stalls>,
    /// How long the shortest way takes.
    pub delay: Duration,
    /// What is added for each packet.
    pub jitter: Jitter,
    /// Whether packets queue behind each other, so that none overtakes another.
    pub in_order: bool,
    /// Which packets take a longer way than the others, even where those keep their order.
    pub reordering: Reordering,
    /// Which packets come twice.
    pub duplication: Duplication,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            skew: Skew::default(),
            loss: Loss::NONE,
            stalls: None,
            delay: Duration::ZERO,
            jitter: Jitter::None,
            in_order: true,
            reordering: Reordering::default(),
            duplication: Duplication::default(),
        }
    }
}

/// How fast the sender's clock runs: packets leave earlier than they should where it is fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew {
    ppm: i32,
}

impl Skew {
    /// So many parts in a million faster than the true time. `None` beyond one part in a hundred,
    /// which no clock of a telephone is.
    pub const fn new(ppm: i32) -> Option<Self> {
        if ppm.unsigned_abs() <= 10_000 { Some(Self { ppm }) } else { None }
    }

    /// Parts in a million.
    pub const fn ppm(self) -> i32 {
        self.ppm
    }

    /// The true time after which a clock that is so fast shows `shown`.
    pub(crate) const fn true_time(self, shown: Duration) -> Duration {
        const MILLION: i128 = 1_000_000;
        let nanos = shown.as_nanos() as i128 * MILLION / (MILLION + self.ppm as i128);
        Duration::from_nanos(nanos as u64)
    }
}

/// Packets that take a longer way than the others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reordering {
    /// How many do.
    pub share: Share,
    /// How much longer it takes.
    pub by: Duration,
}

/// Packets that come twice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Duplication {
    /// How many do.
    pub share: Share,
    /// How long after the first the second comes.
    pub after: Duration,
}
