//! A network with packets in it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Conditions, Fate, Path};

/// A network: packets of any kind go in, and those that arrive come out, in the order of arrival.
///
/// `sent` + `duplicated` = `delivered` + `lost` + `overflow` + `waiting`, at all times.
#[derive(Clone, Debug)]
pub struct Network<T> {
    path: Path,
    under_way: BTreeMap<(Duration, u64), T>,
    /// Numbers packets and duplicates, so that of two that arrive at once the first sent is first.
    next: u64,
    counters: Counters,
}

/// Where packets are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets sent.
    pub sent: u64,
    /// Packets that were doubled on the way.
    pub duplicated: u64,
    /// Packets that took the longer way.
    pub held_back: u64,
    /// Packets that came out, doubles included.
    pub delivered: u64,
    /// Packets that the network lost.
    pub lost: u64,
    /// Packets that found too many others under way.
    pub overflow: u64,
    /// Packets under way.
    pub waiting: u64,
}

impl Counters {
    /// Each count with its name.
    pub const fn entries(&self) -> [(&'static str, u64); 7] {
        [
            ("sent", self.sent),
            ("duplicated", self.duplicated),
            ("held_back", self.held_back),
            ("delivered", self.delivered),
            ("lost", self.lost),
            ("overflow", self.overflow),
            ("waiting", self.waiting),
        ]
    }
}

/// Packets that can be under way: a hundred seconds of a hundred calls, far more than any delay holds.
pub const MOST_UNDER_WAY: usize = 1 << 19;

impl<T: Clone> Network<T> {
    /// The network that belongs to `seed`, with nothing under way.
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        let path = Path::new(conditions, seed);
        Self { path, under_way: BTreeMap::new(), next: 0, counters: Counters::default() }
    }

    /// The network becomes another; what is under way is not touched.
    pub fn change(&mut self, conditions: Conditions) {
        self.path.change(conditions);
    }

    /// Hand over a packet that is sent when the sender's clock shows `now`. Where that clock is
    /// fast, the packet leaves earlier than it shows: send it before polling for that time.
    pub fn send(&mut self, now: Duration, packet: T) {
        self.counters.sent += 1;
        let Fate::Arrives { at, again, held_back } = self.path.send(now) else {
            self.counters.lost += 1;
            return;
        };
        self.counters.held_back += u64::from(held_back);
        if let Some(again) = again {
            self.counters.duplicated += 1;
            self.carry(again, packet.clone());
        }
        self.carry(at, packet);
    }

    /// A packet that has arrived by `now`, and when it did.
    pub fn poll(&mut self, now: Duration) -> Option<(Duration, T)> {
        let first = self.under_way.first_entry().filter(|first| first.key().0 <= now)?;
        self.counters.waiting -= 1;
        self.counters.delivered += 1;
        let ((arrival, _), packet) = first.remove_entry();
        Some((arrival, packet))
    }

    /// When the next packet arrives.
    pub fn deadline(&self) -> Option<Duration> {
        self.under_way.first_key_value().map(|((arrival, _), _)| *arrival)
    }

    /// Where packets are.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn carry(&mut self, arrival: Duration, packet: T) {
        if self.under_way.len() >= MOST_UNDER_WAY {
            self.counters.overflow += 1;
            return;
        }
        self.counters.waiting += 1;
        self.under_way.insert((arrival, self.next), packet);
        self.next += 1;
    }
}

/// When the packets sent at these times arrive, and which of them, counted from zero, each is; in
/// the order of arrival.
pub fn arrivals(
    conditions: Conditions,
    seed: u64,
    sent: impl IntoIterator<Item = Duration>,
) -> Vec<(Duration, usize)> {
    let mut network = Network::new(conditions, seed);
    for (number, now) in sent.into_iter().enumerate() {
        network.send(now, number);
    }
    std::iter::from_fn(|| network.poll(Duration::MAX)).collect()
}
