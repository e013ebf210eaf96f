//! Keys of a telephone, through the packets that tell of them.

use std::time::Duration;

use fourwire::wire::{Key, KeyPress, KeyReceiver, KeySender, TelephoneEvent};
use fourwire::{ClockRate, Moment};
use proptest::prelude::*;

const PACKET: Duration = Duration::from_millis(20);

/// A receiver and the presses it has reported.
struct Listening {
    keys: KeyReceiver,
    now: Moment,
    heard: String,
    durations: Vec<u64>,
}

impl Listening {
    fn new() -> Self {
        let keys = KeyReceiver::new(ClockRate::Hz8000);
        Self { keys, now: Moment::default(), heard: String::new(), durations: Vec::new() }
    }

    fn hear(&mut self, timestamp: u32, marker: bool, payload: [u8; 4]) {
        self.keys.receive(self.now, timestamp, marker, &payload);
        self.take();
        self.pass(PACKET);
    }

    /// One packet of `digit`, in the words of the RFC.
    fn event(&mut self, digit: char, timestamp: u32, duration: u16, end: bool) {
        let event = Key::new(digit).unwrap().event();
        let payload = TelephoneEvent { event, end, volume: 10, duration }.to_bytes();
        self.hear(timestamp, duration == 160, payload);
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.take();
    }

    fn take(&mut self) {
        while let Some(KeyPress { key, duration }) = self.keys.poll(self.now) {
            self.heard.push(key.digit());
            self.durations.push(duration.as_millis() as u64);
        }
    }
}

/// The packets of `digits`, each with the turn it is sent at.
fn packets(digits: &str, tone: Duration, gap: Duration) -> Vec<(u32, bool, [u8; 4])> {
    let mut sender = KeySender::new(ClockRate::Hz8000, PACKET);
    for digit in digits.chars() {
        sender.queue(Key::new(digit).unwrap(), tone, gap).unwrap();
    }
    let mut packets = Vec::new();
    let mut timestamp = u32::MAX - 500; // Wraps within the first key.
    while sender.is_busy() {
        if let Some(packet) = sender.poll(timestamp) {
            packets.push((packet.timestamp, packet.marker, packet.payload));
        }
        timestamp = timestamp.wrapping_add(160);
    }
    packets
}

#[test]
fn all_keys_are_heard_as_they_were_sent() {
    let (digits, mut listening) = ("0123456789*#ABCD!", Listening::new());
    for (timestamp, marker, payload) in packets(digits, PACKET * 5, PACKET * 5) {
        listening.hear(timestamp, marker, payload);
    }
    assert_eq!(listening.heard, digits);
    assert!(listening.durations.iter().all(|&millis| millis == 100));
}

#[test]
fn a_press_begins_with_a_marker_and_ends_three_times() {
    let sent = packets("5", PACKET * 3, PACKET * 3);
    let events: Vec<_> = sent.iter().map(|it| TelephoneEvent::parse(&it.2).unwrap()).collect();
    let markers: Vec<_> = sent.iter().map(|it| it.1).collect();
    assert_eq!(markers, [true, false, false, false, false]);
    assert_eq!(events.iter().map(|it| it.duration).collect::<Vec<_>>(), [160, 320, 480, 480, 480]);
    assert_eq!(
        events.iter().map(|it| it.end).collect::<Vec<_>>(),
        [false, false, true, true, true]
    );
}

#[test]
fn the_gap_lies_between_the_end_of_one_tone_and_the_next() {
    let starts: Vec<_> = packets("11", PACKET * 5, PACKET * 5).iter().map(|it| it.0).collect();
    assert_eq!(starts.last().unwrap().wrapping_sub(starts[0]), 1600);
}

#[test]
fn the_same_digit_twice_is_two_presses() {
    let mut listening = Listening::new();
    for (timestamp, marker, payload) in packets("77", PACKET * 2, Duration::ZERO) {
        listening.hear(timestamp, marker, payload);
    }
    assert_eq!(listening.heard, "77");
}

#[test]
fn a_press_whose_beginning_was_lost_is_heard() {
    let mut listening = Listening::new();
    listening.event('4', 8000, 800, true);
    listening.event('4', 8000, 800, true);
    assert_eq!((listening.heard.as_str(), &listening.durations[..]), ("4", &[100][..]));
}

#[test]
fn a_press_whose_ends_were_lost_is_heard_when_nothing_more_comes() {
    let mut listening = Listening::new();
    listening.event('4', 8000, 160, false);
    listening.event('4', 8000, 320, false);
    assert_eq!(listening.heard, "");
    assert_eq!(listening.keys.deadline(), Some(Moment::from_millis(220)));
    listening.pass(Duration::from_millis(180));
    assert_eq!((listening.heard.as_str(), &listening.durations[..]), ("4", &[40][..]));
    listening.event('4', 8000, 960, true); // So late is no second press.
    assert_eq!(listening.heard, "4");
    assert_eq!(listening.keys.deadline(), None);
}

