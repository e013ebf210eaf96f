//! Plain packets in, protected ones out.

use std::fmt;

use super::sources::Sources;
use super::transform::Transform;
use super::{MasterKey, Position, RTCP_HEAD, SrtpCounters, SrtpError, Suite};
use super::{rtcp_ssrc, rtp_head};

/// The direction out: what protects the packets of a key's owner.
///
/// Sequence numbers should begin below 2¹⁵, so that a first packet that is lost leaves no doubt in
/// which turn the next one is.
///
/// ```
/// use fourwire::wire::srtp::{MasterKey, SrtpReceiver, SrtpSender, Suite};
/// use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
///
/// let key = MasterKey::new(Suite::AesCm128HmacSha1_80, &[7; 30])?;
/// let (mut sender, mut receiver) = (SrtpSender::new(&key), SrtpReceiver::new(&key));
/// let mut packet = Vec::new();
/// RtpPacket::new(PayloadType::PCMU, 7, 160, Ssrc(0xCAFE), &[0xFF; 160]).write(&mut packet);
/// let plain = packet.clone();
///
/// sender.protect(&mut packet)?;
/// assert_eq!(packet.len(), 182);
/// assert_eq!(receiver.unprotect(&mut packet)?, plain);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SrtpSender {
    suite: Suite,
    rtp: Transform,
    rtcp: Transform,
    sources: Sources,
    counters: SrtpCounters,
}

impl SrtpSender {
    /// Bytes that a packet grows by at the most.
    pub const MOST_GROWTH: usize = 20;

    /// A sender that has sent nothing yet.
    pub fn new(key: &MasterKey) -> Self {
        Self {
            suite: key.suite(),
            rtp: Transform::of_rtp(key),
            rtcp: Transform::of_rtcp(key),
            sources: Sources::default(),
            counters: SrtpCounters::default(),
        }
    }

    /// Makes the RTP packet in `packet` an SRTP packet (RFC 3711 §3.3).
    #[inline]
    pub fn protect(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let outcome = self.protect_rtp(packet);
        self.counters.count(outcome)
    }

    /// Makes the RTCP compound in `packet` an SRTCP packet (RFC 3711 §3.4).
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let outcome = self.protect_compound(packet);
        self.counters.count(outcome)
    }

    /// What it protects with.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// What became of the packets so far.
    pub const fn counters(&self) -> SrtpCounters {
        self.counters
    }

    fn protect_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let (head, sequence, ssrc) = rtp_head(packet)?;
        let place = self.sources.find(ssrc)?;
        let index = self.sources.rtp_index(place, sequence)?;
        let (head, body) = packet.split_at_mut(head);
        let tag = self.rtp.seal(Position::rtp(ssrc, index), head, body);
        packet.extend_from_slice(&tag[..self.rtp.tag_len()]);
        self.sources.mark_rtp(place, ssrc, index);
        Ok(())
    }

    fn protect_compound(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let ssrc = rtcp_ssrc(packet)?;
        let place = self.sources.find(ssrc)?;
        let index = self.sources.next_rtcp_index(place)?;
        let at = Position::rtcp(ssrc, index);
        let (head, body) = packet.split_at_mut(RTCP_HEAD);
        let tag = self.rtcp.seal(at, head, body);
        let (tag, word) = (&tag[..self.rtcp.tag_len()], &at.word()[..]);
        let tail = if self.rtcp.tag_before_index() { [tag, word] } else { [word, tag] };
        tail.iter().for_each(|part| packet.extend_from_slice(part));
        self.sources.mark_rtcp(place, ssrc, index);
        Ok(())
    }
}

impl fmt::Debug for SrtpSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { suite, counters, .. } = self;
        f.debug_struct("SrtpSender")
            .field("suite", suite)
            .field("counters", counters)
            .finish_non_exhaustive()
    }
}
