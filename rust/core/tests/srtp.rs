//! SRTP and SRTCP, from one end to the other.
#![cfg(feature = "srtp")]

use fourwire::wire::rtcp::write_receiver_report;
use fourwire::wire::srtp::{MasterKey, SrtpError, SrtpReceiver, SrtpSender, Suite};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

#[path = "support/counting.rs"]
mod counting;

fn key(suite: Suite) -> MasterKey {
    let bytes: Vec<u8> = (1..=16 + suite.salt_len() as u8).collect();
    MasterKey::new(suite, &bytes).unwrap()
}

fn ends(suite: Suite) -> (SrtpSender, SrtpReceiver) {
    (SrtpSender::new(&key(suite)), SrtpReceiver::new(&key(suite)))
}

fn rtp(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let (mut packet, timestamp) = (Vec::new(), u32::from(sequence) * 160);
    RtpPacket::new(PayloadType::PCMU, sequence, timestamp, Ssrc(ssrc), payload).write(&mut packet);
    packet
}

fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut compound = Vec::new();
    write_receiver_report(&mut compound, Ssrc(ssrc), &[]);
    compound
}

fn protected(sender: &mut SrtpSender, mut packet: Vec<u8>) -> Vec<u8> {
    sender.protect(&mut packet).unwrap();
    packet
}

fn protected_rtcp(sender: &mut SrtpSender, mut packet: Vec<u8>) -> Vec<u8> {
    sender.protect_rtcp(&mut packet).unwrap();
    packet
}

fn opened(receiver: &mut SrtpReceiver, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    receiver.unprotect(&mut packet.to_vec()).map(|plain| plain.to_vec())
}

fn opened_rtcp(receiver: &mut SrtpReceiver, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    receiver.unprotect_rtcp(&mut packet.to_vec()).map(|plain| plain.to_vec())
}

#[test]
fn a_packet_grows_by_what_its_suite_says_and_no_payload_is_seen() {
    for suite in Suite::ALL {
        let (mut sender, _) = ends(suite);
        let packet = protected(&mut sender, rtp(1, 7, b"sixteen bytes of"));
        assert_eq!(packet.len(), 28 + suite.tag_len());
        assert_eq!(packet[..12], rtp(1, 7, b"")[..]);
        assert_ne!(packet[12..28], b"sixteen bytes of"[..]);
        let report = protected_rtcp(&mut sender, rtcp(7));
        assert_eq!(report.len(), 8 + 4 + suite.rtcp_tag_len());
        let most = 4 + suite.rtcp_tag_len().max(suite.tag_len());
        assert!(most <= SrtpSender::MOST_GROWTH);
    }
}

#[test]
fn extension_and_sources_are_read_on_the_way_and_padding_is_hidden() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = ends(suite);
        let mut plain = rtp(9, 7, b"");
        plain[0] = 0xB1; // padding, an extension, a source
        plain.extend_from_slice(b"mix1\xBE\xDE\0\x01ext1audio\0\0\x03");
        let packet = protected(&mut sender, plain.clone());
        assert_eq!(packet[..24], plain[..24]);
        assert_ne!(packet[24..32], plain[24..]);
        assert_eq!(opened(&mut receiver, &packet).unwrap(), plain);
    }
}

#[test]
fn a_packet_is_let_through_once() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = ends(suite);
        let packet = protected(&mut sender, rtp(1, 7, b"hello"));
        let report = protected_rtcp(&mut sender, rtcp(7));
        assert!(opened(&mut receiver, &packet).is_ok());
        assert_eq!(opened(&mut receiver, &packet), Err(SrtpError::Replayed));
        assert_eq!(opened_rtcp(&mut receiver, &report).unwrap(), rtcp(7));
        assert_eq!(opened_rtcp(&mut receiver, &report), Err(SrtpError::Replayed));
        let it = receiver.counters();
        assert_eq!((it.passed, it.replayed), (2, 2));
    }
}

#[test]
fn no_keystream_is_used_twice() {
    let (mut sender, _) = ends(Suite::AesCm128HmacSha1_80);
    protected(&mut sender, rtp(1, 7, b"hello"));
    let mut other = rtp(1, 7, b"world");
    assert_eq!(sender.protect(&mut other), Err(SrtpError::Replayed));
    assert_eq!(other, rtp(1, 7, b"world"));
    // Another source is another keystream, and so is the next number.
    let theirs = protected(&mut sender, rtp(1, 8, b"hello"));
    let next = protected(&mut sender, rtp(2, 7, b"hello"));
    assert_ne!(theirs[12..17], next[12..17]);
}

