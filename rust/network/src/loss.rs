//! Which packets get lost.

use crate::{Random, Share};

/// Loss in bursts: the model of Gilbert (1960) and Elliott (1963).
///
/// The network is good or bad. Before each packet it turns bad with probability `p` where it was
/// good, and good with probability `r` where it was bad; then the packet is lost with the
/// probability that belongs to the state. A call begins in the good state.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    /// The probability that a good network turns bad.
    pub p: Share,
    /// The probability that a bad network turns good.
    pub r: Share,
    /// The share lost while the network is good (1 − k in Elliott's letters).
    pub in_good: Share,
    /// The share lost while it is bad (1 − h).
    pub in_bad: Share,
}

impl Loss {
    /// Nothing is lost.
    pub const NONE: Self =
        Self { p: Share::NONE, r: Share::ALL, in_good: Share::NONE, in_bad: Share::NONE };

    /// Each packet is lost with the same probability, whatever became of the one before it.
    pub const fn independent(share: Share) -> Self {
        Self { in_good: share, ..Self::NONE }
    }

    /// Packets are lost in runs of `run` on average, and `mean` of all packets (Gilbert's case:
    /// everything in the bad state, nothing in the good). `None` where there are no such networks:
    /// a run has at least one packet, and between two runs lies at least one.
    pub fn runs(mean: Share, run: f64) -> Option<Self> {
        let r = Share::new(1.0 / run).filter(|r| r.get() > 0.0)?;
        let p = Share::new(r.get() * mean.get() / (1.0 - mean.get()))?;
        Some(Self { p, r, in_good: Share::NONE, in_bad: Share::ALL })
    }

    /// The share of packets that are lost in the long run.
    pub fn mean(&self) -> f64 {
        let (p, r) = (self.p.get(), self.r.get());
        let bad = if p > 0.0 { p / (p + r) } else { 0.0 };
        (1.0 - bad) * self.in_good.get() + bad * self.in_bad.get()
    }
}

/// The state of the network, and the chance that moves it.
#[derive(Clone, Debug)]
pub(crate) struct Losing {
    bad: bool,
    random: Random,
}

impl Losing {
    pub(crate) const fn new(random: Random) -> Self {
        Self { bad: false, random }
    }

    /// Whether the next packet is lost. Two numbers are drawn for each packet whatever happens, so
    /// that networks of one seed differ only where their losses do.
    pub(crate) fn next(&mut self, loss: &Loss) -> bool {
        let turns = if self.bad { loss.r } else { loss.p };
        self.bad ^= self.random.happens(turns);
        self.random.happens(if self.bad { loss.in_bad } else { loss.in_good })
    }
}
