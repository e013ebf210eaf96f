//! By which numbers packets come and go (RFC 3264 §5.1), where the two sides have not the same.

#[path = "support/phone.rs"]
mod phone;

use std::time::Duration;

use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{Event, Law, Leg, Media, PayloadTypes, Received};
use phone::{Log, PACKET, at, leg};
use proptest::prelude::*;

fn number(bits: u8) -> PayloadType {
    PayloadType::new(bits).unwrap()
}

fn numbers(send: u8, receive: u8, other: Option<u8>) -> PayloadTypes {
    PayloadTypes { send: number(send), receive: number(receive), other: other.map(number) }
}

fn receive(leg: &mut Leg, kind: u8, sequence: u16, payload: &[u8]) -> Received {
    let mut datagram = Vec::new();
    RtpPacket::new(number(kind), sequence, 160, Ssrc(7), payload).write(&mut datagram);
    leg.receive(at(sequence.into()), &datagram)
}

/// A key `5` that has been down for `periods`, and whether it is let go.
fn key(periods: u16, released: bool) -> [u8; 4] {
    let [high, low] = periods.to_be_bytes();
    [5, if released { 0x8A } else { 0x0A }, high, low]
}

fn keys_in(mut leg: Leg, numbers: impl Iterator<Item = u8>) -> Vec<Event> {
    for (n, kind) in (1..).zip(numbers) {
        receive(&mut leg, kind, n, &key(160 * n, n == 5));
    }
    let mut log = Log::default();
    log.drain(&mut leg, 120);
    log.events
}

#[test]
fn each_side_has_its_own_numbers() {
    let media = Media {
        payload_type: numbers(96, 97, None),
        telephone_event: Some(numbers(98, 101, None)),
        ..Media::g711(Law::Mu)
    };
    let mut leg = leg(media);
    receive(&mut leg, 97, 1, &[0xFF; 160]);
    receive(&mut leg, 96, 2, &[0xFF; 160]);
    receive(&mut leg, 101, 3, &key(800, true));
    leg.send_digits("7", PACKET, PACKET).unwrap();
    let mut log = Log::default();
    log.drain(&mut leg, 3);
    log.drain(&mut leg, 120);
    let key = Event::Key { digit: '5', duration: Duration::from_millis(100), in_band: false };
    assert!(log.events.contains(&key));
    let counters = leg.counters();
    assert_eq!((counters.audio_packets, counters.unknown_payload_type), (1, 1));
    let kinds: Vec<_> = log.packets.iter().map(|(kind, ..)| *kind).collect();
    assert!(kinds.contains(&number(98)) && kinds.iter().all(|kind| kind.get() != 101));
}

#[test]
fn a_key_whose_sender_changes_its_number_half_way_is_one_key() {
    let media = Media { telephone_event: Some(numbers(96, 101, Some(96))), ..Media::g711(Law::Mu) };
    let key = Event::Key { digit: '5', duration: Duration::from_millis(100), in_band: false };
    for sent in [[101; 5], [96; 5], [101, 101, 96, 96, 96]] {
        assert_eq!(keys_in(leg(media), sent.into_iter()), std::slice::from_ref(&key), "{sent:?}");
    }
}

#[test]
fn audio_by_their_number_is_heard_and_ours_goes_out_by_it() {
    let media = Media { payload_type: numbers(105, 98, Some(105)), ..Media::g711(Law::Mu) };
    let (mut leg, mut log) = (leg(media), Log::default());
    for (n, kind) in (1..).zip([98, 105, 98, 105, 0]) {
        receive(&mut leg, kind, n, &[0xFF; 160]);
    }
    log.drain(&mut leg, 120);
    let counters = leg.counters();
    assert_eq!((counters.audio_packets, counters.unknown_payload_type), (4, 1));
    assert!(log.packets.iter().all(|&(kind, ..)| kind == number(105)));
}

proptest! {
    #[test]
    fn a_packet_is_of_the_format_whose_number_it_has_and_ours_come_first(
        receive_by in prop::sample::subsequence((0..128).collect::<Vec<u8>>(), 3).prop_shuffle(),
        others in prop::array::uniform3(prop::option::of(0u8..128)),
        kind in 0u8..128,
    ) {
        let by = |n: usize| numbers(1, receive_by[n], others[n]);
        let media = Media {
            payload_type: by(0),
            telephone_event: Some(by(1)),
            comfort_noise: Some(by(2)),
            ..Media::g711(Law::Mu)
        };
        let formats = [Received::Audio, Received::Key, Received::ComfortNoise];
        let ours = receive_by.iter().position(|&it| it == kind);
        let theirs = others.iter().position(|&it| it == Some(kind));
        let expected = ours.or(theirs).map_or(Received::Dropped, |n| formats[n]);

        let mut leg = leg(media);
        prop_assert_eq!(media.expects(number(kind)), expected != Received::Dropped);
        prop_assert_eq!(receive(&mut leg, kind, 1, &[40, 0, 0, 0]), expected);
        let counters = leg.counters();
        prop_assert_eq!(counters.unknown_payload_type, u64::from(expected == Received::Dropped));
        prop_assert_eq!(counters.packets_received, 1);
    }
}