#[test]
fn a_forged_packet_moves_nothing() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = ends(suite);
        let first = protected(&mut sender, rtp(1, 7, b"hello"));
        assert!(opened(&mut receiver, &first).is_ok());
        // It would move the window past all that is to come.
        let forged = rtp(0x7000, 7, &[0; 40]);
        assert_eq!(opened(&mut receiver, &forged), Err(SrtpError::AuthenticationFailed));
        let second = protected(&mut sender, rtp(2, 7, b"hello"));
        assert!(opened(&mut receiver, &second).is_ok());
        // Nor does it take room from a true source.
        for ssrc in 100..300 {
            let forged = rtp(1, ssrc, &[0; 40]);
            assert_eq!(opened(&mut receiver, &forged), Err(SrtpError::AuthenticationFailed));
        }
        assert_eq!(receiver.counters().unauthenticated, 201);
    }
}

#[test]
fn sources_have_a_cap_and_those_known_go_on() {
    let (mut sender, mut receiver) = ends(Suite::AesCm128HmacSha1_32);
    for ssrc in 0..64 {
        let packet = protected(&mut sender, rtp(1, ssrc, b"hello"));
        assert!(opened(&mut receiver, &packet).is_ok());
    }
    let mut packet = rtp(1, 64, b"hello");
    assert_eq!(sender.protect(&mut packet), Err(SrtpError::TooManySources));
    let unknown = rtp(1, 64, &[0; 40]);
    assert_eq!(opened(&mut receiver, &unknown), Err(SrtpError::TooManySources));
    let packet = protected(&mut sender, rtp(2, 0, b"hello"));
    assert!(opened(&mut receiver, &packet).is_ok());
    assert_eq!((sender.counters().overflow, receiver.counters().overflow), (1, 1));
}

#[test]
fn what_is_no_packet_is_refused_with_the_place_to_look_at() {
    let (mut sender, mut receiver) = ends(Suite::AesCm128HmacSha1_80);
    let short = opened(&mut receiver, &[0x80; 21]).unwrap_err();
    assert_eq!(short, SrtpError::Truncated { needed: 22, got: 21 });
    assert_eq!(short.to_string(), "SRTP packet ends at byte 21, its header and tag need 22");
    assert_eq!(opened(&mut receiver, &[0; 40]), Err(SrtpError::Version { found: 0 }));
    let short = opened_rtcp(&mut receiver, &[0x80; 21]);
    assert_eq!(short, Err(SrtpError::Truncated { needed: 22, got: 21 }));
    let mut clear = rtcp(7);
    clear.extend_from_slice(&[0; 14]);
    assert_eq!(opened_rtcp(&mut receiver, &clear), Err(SrtpError::Unencrypted));
    assert_eq!(receiver.counters().malformed, 4);

    let mut long = rtp(1, 7, &[0; 65_536]);
    assert_eq!(sender.protect(&mut long), Err(SrtpError::Oversized { got: 65_548 }));
    assert_eq!(
        sender.protect_rtcp(&mut vec![0x80]),
        Err(SrtpError::Truncated { needed: 8, got: 1 })
    );
    assert_eq!(sender.counters().malformed, 2);
}

#[test]
fn the_sequence_number_turns_over_with_losses_on_both_sides() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = ends(suite);
        for number in 0..200_000u32 {
            let packet = protected(&mut sender, rtp(number as u16, 7, &number.to_be_bytes()));
            if number % 65_536 > 100 && number % 65_536 < 65_500 && number % 500 != 0 {
                continue;
            }
            let plain = opened(&mut receiver, &packet).unwrap();
            assert_eq!(plain[12..], number.to_be_bytes());
        }
    }
}

#[test]
fn another_key_opens_nothing() {
    for suite in Suite::ALL {
        let mut sender = SrtpSender::new(&key(suite));
        let other = MasterKey::new(suite, &vec![9; 16 + suite.salt_len()]).unwrap();
        let packet = protected(&mut sender, rtp(1, 7, b"hello"));
        let verdict = opened(&mut SrtpReceiver::new(&other), &packet);
        assert_eq!(verdict, Err(SrtpError::AuthenticationFailed));
    }
}

#[test]
fn neither_end_shows_a_key() {
    let (sender, receiver) = ends(Suite::AeadAes128Gcm);
    for shown in [format!("{sender:?}"), format!("{receiver:?}")] {
        assert!(shown.contains("AeadAes128Gcm") && shown.ends_with("}, .. }"), "{shown}");
    }
}

