//! Safe symmetric RTP: which source a leg listens to, and where it sends.
//!
//! A caller behind a NAT sends from another address than its SDP says (RFC 4961 asks both sides to
//! send from where they listen). Following whoever sends is "RTP bleed": a stranger who finds the
//! port takes over the call. So the signalled address is believed at once and always; anyone else
//! has to show a coherent run of packets while the signalled address is silent, within a short
//! window, and then the choice stands until the next offer and answer.
//!
//! Address comes first, SSRC second: a new SSRC from the right address is the same caller.

mod candidate;
mod rtcp;

use std::net::SocketAddr;
use std::time::Duration;

use fourwire::Moment;

use self::candidate::Candidate;
pub use self::rtcp::RtcpLatch;

/// What a datagram's header says, as far as the latch needs it: proof that the sender speaks the
/// negotiated RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The synchronization source.
    pub ssrc: u32,
    /// The sequence number.
    pub sequence: u16,
    /// Whether the sender has the key of the call (SRTP), which makes it the caller.
    pub genuine: bool,
}

/// What to do with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// From the caller.
    Accept,
    /// From the caller, whose address has just become this one.
    Latch(SocketAddr),
    /// From someone who may yet turn out to be the caller; not to be heard so far.
    Probation,
    /// From a stranger.
    Reject,
}

/// Judges the sources of one leg's RTP.
#[derive(Debug)]
pub struct Latch {
    signalled: SocketAddr,
    /// The peer before the last re-arming, where the signalled address stayed the same.
    previous: Option<SocketAddr>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nobody was heard yet.
    Open,
    /// Someone else than the signalled address sends and is being watched.
    Watching(Candidate),
    /// The candidate was taken, but until the window closes a better one may take over.
    Tentative { peer: SocketAddr, closes: Moment, rival: Option<Candidate> },
    /// Decided.
    Locked(SocketAddr),
}

impl Latch {
    /// A latch for a leg whose SDP names `signalled`.
    pub const fn new(signalled: SocketAddr) -> Self {
        Self { signalled, previous: None, state: State::Open }
    }

    /// Learns anew: offer and answer were exchanged again and name `signalled`.
    ///
    /// Where the address stayed the same, the present peer goes on being believed at once, so
    /// that a mere session refresh opens the door to nobody; so does the one before, where nobody
    /// was heard since, as between hold and its end.
    pub fn rearm(&mut self, signalled: SocketAddr) {
        let known = self.peer().or(self.previous);
        self.previous = known.filter(|_| signalled == self.signalled);
        self.signalled = signalled;
        self.state = State::Open;
    }

    /// Judges a datagram from `source`; `proof` is what its header says where it is RTP of a
    /// negotiated payload type.
    pub fn judge(&mut self, now: Moment, source: SocketAddr, proof: Option<Proof>) -> Verdict {
        if self.peer() == Some(source) {
            return Verdict::Accept;
        }
        if self.believes(source) {
            if source == self.signalled {
                self.previous = None; // Or the two could take the call from each other for ever.
            }
            self.state = State::Locked(source);
            return Verdict::Latch(source);
        }
        match proof {
            Some(proof) if is_real(self.signalled) => self.watch(now, source, proof),
            _ => Verdict::Reject,
        }
    }

    /// Whether `source` needs no probation, whoever was taken meanwhile: the signalled address, and
    /// the previous peer.
    fn believes(&self, source: SocketAddr) -> bool {
        source == self.signalled || self.previous == Some(source)
    }

    /// The address that was learnt, if one was.
    pub const fn peer(&self) -> Option<SocketAddr> {
        match self.state {
            State::Locked(peer) | State::Tentative { peer, .. } => Some(peer),
            State::Open | State::Watching(_) => None,
        }
    }

    /// Where to send: to the peer, else to where the SDP says, if anywhere.
    pub fn target(&self) -> Option<SocketAddr> {
        Some(self.peer().or(self.previous).unwrap_or(self.signalled)).filter(|&it| is_real(it))
    }

    fn watch(&mut self, now: Moment, source: SocketAddr, proof: Proof) -> Verdict {
        match self.state {
            State::Locked(_) => Verdict::Reject,
            _ if proof.genuine => {
                self.state = State::Locked(source);
                Verdict::Latch(source)
            }
            State::Open => self.watch_candidate(Candidate::new(now, source, proof)),
            State::Watching(candidate) => {
                match candidate.followed(now, source, proof, self.signalled.ip()) {
                    Some(next) => self.watch_candidate(next),
                    None => Verdict::Reject,
                }
            }
            State::Tentative { peer, closes, rival } => {
                self.contest(now, Candidate::new(now, source, proof), peer, closes, rival)
            }
        }
    }

    fn watch_candidate(&mut self, candidate: Candidate) -> Verdict {
        if candidate.run < candidate.needed(self.signalled.ip()) {
            self.state = State::Watching(candidate);
            return Verdict::Probation;
        }
        let closes = candidate.first + LEARNING_WINDOW;
        self.state = State::Tentative { peer: candidate.source, closes, rival: None };
        Verdict::Latch(candidate.source)
    }

    /// Someone else sends while `peer` is taken: only the signalled host may still take over from
    /// another one, and only until the window closes.
    fn contest(
        &mut self,
        now: Moment,
        challenger: Candidate,
        peer: SocketAddr,
        closes: Moment,
        rival: Option<Candidate>,
    ) -> Verdict {
        let host = self.signalled.ip();
        if now >= closes {
            self.state = State::Locked(peer);
            return Verdict::Reject;
        }
        if peer.ip() == host || challenger.source.ip() != host {
            return Verdict::Reject;
        }
        let followed = rival.map(|it| it.followed(now, challenger.source, challenger.proof, host));
        let Some(rival) = followed.unwrap_or(Some(challenger)) else {
            return Verdict::Reject;
        };
        if rival.run < rival.needed(host) {
            self.state = State::Tentative { peer, closes, rival: Some(rival) };
            return Verdict::Probation;
        }
        self.state = State::Tentative { peer: rival.source, closes, rival: None };
        Verdict::Latch(rival.source)
    }
}

/// Whether anyone can be at `address`: a port of zero refuses the stream (RFC 3264 §6), and the
/// unspecified address is an old way to ask for hold (RFC 3264 §8.4).
fn is_real(address: SocketAddr) -> bool {
    address.port() != 0 && !address.ip().is_unspecified()
}

/// How long a better source may still take over, counted from the first packet of the one taken.
///
/// Longer than the signalled host needs to show itself after a stray stream came first, shorter
/// than anyone needs to find out that a call is up.
const LEARNING_WINDOW: Duration = Duration::from_millis(1500);

#[cfg(test)]
mod tests;
