//! RTP data packets (RFC 3550 §5).

use std::fmt;

use super::payload::{PayloadType, Ssrc};

/// Bytes of the header that every packet has.
const FIXED_HEADER: usize = 12;

/// The bit of the first byte that says that there is padding.
const PADDED: u8 = 0x20;

/// Bytes of an extension's own header (RFC 3550 §5.3.1).
const EXTENSION_HEADER: usize = 4;

/// One RTP packet, borrowed from its datagram.
///
/// ```
/// use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
///
/// let packet = RtpPacket::new(PayloadType::PCMU, 7, 160, Ssrc(0xCAFE), &[0xFF; 160]);
/// let mut datagram = Vec::new();
/// packet.write(&mut datagram);
///
/// assert_eq!(datagram.len(), 172);
/// assert_eq!(RtpPacket::parse(&datagram)?, packet);
/// # Ok::<(), fourwire::wire::RtpError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RtpPacket<'a> {
    /// Set on the first packet of a talkspurt (RFC 3551 §4.1).
    pub marker: bool,
    /// What the payload is.
    pub payload_type: PayloadType,
    /// Counts packets, modulo 2¹⁶.
    pub sequence: u16,
    /// Counts periods of the payload's clock, modulo 2³².
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: Ssrc,
    /// Who was mixed in.
    pub csrcs: Csrcs<'a>,
    /// The header extension, if there is one.
    pub extension: Option<Extension<'a>>,
    /// The payload, without padding.
    pub payload: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// A packet without marker, contributing sources and extension.
    pub const fn new(
        payload_type: PayloadType,
        sequence: u16,
        timestamp: u32,
        ssrc: Ssrc,
        payload: &'a [u8],
    ) -> Self {
        Self {
            marker: false,
            payload_type,
            sequence,
            timestamp,
            ssrc,
            csrcs: Csrcs::NONE,
            extension: None,
            payload,
        }
    }

    /// Reads `datagram`, all of which belongs to one packet.
    #[inline]
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtpError> {
        let Some((head, rest)) = datagram.split_first_chunk::<FIXED_HEADER>() else {
            return Err(RtpError::Truncated { needed: FIXED_HEADER, got: datagram.len() });
        };
        if head[0] >> 6 != 2 {
            return Err(RtpError::Version { found: head[0] >> 6 });
        }
        // One test for what nearly every packet is: no padding, no extension, no CSRC.
        let body = if head[0] == 0x80 { Body::plain(rest) } else { Body::parse(head[0], rest)? };
        Ok(Self {
            marker: head[1] & 0x80 != 0,
            payload_type: PayloadType::of_header(head[1]),
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            ssrc: Ssrc(u32::from_be_bytes([head[8], head[9], head[10], head[11]])),
            csrcs: body.csrcs,
            extension: body.extension,
            payload: body.payload,
        })
    }

    /// Appends the packet to `out`, without padding.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.written_len());
        out.extend_from_slice(&self.fixed_header());
        if !self.csrcs.0.is_empty() {
            out.extend_from_slice(self.csrcs.0);
        }
        if let Some(extension) = self.extension {
            extension.write(out);
        }
        out.extend_from_slice(self.payload);
    }

    /// How many bytes [`write`](Self::write) appends.
    #[inline]
    pub fn written_len(&self) -> usize {
        let extension = self.extension.map_or(0, |it| EXTENSION_HEADER + it.content.len());
        FIXED_HEADER + self.csrcs.0.len() + extension + self.payload.len()
    }

    #[inline]
    fn fixed_header(&self) -> [u8; FIXED_HEADER] {
        let flags = 0x80 | u8::from(self.extension.is_some()) << 4 | self.csrcs.len() as u8;
        let kind = u8::from(self.marker) << 7 | self.payload_type.get();
        // In two words: what is written byte by byte cannot be read at once right after.
        let first = u64::from(u16::from_be_bytes([flags, kind])) << 48
            | u64::from(self.sequence) << 32
            | u64::from(self.timestamp);
        let mut head = [0; FIXED_HEADER];
        head[..8].copy_from_slice(&first.to_be_bytes());
        head[8..].copy_from_slice(&self.ssrc.0.to_be_bytes());
        head
    }
}

/// Whether a datagram that came to a port of both is RTCP (RFC 5761 §4).
///
/// ```
/// assert!(fourwire::wire::is_rtcp(&[0x80, 200]));
/// assert!(!fourwire::wire::is_rtcp(&[0x80, 0x80]));
/// ```
#[inline]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

/// Bytes of the header of `datagram`, with its sources and its extension. What follows is not looked
/// at: it may be encrypted.
#[cfg(feature = "srtp")]
#[inline]
pub(super) fn header_len(datagram: &[u8]) -> Result<usize, RtpError> {
    let Some((head, rest)) = datagram.split_first_chunk::<FIXED_HEADER>() else {
        return Err(RtpError::Truncated { needed: FIXED_HEADER, got: datagram.len() });
    };
    if head[0] >> 6 != 2 {
        return Err(RtpError::Version { found: head[0] >> 6 });
    }
    Ok(datagram.len() - Body::parse(head[0] & !PADDED, rest)?.payload.len())
}

