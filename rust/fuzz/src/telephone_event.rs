//! Packets of keys as they come.

use arbitrary::Arbitrary;
use fourwire::Moment;
use fourwire::wire::KeyReceiver;

use crate::draw::{Pause, Rate};
use crate::mutated;

/// Anybody's packets, one after the other.
#[derive(Arbitrary, Debug)]
pub struct Input {
    rate: Rate,
    packets: Vec<Packet>,
}

/// A packet of telephone events.
#[derive(Arbitrary, Debug)]
pub struct Packet {
    pause: Pause,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
}

/// What is told was in a packet, once.
pub fn check(input: Input) {
    let mut receiver = KeyReceiver::new(input.rate.clock());
    let (mut now, mut events, mut told) = (Moment::default(), 0, 0);
    for packet in &input.packets {
        now += packet.pause.span();
        receiver.receive(now, packet.timestamp, packet.marker, &packet.payload);
        events += packet.payload.len() as u64 / 4;
        while receiver.poll(now).is_some() {
            told += 1;
        }
        assert!(receiver.deadline().is_none_or(|due| due > now), "nothing is due any more");
        assert!(told + receiver.dropped() <= events, "a press is told of at most once an event");
    }
    mutated(input.packets.len());
}
