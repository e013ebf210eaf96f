//! Networks with names, to compare on.

use std::time::Duration;

use crate::{Conditions, Duplication, Jitter, Loss, Pattern, Reordering, Share, Skew, Stalls};

/// A network with a name.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// What it is called.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    make: fn() -> Conditions,
}

impl Profile {
    /// What it does to packets.
    pub fn conditions(&self) -> Conditions {
        (self.make)()
    }
}

impl Conditions {
    /// Those of the profile called `name`.
    pub fn named(name: &str) -> Option<Self> {
        PROFILES.iter().find(|profile| profile.name == name).map(Profile::conditions)
    }
}

/// All profiles. What a bench or a test calls by one of these names changes only with a note in the
/// changelog, since scores on it would no longer compare.
pub const PROFILES: &[Profile] = &[
    profile("clean", "30 ms, all packets alike", clean),
    profile("loss-1", "1 % lost, one by one", || lossy(1)),
    profile("loss-3", "3 % lost, one by one", || lossy(3)),
    profile("loss-5", "5 % lost, one by one", || lossy(5)),
    profile("loss-10", "10 % lost, one by one", || lossy(10)),
    profile("bursts-1", "1 % lost, 3 in a row on average", || bursty(1)),
    profile("bursts-3", "3 % lost, 3 in a row on average", || bursty(3)),
    profile("bursts-5", "5 % lost, 3 in a row on average", || bursty(5)),
    profile("bursts-10", "10 % lost, 3 in a row on average", || bursty(10)),
    profile("jitter-10", "gamma jitter, 10 ms on average", || jittery(10)),
    profile("jitter-30", "gamma jitter, 30 ms on average", || jittery(30)),
    profile("jitter-60", "gamma jitter, 60 ms on average", || jittery(60)),
    profile("heavy-tail", "heavy-tailed jitter, 10 ms on average, overtaking", heavy_tail),
    profile("bufferbloat", "a queue that fills to 200 ms in 5 s and drains in 1 s", bufferbloat),
    profile("wifi", "3 ms gamma jitter, 80 ms stalls at random, 0.5 % lost", wifi),
    profile("mobile", "15 ms gamma jitter, 200 ms stalls at random, 2 % lost in bursts", mobile),
    profile("reordering", "5 % of packets come 30 ms later than the others", reordering),
    profile("duplication", "5 % of packets come once more, 15 ms later", duplication),
    profile("fast-sender", "the sender's clock runs 200 ppm fast", || skewed(200)),
    profile("slow-sender", "the sender's clock runs 200 ppm slow", || skewed(-200)),
    profile("stall", "nothing for 300 ms every 4 s, then all at once", stall),
    profile("rough", "3 % lost in bursts, jitter, stalls, reordering, duplication, skew", rough),
];

const fn profile(name: &'static str, about: &'static str, make: fn() -> Conditions) -> Profile {
    Profile { name, about, make }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn clean() -> Conditions {
    Conditions { delay: ms(30), ..Conditions::default() }
}

fn lossy(percent: u16) -> Conditions {
    Conditions { loss: Loss::independent(Share::per_mille(10 * percent)), ..clean() }
}

fn bursty(percent: u16) -> Conditions {
    Conditions {
        loss: Loss::runs(Share::per_mille(10 * percent), 3.0).unwrap_or_default(),
        ..clean()
    }
}

fn jittery(mean: u64) -> Conditions {
    Conditions { jitter: Jitter::Gamma { mean: ms(mean), shape: 2 }, ..clean() }
}

fn heavy_tail() -> Conditions {
    Conditions { jitter: Jitter::HeavyTailed { mean: ms(10) }, in_order: false, ..clean() }
}

/// 300 packets: at 20 ms a packet, 5 s in which the queue grows and 1 s in which it shrinks.
fn bufferbloat() -> Conditions {
    let fills = (0..250).map(|packet| Some(ms(200) * packet / 250));
    let drains = (0..50).map(|packet| Some(ms(200) * (50 - packet) / 50));
    Conditions { jitter: Jitter::Trace(fills.chain(drains).collect()), ..clean() }
}

fn wifi() -> Conditions {
    Conditions {
        loss: Loss::independent(Share::per_mille(5)),
        jitter: Jitter::Gamma { mean: ms(3), shape: 2 },
        stalls: Stalls::new(Pattern::Random, ms(2_000), ms(80)),
        ..clean()
    }
}

fn mobile() -> Conditions {
    Conditions {
        delay: ms(60),
        jitter: Jitter::Gamma { mean: ms(15), shape: 2 },
        stalls: Stalls::new(Pattern::Random, ms(5_000), ms(200)),
        ..bursty(2)
    }
}

fn reordering() -> Conditions {
    let reordering = Reordering { share: Share::per_mille(50), by: ms(30) };
    Conditions { reordering, ..clean() }
}

fn duplication() -> Conditions {
    let duplication = Duplication { share: Share::per_mille(50), after: ms(15) };
    Conditions { duplication, ..clean() }
}

fn skewed(ppm: i32) -> Conditions {
    Conditions { skew: Skew::new(ppm).unwrap_or_default(), ..clean() }
}

fn stall() -> Conditions {
    Conditions { stalls: Stalls::new(Pattern::Regular, ms(3_700), ms(300)), ..clean() }
}

fn rough() -> Conditions {
    Conditions {
        skew: Skew::new(100).unwrap_or_default(),
        reordering: Reordering { share: Share::per_mille(20), by: ms(30) },
        duplication: Duplication { share: Share::per_mille(20), after: ms(15) },
        loss: bursty(3).loss,
        jitter: Jitter::Gamma { mean: ms(20), shape: 2 },
        stalls: Stalls::new(Pattern::Random, ms(8_000), ms(200)),
        ..clean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name_and_no_two_share_one() {
        for (at, profile) in PROFILES.iter().enumerate() {
            assert_eq!(Conditions::named(profile.name), Some(profile.conditions()));
            assert!(PROFILES[..at].iter().all(|other| other.name != profile.name));
        }
        assert_eq!(Conditions::named("cleaner"), None);
    }

    #[test]
    fn a_profile_loses_as_much_as_its_name_says() {
        let mean = |name| (Conditions::named(name).unwrap().loss.mean() * 1000.0).round();
        assert_eq!([mean("clean"), mean("loss-3"), mean("bursts-10")], [0.0, 30.0, 100.0]);
        assert_eq!([mean("wifi"), mean("mobile"), mean("rough")], [5.0, 20.0, 30.0]);
    }
}
