//! Agents that begin to speak, by turns, or are interrupted before: how soon they are heard, and silent.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::call::{Call, Sent};
use crate::figures::Figures;

/// The calls take turns over at least so long: what happens to the system once a second happens to
/// some of them.
const SPREAD: Duration = Duration::from_secs(1);

/// And never follow one another faster than this.
const APART: Duration = Duration::from_millis(3);

/// The share of which no multiple is near another's.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// After the last of them, until what was to be seen is seen.
const AFTER: Duration = Duration::from_millis(500);

/// A message that took longer to give to the kernel than this says nothing: this program was held up.
const DOUBTED_NS: u64 = 1_000_000;

/// One round of all calls.
pub struct Round {
    start: Instant,
    apart: Duration,
    done: usize,
    stage: Stage,
    found: Found,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Interrupt,
    Begin,
}

#[derive(Default)]
struct Found {
    barge_in_ms: Vec<f64>,
    first_packet_ms: Vec<f64>,
    unheard: usize,
    doubted: usize,
}

impl Round {
    /// Every agent begins to speak.
    pub fn of_beginnings(now: Instant, calls: usize) -> Self {
        Self::new(now, calls, Stage::Begin)
    }

    /// Every agent is interrupted, and then begins again.
    pub fn of_interruptions(now: Instant, calls: usize) -> Self {
        Self::new(now, calls, Stage::Interrupt)
    }

    /// Does what is due; what was found, once it is over.
    pub fn poll(
        &mut self,
        now: Instant,
        agent: &mut Agent,
        calls: &mut [Call],
        figures: &mut Figures,
    ) -> Option<Value> {
        while let Some(session) = agent.sessions.get_mut(self.done)
            && self.due(self.done) <= now
        {
            let call = &mut calls[session.call];
            match self.stage {
                Stage::Interrupt => session.interrupt(call),
                Stage::Begin => session.begin(now, call, figures),
            }
            self.done += 1;
        }
        let last = agent.sessions.len().saturating_sub(1);
        if now < self.due(last) + AFTER {
            return None;
        }
        self.look(calls);
        if self.stage == Stage::Begin {
            return Some(self.found.told());
        }
        (self.stage, self.start, self.done) = (Stage::Begin, now, 0);
        None
    }

    fn new(now: Instant, calls: usize, stage: Stage) -> Self {
        let apart = APART.max(SPREAD / calls.max(1) as u32);
        Self { start: now, apart, done: 0, stage, found: Found::default() }
    }

    /// Never in step with packets: each later than its turn by another part of it.
    fn due(&self, turn: usize) -> Instant {
        let part = (turn as f64 * GOLDEN).fract();
        self.start + self.apart * turn as u32 + self.apart.mul_f64(part)
    }

    fn look(&mut self, calls: &[Call]) {
        for call in calls {
            match self.stage {
                Stage::Interrupt => {
                    let within = call.fell_silent_within();
                    self.found.note(within, call.interrupted, |found| &mut found.barge_in_ms);
                }
                Stage::Begin => {
                    let within = call.began_to_hear_within();
                    self.found.note(within, call.began, |found| &mut found.first_packet_ms);
                }
            }
        }
    }
}

impl Found {
    fn note(
        &mut self,
        within: Option<u64>,
        sent: Option<Sent>,
        to: impl FnOnce(&mut Self) -> &mut Vec<f64>,
    ) {
        let doubted = sent.is_some_and(|sent| sent.within > DOUBTED_NS);
        match within {
            _ if doubted => self.doubted += 1,
            None => self.unheard += 1,
            Some(nanos) => to(self).push(nanos as f64 / 1e6),
        }
    }

    fn told(&self) -> Value {
        json!({
            "barge_in_ms": self.barge_in_ms,
            "first_packet_ms": self.first_packet_ms,
            "unheard": self.unheard,
            "doubted": self.doubted,
        })
    }
}