#[test]
fn a_packet_allocates_nothing() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = ends(suite);
        let mut packet = Vec::with_capacity(172 + SrtpSender::MOST_GROWTH);
        let mut before = 0;
        for number in 0..1000 {
            if number == 1 {
                before = counting::made();
            }
            packet.clear();
            RtpPacket::new(PayloadType::PCMU, number, 0, Ssrc(7), &[0x55; 160]).write(&mut packet);
            sender.protect(&mut packet).unwrap();
            receiver.unprotect(&mut packet).unwrap();
            assert!(receiver.unprotect(&mut packet).is_err());
            packet.clear();
            write_receiver_report(&mut packet, Ssrc(7), &[]);
            sender.protect_rtcp(&mut packet).unwrap();
            receiver.unprotect_rtcp(&mut packet).unwrap();
        }
        assert_eq!(counting::made() - before, 0, "{suite}");
    }
}

fn suites() -> impl Strategy<Value = Suite> {
    select(&Suite::ALL)
}

proptest! {
    #[test]
    fn a_packet_comes_back_as_it_was(
        suite in suites(), payload in vec(any::<u8>(), 0..1500), sequence: u16, ssrc: u32,
    ) {
        let (mut sender, mut receiver) = ends(suite);
        let plain = rtp(sequence, ssrc, &payload);
        let packet = protected(&mut sender, plain.clone());
        prop_assert_eq!(opened(&mut receiver, &packet), Ok(plain));

        let mut compound = rtcp(ssrc);
        compound.extend_from_slice(&payload);
        let packet = protected_rtcp(&mut sender, compound.clone());
        prop_assert_eq!(opened_rtcp(&mut receiver, &packet), Ok(compound));
    }

    #[test]
    fn whatever_is_changed_is_refused_and_left_as_it_is(
        suite in suites(), payload in vec(any::<u8>(), 0..300), at: Index, flip in 1..=255u8,
        cut in 1..40usize,
    ) {
        let (mut sender, mut receiver) = ends(suite);
        for is_rtcp in [false, true] {
            let packet = if is_rtcp {
                protected_rtcp(&mut sender, rtcp(7))
            } else {
                protected(&mut sender, rtp(5, 7, &payload))
            };
            let mut changed = packet.clone();
            changed[at.index(packet.len())] ^= flip;
            let cut = &packet[..packet.len() - cut.min(packet.len())];
            let longer = [&packet[..], &[flip]].concat();
            for mut forged in [changed, cut.to_vec(), longer] {
                let before = forged.clone();
                let refused = if is_rtcp {
                    receiver.unprotect_rtcp(&mut forged).is_err()
                } else {
                    receiver.unprotect(&mut forged).is_err()
                };
                prop_assert!(refused);
                prop_assert_eq!(forged, before);
            }
        }
        prop_assert_eq!(receiver.counters().passed, 0);
    }

    #[test]
    fn in_any_order_each_packet_comes_once_if_it_is_not_too_old(
        suite in suites(), start: u16, order in vec(0..400usize, 1..400),
    ) {
        let (mut sender, mut receiver) = ends(suite);
        let packets: Vec<_> = (0..400u16)
            .map(|n| protected(&mut sender, rtp(start.wrapping_add(n), 7, &n.to_be_bytes())))
            .collect();
        // The receiver is to know in which turn the stream begins.
        prop_assert!(opened(&mut receiver, &packets[0]).is_ok());
        let (mut seen, mut newest) = (vec![0], 0);
        for number in order {
            let expected = number + 128 > newest && !seen.contains(&number);
            let outcome = opened(&mut receiver, &packets[number]);
            prop_assert_eq!(outcome.is_ok(), expected, "{} after {}", number, newest);
            if let Ok(plain) = outcome {
                prop_assert_eq!(&plain[12..], &(number as u16).to_be_bytes());
                (newest, _) = (newest.max(number), seen.push(number));
            }
        }
        let it = receiver.counters();
        prop_assert_eq!(it.passed, seen.len() as u64);
        prop_assert_eq!(it.unauthenticated + it.malformed + it.overflow + it.exhausted, 0);
    }

    #[test]
    fn any_bytes_are_refused_and_counted(suite in suites(), bytes in vec(any::<u8>(), 0..100)) {
        let (_, mut receiver) = ends(suite);
        let versioned: Vec<u8> =
            bytes.iter().enumerate().map(|(n, it)| if n == 0 { 0x80 | it & 0x3F } else { *it }).collect();
        for bytes in [bytes, versioned] {
            prop_assert!(opened(&mut receiver, &bytes).is_err());
            prop_assert!(opened_rtcp(&mut receiver, &bytes).is_err());
        }
        let it = receiver.counters();
        prop_assert_eq!(it.malformed + it.unauthenticated, 4);
    }
}
