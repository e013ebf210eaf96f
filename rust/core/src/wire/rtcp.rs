//! RTCP: what both ends report about a stream (RFC 3550 §6).
//!
//! A datagram is a *compound* of several packets. [`Compound::parse`] checks the whole of it as
//! RFC 3550 §A.2 asks, then gives its packets one by one; kinds unknown here come out as
//! [`RtcpPacket::Other`]. The `write_` functions append one packet each: a datagram is a report,
//! then a source description, then perhaps a goodbye.

mod write;

pub use write::{
    write_goodbye, write_receiver_report, write_sender_report, write_source_description,
};

use std::fmt;
use std::time::Duration;

use super::payload::Ssrc;

/// Bytes of the header that every RTCP packet has.
const HEADER: usize = 4;
/// Bytes of a report block (RFC 3550 §6.4.1).
const REPORT_BLOCK: usize = 24;
/// Bytes of what only senders report.
const SENDER_INFO: usize = 20;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
/// The item of a source description that names the end point (RFC 3550 §6.5.1).
const CNAME: u8 = 1;

/// One packet of a compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtcpPacket<'a> {
    /// SR: what its sender sent and heard (RFC 3550 §6.4.1).
    SenderReport {
        /// Who reports.
        ssrc: Ssrc,
        /// What it sent.
        sent: SenderInfo,
        /// What it heard, a block for each source.
        reports: ReportBlocks<'a>,
    },
    /// RR: what its sender heard (RFC 3550 §6.4.2).
    ReceiverReport {
        /// Who reports.
        ssrc: Ssrc,
        /// What it heard, a block for each source.
        reports: ReportBlocks<'a>,
    },
    /// SDES: who the sources are (RFC 3550 §6.5).
    SourceDescription(Chunks<'a>),
    /// BYE: sources that leave (RFC 3550 §6.6).
    Goodbye(Goodbye<'a>),
    /// APP, XR, feedback, and what else there may be.
    Other {
        /// The packet type.
        packet_type: u8,
    },
}

/// What a sender report tells about its own stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// When the report was made.
    pub ntp: NtpTime,
    /// The same time on the clock of the RTP timestamps.
    pub rtp_timestamp: u32,
    /// RTP packets sent so far, modulo 2³².
    pub packets: u32,
    /// Payload bytes sent so far, modulo 2³².
    pub octets: u32,
}

/// What a receiver tells about one source (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source.
    pub ssrc: Ssrc,
    /// Share of packets lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; duplicates count against it. 24 bits on the wire.
    pub cumulative_lost: i32,
    /// The highest sequence number heard, with its wraps in the upper 16 bits.
    pub highest_sequence: u32,
    /// Interarrival jitter in RTP clock periods.
    pub jitter: u32,
    /// The middle of the last sender report's time; zero where there was none.
    pub last_sr: u32,
    /// How long ago that came, in 65 536ths of a second.
    pub delay_since_last_sr: u32,
}

impl ReportBlock {
    fn parse(bytes: &[u8; REPORT_BLOCK]) -> Self {
        let word = |at| word(bytes, at);
        Self {
            ssrc: Ssrc(word(0)),
            fraction_lost: bytes[4],
            cumulative_lost: (word(4) << 8).cast_signed() >> 8, // Sign of the 24 bits kept.
            highest_sequence: word(8),
            jitter: word(12),
            last_sr: word(16),
            delay_since_last_sr: word(20),
        }
    }
}

/// A wall-clock time as NTP writes it: seconds since 1900, with 32 bits after the point
/// (RFC 3550 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// The time `since_1970` after the Unix epoch.
    pub fn from_unix(since_1970: Duration) -> Self {
        const UNIX_EPOCH: u64 = 2_208_988_800; // Seconds from 1900 to 1970.
        let fraction = (u64::from(since_1970.subsec_nanos()) << 32) / 1_000_000_000;
        Self(since_1970.as_secs().wrapping_add(UNIX_EPOCH) << 32 | fraction)
    }

    /// The middle 32 bits, by which a report block refers to a sender report.
    pub const fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// A datagram of RTCP, as an iterator over its packets.
