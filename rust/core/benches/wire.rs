//! How long the parts of a packet's way take that are no arithmetic on samples.
//!
//! `cargo bench -p fourwire --bench wire` prints, for each part, the fastest and the median of
//! many rounds, in nanoseconds for one packet or message.

#![allow(clippy::print_stdout, reason = "printing is what a bench is for")]

mod timing;

use std::hint::black_box;
use std::time::Duration;

use fourwire::Moment;
use fourwire::listen::dejitter::{Dejitter, DejitterConfig, Stretch};
use fourwire::realtime::append::AppendBuilder;
use fourwire::realtime::delta::{Message, read};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use timing::{heading, measure};

fn main() {
    heading();
    rtp();
    dejitter();
    append(480, "append, 60 ms of G.711");
    append(4800, "append, 100 ms of PCM16 at 24 kHz");
    delta(800, "delta, 100 ms of G.711");
    delta(4800, "delta, 100 ms of PCM16 at 24 kHz");
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
