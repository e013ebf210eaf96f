//! The bad network of the tests.

use std::time::Duration;

use arbitrary::Arbitrary;
use fourwire_network::{Counters, Network, PROFILES};

use crate::draw::Pause;

/// A network, and what is sent through it.
#[derive(Arbitrary, Debug)]
pub struct Input {
    seed: u64,
    profile: u8,
    acts: Vec<Act>,
}

/// Something that happens.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Send(Pause),
    Burst(u8),
    Take(Pause),
    Become(u8),
}

/// Packets arrive in the order of their arrivals, when they are due, and add up.
pub fn check(input: Input) {
    let conditions = |profile: u8| PROFILES[usize::from(profile) % PROFILES.len()].conditions();
    let mut network = Network::new(conditions(input.profile), input.seed);
    let mut now = Duration::ZERO;
    for act in input.acts {
        match act {
            Act::Send(pause) => {
                now += pause.span();
                network.send(now, ());
            }
            Act::Burst(packets) => (0..packets).for_each(|_| network.send(now, ())),
            Act::Become(profile) => network.change(conditions(profile)),
            Act::Take(pause) => {
                now += pause.span();
                let mut last = Duration::ZERO;
                while let Some((arrival, ())) = network.poll(now) {
                    assert!((last..=now).contains(&arrival));
                    last = arrival;
                }
                assert!(network.deadline().is_none_or(|due| due > now));
            }
        }
        check_counters(&network.counters());
    }
}

fn check_counters(it: &Counters) {
    assert_eq!(it.sent + it.duplicated, it.delivered + it.lost + it.overflow + it.waiting);
}
