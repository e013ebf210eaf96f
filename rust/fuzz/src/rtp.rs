//! RTP as it comes.

use fourwire::wire::{RtpPacket, is_rtcp};

/// A datagram is refused, or what was read of it is read again from what it is written as.
pub fn check(datagram: &[u8]) {
    let _ = is_rtcp(datagram);
    match RtpPacket::parse(datagram) {
        Ok(packet) => check_read(datagram, &packet),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn check_read(datagram: &[u8], packet: &RtpPacket<'_>) {
    let mut written = vec![7];
    packet.write(&mut written);
    assert_eq!(written.len(), 1 + packet.written_len());
    assert!(packet.written_len() <= datagram.len(), "padding is all that goes");
    assert_eq!(RtpPacket::parse(&written[1..]).as_ref(), Ok(packet));
    assert_eq!(packet.csrcs.clone().count(), packet.csrcs.len());
    if datagram[0] & 0x20 == 0 {
        assert_eq!(written[1..], *datagram, "nothing was padded");
    }
}
