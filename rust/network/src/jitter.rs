//! How much longer than the shortest way a packet takes.

use std::time::Duration;

use crate::Random;

/// What is added to the delay of each packet.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Jitter {
    /// Nothing.
    #[default]
    None,
    /// Anything from nothing to `most`, all as likely.
    Uniform {
        /// The longest.
        most: Duration,
    },
    /// Gamma distributed: queues along the way, the usual picture of a healthy network.
    Gamma {
        /// On average.
        mean: Duration,
        /// The queues along the way; with many of them the delay varies less around its mean.
        shape: u8,
    },
    /// Lomax distributed with shape 2: mostly little, and at times very much.
    HeavyTailed {
        /// On average.
        mean: Duration,
    },
    /// As recorded, packet by packet, over and over; `None` for a packet that was lost.
    Trace(Vec<Option<Duration>>),
}

/// More than this is added to no packet.
pub(crate) const LONGEST: Duration = Duration::from_secs(10);

/// Where in the trace the network is, and the chance that makes the jitter.
#[derive(Clone, Debug)]
pub(crate) struct Jittering {
    at: usize,
    random: Random,
}

impl Jittering {
    pub(crate) const fn new(random: Random) -> Self {
        Self { at: 0, random }
    }

    /// What is added for the next packet; `None` where the trace lost it.
    pub(crate) fn next(&mut self, jitter: &Jitter) -> Option<Duration> {
        match jitter {
            Jitter::None => Some(Duration::ZERO),
            Jitter::Uniform { most } => Some(scale(*most, self.random.uniform())),
            Jitter::Gamma { mean, shape } => Some(scale(*mean, self.random.gamma(*shape))),
            Jitter::HeavyTailed { mean } => Some(scale(*mean, self.random.heavy_tailed())),
            Jitter::Trace(delays) => self.recorded(delays),
        }
    }

    fn recorded(&mut self, delays: &[Option<Duration>]) -> Option<Duration> {
        let Some(&delay) = delays.get(self.at.checked_rem(delays.len()).unwrap_or(0)) else {
            return Some(Duration::ZERO);
        };
        self.at = (self.at + 1) % delays.len();
        delay.map(|it| it.min(LONGEST))
    }
}

/// `span` times `factor`, in whole nanoseconds and no longer than the longest.
pub(crate) fn scale(span: Duration, factor: f64) -> Duration {
    Duration::from_nanos((span.as_nanos() as f64 * factor) as u64).min(LONGEST)
}
