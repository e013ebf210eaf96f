//! Which source a leg's RTCP comes from.

use std::net::SocketAddr;

use super::is_real;

/// Judges the sources of one leg's RTCP, after those of its RTP.
///
/// RTCP is rare, so there is no run to wait for: it may come from where the SDP says or from the
/// host whose RTP was accepted, and where it came from once it goes on coming from.
#[derive(Debug)]
pub struct RtcpLatch {
    signalled: SocketAddr,
    peer: Option<SocketAddr>,
    /// The peer before the last re-arming, where the signalled address stayed the same.
    previous: Option<SocketAddr>,
}

impl RtcpLatch {
    /// A latch for a leg whose SDP names `signalled` for RTCP.
    pub const fn new(signalled: SocketAddr) -> Self {
        Self { signalled, peer: None, previous: None }
    }

    /// Learns anew after an offer and answer that name `signalled`. Where the address stayed the
    /// same, the present peer goes on being believed, as that of the RTP does.
    pub fn rearm(&mut self, signalled: SocketAddr) {
        let known = self.peer.or(self.previous).filter(|_| signalled == self.signalled);
        *self = Self { signalled, peer: None, previous: known };
    }

    /// Whether a datagram from `source` is the caller's, whose RTP comes from `rtp_peer`.
    pub fn accepts(&mut self, source: SocketAddr, rtp_peer: Option<SocketAddr>) -> bool {
        if self.peer == Some(source) {
            return true;
        }
        let from_peer = rtp_peer.is_some_and(|peer| peer.ip() == source.ip());
        let known = source == self.signalled || self.previous == Some(source);
        let accepted = known || (self.peer.is_none() && from_peer);
        if accepted {
            self.peer = Some(source);
        }
        accepted
    }

    /// Where to send RTCP, if the SDP names a real address.
    pub fn target(&self) -> Option<SocketAddr> {
        Some(self.peer.or(self.previous).unwrap_or(self.signalled)).filter(|&it| is_real(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNALLED: &str = "192.0.2.1:4001";
    const NAT: &str = "198.51.100.7:30001";
    const STRANGER: &str = "203.0.113.9:5555";

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("a test's address")
    }

    #[test]
    fn rtcp_is_taken_from_where_the_sdp_says_and_from_the_host_of_the_rtp() {
        let rtp_peer = Some(at("198.51.100.7:30000"));
        let mut latch = RtcpLatch::new(at(SIGNALLED));
        assert!(!latch.accepts(at(NAT), None));
        assert!(!latch.accepts(at(STRANGER), rtp_peer));
        assert!(latch.accepts(at(NAT), rtp_peer));
        assert_eq!(latch.target(), Some(at(NAT)));
        assert!(!latch.accepts(at("198.51.100.7:30009"), rtp_peer));
        assert!(latch.accepts(at(SIGNALLED), rtp_peer));
    }

    #[test]
    fn a_session_refresh_forgets_nobody() {
        let mut latch = RtcpLatch::new(at(SIGNALLED));
        assert!(latch.accepts(at(NAT), Some(at(NAT))));
        latch.rearm(at(SIGNALLED));
        assert_eq!(latch.target(), Some(at(NAT)));
        assert!(latch.accepts(at(NAT), None));
    }

    #[test]
    fn a_new_address_makes_the_old_peer_a_stranger() {
        let mut latch = RtcpLatch::new(at(SIGNALLED));
        assert!(latch.accepts(at(NAT), Some(at(NAT))));
        latch.rearm(at(STRANGER));
        assert_eq!(latch.target(), Some(at(STRANGER)));
        assert!(!latch.accepts(at(NAT), None));
    }
}
