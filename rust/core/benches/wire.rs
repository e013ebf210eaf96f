//! How long the parts of a packet's way take that are no arithmetic on samples.
//!
//! `cargo bench -p fourwire --bench wire` prints, for each part, the fastest and the median of
//! many rounds, in nanoseconds for one packet or message.

#![allow(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use fourwire::Moment;
use fourwire::listen::dejitter::{Dejitter, DejitterConfig, Stretch};
use fourwire::realtime::append::AppendBuilder;
use fourwire::realtime::delta::{Message, read};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};

const ROUNDS: usize = 301;

fn main() {
    println!("{:<44}{:>10}{:>10}", "ns each", "least", "median");
    rtp();
    dejitter();
    append(480, "append, 60 ms of G.711");
    append(4800, "append, 100 ms of PCM16 at 24 kHz");
    delta(800, "delta, 100 ms of G.711");
    delta(4800, "delta, 100 ms of PCM16 at 24 kHz");
}

/// Runs `once` in rounds of about 100 µs and prints what one run took.
fn measure(name: &str, mut once: impl FnMut()) {
    let probe = time(1000, &mut once).max(Duration::from_nanos(1)) / 1000;
    let runs = (100_000 / probe.as_nanos().max(1)).clamp(10, 100_000) as u32;
    let mut rounds: Vec<f64> =
        (0..ROUNDS).map(|_| time(runs, &mut once).as_nanos() as f64 / f64::from(runs)).collect();
    rounds.sort_by(f64::total_cmp);
    println!("{name:<44}{:>10.1}{:>10.1}", rounds[0], rounds[ROUNDS / 2]);
}

fn time(runs: u32, once: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..runs {
        once();
    }
    start.elapsed()
}

fn packet(sequence: u16, payload: &[u8]) -> RtpPacket<'_> {
    RtpPacket::new(PayloadType::PCMU, sequence, u32::from(sequence) * 160, Ssrc(1), payload)
}

fn rtp() {
    let mut datagram = Vec::with_capacity(172);
    measure("RTP, write 172 bytes", || {
        datagram.clear();
        packet(black_box(7), black_box(&[0x55; 160])).write(&mut datagram);
        black_box(&datagram);
    });
    measure("RTP, parse 172 bytes", || {
        black_box(RtpPacket::parse(black_box(&datagram))).ok();
    });
}

/// One packet in, one out, in order: what a good network gives.
fn dejitter() {
    let mut dejitter = Dejitter::new(DejitterConfig::default());
    let (mut sequence, mut now) = (0u16, Moment::default());
    let mut timestamp = 0u32;
    measure("de-jitter, put and get", || {
        sequence = sequence.wrapping_add(1);
        timestamp = timestamp.wrapping_add(160);
        now += Duration::from_millis(20);
        let packet = RtpPacket { timestamp, ..packet(sequence, &[0x55; 160]) };
        dejitter.receive(now, &packet, 160);
        while let Some(stretch) = dejitter.poll(now) {
            assert!(matches!(stretch, Stretch::Received { .. }));
            black_box(stretch);
        }
    });
}

fn append(bytes: usize, name: &str) {
    let (audio, mut message) = (vec![0x5A; bytes], Vec::new());
    measure(name, || {
        AppendBuilder::new().build(black_box(&audio), &mut message);
        black_box(&message);
    });
}

/// Recognised and decoded.
fn delta(bytes: usize, name: &str) {
    let mut append = Vec::new();
    AppendBuilder::new().build(&vec![0x5A; bytes], &mut append);
    let body = &append[br#"{"type":"input_audio_buffer.append","audio":""#.len()..];
    let mut message = br#"{"type":"response.output_audio.delta","event_id":"event_0123456789abcdef","response_id":"resp_0123456789abcdef","item_id":"item_0123456789abcdef","output_index":0,"content_index":0,"delta":""#.to_vec();
    message.extend_from_slice(body);
    let mut audio = Vec::new();
    measure(name, || {
        let Message::ReplyAudio { audio: found, .. } = read(black_box(&message)) else { panic!() };
        audio.clear();
        found.decode_into(&mut audio).unwrap();
        black_box(&audio);
    });
    assert_eq!(audio.len(), bytes);
}
