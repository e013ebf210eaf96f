//! What a playout buffer did.

use crate::listen::dejitter::DejitterCounters;

/// What happened so far. Packets add up as [`DejitterCounters`] says; there, a packet is played
/// when it is decoded. Samples add up:
/// `decoded + inserted + concealed + quiet = out + removed + dropped + waiting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayoutCounters {
    /// What became of the packets.
    pub packets: DejitterCounters,
    /// Samples that were asked for, and given.
    pub out_samples: u64,
    /// Samples that came in packets.
    pub decoded_samples: u64,
    /// Those of them that wait now.
    pub waiting_samples: u64,
    /// Samples cut out to shorten sound.
    pub removed_samples: u64,
    /// Samples repeated to lengthen sound.
    pub inserted_samples: u64,
    /// Samples made up because none had come.
    pub concealed_samples: u64,
    /// Samples of comfort noise while nobody spoke.
    pub quiet_samples: u64,
    /// Samples dropped because too many waited.
    pub dropped_samples: u64,
}

impl PlayoutCounters {
    /// Every counter with its name.
    pub fn entries(&self) -> [(&'static str, u64); 20] {
        let packets = self.packets.entries();
        let samples = [
            ("out_samples", self.out_samples),
            ("decoded_samples", self.decoded_samples),
            ("waiting_samples", self.waiting_samples),
            ("removed_samples", self.removed_samples),
            ("inserted_samples", self.inserted_samples),
            ("concealed_samples", self.concealed_samples),
            ("quiet_samples", self.quiet_samples),
            ("dropped_samples", self.dropped_samples),
        ];
        std::array::from_fn(|n| if n < 12 { packets[n] } else { samples[n - 12] })
    }
}
