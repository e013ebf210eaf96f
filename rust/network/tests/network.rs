//! Networks made at random, and what must hold in every one of them.

use std::time::Duration;

use fourwire_network::{
    Conditions, Counters, Duplication, Fate, Jitter, Loss, Network, PROFILES, Path, Pattern,
    Reordering, Share, Skew, Stalls,
};
use proptest::collection::vec;
use proptest::prelude::*;

const MS: Duration = Duration::from_millis(1);
const PACKET_TIME: Duration = Duration::from_millis(20);

/// When each of `packets` that arrive does, and its number, in the order of arrival.
fn arrivals(conditions: &Conditions, seed: u64, packets: u32) -> (Vec<(Duration, u32)>, Counters) {
    let mut network = Network::new(conditions.clone(), seed);
    let mut arrived = Vec::new();
    for number in 0..packets {
        let now = PACKET_TIME * number;
        // A clock that is fast by one part in a hundred sends that much earlier than it shows.
        arrived.extend(std::iter::from_fn(|| network.poll(now - now / 100)));
        network.send(now, number);
        check(network.counters());
    }
    while let Some(due) = network.deadline() {
        arrived.extend(network.poll(due));
    }
    check(network.counters());
    (arrived, network.counters())
}

fn check(it: Counters) {
    let out = it.delivered + it.lost + it.overflow + it.waiting;
    assert_eq!(it.sent + it.duplicated, out, "{it:?}");
}

fn share() -> impl Strategy<Value = Share> {
    (0.0..=1.0).prop_map(|share| Share::new(share).unwrap())
}

fn span(most: u64) -> impl Strategy<Value = Duration> {
    (0..=most * 1_000).prop_map(Duration::from_micros)
}

fn jitter() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        Just(Jitter::None),
        span(200).prop_map(|most| Jitter::Uniform { most }),
        (span(100), 0..10u8).prop_map(|(mean, shape)| Jitter::Gamma { mean, shape }),
        span(100).prop_map(|mean| Jitter::HeavyTailed { mean }),
        vec(prop::option::weighted(0.9, span(300)), 0..20).prop_map(Jitter::Trace),
    ]
}

fn stalls() -> impl Strategy<Value = Option<Stalls>> {
    let pattern = prop_oneof![Just(Pattern::Regular), Just(Pattern::Random)];
    (pattern, span(5_000), span(500))
        .prop_map(|(pattern, between, lasting)| Stalls::new(pattern, between, lasting))
}

prop_compose! {
    fn loss()(p in share(), r in share(), in_good in share(), in_bad in share()) -> Loss {
        Loss { p, r, in_good, in_bad }
    }
}

prop_compose! {
    fn conditions()(
        ppm in -10_000..=10_000, loss in loss(), stalls in stalls(), delay in span(300),
        jitter in jitter(), in_order in any::<bool>(), longer in (share(), span(100)),
        twice in (share(), span(100)),
    ) -> Conditions {
        Conditions {
            skew: Skew::new(ppm).unwrap(),
            loss, stalls, delay, jitter, in_order,
            reordering: Reordering { share: longer.0, by: longer.1 },
            duplication: Duplication { share: twice.0, after: twice.1 },
        }
    }
}

proptest! {
    #[test]
    fn packets_add_up_and_none_is_made_up(conditions in conditions(), seed: u64) {
        let (arrived, counters) = arrivals(&conditions, seed, 300);
        prop_assert_eq!(arrived.len() as u64, counters.delivered);
        prop_assert_eq!((counters.sent, counters.waiting, counters.overflow), (300, 0, 0));
        let mut numbers: Vec<_> = arrived.iter().map(|it| it.1).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let once = numbers.len() as u64;
        prop_assert_eq!(once, counters.sent - counters.lost);
        prop_assert_eq!(counters.delivered, once + counters.duplicated);
    }

    #[test]
    fn nothing_arrives_before_the_shortest_way_has_passed(conditions in conditions(), seed: u64) {
        let (arrived, _) = arrivals(&conditions, seed, 300);
        for (arrival, number) in arrived {
            let sent = PACKET_TIME * number;
            prop_assert!(arrival >= sent - sent / 100 + conditions.delay);
        }
    }

    #[test]
    fn arrivals_come_out_in_their_order(conditions in conditions(), seed: u64) {
        let (arrived, _) = arrivals(&conditions, seed, 300);
        prop_assert!(arrived.is_sorted_by_key(|it| it.0));
    }

    #[test]
    fn a_network_that_keeps_the_order_lets_none_overtake(mut conditions in conditions(), seed: u64) {
        conditions.in_order = true;
        (conditions.reordering, conditions.duplication) = Default::default();
        let (arrived, _) = arrivals(&conditions, seed, 300);
        prop_assert!(arrived.is_sorted_by_key(|it| it.1));
    }

    #[test]
    fn a_seed_gives_the_same_arrivals_every_time(conditions in conditions(), seed: u64) {
        prop_assert_eq!(arrivals(&conditions, seed, 100), arrivals(&conditions, seed, 100));
    }

    /// What one impairment does is not moved by another.
    #[test]
    fn the_same_packets_are_lost_whatever_the_jitter(mut conditions in conditions(), seed: u64) {
        conditions.jitter = Jitter::None;
        let jittery = Conditions { jitter: Jitter::HeavyTailed { mean: 30 * MS }, ..conditions.clone() };
        let (mut smooth, mut rough) = (Path::new(conditions, seed), Path::new(jittery, seed));
        for number in 0..300 {
            let sent = PACKET_TIME * number;
            prop_assert_eq!(smooth.send(sent) == Fate::Lost, rough.send(sent) == Fate::Lost);
        }
    }

    #[test]
    fn no_time_of_sending_is_too_wild(conditions in conditions(), seed: u64, times in vec(any::<u64>(), 1..50)) {
        let mut network = Network::new(conditions, seed);
        for &nanos in &times {
            network.send(Duration::from_nanos(nanos), ());
        }
        while network.poll(Duration::MAX).is_some() {}
        check(network.counters());
        prop_assert_eq!(network.counters().waiting, 0);
    }

    #[test]
    fn losses_are_as_frequent_and_as_long_as_they_are_said_to_be(
        percent in 1..30u8, run in 1.5..6.0f64, seed: u64,
    ) {
        let loss = Loss::runs(Share::new(f64::from(percent) / 100.0).unwrap(), run).unwrap();
        prop_assert!((loss.mean() - f64::from(percent) / 100.0).abs() < 1e-9);
        let mut path = Path::new(Conditions { loss, ..Conditions::default() }, seed);
        let lost: Vec<_> = (0..200_000).map(|_| path.send(Duration::ZERO) == Fate::Lost).collect();
        let share = lost.iter().filter(|&&it| it).count() as f64 / lost.len() as f64;
        let runs = lost.windows(2).filter(|it| !it[0] && it[1]).count() as f64;
        prop_assert!((share / loss.mean() - 1.0).abs() < 0.25, "{share} lost");
        prop_assert!((share * lost.len() as f64 / runs / run - 1.0).abs() < 0.15);
    }
}

