//! What travels in datagrams: RTP, RTCP, telephone events, comfort noise, and SRTP around them.
//!
//! Each part reads from a borrowed datagram without copying and appends what it writes to a
//! `Vec<u8>` that the caller keeps. Nothing here panics on what arrives: a datagram is either read
//! whole or refused with an error that says where to look.

pub mod comfort_noise;
pub mod extended;
pub mod payload;
pub mod rtcp;
pub mod rtp;
#[cfg(feature = "srtp")]
pub mod srtp;
pub mod telephone_event;

pub use comfort_noise::ComfortNoise;
pub use extended::{ExtendedSequence, ExtendedTimestamp};
pub use payload::{PayloadType, Ssrc};
pub use rtcp::{ReportBlock, RtcpError, RtcpPacket};
pub use rtp::{RtpError, RtpPacket, is_rtcp};
pub use telephone_event::{
    Key, KeyPacket, KeyPress, KeyReceiver, KeySender, QueueFull, TelephoneEvent,
};