///
/// A packet whose inside is broken comes out as an error; the packets after it can still be read.
///
/// ```
/// use fourwire::wire::{RtcpPacket, Ssrc, rtcp};
///
/// let mut datagram = Vec::new();
/// rtcp::write_receiver_report(&mut datagram, Ssrc(1), &[]);
/// rtcp::write_goodbye(&mut datagram, Ssrc(1), "");
///
/// let packets: Result<Vec<_>, _> = rtcp::Compound::parse(&datagram)?.collect();
/// assert!(matches!(packets?[..], [RtcpPacket::ReceiverReport { .. }, RtcpPacket::Goodbye(_)]));
/// # Ok::<(), rtcp::RtcpError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

impl<'a> Compound<'a> {
    /// Checks that `datagram` is RTCP as RFC 3550 §A.2 asks: it begins with a report without
    /// padding, every packet is of version 2, and their lengths add up to its own.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtcpError> {
        let first = Header::parse(datagram)?;
        if !matches!(first.packet_type, SENDER_REPORT | RECEIVER_REPORT) {
            return Err(RtcpError::FirstIsNoReport { packet_type: first.packet_type });
        }
        if first.padded {
            return Err(RtcpError::PaddedBeforeLast);
        }
        let mut rest = datagram;
        while !rest.is_empty() {
            let header = Header::parse(rest)?;
            rest = rest.get(header.len..).ok_or(header.truncated(rest))?;
            if header.padded && !rest.is_empty() {
                return Err(RtcpError::PaddedBeforeLast);
            }
        }
        Ok(Self { rest: datagram })
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<RtcpPacket<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        let header = Header::parse(self.rest).ok()?;
        let (packet, rest) = self.rest.split_at_checked(header.len)?;
        self.rest = rest;
        Some(parse_packet(&header, &packet[HEADER..]))
    }
}

/// The report blocks of a report: an iterator over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlocks<'a>(&'a [u8]);

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_first_chunk::<REPORT_BLOCK>()?;
        self.0 = rest;
        Some(ReportBlock::parse(block))
    }
}

/// The chunks of a source description: an iterator over each source and its canonical name.
///
/// Items other than CNAME are skipped, as are sources without one. It ends early where the
/// description is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = (Ssrc, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (ssrc, items) = self.0.split_first_chunk::<4>()?;
            let (name, len) = read_items(items)?;
            // Chunks begin at 32-bit words (RFC 3550 §6.5).
            self.0 = items.get(len.next_multiple_of(4)..).unwrap_or(&[]);
            if let Some(name) = name {
                return Some((Ssrc(u32::from_be_bytes(*ssrc)), name));
            }
        }
    }
}

/// The CNAME among `items`, and how many bytes these take with the zero that ends them; `None`
/// where they run out before that.
fn read_items(items: &[u8]) -> Option<(Option<&[u8]>, usize)> {
    let (mut at, mut name) = (0, None);
    while *items.get(at)? != 0 {
        let len = usize::from(*items.get(at + 1)?);
        let text = items.get(at + 2..at + 2 + len)?;
        if items[at] == CNAME {
            name = Some(text);
        }
        at += 2 + len;
    }
    Some((name, at + 1))
}

/// Sources that leave, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goodbye<'a> {
    sources: &'a [u8],
    reason: &'a [u8],
}

impl<'a> Goodbye<'a> {
    /// The sources that leave.
    pub fn sources(&self) -> impl Iterator<Item = Ssrc> + use<'a> {
        self.sources.chunks_exact(4).map(|bytes| Ssrc(word(bytes, 0)))
    }

    /// Why; empty where it was not said. UTF-8, if the sender keeps to the RFC.
    pub const fn reason(&self) -> &'a [u8] {
        self.reason
    }
}

/// Why a datagram, or a packet in it, is not RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtcpError {
    /// It ends before a packet does.
    Truncated {
        /// How many bytes the packet needs.
        needed: usize,
        /// How many bytes are left for it.
        got: usize,
    },
    /// A packet is of another version than 2.
    Version {
        /// Its first two bits.
        found: u8,
    },
    /// It begins with something else than a sender or receiver report.
    FirstIsNoReport {
        /// What it begins with.
        packet_type: u8,
    },
    /// A packet that is first, or not last, has padding.
    PaddedBeforeLast,
    /// The padding is longer than its packet, zero, or not in whole words.
    Padding {
        /// How long it says it is.
        claimed: u8,
    },
}

