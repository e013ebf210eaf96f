//! The jitter buffer towards the agent.

use std::time::Duration;

use arbitrary::Arbitrary;
use fourwire::Moment;
use fourwire::listen::dejitter::{Arrival, DejitterCounters, Stretch};
use fourwire::listen::{Dejitter, DejitterConfig};
use fourwire::wire::PayloadType;

use crate::draw::{Draft, Pause, Rate, Stream, codes};

/// A buffer, and what happens to it.
#[derive(Arbitrary, Debug)]
pub struct Input {
    rate: Rate,
    packet_ms: u8,
    reorder_ms: u16,
    quiet_ms: u16,
    acts: Vec<Act>,
}

/// Something that happens.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Hear(Pause, Draft, Samples),
    Take(Pause),
    TakeCertain,
    Hurry,
    FillHole(u16),
    Reset,
}

/// How many samples the payload of a packet stands for.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Samples {
    AsBytes,
    None,
    Any(u16),
}

/// The timeline has no holes, and packets and samples add up at all times.
pub fn check(input: Input) {
    let mut dejitter = Dejitter::new(DejitterConfig {
        clock_rate: input.rate.clock(),
        packet_time: Duration::from_millis(input.packet_ms.into()),
        reorder_limit: Duration::from_millis(u64::from(input.reorder_ms) % 1_000),
        quiet_after: Duration::from_millis(20 + u64::from(input.quiet_ms) % 1_000),
    });
    let (mut now, mut stream) = (Moment::default(), Stream::default());
    for act in input.acts {
        happen(act, &mut now, &mut stream, &mut dejitter);
        check_counters(&dejitter.counters(), dejitter.end());
    }
}

fn happen(act: Act, now: &mut Moment, stream: &mut Stream, dejitter: &mut Dejitter) {
    match act {
        Act::Hear(pause, draft, samples) => {
            *now += pause.span();
            hear(*now, draft, samples, stream, dejitter);
        }
        Act::Take(pause) => {
            *now += pause.span();
            while follow(dejitter.end(), dejitter.poll(*now)) {}
            assert!(dejitter.deadline().is_none_or(|due| due > *now), "nothing more is due");
        }
        Act::TakeCertain => while follow(dejitter.end(), dejitter.poll_certain()) {},
        Act::Hurry => dejitter.hurry(),
        Act::FillHole(samples) => {
            let (hole, end) = (dejitter.hole(), dejitter.end());
            let filled = dejitter.fill_hole(samples.into());
            assert_eq!(filled, hole.unwrap_or(0).min(samples.into()));
            assert_eq!(dejitter.end(), end + filled as u64);
        }
        Act::Reset => dejitter.reset(),
    }
}

fn hear(now: Moment, draft: Draft, samples: Samples, stream: &mut Stream, dejitter: &mut Dejitter) {
    let payload = codes(draft.size());
    let packet = stream.packet(draft, PayloadType::PCMU, &payload);
    let samples = match samples {
        Samples::AsBytes => payload.len(),
        Samples::None => 0,
        Samples::Any(samples) => samples.into(),
    };
    let before = dejitter.counters();
    let arrival = dejitter.receive(now, &packet, samples);
    let after = dejitter.counters();
    assert_eq!(after.received, before.received + 1);
    let counted = after.duplicate - before.duplicate;
    assert!(arrival != Arrival::Duplicate || counted == 1, "a drop is counted as what it is");
}

/// Whether a stretch came; then it goes on where the timeline ended.
fn follow(end: u64, stretch: Option<Stretch<'_>>) -> bool {
    match stretch {
        None => return false,
        Some(Stretch::Received { payload, overlap, samples, timestamp, .. }) => {
            assert_eq!(timestamp, end);
            assert!(samples > 0);
            assert!(payload.len() <= 700 && overlap <= usize::from(u16::MAX));
        }
        Some(Stretch::Lost { samples } | Stretch::Quiet { samples }) => {
            assert!((1..=48_000).contains(&samples), "at most a second, and not nothing");
        }
    }
    true
}

fn check_counters(it: &DejitterCounters, end: u64) {
    let known = it.played + it.empty + it.duplicate + it.late + it.stray + it.overflow;
    assert_eq!(it.received, known + it.discarded + it.waiting, "{it:?}");
    assert_eq!(it.played_samples + it.concealed_samples + it.quiet_samples, end, "{it:?}");
}
