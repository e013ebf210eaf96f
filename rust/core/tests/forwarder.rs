//! The caller's samples as the agent gets them, in whatever pieces they come.

use std::time::Duration;

use fourwire::listen::{Forwarder, Shape};
use fourwire::{AudioFormat, ClockRate, Law, Moment};
use proptest::collection::vec;
use proptest::prelude::*;

fn formats() -> impl Strategy<Value = AudioFormat> {
    prop_oneof![
        Just(AudioFormat::G711(Law::Mu)),
        Just(AudioFormat::G711(Law::A)),
        rates().prop_map(AudioFormat::Pcm16),
    ]
}

fn rates() -> impl Strategy<Value = ClockRate> {
    prop_oneof![
        Just(ClockRate::Hz8000),
        Just(ClockRate::Hz16000),
        Just(ClockRate::Hz24000),
        Just(ClockRate::Hz48000),
    ]
}

/// All chunks that `pieces` make, one after the other.
fn forwarded(
    wire: ClockRate,
    format: AudioFormat,
    length: Duration,
    pieces: &[&[i16]],
) -> Vec<Vec<u8>> {
    let mut forwarder = Forwarder::new(wire, format, length, Shape::Audio);
    let mut chunks = Vec::new();
    for piece in pieces {
        forwarder.feed(piece, Moment::default());
        while forwarder.advance() {
            chunks.push(forwarder.chunk().to_vec());
        }
    }
    chunks
}

proptest! {
    #[test]
    fn chunks_are_the_same_however_samples_come_and_no_more_than_one_waits(
        wire in rates(),
        format in formats(),
        millis in 0u64..300,
        pcm in vec(any::<i16>(), 0..4000),
        cut in any::<prop::sample::Index>(),
    ) {
        // Whole milliseconds, of which the rates say how many samples they become.
        let millisecond = wire.hertz() as usize / 1000;
        let pcm = &pcm[..pcm.len() / millisecond * millisecond];
        let length = Duration::from_millis(millis);
        let (first, second) = pcm.split_at(cut.index(pcm.len() + 1));
        let chunks = forwarded(wire, format, length, &[first, second]);
        prop_assert_eq!(&chunks, &forwarded(wire, format, length, &[pcm]));

        let chunk = format.rate().samples_in(length.max(Duration::from_millis(10))) * format.width();
        prop_assert!(chunks.iter().all(|it| it.len() == chunk));
        let whole = pcm.len() / millisecond * format.rate().hertz() as usize / 1000 * format.width();
        prop_assert_eq!(chunks.len(), whole / chunk, "what is left waits");
    }
}
