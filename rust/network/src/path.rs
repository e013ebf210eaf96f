//! From the time a packet is sent to the times it arrives.

use std::time::Duration;

use crate::jitter::Jittering;
use crate::loss::Losing;
use crate::stalls::Stalling;
use crate::{Conditions, Random};

/// The way through a network, for whoever keeps the packets himself: it is told when each is sent,
/// and tells when it arrives.
#[derive(Clone, Debug)]
pub struct Path {
    conditions: Conditions,
    losing: Losing,
    stalling: Stalling,
    jittering: Jittering,
    reordering: Random,
    duplicating: Random,
    first_sent: Option<Duration>,
    /// The latest arrival of a packet that kept the order.
    latest: Duration,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It never arrives.
    Lost,
    /// It arrives.
    Arrives {
        /// When.
        at: Duration,
        /// When it does so once more.
        again: Option<Duration>,
        /// Whether it took the longer way.
        held_back: bool,
    },
}

impl Path {
    /// The way that belongs to `seed`. Each impairment draws from numbers of its own: which packets
    /// are lost does not depend on whether there is jitter.
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        let stream = |purpose| Random::stream(seed, purpose);
        Self {
            conditions,
            losing: Losing::new(stream(1)),
            stalling: Stalling::new(stream(2)),
            jittering: Jittering::new(stream(3)),
            reordering: stream(4),
            duplicating: stream(5),
            first_sent: None,
            latest: Duration::ZERO,
        }
    }

    /// The same way becomes another from the next packet on.
    pub fn change(&mut self, conditions: Conditions) {
        if conditions.stalls != self.conditions.stalls {
            self.stalling.begin_anew();
        }
        self.conditions = conditions;
    }

    /// What becomes of the next packet, sent when the sender's clock shows `sent`; this one and the
    /// true clock agree at the first packet. Every packet has a draw of each kind whatever becomes
    /// of it.
    pub fn send(&mut self, sent: Duration) -> Fate {
        let lost = self.losing.next(&self.conditions.loss);
        let jitter = self.jittering.next(&self.conditions.jitter);
        let held_back = self.reordering.happens(self.conditions.reordering.share);
        let twice = self.duplicating.happens(self.conditions.duplication.share);
        let left = self.leave(sent);
        let Some(jitter) = jitter.filter(|_| !lost) else { return Fate::Lost };
        let at = self.arrive(left.saturating_add(jitter), held_back);
        let again = twice.then(|| at.saturating_add(self.conditions.duplication.after));
        Fate::Arrives { at, again, held_back }
    }

    fn leave(&mut self, sent: Duration) -> Duration {
        let first = *self.first_sent.get_or_insert(sent);
        let elapsed = self.conditions.skew.true_time(sent.saturating_sub(first));
        let left = first.min(sent).saturating_add(elapsed);
        match &self.conditions.stalls {
            Some(stalls) => self.stalling.leave(stalls, left),
            None => left,
        }
    }

    fn arrive(&mut self, left: Duration, held_back: bool) -> Duration {
        let arrival = left.saturating_add(self.conditions.delay);
        if held_back {
            return arrival.saturating_add(self.conditions.reordering.by);
        }
        let queue = if self.conditions.in_order { self.latest } else { Duration::ZERO };
        self.latest = self.latest.max(arrival);
        arrival.max(queue)
    }
}
