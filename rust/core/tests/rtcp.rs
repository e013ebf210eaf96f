//! RTCP compounds, from bytes and back.

use std::time::Duration;

use fourwire::wire::rtcp::{
    Compound, NtpTime, RtcpError, SenderInfo, write_goodbye, write_receiver_report,
    write_sender_report, write_source_description,
};
use fourwire::wire::{ReportBlock, RtcpPacket, Ssrc};
use proptest::collection::vec;
use proptest::prelude::*;

fn read(datagram: &[u8]) -> Vec<RtcpPacket<'_>> {
    Compound::parse(datagram).unwrap().map(Result::unwrap).collect()
}

fn receiver_report() -> Vec<u8> {
    let mut out = Vec::new();
    write_receiver_report(&mut out, Ssrc(1), &[]);
    out
}

#[test]
fn a_whole_compound_is_read_back() {
    let sent = SenderInfo { ntp: NtpTime(7 << 32), rtp_timestamp: 160, packets: 3, octets: 480 };
    let report = ReportBlock { ssrc: Ssrc(2), cumulative_lost: -1, ..ReportBlock::default() };
    let mut out = Vec::new();
    write_sender_report(&mut out, Ssrc(1), &sent, &[report]);
    write_source_description(&mut out, Ssrc(1), "caller@example");
    write_goodbye(&mut out, Ssrc(1), "done");

    let packets = read(&out);
    let RtcpPacket::SenderReport { ssrc: Ssrc(1), sent: heard, reports } = packets[0] else {
        panic!("{packets:?}")
    };
    assert_eq!((heard, reports.collect::<Vec<_>>()), (sent, vec![report]));
    let RtcpPacket::SourceDescription(mut chunks) = packets[1] else { panic!("{packets:?}") };
    assert_eq!(chunks.next(), Some((Ssrc(1), &b"caller@example"[..])));
    assert_eq!(chunks.next(), None);
    let RtcpPacket::Goodbye(goodbye) = packets[2] else { panic!("{packets:?}") };
    assert_eq!(goodbye.sources().collect::<Vec<_>>(), [Ssrc(1)]);
    assert_eq!(goodbye.reason(), b"done");
}

#[test]
fn a_kind_that_is_not_known_is_passed_over() {
    let mut out = receiver_report();
    out.extend_from_slice(&[0x80, 207, 0, 1, 9, 9, 9, 9]);
    write_goodbye(&mut out, Ssrc(1), "");
    let packets = read(&out);
    assert_eq!(packets[1], RtcpPacket::Other { packet_type: 207 });
    assert!(matches!(packets[2], RtcpPacket::Goodbye(_)));
}

#[test]
fn a_compound_that_does_not_begin_with_a_report_is_refused() {
    let mut out = Vec::new();
    write_goodbye(&mut out, Ssrc(1), "");
    let error = Compound::parse(&out).unwrap_err();
    assert_eq!(error, RtcpError::FirstIsNoReport { packet_type: 203 });
    assert_eq!(error.to_string(), "RTCP begins with packet type 203, not with a report");
}

#[test]
fn lengths_that_do_not_add_up_are_refused() {
    let mut out = receiver_report();
    write_goodbye(&mut out, Ssrc(1), "bye");
    for len in 0..out.len() {
        if len != 8 {
            assert!(Compound::parse(&out[..len]).is_err(), "{len} bytes");
        }
    }
}

#[test]
fn only_the_last_packet_may_be_padded() {
    let mut padded = receiver_report();
    padded.extend_from_slice(&[0xA1, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4]);
    let packets = read(&padded);
    let RtcpPacket::Goodbye(goodbye) = packets[1] else { panic!("{packets:?}") };
    assert_eq!((goodbye.sources().count(), goodbye.reason()), (1, &b""[..]));

    let mut early = padded.clone();
    write_goodbye(&mut early, Ssrc(1), "");
    assert_eq!(Compound::parse(&early).unwrap_err(), RtcpError::PaddedBeforeLast);
    let mut first = receiver_report();
    first[0] |= 0x20;
    assert_eq!(Compound::parse(&first).unwrap_err(), RtcpError::PaddedBeforeLast);
}

