//! Whole calls through every network: what is promised must hold in all of them, and every run is
//! the same to the last byte.

#[path = "support/call.rs"]
mod support;

use std::time::Duration;

use fourwire::Law;
use fourwire::sound::g711;
use fourwire::wire::RtpPacket;
use fourwire_network::{Conditions, PROFILES};
use support::{Call, STEEPEST, Telephone, call, tone};

const MS: Duration = Duration::from_millis(1);

/// What is heard of the tone where nothing was lost.
fn coded(place: u64) -> i16 {
    let (mut code, mut sample) = ([0], [0]);
    g711::encode(Law::Mu, &[tone(place)], &mut code);
    g711::decode(Law::Mu, &code, &mut sample);
    sample[0]
}

fn named(profile: &str) -> Conditions {
    Conditions::named(profile).expect("a profile")
}

/// A quarter of a minute of 20 ms packets.
fn quarter_minute() -> Telephone {
    Telephone::new().say(750, 20)
}

/// The place of the first sample that came out.
fn origin(call: &Call) -> u64 {
    call.came.first().expect("something arrives").place
}

/// Cross-fades after a loss change no more than so many samples of a packet.
const SEAM: u64 = 80;

/// Whether what was said at `place` came out where the timeline has it.
fn is_heard(call: &Call, place: u64) -> bool {
    let at = place.checked_sub(origin(call));
    at.and_then(|at| call.heard.get(at as usize)).is_some_and(|&it| it == coded(place))
}

fn check_counters(call: &Call) {
    let it = call.counters;
    assert_eq!(it.packets_received, call.to_agent.delivered);
    let known = it.played + it.duplicate + it.late + it.overflow;
    assert_eq!(it.audio_packets, known, "every packet is somewhere: {it:?}");
    for network in [call.to_agent, call.to_telephone] {
        let out = network.delivered + network.lost + network.waiting;
        assert_eq!(network.sent + network.duplicated, out);
    }
    let ear = call.ear;
    assert_eq!(ear.packets.received, call.to_telephone.delivered);
    assert_eq!(ear.out_samples, call.played.len() as u64);
    let came =
        ear.decoded_samples + ear.inserted_samples + ear.concealed_samples + ear.quiet_samples;
    let gone = ear.removed_samples + ear.dropped_samples + ear.waiting_samples;
    assert_eq!(came, ear.out_samples + gone, "{ear:?}");
}

/// The samples that came out are those of packets, those made up, and those of quiet.
fn check_samples(call: &Call, packet: u64) {
    let it = call.counters;
    let out = it.played * packet + it.concealed_samples + it.quiet_samples;
    assert_eq!(call.heard.len() as u64, out, "{it:?}");
}

/// What was not yet filled when it came is heard, in its place, all but the seam.
fn check_nothing_in_time_is_lost(call: &Call) {
    for came in &call.came {
        let Some(at) = came.place.checked_sub(origin(call)) else { continue };
        if at >= came.before && came.samples > SEAM {
            for place in came.place + SEAM..came.place + came.samples {
                assert!(is_heard(call, place), "{came:?} at {}", place - came.place);
            }
        }
    }
}

/// What goes on where the timeline ends is out at once.
fn check_nothing_contiguous_is_held(call: &Call) {
    for came in &call.came {
        if came.place.checked_sub(origin(call)) == Some(came.before) {
            assert!(came.after >= came.before + came.samples, "{came:?} is held");
        }
    }
}

fn largest_step(pcm: &[i16]) -> i32 {
    pcm.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap_or(0)
}

/// No step to the agent is more than a quarter steeper than the tone itself, of which a cut could
/// make eight times. What is stretched on the way to the telephone keeps to half a cut.
fn check_nothing_clicks(call: &Call) {
    let step = largest_step(&call.heard);
    assert!(step <= STEEPEST * 5 / 4, "{step} to the agent");
    let step = largest_step(&call.played);
    assert!(step <= CUT / 2, "{step} to the telephone");
}

/// From one peak of the tone to the other.
const CUT: i32 = 16_000;

/// Packets leave on the grid, one by one, whatever comes or does not.
fn check_pacing(call: &Call) {
    let mut expected = (65_530_u16, u32::MAX - 1000);
    for (turn, (at, datagram)) in (0_u64..).zip(&call.sent) {
        let packet = RtpPacket::parse(datagram).expect("ours");
        assert_eq!(at.as_nanos(), turn * 20_000_000);
        assert_eq!((packet.sequence, packet.timestamp), expected);
        expected = (expected.0.wrapping_add(1), expected.1.wrapping_add(160));
    }
}

