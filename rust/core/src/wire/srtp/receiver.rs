//! Protected packets in, plain ones out, if they are genuine and new.

use std::fmt;

use super::position::ENCRYPTED;
use super::sources::Sources;
use super::transform::Transform;
use super::{INDEX_WORD, MasterKey, Position, RTCP_HEAD, SrtpCounters, SrtpError, Suite};
use super::{rtcp_ssrc, rtp_head};

/// The direction in: what lets through the packets of a key's owner, each once.
///
/// Whether an index is new is asked before the tag is checked, and kept in mind only after: what is
/// forged costs little, and moves nothing.
pub struct SrtpReceiver {
    suite: Suite,
    rtp: Transform,
    rtcp: Transform,
    sources: Sources,
    counters: SrtpCounters,
}

impl SrtpReceiver {
    /// A receiver that has heard nothing yet.
    pub fn new(key: &MasterKey) -> Self {
        Self {
            suite: key.suite(),
            rtp: Transform::of_rtp(key),
            rtcp: Transform::of_rtcp(key),
            sources: Sources::default(),
            counters: SrtpCounters::default(),
        }
    }

    /// The RTP packet that the SRTP packet in `datagram` protects, decrypted where it lies
    /// (RFC 3711 §3.3).
    #[inline]
    pub fn unprotect<'a>(&mut self, datagram: &'a mut [u8]) -> Result<&'a mut [u8], SrtpError> {
        let outcome = self.unprotect_rtp(datagram);
        let end = self.counters.count(outcome)?;
        Ok(&mut datagram[..end])
    }

    /// The RTCP compound that the SRTCP packet in `datagram` protects (RFC 3711 §3.4).
    pub fn unprotect_rtcp<'a>(
        &mut self,
        datagram: &'a mut [u8],
    ) -> Result<&'a mut [u8], SrtpError> {
        let outcome = self.unprotect_compound(datagram);
        let end = self.counters.count(outcome)?;
        Ok(&mut datagram[..end])
    }

    /// What it checks with.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// What became of the packets so far.
    pub const fn counters(&self) -> SrtpCounters {
        self.counters
    }

    /// Where the plain packet ends.
    fn unprotect_rtp(&mut self, datagram: &mut [u8]) -> Result<usize, SrtpError> {
        let (head_len, sequence, ssrc) = rtp_head(datagram)?;
        let end = end_before(datagram, head_len, self.rtp.tag_len())?;
        let place = self.sources.find(ssrc)?;
        let index = self.sources.rtp_index(place, sequence)?;
        let (sealed, tag) = datagram.split_at_mut(end);
        let (head, body) = sealed.split_at_mut(head_len);
        self.rtp.open(Position::rtp(ssrc, index), head, body, tag)?;
        self.sources.mark_rtp(place, ssrc, index);
        Ok(end)
    }

    fn unprotect_compound(&mut self, datagram: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_ssrc(datagram)?;
        let tag_len = self.rtcp.tag_len();
        let end = end_before(datagram, RTCP_HEAD, tag_len + INDEX_WORD)?;
        let (sealed, tail) = datagram.split_at_mut(end);
        let (tag, word) = if self.rtcp.tag_before_index() {
            tail.split_at(tag_len)
        } else {
            let (word, tag) = tail.split_at(INDEX_WORD);
            (tag, word)
        };
        let place = self.sources.find(ssrc)?;
        let index = self.sources.rtcp_index(place, encrypted_index(word)?)?;
        let (head, body) = sealed.split_at_mut(RTCP_HEAD);
        self.rtcp.open(Position::rtcp(ssrc, index), head, body, tag)?;
        self.sources.mark_rtcp(place, ssrc, index);
        Ok(end)
    }
}

impl fmt::Debug for SrtpReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { suite, counters, .. } = self;
        f.debug_struct("SrtpReceiver")
            .field("suite", suite)
            .field("counters", counters)
            .finish_non_exhaustive()
    }
}

/// Where `datagram` ends without its last `tail` bytes, which begin after its head.
fn end_before(datagram: &[u8], head: usize, tail: usize) -> Result<usize, SrtpError> {
    let (needed, got) = (head + tail, datagram.len());
    let end = got.checked_sub(tail).filter(|&end| end >= head);
    end.ok_or(SrtpError::Truncated { needed, got })
}

/// The index in `word`, if that says that the packet is encrypted.
fn encrypted_index(word: &[u8]) -> Result<u32, SrtpError> {
    let word = word.iter().fold(0, |word, &byte| word << 8 | u32::from(byte));
    if word & ENCRYPTED == 0 { Err(SrtpError::Unencrypted) } else { Ok(word & !ENCRYPTED) }
}