/// The contributing sources of a packet (RFC 3550 §5.1), at most 15: an iterator over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Csrcs<'a>(&'a [u8]);

impl<'a> Csrcs<'a> {
    /// No contributing source.
    pub const NONE: Self = Self(&[]);

    /// The sources in `bytes`, four bytes each; `None` where these are not whole or more than 15.
    pub const fn new(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len().is_multiple_of(4) && bytes.len() <= 60 { Some(Self(bytes)) } else { None }
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len() / 4
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Iterator for Csrcs<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (first, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*first))
    }
}

/// A header extension (RFC 3550 §5.3.1): what it means is for the profile to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extension<'a> {
    profile: u16,
    content: &'a [u8],
}

impl<'a> Extension<'a> {
    /// `None` where `content` is not a whole number of 32-bit words, or more than 65 535 of them.
    pub const fn new(profile: u16, content: &'a [u8]) -> Option<Self> {
        if content.len().is_multiple_of(4) && content.len() / 4 <= u16::MAX as usize {
            Some(Self { profile, content })
        } else {
            None
        }
    }

    /// The 16 bits that the profile defines.
    pub const fn profile(&self) -> u16 {
        self.profile
    }

    /// What follows the extension's own header; its length is a multiple of four.
    pub const fn content(&self) -> &'a [u8] {
        self.content
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.profile.to_be_bytes());
        out.extend_from_slice(&((self.content.len() / 4) as u16).to_be_bytes());
        out.extend_from_slice(self.content);
    }
}

/// Why a datagram is not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RtpError {
    /// It ends before its own header does.
    Truncated {
        /// How many bytes the header promises, as far as it could be read.
        needed: usize,
        /// How many bytes there are.
        got: usize,
    },
    /// It is of another version than 2: STUN (0), ZRTP (0), DTLS (0) and noise look like this.
    Version {
        /// The first two bits.
        found: u8,
    },
    /// Its padding is longer than what follows the header, or of length zero.
    Padding {
        /// What the last byte says.
        claimed: u8,
        /// How many bytes follow the header.
        available: usize,
    },
}

impl fmt::Display for RtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, got } => {
                write!(f, "RTP packet ends at byte {got}, its header needs {needed}")
            }
            Self::Version { found } => write!(f, "RTP version is {found}, only 2 exists"),
            Self::Padding { claimed, available } => write!(
                f,
                "RTP padding claims {claimed} bytes, {available} follow the header and 1 is the least"
            ),
        }
    }
}

impl std::error::Error for RtpError {}

/// What follows the fixed header.
struct Body<'a> {
    csrcs: Csrcs<'a>,
    extension: Option<Extension<'a>>,
    payload: &'a [u8],
}

impl<'a> Body<'a> {
    #[inline]
    const fn plain(payload: &'a [u8]) -> Self {
        Self { csrcs: Csrcs::NONE, extension: None, payload }
    }

    /// Reads what `flags`, the first byte of the header, says there is.
    fn parse(flags: u8, rest: &'a [u8]) -> Result<Self, RtpError> {
        let csrc_bytes = usize::from(flags & 0x0F) * 4;
        let (csrcs, rest) = split(rest, csrc_bytes, FIXED_HEADER)?;
        let (extension, rest) = if flags & 0x10 == 0 {
            (None, rest)
        } else {
            let (extension, rest) = parse_extension(rest, FIXED_HEADER + csrc_bytes)?;
            (Some(extension), rest)
        };
        let payload = if flags & PADDED == 0 { rest } else { strip_padding(rest)? };
        Ok(Self { csrcs: Csrcs(csrcs), extension, payload })
    }
}

/// Reads an extension that begins `before` bytes into the datagram.
fn parse_extension(rest: &[u8], before: usize) -> Result<(Extension<'_>, &[u8]), RtpError> {
    let (head, rest) = split(rest, EXTENSION_HEADER, before)?;
    let profile = u16::from_be_bytes([head[0], head[1]]);
    let words = u16::from_be_bytes([head[2], head[3]]);
    let (content, rest) = split(rest, usize::from(words) * 4, before + EXTENSION_HEADER)?;
    Ok((Extension { profile, content }, rest))
}

/// The last byte counts the padding, itself included (RFC 3550 §5.1).
fn strip_padding(rest: &[u8]) -> Result<&[u8], RtpError> {
    let claimed = rest.last().copied().unwrap_or(0);
    match rest.len().checked_sub(usize::from(claimed)) {
        Some(kept) if claimed > 0 => Ok(&rest[..kept]),
        _ => Err(RtpError::Padding { claimed, available: rest.len() }),
    }
}

/// The first `len` bytes of `rest`, which begins `before` bytes into the datagram.
fn split(rest: &[u8], len: usize, before: usize) -> Result<(&[u8], &[u8]), RtpError> {
    let truncated = RtpError::Truncated { needed: before + len, got: before + rest.len() };
    rest.split_at_checked(len).ok_or(truncated)
}