#[test]
fn a_press_whose_ends_were_lost_is_heard_when_the_next_begins() {
    let mut listening = Listening::new();
    listening.event('4', 8000, 160, false);
    listening.event('5', 9600, 160, false);
    listening.event('4', 8000, 480, true); // A straggler.
    listening.event('5', 9600, 320, true);
    assert_eq!(listening.heard, "45");
}

#[test]
fn a_key_that_changes_without_an_end_or_a_new_timestamp_is_two_presses() {
    let mut listening = Listening::new();
    listening.event('1', 8000, 160, false);
    listening.event('2', 8000, 320, false);
    listening.event('1', 8000, 160, true);
    listening.event('2', 8000, 480, true);
    assert_eq!(listening.heard, "12");
}

#[test]
fn packets_out_of_order_do_not_shorten_a_press() {
    let mut listening = Listening::new();
    listening.event('9', 8000, 160, false);
    listening.event('9', 8000, 480, false);
    listening.event('9', 8000, 320, false);
    listening.event('9', 8000, 400, true);
    assert_eq!(listening.durations, [60]);
}

#[test]
fn a_key_held_longer_than_a_packet_can_tell_is_one_press() {
    let tone = Duration::from_secs(20);
    let mut listening = Listening::new();
    let sent = packets("*", tone, PACKET);
    assert_eq!(sent.iter().filter(|it| it.1).count(), 1, "one marker");
    for (timestamp, marker, payload) in sent {
        listening.hear(timestamp, marker, payload);
    }
    assert_eq!((listening.heard.as_str(), &listening.durations[..]), ("*", &[20_000][..]));
}

#[test]
fn several_events_in_one_payload_follow_each_other() {
    let mut listening = Listening::new();
    let payload = [1, 0x8A, 0x03, 0x20, 2, 0x8A, 0x03, 0x20, 99];
    listening.keys.receive(listening.now, 8000, true, &payload);
    listening.keys.receive(listening.now, 8800, true, &payload[4..8]);
    listening.take();
    assert_eq!(listening.heard, "12");
}

#[test]
fn events_that_are_no_keys_are_ignored() {
    let mut listening = Listening::new();
    listening.hear(8000, true, [32, 0x8A, 0x03, 0x20]); // Answering tone.
    listening.keys.receive(listening.now, 9000, true, &[1, 0x8A, 0x03]);
    listening.pass(Duration::from_secs(1));
    assert_eq!(listening.heard, "");
}

#[test]
fn no_more_keys_are_queued_than_there_is_room_for() {
    let mut sender = KeySender::new(ClockRate::Hz8000, PACKET);
    let key = Key::new('1').unwrap();
    let taken = (0..1000).take_while(|_| sender.queue(key, PACKET, PACKET).is_ok()).count();
    assert_eq!(taken, 128);
}

proptest! {
    /// Whatever is lost, repeated or overtaken: as long as one packet of a press arrives, the
    /// press is heard once, and in order.
    #[test]
    fn every_press_of_which_anything_arrives_is_heard_once(
        digits in "[0-9*#A-D]{1,12}", tone in 1u32..12, gap in 12u32..20,
        fates in prop::collection::vec((0u8..10, 0u8..10), 600),
    ) {
        let sent = packets(&digits, PACKET * tone, PACKET * gap);
        let mut starts: Vec<u32> = sent.iter().map(|it| it.0).collect();
        starts.dedup();
        let press_of = |start| starts.iter().position(|it| *it == start).unwrap();

        let mut arriving = Vec::new();
        for (turn, packet) in sent.into_iter().enumerate() {
            let (fate, delay) = fates[turn % fates.len()];
            let press = press_of(packet.0);
            if fate < 7 {
                arriving.push(((press, turn + usize::from(delay % 3)), packet));
            }
            if fate == 6 {
                arriving.push(((press, turn + 1), packet)); // Twice.
            }
        }
        arriving.sort_by_key(|it| it.0);
        let heard = |press| arriving.iter().any(|it| it.0.0 == press);
        let expected: String = digits.chars().enumerate().filter(|it| heard(it.0)).map(|it| it.1).collect();

        let mut listening = Listening::new();
        for (_, (timestamp, marker, payload)) in arriving {
            listening.hear(timestamp, marker, payload);
        }
        listening.pass(Duration::from_secs(1));
        prop_assert_eq!(listening.heard, expected);
    }

    #[test]
    fn whatever_comes_is_heard_or_ignored(
        packets in prop::collection::vec((any::<u32>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..13), 0u64..300), 0..60),
    ) {
        let mut listening = Listening::new();
        for (timestamp, marker, payload, millis) in packets {
            listening.keys.receive(listening.now, timestamp, marker, &payload);
            listening.pass(Duration::from_millis(millis));
        }
    }
}