/// A change of this hash is a change of every score and of every test on these networks.
#[test]
fn the_arrivals_of_every_profile_are_those_of_every_machine() {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64; // FNV-1a
    for profile in PROFILES {
        for (arrival, number) in arrivals(&profile.conditions(), 1, 1_500).0 {
            for part in [arrival.as_nanos() as u64, u64::from(number)] {
                hash = (hash ^ part).wrapping_mul(0x100_0000_01B3);
            }
        }
    }
    assert_eq!(hash, 0x2185_8BEB_36E0_10D3, "{hash:#X}");
}

#[test]
fn a_fast_sender_is_a_packet_ahead_after_a_hundred_seconds() {
    let arrived = arrivals(&Conditions::named("fast-sender").unwrap(), 1, 5_001).0;
    let last = Duration::from_nanos(1_000_000 * 100_000_000_000 / 1_000_200 + 30_000_000);
    assert_eq!(arrived.last(), Some(&(last, 5_000)));
}

#[test]
fn what_waits_for_the_end_of_a_stall_comes_at_once_and_in_order() {
    let arrived = arrivals(&Conditions::named("stall").unwrap(), 1, 400).0;
    let stalled: Vec<_> = arrived.iter().filter(|it| it.0 == 4_030 * MS).map(|it| it.1).collect();
    assert_eq!(stalled, (185..=200).collect::<Vec<_>>());
    assert!(arrived.iter().all(|it| !(3_730 * MS..4_030 * MS).contains(&it.0)));
}

#[test]
fn a_trace_is_followed_packet_by_packet_and_over_again() {
    let trace = Jitter::Trace(vec![Some(5 * MS), None, Some(9 * MS)]);
    let conditions = Conditions { jitter: trace, delay: 10 * MS, ..Conditions::default() };
    let (arrived, counters) = arrivals(&conditions, 1, 5);
    assert_eq!(
        arrived,
        [(15 * MS, 0), (59 * MS, 2), (75 * MS, 3)],
        "the second and the fifth are lost"
    );
    assert_eq!(counters.lost, 2);
}

#[test]
fn a_network_that_changes_keeps_what_is_under_way() {
    let slow = Conditions { delay: 100 * MS, in_order: false, ..Conditions::default() };
    let mut network = Network::new(slow, 1);
    network.send(Duration::ZERO, "slow");
    network.change(Conditions { in_order: false, ..Conditions::default() });
    network.send(20 * MS, "fast");
    assert_eq!(network.poll(20 * MS), Some((20 * MS, "fast")));
    assert_eq!(network.poll(99 * MS), None);
    assert_eq!(network.poll(100 * MS), Some((100 * MS, "slow")));
}

#[test]
fn what_is_no_probability_and_no_network_is_none() {
    assert_eq!([Share::new(-0.1), Share::new(1.1), Share::new(f64::NAN)], [None; 3]);
    let half = Share::new(0.5).unwrap();
    assert_eq!(Loss::runs(half, 0.9), None, "a run of less than a packet");
    assert_eq!(Loss::runs(Share::ALL, 2.0), None, "nothing between two runs");
    assert_eq!(Loss::runs(Share::new(0.6).unwrap(), 1.0), None, "less than a packet between two");
    assert_eq!(Stalls::new(Pattern::Regular, Duration::ZERO, MS), None);
    assert_eq!(Skew::new(10_001), None);
}