#[test]
fn a_broken_packet_does_not_hide_those_after_it() {
    let mut out = receiver_report();
    out.extend_from_slice(&[0x9F, 203, 0, 1, 0, 0, 0, 1]); // 31 sources, room for one
    write_goodbye(&mut out, Ssrc(5), "");
    let packets: Vec<_> = Compound::parse(&out).unwrap().collect();
    assert!(matches!(packets[1], Err(RtcpError::Truncated { needed: 124, got: 4 })));
    assert!(matches!(packets[2], Ok(RtcpPacket::Goodbye(_))));
}

#[test]
fn the_name_is_found_among_other_items_and_chunks() {
    let mut out = receiver_report();
    let body = b"\0\0\0\x07\x06\x04tool\x00\0\0\0\0\x08\x02\x01n\x01\x03abc\0\0\0\0";
    assert_eq!(body.len() % 4, 0);
    out.extend_from_slice(&[0x82, 202, 0, (body.len() / 4) as u8]);
    out.extend_from_slice(body);
    let RtcpPacket::SourceDescription(chunks) = read(&out)[1] else { panic!() };
    assert_eq!(chunks.collect::<Vec<_>>(), [(Ssrc(8), &b"abc"[..])]);
}

#[test]
fn wall_clock_times_are_written_as_ntp_does() {
    let time = NtpTime::from_unix(Duration::from_millis(500));
    assert_eq!(time.0, 2_208_988_800 << 32 | 1 << 31);
    assert_eq!(time.middle(), (2_208_988_800u64 as u32) << 16 | 1 << 15);
}

#[test]
fn a_long_name_is_cut_where_a_character_begins() {
    let (mut out, name) = (receiver_report(), "é".repeat(200));
    write_source_description(&mut out, Ssrc(1), &name);
    let RtcpPacket::SourceDescription(mut chunks) = read(&out)[1] else { panic!() };
    assert_eq!(chunks.next().unwrap().1, &name.as_bytes()[..254]);
}

fn report_block() -> impl Strategy<Value = ReportBlock> {
    let lost = -0x80_0000..=0x7F_FFFFi32;
    (any::<(u32, u8, u32, u32, u32, u32)>(), lost).prop_map(|(it, cumulative_lost)| ReportBlock {
        ssrc: Ssrc(it.0),
        fraction_lost: it.1,
        cumulative_lost,
        highest_sequence: it.2,
        jitter: it.3,
        last_sr: it.4,
        delay_since_last_sr: it.5,
    })
}

proptest! {
    #[test]
    fn reports_are_read_back(blocks in vec(report_block(), 0..=31), ssrc: u32) {
        let mut out = Vec::new();
        write_receiver_report(&mut out, Ssrc(ssrc), &blocks);
        let packets = read(&out);
        let RtcpPacket::ReceiverReport { ssrc: heard, reports } = packets[0] else { panic!() };
        prop_assert_eq!(heard, Ssrc(ssrc));
        prop_assert_eq!(reports.collect::<Vec<_>>(), blocks);
    }

    #[test]
    fn whatever_comes_is_read_or_refused(
        bytes in vec(any::<u8>(), 0..120), heads in vec((0u8..64, 200u8..206, 0u8..8), 1..6),
    ) {
        let _ = Compound::parse(&bytes);
        // Packets with sound headers and any content at all.
        let mut datagram = receiver_report();
        let mut rest = bytes.into_iter().cycle();
        for (flags, kind, words) in heads {
            datagram.extend_from_slice(&[0x80 | flags & 0x1F, kind, 0, words]);
            datagram.extend((0..words * 4).map(|_| rest.next().unwrap_or(0)));
        }
        for packet in Compound::parse(&datagram).unwrap() {
            match packet {
                Ok(RtcpPacket::SourceDescription(chunks)) => drop(chunks.count()),
                Ok(RtcpPacket::Goodbye(goodbye)) => drop(goodbye.sources().count()),
                Ok(RtcpPacket::ReceiverReport { reports, .. }) => drop(reports.count()),
                _ => {}
            }
        }
    }
}
