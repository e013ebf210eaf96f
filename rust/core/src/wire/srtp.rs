//! SRTP and SRTCP: packets that only the two ends can read, and nobody between can change or send
//! again (RFC 3711, RFC 7714).
//!
//! Each direction has a master key of its own, as SDES gives them (RFC 4568): an [`SrtpSender`]
//! protects what leaves, an [`SrtpReceiver`] lets through what is genuine and new. Both work where
//! the packet lies. A packet that is refused stays as it came, changes nothing but a counter, and
//! the error says why.
//!
//! Session keys are derived once (a key derivation rate of zero, which is all that SDES of today
//! offers). Not supported, for nobody has asked for it: master key identifiers, RTCP that is
//! authenticated but not encrypted, RTP that is not authenticated.

mod error;
mod index;
mod key;
mod position;
mod receiver;
mod sender;
mod sources;
mod suite;
mod transform;
mod window;

pub use error::{SrtpCounters, SrtpError};
pub use key::{KeyLength, MasterKey};
pub use receiver::SrtpReceiver;
pub use sender::SrtpSender;
pub use suite::Suite;

use position::Position;

/// Bytes of RTCP that are never encrypted: the first packet's header and its sender
/// (RFC 3711 §3.4).
const RTCP_HEAD: usize = 8;

/// Bytes of the word that SRTCP adds: whether it is encrypted, and its index (RFC 3711 §3.4).
const INDEX_WORD: usize = 4;

/// Bytes of the longest packet: that of the longest datagram. The keystream of a packet is
/// sixteen times as long (RFC 3711 §4.1.1).
const LONGEST: usize = u16::MAX as usize;

/// The sender that an RTCP packet names, and whose it therefore is.
fn rtcp_ssrc(packet: &[u8]) -> Result<u32, SrtpError> {
    let Some(head) = packet.first_chunk::<RTCP_HEAD>() else {
        return Err(SrtpError::Truncated { needed: RTCP_HEAD, got: packet.len() });
    };
    if head[0] >> 6 != 2 {
        return Err(SrtpError::Version { found: head[0] >> 6 });
    }
    require_datagram(packet)?;
    Ok(u32::from_be_bytes([head[4], head[5], head[6], head[7]]))
}

/// What an RTP packet's header tells: how long it is, the sequence number, the sender.
fn rtp_head(packet: &[u8]) -> Result<(usize, u16, u32), SrtpError> {
    let head = super::rtp::header_len(packet)?;
    require_datagram(packet)?;
    let sequence = u16::from_be_bytes([packet[2], packet[3]]);
    Ok((head, sequence, u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]])))
}

fn require_datagram(packet: &[u8]) -> Result<(), SrtpError> {
    if packet.len() > LONGEST {
        return Err(SrtpError::Oversized { got: packet.len() });
    }
    Ok(())
}
