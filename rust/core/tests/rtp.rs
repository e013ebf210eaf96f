//! RTP packets, from bytes and back.

use fourwire::wire::rtp::{Csrcs, Extension};
use fourwire::wire::{PayloadType, RtpError, RtpPacket, Ssrc, is_rtcp};
use proptest::collection::vec;
use proptest::prelude::*;

/// A header with two contributing sources, an extension of one word and padding of three.
const FULL: [u8; 35] = [
    0xB2, 0x88, 0x12, 0x34, 0, 0, 0, 160, 0, 0, 0, 9, // fixed header: P, X, CC 2; M, PCMA
    0, 0, 0, 1, 0, 0, 0, 2, // CSRCs
    0xBE, 0xDE, 0, 1, 0xAA, 0xBB, 0xCC, 0xDD, // extension
    1, 2, 3, 4, 0, 0, 3, // payload, padding
];

fn written(packet: &RtpPacket<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    packet.write(&mut out);
    out
}

#[test]
fn every_part_of_a_header_is_read() {
    let packet = RtpPacket::parse(&FULL).unwrap();
    assert!(packet.marker);
    assert_eq!(packet.payload_type, PayloadType::PCMA);
    assert_eq!((packet.sequence, packet.timestamp, packet.ssrc), (0x1234, 160, Ssrc(9)));
    assert_eq!(packet.csrcs.collect::<Vec<_>>(), [1, 2]);
    let extension = packet.extension.unwrap();
    assert_eq!(extension.profile(), 0xBEDE);
    assert_eq!(extension.content(), [0xAA, 0xBB, 0xCC, 0xDD]);
    assert_eq!(packet.payload, [1, 2, 3, 4]);
}

#[test]
fn a_packet_cut_anywhere_in_its_header_is_refused() {
    let whole = RtpPacket::parse(&FULL).unwrap();
    let mut unpadded = written(&whole);
    unpadded.truncate(28);
    assert!(RtpPacket::parse(&unpadded).is_ok());
    for len in 0..28 {
        let error = RtpPacket::parse(&unpadded[..len]).unwrap_err();
        let RtpError::Truncated { needed, got } = error else { panic!("{error}") };
        assert_eq!(got, len);
        assert!(needed > len && needed <= 28, "{error}");
    }
}

#[test]
fn other_versions_are_refused_by_their_number() {
    for version in [0, 1, 3u8] {
        let mut bytes = FULL;
        bytes[0] = bytes[0] & 0x3F | version << 6;
        assert_eq!(RtpPacket::parse(&bytes), Err(RtpError::Version { found: version }));
    }
}

#[test]
fn padding_longer_than_what_follows_the_header_is_refused() {
    let mut bytes = FULL;
    bytes[34] = 7;
    assert_eq!(RtpPacket::parse(&bytes).unwrap().payload, []);
    for claimed in [0, 8, 255] {
        bytes[34] = claimed;
        assert_eq!(RtpPacket::parse(&bytes), Err(RtpError::Padding { claimed, available: 7 }));
    }
}

#[test]
fn an_error_says_where_to_look() {
    let told = RtpPacket::parse(&[0x80; 5]).unwrap_err().to_string();
    assert_eq!(told, "RTP packet ends at byte 5, its header needs 12");
}

#[test]
fn parts_that_cannot_be_written_cannot_be_made() {
    assert_eq!(PayloadType::new(128), None);
    assert_eq!(Csrcs::new(&[0; 64]), None);
    assert_eq!(Csrcs::new(&[0; 5]), None);
    assert_eq!(Extension::new(0, &[0; 3]), None);
}

#[test]
fn the_packet_types_of_rtcp_are_told_from_payload_types_with_a_marker() {
    let rtcp: Vec<u8> = (0..=255).filter(|&kind| is_rtcp(&[0x80, kind, 0, 0])).collect();
    assert_eq!(rtcp, (192..=223).collect::<Vec<u8>>());
    assert!(!is_rtcp(&[0x80]));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        marker: bool, kind in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
        csrcs in vec(any::<u8>(), 0..60), content in vec(any::<u8>(), 0..80),
        has_extension: bool, payload in vec(any::<u8>(), 0..500),
    ) {
        let csrcs = Csrcs::new(&csrcs[..csrcs.len() / 4 * 4]).unwrap();
        let content = &content[..content.len() / 4 * 4];
        let packet = RtpPacket {
            marker,
            payload_type: PayloadType::new(kind).unwrap(),
            sequence,
            timestamp,
            ssrc: Ssrc(ssrc),
            csrcs,
            extension: has_extension.then(|| Extension::new(kind.into(), content).unwrap()),
            payload: &payload,
        };
        let bytes = written(&packet);
        prop_assert_eq!(bytes.len(), packet.written_len());
        prop_assert_eq!(RtpPacket::parse(&bytes), Ok(packet));
    }

    #[test]
    fn padding_is_not_payload(payload in vec(any::<u8>(), 0..300), padding in 1u8..) {
        let packet = RtpPacket::new(PayloadType::PCMU, 1, 2, Ssrc(3), &payload);
        let mut bytes = written(&packet);
        bytes[0] |= 0x20;
        bytes.resize(bytes.len() + usize::from(padding) - 1, 0);
        bytes.push(padding);
        prop_assert_eq!(RtpPacket::parse(&bytes), Ok(packet));
    }

    #[test]
    fn whatever_comes_is_read_or_refused(bytes in vec(any::<u8>(), 0..200), flags in 0x80u8..0xC0) {
        let mut bytes = bytes;
        let _ = RtpPacket::parse(&bytes);
        if let Some(first) = bytes.first_mut() {
            *first = flags;
        }
        if let Ok(packet) = RtpPacket::parse(&bytes) {
            let again = written(&packet);
            prop_assert!(again.len() <= bytes.len());
            prop_assert_eq!(RtpPacket::parse(&again), Ok(packet));
        }
    }
}
