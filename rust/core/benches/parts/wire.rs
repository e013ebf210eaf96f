//! What a packet and a message pass that is no arithmetic on samples.

use std::hint::black_box;
use std::time::Duration;

use fourwire::Moment;
use fourwire::listen::dejitter::{Dejitter, DejitterConfig, Stretch};
use fourwire::realtime::append::AppendBuilder;
use fourwire::realtime::delta::{Message, read};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};

use super::Look;

pub(super) fn all(look: Look<'_>) {
    rtp(look);
    dejitter(look);
    append(look, 480, "append, 60 ms of G.711", Some(150.0));
    append(look, 4800, "append, 100 ms of PCM16 at 24 kHz", None);
    delta(look, 800, "delta, 100 ms of G.711", None);
    delta(look, 4800, "delta, 100 ms of PCM16 at 24 kHz", Some(1_600.0));
}

fn packet(sequence: u16, payload: &[u8]) -> RtpPacket<'_> {
    RtpPacket::new(PayloadType::PCMU, sequence, u32::from(sequence) * 160, Ssrc(1), payload)
}

fn rtp(look: Look<'_>) {
    let mut datagram = Vec::with_capacity(172);
    look("RTP, write 172 bytes", Some(10.0), &mut || {
        datagram.clear();
        packet(black_box(7), black_box(&[0x55; 160])).write(&mut datagram);
        black_box(&datagram);
    });
    look("RTP, parse 172 bytes", Some(5.0), &mut || {
        black_box(RtpPacket::parse(black_box(&datagram))).ok();
    });
}

/// One packet in, one out, in order: what a good network gives.
fn dejitter(look: Look<'_>) {
    let mut dejitter = Dejitter::new(DejitterConfig::default());
    let (mut sequence, mut now) = (0u16, Moment::default());
    let mut timestamp = 0u32;
    look("de-jitter, put and get", Some(50.0), &mut || {
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

fn append(look: Look<'_>, bytes: usize, name: &str, goal: Option<f64>) {
    let (audio, mut message) = (vec![0x5A; bytes], Vec::new());
    look(name, goal, &mut || {
        AppendBuilder::new().build(black_box(&audio), &mut message);
        black_box(&message);
    });
}

/// Recognised and decoded.
fn delta(look: Look<'_>, bytes: usize, name: &str, goal: Option<f64>) {
    let mut append = Vec::new();
    AppendBuilder::new().build(&vec![0x5A; bytes], &mut append);
    let body = &append[br#"{"type":"input_audio_buffer.append","audio":""#.len()..];
    let mut message = br#"{"type":"response.output_audio.delta","event_id":"event_0123456789abcdef","response_id":"resp_0123456789abcdef","item_id":"item_0123456789abcdef","output_index":0,"content_index":0,"delta":""#.to_vec();
    message.extend_from_slice(body);
    let mut audio = Vec::new();
    look(name, goal, &mut || {
        let Message::ReplyAudio { audio: found, .. } = read(black_box(&message)) else { panic!() };
        audio.clear();
        found.decode_into(&mut audio).unwrap();
        black_box(&audio);
    });
    assert_eq!(audio.len(), bytes);
}