/// What holds in any call without restarts.
fn check(call: &Call) {
    check_counters(call);
    check_nothing_in_time_is_lost(call);
    check_nothing_contiguous_is_held(call);
    check_nothing_clicks(call);
    check_pacing(call);
}

#[test]
fn every_promise_holds_in_every_network() {
    for profile in PROFILES {
        for seed in 1..=3 {
            let call = call(&quarter_minute(), &profile.conditions(), seed, None);
            check(&call);
            if call.counters.late == 0 {
                check_samples(&call, 160);
            }
        }
    }
}

#[test]
fn a_call_is_the_same_every_time() {
    for profile in PROFILES {
        let run = || call(&quarter_minute(), &profile.conditions(), 7, Some(5_000 * MS)).hash();
        assert_eq!(run(), run(), "{}", profile.name);
    }
    let (rough, telephone) = (named("rough"), quarter_minute());
    let of_seed = |seed| call(&telephone, &rough, seed, None).hash();
    assert_ne!(of_seed(1), of_seed(2), "another seed is another network");
}

/// Jitter that keeps the order and is never as long as the quiet: nothing is made up, nothing is
/// lost, nothing waits.
#[test]
fn jitter_alone_costs_nothing() {
    for profile in ["jitter-10", "jitter-30", "bufferbloat", "fast-sender", "slow-sender"] {
        let call = call(&quarter_minute(), &named(profile), 1, None);
        let it = call.counters;
        assert_eq!(
            (it.played, it.lost, it.late, it.concealed_samples),
            (750, 0, 0, 0),
            "{profile}"
        );
        assert!((0..750 * 160).all(|place| is_heard(&call, place)), "{profile}");
    }
}

#[test]
fn a_clock_that_drifts_for_ten_minutes_moves_no_sample() {
    for ppm in [-200, 200] {
        let skew = fourwire_network::Skew::new(ppm).unwrap();
        let conditions = Conditions { skew, ..named("jitter-10") };
        let call = call(&Telephone::new().say(30_000, 20), &conditions, 1, None);
        assert_eq!((call.counters.played, call.counters.concealed_samples), (30_000, 0));
        assert!((0..30_000 * 160).step_by(97).all(|place| is_heard(&call, place)), "{ppm} ppm");
    }
}

#[test]
fn losses_are_made_up_for_to_the_sample() {
    for profile in ["loss-1", "loss-5", "loss-10", "bursts-3", "bursts-10"] {
        for seed in 1..=5 {
            let call = call(&quarter_minute(), &named(profile), seed, None);
            let last = call.came.last().expect("something arrives");
            let between = last.place + last.samples - origin(&call);
            let (it, packets) = (call.counters, call.came.len() as u64);
            assert_eq!(it.played, packets, "{profile} {seed}");
            assert!(is_heard(&call, last.place + 159), "{profile} {seed}: the timeline is exact");
            // What no packet has come for in 200 ms is quiet, until one says that it was a loss.
            let holes = call.came.windows(2).map(|pair| pair[1].place - pair[0].place);
            if holes.max() >= Some(200 * 8) {
                continue;
            }
            assert_eq!(it.concealed_samples, between - packets * 160, "{profile} {seed}");
            assert_eq!(it.lost * 160, it.concealed_samples);
        }
    }
}

#[test]
fn duplicates_and_packets_out_of_order_are_put_right() {
    let twice = call(&quarter_minute(), &named("duplication"), 1, None);
    assert!(twice.to_agent.duplicated > 20);
    assert_eq!(twice.counters.duplicate, twice.to_agent.duplicated);
    let mixed = call(&quarter_minute(), &named("reordering"), 1, None);
    assert!(mixed.to_agent.held_back > 20);
    assert_eq!((mixed.counters.late, mixed.counters.lost), (0, 0));
    assert_eq!(mixed.counters.reordered, overtaken(&mixed));
    for call in [twice, mixed] {
        assert!((0..750 * 160).all(|place| is_heard(&call, place)));
    }
}

/// Packets that came after one sent later.
fn overtaken(call: &Call) -> u64 {
    let (mut latest, mut overtaken) = (0, 0);
    for came in &call.came {
        overtaken += u64::from(came.place < latest);
        latest = latest.max(came.place);
    }
    overtaken
}

