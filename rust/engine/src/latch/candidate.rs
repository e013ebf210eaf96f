//! Somebody who sends and may turn out to be the caller.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use fourwire::Moment;

use super::{LEARNING_WINDOW, Proof};

/// A source on probation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) source: SocketAddr,
    pub(super) first: Moment,
    last: Moment,
    pub(super) proof: Proof,
    pub(super) run: u32,
}

impl Candidate {
    pub(super) const fn new(now: Moment, source: SocketAddr, proof: Proof) -> Self {
        Self { source, first: now, last: now, proof, run: 1 }
    }

    /// How many coherent packets in a row this source has to show.
    pub(super) fn needed(&self, signalled: IpAddr) -> u32 {
        if self.source.ip() == signalled { RUN_OF_SIGNALLED_HOST } else { RUN_OF_OTHER_HOST }
    }

    /// Who is watched after a packet of `source`: this candidate, one packet richer, or `source`
    /// in its place, or `None` where the packet changes nothing.
    pub(super) fn followed(
        self,
        now: Moment,
        source: SocketAddr,
        proof: Proof,
        signalled: IpAddr,
    ) -> Option<Self> {
        if source != self.source {
            let better = source.ip() == signalled && self.source.ip() != signalled;
            let stale = now.since(self.last) > CANDIDATE_PATIENCE;
            return (better || stale).then(|| Self::new(now, source, proof));
        }
        if now.since(self.first) > LEARNING_WINDOW || !self.coherent(proof) {
            return Some(Self::new(now, source, proof));
        }
        Some(Self { last: now, proof, run: self.run + 1, ..self })
    }

    /// Whether `proof` goes on where this candidate's last packet stopped.
    const fn coherent(&self, proof: Proof) -> bool {
        let step = proof.sequence.wrapping_sub(self.proof.sequence);
        proof.ssrc == self.proof.ssrc && step >= 1 && step <= MAX_STEP
    }
}

/// Packets in a row that another port of the signalled host has to show: one can be a stray.
const RUN_OF_SIGNALLED_HOST: u32 = 2;

/// Packets in a row that another host has to show: 80 ms of speech at the usual packet time, which
/// a scanner that tries each port once or twice does not spend.
const RUN_OF_OTHER_HOST: u32 = 4;

/// How long a candidate may pause before another one may take its place.
const CANDIDATE_PATIENCE: Duration = Duration::from_millis(200);

/// The largest step of the sequence number within a run: some loss is no reason for doubt.
const MAX_STEP: u16 = 10;
