//! Keys as they are sent.

use std::time::Duration;

use arbitrary::Arbitrary;
use fourwire::wire::{Key, KeyReceiver, KeySender};
use fourwire::{ClockRate, Moment};

use crate::draw::Rate;

/// Keys to be pressed, and the stream that they are sent in.
#[derive(Arbitrary, Debug)]
pub struct Input {
    rate: Rate,
    start: u32,
    packet_ms: u8,
    orders: Vec<Order>,
}

/// A key to be pressed.
#[derive(Arbitrary, Debug)]
pub struct Order {
    event: u8,
    tone_ms: u16,
    gap_ms: u16,
}

/// No key that was sent is missed, doubled or shortened.
pub fn check(input: Input) {
    let Input { rate, start, packet_ms, orders } = input;
    let packet_time = Duration::from_millis(u64::from(packet_ms % 6 + 1) * 10);
    send(rate.clock(), start, packet_time, &orders);
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