#[test]
fn packets_of_every_length_make_one_line() {
    let mut telephone = Telephone::new();
    for millis in [20, 10, 60, 30, 40, 50, 20, 60, 10] {
        telephone = telephone.say(1_200 / millis as usize, millis);
    }
    let samples = telephone.place;
    let smooth = call(&telephone, &named("jitter-10"), 1, None);
    assert_eq!((smooth.counters.lost, smooth.counters.late), (0, 0));
    assert!((0..samples).all(|place| is_heard(&smooth, place)));
    for seed in 1..=5 {
        let lossy = call(&telephone, &named("loss-3"), seed, None);
        check(&lossy);
        let last = lossy.came.last().expect("something arrives");
        assert!(is_heard(&lossy, last.place + last.samples - 1), "the timeline is exact");
    }
}

/// Five pauses in which nothing is sent, in a network that loses packets too.
#[test]
fn silence_that_is_not_sent_is_no_loss() {
    let mut telephone = Telephone::new();
    for pause in [60, 400, 900, 20, 140] {
        telephone = telephone.say(100, 20).pause(pause);
    }
    let telephone = telephone.say(100, 20);
    let quiet = (60 + 400 + 900 + 20 + 140) * 8;
    let clean = call(&telephone, &named("jitter-10"), 1, None);
    let it = clean.counters;
    assert_eq!((it.lost, it.concealed_samples, it.played), (0, 0, 600));
    assert!(it.quiet_samples >= quiet);
    let last = telephone.packets.last().expect("said");
    assert!(is_heard(&clean, last.place + 159), "a pause lasts as long as it did");

    let lossy = call(&telephone, &named("loss-5"), 3, None);
    check_nothing_in_time_is_lost(&lossy);
    let spoken = lossy.counters.played * 160 + lossy.counters.concealed_samples;
    assert!((600 * 160 - 480..=600 * 160).contains(&spoken), "{spoken} of what was spoken");
}

/// What the other side may do without a word: the line goes on, and loses nothing but what was lost.
#[test]
fn a_telephone_that_begins_anew_is_heard_on() {
    type Change = fn(Telephone) -> Telephone;
    let changes: [(&str, Change); 3] = [
        ("another SSRC", Telephone::restart),
        ("a jump in sequence", |it| it.jump_in_sequence(20_000)),
        ("a jump in time", |it| it.jump_in_timestamp(1_000_000_007)),
    ];
    for (what, change) in changes {
        for profile in ["clean", "jitter-30", "loss-1"] {
            let telephone = change(Telephone::new().say(250, 20)).say(500, 20);
            let call = call(&telephone, &named(profile), 2, None);
            check_restart(&call, &format!("{what}, {profile}"));
        }
    }
}

#[test]
fn a_new_offer_and_answer_leave_the_line_as_it_was() {
    for profile in ["clean", "jitter-30", "loss-1"] {
        let telephone = Telephone::new().say(250, 20).restart().say(500, 20);
        let call = call(&telephone, &named(profile), 2, Some(5_040 * MS));
        check_restart(&call, profile);
    }
}

/// One restart after 250 packets; where it is exactly may cost a packet's worth of quiet.
fn check_restart(call: &Call, what: &str) {
    let it = call.counters;
    assert_eq!(it.restarts, 1, "{what}");
    check_pacing(call);
    check_nothing_clicks(call);
    let came = call.came.len() as u64;
    assert!(it.played + 2 >= came, "{what}: {} of {came} packets", it.played);
    let last = call.came.last().expect("something arrives");
    let end = last.place + last.samples;
    let shift = (-480..=480).find(|shift| {
        let at = |place: u64| (place - origin(call)).checked_add_signed(*shift);
        let heard = |place| at(place).and_then(|at| call.heard.get(at as usize));
        (end - 100..end).all(|place| heard(place) == Some(&coded(place)))
    });
    assert!(shift.is_some(), "{what}: the end is where the clock has it, within 60 ms");
}

#[test]
fn a_stall_costs_no_more_than_was_filled_and_its_burst_makes_no_noise() {
    let call = call(&quarter_minute(), &named("stall"), 1, None);
    check(&call);
    let it = call.counters;
    assert_eq!((it.lost, it.concealed_samples), (0, 0));
    // Three stalls, each 100 ms longer than the line waits before it goes on with quiet.
    let after = 500 / 20 * 160;
    assert!(it.quiet_samples <= 3 * 8 * 120 + after, "{} quiet samples", it.quiet_samples);
    let last = call.came.last().expect("something arrives");
    assert!(is_heard(&call, last.place + 159), "the timeline is exact");
}
