//! RTCP as it comes.

use fourwire::Moment;
use fourwire::listen::Source;
use fourwire::wire::rtcp::{self, Compound};
use fourwire::wire::{RtcpPacket, Ssrc};

/// A compound is refused, or every packet in it is read once, with no more in it than it is long.
pub fn check(datagram: &[u8]) {
    let packets = match Compound::parse(datagram) {
        Ok(packets) => packets,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let mut source = Source::new(fourwire::ClockRate::Hz8000);
    let mut count = 0;
    for packet in packets {
        count += 1;
        match packet {
            Ok(packet) => check_packet(datagram.len(), &packet, &mut source),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!((1..=datagram.len() / 4).contains(&count), "a packet has four bytes at least");
}

fn check_packet(length: usize, packet: &RtcpPacket<'_>, source: &mut Source) {
    match packet {
        RtcpPacket::SenderReport { ssrc, sent, reports } => {
            source.hear_sender_report(Moment::from_millis(5), *ssrc, sent.ntp);
            check_reports(*ssrc, &reports.clone().collect::<Vec<_>>());
        }
        RtcpPacket::ReceiverReport { ssrc, reports } => {
            check_reports(*ssrc, &reports.clone().collect::<Vec<_>>());
        }
        RtcpPacket::SourceDescription(chunks) => {
            let names: usize = chunks.clone().map(|(_, name)| 4 + name.len()).sum();
            assert!(names <= length);
        }
        RtcpPacket::Goodbye(goodbye) => {
            assert!(goodbye.sources().count() * 4 + goodbye.reason().len() <= length);
        }
        _ => {}
    }
}

fn check_reports(ssrc: Ssrc, reports: &[fourwire::wire::ReportBlock]) {
    let mut written = Vec::new();
    rtcp::write_receiver_report(&mut written, ssrc, reports);
    let packets = Compound::parse(&written).expect("what we write is RTCP");
    let read = packets.map(|packet| match packet {
        Ok(RtcpPacket::ReceiverReport { reports, .. }) => reports.collect::<Vec<_>>(),
        other => panic!("a receiver report was written, not {other:?}"),
    });
    assert_eq!(read.collect::<Vec<_>>().concat(), reports);
}
