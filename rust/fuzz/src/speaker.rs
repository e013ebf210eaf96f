//! When packets leave, and what stands on them.

use std::time::Duration;

use arbitrary::Arbitrary;
use fourwire::Moment;
use fourwire::speak::{Pacer, Packetizer};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};

use crate::draw::{Pause, codes};

/// A sender, and when somebody comes to send.
#[derive(Arbitrary, Debug)]
pub struct Input {
    packet_ms: u8,
    first_sequence: u16,
    first_timestamp: u32,
    visits: Vec<(Pause, u16)>,
}

/// Turns taken and missed are the time that passed, numbers follow each other, and only the wire
/// sees them wrap.
pub fn check(input: Input) {
    let period = Duration::from_millis(u64::from(input.packet_ms % 6 + 1) * 10);
    let samples = period.as_millis() as u64 * 8;
    let (mut pacer, mut now) = (Pacer::new(Moment::default(), period), Moment::default());
    let mut packetizer = Packetizer::new(Ssrc(7), input.first_sequence, input.first_timestamp);
    let (mut turns, mut packets, mut octets) = (0, 0, 0);
    for (pause, size) in input.visits {
        now += pause.span();
        let Some(turn) = pacer.turn(now) else { continue };
        packetizer.advance(u64::from(turn.missed) * samples);
        turns += u64::from(turn.missed);
        let payload = codes(usize::from(size % 500));
        let mut datagram = Vec::new();
        packetizer.packet(PayloadType::PCMU, false, &payload, &mut datagram);
        let packet = RtpPacket::parse(&datagram).expect("what we write is RTP");
        assert_eq!(packet.payload, payload);
        assert_eq!(packet.sequence, input.first_sequence.wrapping_add(packets as u16));
        let due = input.first_timestamp.wrapping_add((turns * samples) as u32);
        assert_eq!(packet.timestamp, due);
        packetizer.advance(samples);
        (turns, packets, octets) = (turns + 1, packets + 1, octets + payload.len() as u64);
        assert_eq!(packetizer.sent(), (packets, octets));
        assert_eq!(pacer.deadline().since(Moment::default()), period * turns as u32);
        assert!(pacer.deadline() > now && pacer.turn(now).is_none(), "no burst");
    }
}
