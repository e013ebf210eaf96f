//! Where a leg's packets go to and may come from: the latches and what follows from them.

use std::net::{IpAddr, SocketAddr};

use fourwire::wire::RtpPacket;
use fourwire::{Media, Moment};
use socket2::SockAddr;

use crate::command::Remote;
use crate::latch::{Latch, Proof, RtcpLatch, Verdict};

/// The way between a leg's sockets and the other side's.
#[derive(Debug)]
pub(crate) struct Route {
    latch: Latch,
    rtcp_latch: RtcpLatch,
    mux: bool,
    /// Whether our sockets speak IPv6, and IPv4 only in its clothes.
    dual_stack: bool,
    rtp_target: Option<SockAddr>,
    rtcp_target: Option<SockAddr>,
}

impl Route {
    pub(crate) fn new(remote: Remote, own: IpAddr) -> Self {
        let mut route = Self {
            latch: Latch::new(remote.rtp),
            rtcp_latch: RtcpLatch::new(remote.rtcp),
            mux: remote.mux,
            dual_stack: own.is_ipv6(),
            rtp_target: None,
            rtcp_target: None,
        };
        route.aim();
        route
    }

    /// Goes by a new offer and answer.
    pub(crate) fn rearm(&mut self, remote: Remote) {
        self.latch.rearm(remote.rtp);
        self.rtcp_latch.rearm(remote.rtcp);
        self.mux = remote.mux;
        self.aim();
    }

    /// Judges the sender of `packet`, which came to the RTP port; one that is `genuine` was made
    /// by who has the key of the call.
    pub(crate) fn judge_rtp(
        &mut self,
        (source, arrival): (SocketAddr, Moment),
        packet: &[u8],
        media: &Media,
        genuine: bool,
    ) -> Verdict {
        if self.latch.peer() == Some(source) {
            return Verdict::Accept;
        }
        let proof = proof(packet, media).map(|proof| Proof { genuine, ..proof });
        let verdict = self.latch.judge(arrival, source, proof);
        if let Verdict::Latch(_) = verdict {
            self.aim();
        }
        verdict
    }

    /// Whether a datagram that came to the RTCP port is the caller's.
    pub(crate) fn accepts_rtcp(&mut self, source: SocketAddr) -> bool {
        let target = self.rtcp_latch.target();
        let accepted = self.rtcp_latch.accepts(source, self.latch.peer());
        if self.rtcp_latch.target() != target {
            self.aim();
        }
        accepted
    }

    /// Whether RTCP goes over the RTP ports (RFC 5761).
    pub(crate) const fn mux(&self) -> bool {
        self.mux
    }

    /// Where RTP goes, if anywhere.
    pub(crate) const fn rtp_target(&self) -> Option<&SockAddr> {
        self.rtp_target.as_ref()
    }

    /// Where RTCP goes, if anywhere.
    pub(crate) const fn rtcp_target(&self) -> Option<&SockAddr> {
        if self.mux { self.rtp_target.as_ref() } else { self.rtcp_target.as_ref() }
    }

    fn aim(&mut self) {
        let dressed = |it: SocketAddr| dressed(it, self.dual_stack).into();
        self.rtp_target = self.latch.target().map(dressed);
        self.rtcp_target = self.rtcp_latch.target().map(dressed);
    }
}

/// What `datagram` proves of its sender, if it is RTP as `media` agrees on.
fn proof(datagram: &[u8], media: &Media) -> Option<Proof> {
    let packet = RtpPacket::parse(datagram).ok()?;
    let proof = Proof { ssrc: packet.ssrc.0, sequence: packet.sequence, genuine: false };
    media.expects(packet.payload_type).then_some(proof)
}

/// `address` as a socket of IPv6 has to be told it.
fn dressed(address: SocketAddr, dual_stack: bool) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if dual_stack => (ip.to_ipv6_mapped(), address.port()).into(),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fourwire::Law;

    fn remote(mux: bool) -> Remote {
        Remote { mux, ..Remote::new("192.0.2.1:4000".parse().unwrap()) }
    }

    fn target(of: Option<&SockAddr>) -> Option<SocketAddr> {
        of.and_then(SockAddr::as_socket)
    }

    fn packet(payload_type: u8, sequence: u8) -> Vec<u8> {
        let mut packet = vec![0x80, payload_type, 0, sequence];
        packet.extend([0, 0, 0, 0, 0, 0, 0, 7]);
        packet.extend([0xFF; 160]);
        packet
    }

    fn judge(route: &mut Route, source: &str, bytes: &[u8]) -> Verdict {
        let from = (source.parse().unwrap(), Moment::from_millis(0));
        route.judge_rtp(from, bytes, &Media::g711(Law::Mu), false)
    }

    #[test]
    fn packets_follow_the_caller_behind_a_nat_and_rtcp_follows_its_own() {
        let mut route = Route::new(remote(false), "10.0.0.1".parse().unwrap());
        assert_eq!(target(route.rtp_target()), "192.0.2.1:4000".parse().ok());
        for sequence in 0..4 {
            let _ = judge(&mut route, "198.51.100.7:30000", &packet(0, sequence));
        }
        assert_eq!(target(route.rtp_target()), "198.51.100.7:30000".parse().ok());
        assert_eq!(target(route.rtcp_target()), "192.0.2.1:4001".parse().ok());
        assert!(route.accepts_rtcp("198.51.100.7:30001".parse().unwrap()));
        assert_eq!(target(route.rtcp_target()), "198.51.100.7:30001".parse().ok());
    }

    #[test]
    fn another_payload_type_than_agreed_on_proves_nothing() {
        let mut route = Route::new(remote(false), "10.0.0.1".parse().unwrap());
        for sequence in 0..20 {
            let verdict = judge(&mut route, "198.51.100.7:30000", &packet(8, sequence));
            assert_eq!(verdict, Verdict::Reject);
        }
    }

    #[test]
    fn with_multiplexing_rtcp_goes_where_rtp_goes() {
        let route = Route::new(remote(true), "10.0.0.1".parse().unwrap());
        assert_eq!(target(route.rtcp_target()), "192.0.2.1:4000".parse().ok());
    }

    #[test]
    fn a_socket_of_ipv6_is_told_an_ipv4_address_in_its_own_clothes() {
        let route = Route::new(remote(false), "::".parse().unwrap());
        assert_eq!(target(route.rtp_target()), "[::ffff:192.0.2.1]:4000".parse().ok());
    }
}
