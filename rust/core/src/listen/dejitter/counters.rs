//! What a de-jitter did.

/// What happened so far. Packets add up:
/// `received = played + empty + duplicate + late + stray + overflow + discarded + waiting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DejitterCounters {
    /// Packets that came.
    pub received: u64,
    /// Packets handed on.
    pub played: u64,
    /// Packets without audio.
    pub empty: u64,
    /// Packets that came twice.
    pub duplicate: u64,
    /// Packets whose place was filled when they came.
    pub late: u64,
    /// Packets of a replaced SSRC, and such whose sequence number jumped alone.
    pub stray: u64,
    /// Packets for which there was no room.
    pub overflow: u64,
    /// Packets dropped by [`Dejitter::reset`](super::Dejitter::reset).
    pub discarded: u64,
    /// Packets with audio that wait now.
    pub waiting: u64,
    /// Packets given up; some of them may have come late.
    pub lost: u64,
    /// Times that packets in a row were given up.
    pub losses: u64,
    /// Packets that came behind others, in time or not.
    pub reordered: u64,
    /// Times that the stream was joined anew.
    pub restarts: u64,
    /// Samples that came out of packets.
    pub played_samples: u64,
    /// Samples that came out as lost.
    pub concealed_samples: u64,
    /// Samples that came out as quiet.
    pub quiet_samples: u64,
    /// Samples of played packets that overlapped what was out already.
    pub trimmed_samples: u64,
}

impl DejitterCounters {
    /// Every counter with its name.
    pub const fn entries(&self) -> [(&'static str, u64); 17] {
        [
            ("received", self.received),
            ("played", self.played),
            ("empty", self.empty),
            ("duplicate", self.duplicate),
            ("late", self.late),
            ("stray", self.stray),
            ("overflow", self.overflow),
            ("discarded", self.discarded),
            ("waiting", self.waiting),
            ("lost", self.lost),
            ("losses", self.losses),
            ("reordered", self.reordered),
            ("restarts", self.restarts),
            ("played_samples", self.played_samples),
            ("concealed_samples", self.concealed_samples),
            ("quiet_samples", self.quiet_samples),
            ("trimmed_samples", self.trimmed_samples),
        ]
    }
}