impl fmt::Display for RtcpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, got } => {
                write!(f, "RTCP packet needs {needed} bytes, {got} are left")
            }
            Self::Version { found } => write!(f, "RTCP version is {found}, only 2 exists"),
            Self::FirstIsNoReport { packet_type } => {
                write!(f, "RTCP begins with packet type {packet_type}, not with a report")
            }
            Self::PaddedBeforeLast => f.write_str("RTCP padding before the last packet"),
            Self::Padding { claimed } => {
                write!(f, "RTCP padding of {claimed} bytes does not fit its packet")
            }
        }
    }
}

impl std::error::Error for RtcpError {}

/// The first word of a packet.
struct Header {
    count: usize,
    packet_type: u8,
    padded: bool,
    /// Bytes of the whole packet.
    len: usize,
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, RtcpError> {
        let Some(head) = bytes.first_chunk::<HEADER>() else {
            return Err(RtcpError::Truncated { needed: HEADER, got: bytes.len() });
        };
        if head[0] >> 6 != 2 {
            return Err(RtcpError::Version { found: head[0] >> 6 });
        }
        Ok(Self {
            count: usize::from(head[0] & 0x1F),
            packet_type: head[1],
            padded: head[0] & 0x20 != 0,
            len: (usize::from(u16::from_be_bytes([head[2], head[3]])) + 1) * 4,
        })
    }

    fn truncated(&self, bytes: &[u8]) -> RtcpError {
        RtcpError::Truncated { needed: self.len, got: bytes.len() }
    }
}

fn parse_packet<'a>(header: &Header, body: &'a [u8]) -> Result<RtcpPacket<'a>, RtcpError> {
    let body = if header.padded { strip_padding(body)? } else { body };
    match header.packet_type {
        SENDER_REPORT => parse_sender_report(body, header.count),
        RECEIVER_REPORT => {
            let (ssrc, rest) = split(body, 4)?;
            let reports = ReportBlocks(split(rest, header.count * REPORT_BLOCK)?.0);
            Ok(RtcpPacket::ReceiverReport { ssrc: Ssrc(word(ssrc, 0)), reports })
        }
        SOURCE_DESCRIPTION => Ok(RtcpPacket::SourceDescription(Chunks(body))),
        GOODBYE => parse_goodbye(body, header.count),
        packet_type => Ok(RtcpPacket::Other { packet_type }),
    }
}

fn parse_sender_report(body: &[u8], count: usize) -> Result<RtcpPacket<'_>, RtcpError> {
    let (head, rest) = split(body, 4 + SENDER_INFO)?;
    let reports = ReportBlocks(split(rest, count * REPORT_BLOCK)?.0);
    let sent = SenderInfo {
        ntp: NtpTime(u64::from(word(head, 4)) << 32 | u64::from(word(head, 8))),
        rtp_timestamp: word(head, 12),
        packets: word(head, 16),
        octets: word(head, 20),
    };
    Ok(RtcpPacket::SenderReport { ssrc: Ssrc(word(head, 0)), sent, reports })
}

fn parse_goodbye(body: &[u8], count: usize) -> Result<RtcpPacket<'_>, RtcpError> {
    let (sources, rest) = split(body, count * 4)?;
    let reason = match rest.split_first() {
        Some((&len, text)) => split(text, usize::from(len))?.0,
        None => &[],
    };
    Ok(RtcpPacket::Goodbye(Goodbye { sources, reason }))
}

/// The last byte counts the padding, itself included, in whole words (RFC 3550 §6.4.1).
fn strip_padding(body: &[u8]) -> Result<&[u8], RtcpError> {
    let claimed = body.last().copied().unwrap_or(0);
    match body.len().checked_sub(usize::from(claimed)) {
        Some(kept) if claimed > 0 && claimed.is_multiple_of(4) => Ok(&body[..kept]),
        _ => Err(RtcpError::Padding { claimed }),
    }
}

fn split(bytes: &[u8], len: usize) -> Result<(&[u8], &[u8]), RtcpError> {
    bytes.split_at_checked(len).ok_or(RtcpError::Truncated { needed: len, got: bytes.len() })
}

/// The big-endian word at `at`, which the caller knows to be there.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
