//! Keys as they come, and as they are sent.

use std::time::Duration;

use arbitrary::Arbitrary;
use fourwire::wire::{Key, KeyReceiver, KeySender};
use fourwire::{ClockRate, Moment};

use crate::draw::{Pause, Rate};

/// Anybody's packets, or our own.
#[derive(Arbitrary, Debug)]
pub enum Input {
    Strange { rate: Rate, packets: Vec<Packet> },
    Ours { rate: Rate, start: u32, packet_ms: u8, orders: Vec<Order> },
}

/// A packet of telephone events.
#[derive(Arbitrary, Debug)]
pub struct Packet {
    pause: Pause,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
}

/// A key to be pressed, and whether packets last as long as before from then on.
#[derive(Arbitrary, Debug)]
pub struct Order {
    event: u8,
    tone_ms: u16,
    gap_ms: u16,
}

/// What is told was in a packet, and no key that was sent is missed, doubled or shortened.
pub fn check(input: Input) {
    match input {
        Input::Strange { rate, packets } => hear(rate.clock(), &packets),
        Input::Ours { rate, start, packet_ms, orders } => {
            let packet_time = Duration::from_millis(u64::from(packet_ms % 6 + 1) * 10);
            send(rate.clock(), start, packet_time, &orders);
        }
    }
}

fn hear(rate: ClockRate, packets: &[Packet]) {
    let mut receiver = KeyReceiver::new(rate);
    let (mut now, mut events, mut told) = (Moment::default(), 0, 0);
    for packet in packets {
        now += packet.pause.span();
        receiver.receive(now, packet.timestamp, packet.marker, &packet.payload);
        events += packet.payload.len() as u64 / 4;
        while receiver.poll(now).is_some() {
            told += 1;
        }
        assert!(receiver.deadline().is_none_or(|due| due > now), "nothing is due any more");
        assert!(told + receiver.dropped() <= events, "a press is told of at most once an event");
    }
}

fn send(rate: ClockRate, start: u32, packet_time: Duration, orders: &[Order]) {
    let mut sender = KeySender::new(rate, packet_time);
    let mut sent = Vec::new();
    for order in orders {
        let tone = Duration::from_millis(u64::from(order.tone_ms % 12_000));
        let gap = Duration::from_millis(u64::from(order.gap_ms % 500));
        if let Some(key) = Key::of_event(order.event % 17)
            && sender.queue(key, tone, gap).is_ok()
        {
            sent.push((key, tone.max(packet_time)));
        }
    }
    let heard = listen(rate, start, packet_time, &mut sender);
    let keys = |presses: &[(Key, Duration)]| presses.iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(keys(&heard), keys(&sent));
    for ((_, heard), (_, tone)) in heard.iter().zip(&sent) {
        assert!(*heard + Duration::from_millis(1) > *tone, "{heard:?} of {tone:?}");
        assert!(*heard < *tone + packet_time, "{heard:?} of {tone:?}");
    }
}

fn listen(
    rate: ClockRate,
    start: u32,
    packet_time: Duration,
    sender: &mut KeySender,
) -> Vec<(Key, Duration)> {
    let (mut receiver, mut heard) = (KeyReceiver::new(rate), Vec::new());
    let (mut now, mut timestamp) = (Moment::default(), start);
    while sender.is_busy() {
        if let Some(packet) = sender.poll(timestamp) {
            receiver.receive(now, packet.timestamp, packet.marker, &packet.payload);
        }
        now += packet_time;
        timestamp = timestamp.wrapping_add(rate.samples_in(packet_time) as u32);
        heard.extend(std::iter::from_fn(|| receiver.poll(now)).map(|it| (it.key, it.duration)));
    }
    heard
}
