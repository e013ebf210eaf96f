//! Times, and what is said of many of them.

use serde_json::{Value, json};

/// What is counted and timed since the last report.
#[derive(Default)]
pub struct Figures {
    /// Between a packet and the one before it, at each phone.
    pub gaps: Times,
    /// From the sending of a packet to the arrival of the append that begins with it.
    pub appends: Times,
    /// How late this program was itself, for every packet and every message of speech.
    pub late: Times,
    /// Audio in µ-law.
    pub to_phone_bytes: usize,
    /// Messages with audio, as they are.
    pub to_agent_bytes: usize,
    pub from_agent_bytes: usize,
    /// Appends that begin with no packet that a phone sent.
    pub unmarked: usize,
    /// Packets of phones that the kernel did not take.
    pub unsent: usize,
}

impl Figures {
    pub fn told(&mut self) -> Value {
        json!({
            "gaps": self.gaps.told(),
            "appends": self.appends.told(),
            "late": self.late.told(),
            "to_phone_bytes": self.to_phone_bytes,
            "to_agent_bytes": self.to_agent_bytes,
            "from_agent_bytes": self.from_agent_bytes,
            "unmarked": self.unmarked,
            "unsent": self.unsent,
        })
    }
}

/// Times of one kind, in microseconds.
#[derive(Default)]
pub struct Times(Vec<u32>);

impl Times {
    pub fn note_ns(&mut self, time: u64) {
        self.0.push(u32::try_from(time / 1000).unwrap_or(u32::MAX));
    }

    /// How many there are, and their percentiles in milliseconds.
    pub fn told(&mut self) -> Value {
        self.0.sort_unstable();
        json!({
            "count": self.0.len(),
            "p50": self.quantile_ms(0.5),
            "p99": self.quantile_ms(0.99),
            "max": self.quantile_ms(1.0),
            "over_40": self.0.iter().filter(|&&time| time > 40_000).count(),
        })
    }

    /// The time that `share` of all do not exceed; none of none.
    fn quantile_ms(&self, share: f64) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        let place = (last as f64 * share).ceil() as usize;
        Some(f64::from(self.0[place]) / 1000.0)
    }
}
