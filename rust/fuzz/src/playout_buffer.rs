//! The jitter buffer towards ears.

use std::time::Duration;

use arbitrary::Arbitrary;
use fourwire::Moment;
use fourwire::listen::playout_buffer::PlayoutCounters;
use fourwire::listen::{PlayoutBuffer, PlayoutConfig};
use fourwire::wire::PayloadType;

use crate::draw::{Draft, Pause, Stream, codec, codes};

/// A buffer, and what happens to it.
#[derive(Arbitrary, Debug)]
pub struct Input {
    codec: u8,
    packet_ms: u8,
    longest_ms: u16,
    acts: Vec<Act>,
}

/// Something that happens.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Hear(Pause, Draft),
    ComfortNoise(Pause, Draft, Vec<u8>),
    Play(Pause, u16),
    /// A second of a call in which nothing is wrong.
    Talk,
}

/// As many samples come out as were asked for, and packets and samples add up at all times.
pub fn check(input: Input) {
    let mut buffer = PlayoutBuffer::new(PlayoutConfig {
        codec: codec(input.codec),
        packet_time: Duration::from_millis(input.packet_ms.into()),
        longest_delay: Duration::from_millis(20 + u64::from(input.longest_ms) % 2_000),
    });
    let (mut now, mut stream) = (Moment::default(), Stream::default());
    for act in input.acts {
        happen(act, &mut now, &mut stream, &mut buffer);
        check_counters(&buffer.counters());
    }
}

fn happen(act: Act, now: &mut Moment, stream: &mut Stream, buffer: &mut PlayoutBuffer) {
    match act {
        Act::Hear(pause, draft) => {
            *now += pause.span();
            let payload = codes(draft.size());
            buffer.receive(*now, &stream.packet(draft, PayloadType::PCMU, &payload));
        }
        Act::ComfortNoise(pause, draft, noise) => {
            *now += pause.span();
            buffer.receive(*now, &stream.packet(draft, PayloadType::CN, &noise));
        }
        Act::Play(pause, samples) => {
            *now += pause.span();
            play(*now, usize::from(samples) % 2_000, buffer);
        }
        Act::Talk => {
            for _ in 0..50 {
                *now += Duration::from_millis(20);
                let payload = codes(160);
                buffer.receive(*now, &stream.packet(Draft::NEXT, PayloadType::PCMU, &payload));
                play(*now, 160, buffer);
            }
        }
    }
}

fn play(now: Moment, samples: usize, buffer: &mut PlayoutBuffer) {
    let mut out = vec![7];
    buffer.play(now, samples, &mut out);
    assert_eq!(out.len(), 1 + samples);
    assert!(buffer.drift_ppm().is_finite());
    let _ = (buffer.delay(), buffer.target());
}

fn check_counters(it: &PlayoutCounters) {
    let packets = &it.packets;
    let known = packets.played + packets.empty + packets.duplicate + packets.late;
    let refused = packets.stray + packets.overflow + packets.discarded;
    assert_eq!(packets.received, known + refused + packets.waiting, "{it:?}");
    assert_eq!(
        it.decoded_samples + it.inserted_samples + it.concealed_samples + it.quiet_samples,
        it.out_samples + it.removed_samples + it.dropped_samples + it.waiting_samples,
        "{it:?}"
    );
}
