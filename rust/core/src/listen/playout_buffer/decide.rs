//! The judgement of the playout buffer: one question, one pure function.

use crate::ClockRate;

/// What stands at the head of the buffer when samples are asked for; spans in samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Audio that is ready.
    pub ready: usize,
    /// How far the next sample lies behind the fastest packets.
    pub lag: i64,
    /// How far it should.
    pub target: i64,
    /// Played since the length of something was last changed.
    pub unchanged: usize,
    /// What was heard last is made up.
    pub made_up: bool,
    /// Made up since audio was last played.
    pub starved: usize,
    /// Missing before audio that waits.
    pub hole: Option<usize>,
    /// The sender was silent before what comes next, or has said nothing yet.
    pub pause: bool,
    /// How far the next talkspurt would lie behind the fastest packets if it began now; `None`
    /// where it has not come.
    pub talkspurt: Option<i64>,
}

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Play what is ready.
    Normal,
    /// Cut out one pitch period, if one is clear enough.
    Accelerate,
    /// Cut out as many as there are, clear or not.
    FastAccelerate,
    /// Repeat one pitch period, if one is clear enough, before audio runs out.
    Expand,
    /// Make up what is missing.
    Conceal,
    /// Lead over from what was made up to what is ready.
    Merge,
    /// Be as quiet as the line.
    Quiet,
    /// End the pause: the talkspurt behind it begins.
    Begin,
}

/// What the judgement keeps to; spans in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How far the lag may be from its target.
    pub tolerance: i64,
    /// How far above its target it is brought down at any price.
    pub excess: i64,
    /// The least to be played between two changes of length.
    pub interval: usize,
    /// How long audio may be missing before it is a pause.
    pub starvation: usize,
}

impl Limits {
    /// The limits for audio at `rate`.
    pub const fn new(rate: ClockRate) -> Self {
        let millisecond = rate.hertz() as usize / 1000;
        Self {
            tolerance: 5 * millisecond as i64,
            excess: 80 * millisecond as i64,
            interval: 40 * millisecond,
            starvation: 120 * millisecond,
        }
    }
}

/// What is to be done about `status`.
///
/// ```
/// use fourwire::ClockRate;
/// use fourwire::listen::playout_buffer::{Limits, Operation, Status, decide};
///
/// let limits = Limits::new(ClockRate::Hz8000);
/// let status = Status { ready: 400, lag: 400, target: 240, unchanged: 800, ..Status::default() };
/// assert_eq!(decide(status, limits), Operation::Accelerate);
/// ```
pub const fn decide(status: Status, limits: Limits) -> Operation {
    if status.ready > 0 {
        return play(status, limits);
    }
    if status.pause {
        return match status.talkspurt {
            Some(lag) if lag >= status.target => Operation::Begin,
            _ => Operation::Quiet,
        };
    }
    if status.hole.is_none() && status.starved >= limits.starvation {
        return Operation::Quiet;
    }
    Operation::Conceal
}

/// Audio is ready.
const fn play(status: Status, limits: Limits) -> Operation {
    let above = status.lag - status.target;
    if status.made_up {
        Operation::Merge
    } else if status.unchanged < limits.interval {
        Operation::Normal
    } else if above >= limits.excess {
        Operation::FastAccelerate
    } else if above >= limits.tolerance {
        Operation::Accelerate
    } else if -above >= limits.tolerance {
        Operation::Expand
    } else {
        Operation::Normal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Status = Status {
        ready: 160,
        lag: 320,
        target: 320,
        unchanged: 8000,
        made_up: false,
        starved: 0,
        hole: None,
        pause: false,
        talkspurt: None,
    };
    const EMPTY: Status = Status { ready: 0, ..READY };
    const PAUSE: Status = Status { pause: true, ..EMPTY };

    #[test]
    fn every_status_has_its_operation() {
        let table = [
            (READY, Operation::Normal),
            (Status { lag: 359, ..READY }, Operation::Normal),
            (Status { lag: 360, ..READY }, Operation::Accelerate),
            (Status { lag: 360, unchanged: 319, ..READY }, Operation::Normal),
            (Status { lag: 960, ..READY }, Operation::FastAccelerate),
            (Status { lag: 960, unchanged: 319, ..READY }, Operation::Normal),
            (Status { lag: 281, ..READY }, Operation::Normal),
            (Status { lag: 280, ..READY }, Operation::Expand),
            (Status { lag: 280, unchanged: 0, ..READY }, Operation::Normal),
            (Status { made_up: true, ..READY }, Operation::Merge),
            (Status { made_up: true, lag: 5000, ..READY }, Operation::Merge),
            (EMPTY, Operation::Conceal),
            (Status { starved: 959, ..EMPTY }, Operation::Conceal),
            (Status { starved: 960, ..EMPTY }, Operation::Quiet),
            (Status { starved: 960, hole: Some(160), ..EMPTY }, Operation::Conceal),
            (Status { hole: Some(160), ..EMPTY }, Operation::Conceal),
            (PAUSE, Operation::Quiet),
            (Status { talkspurt: Some(319), ..PAUSE }, Operation::Quiet),
            (Status { talkspurt: Some(320), ..PAUSE }, Operation::Begin),
        ];
        let limits = Limits::new(ClockRate::Hz8000);
        for (status, operation) in table {
            assert_eq!(decide(status, limits), operation, "{status:?}");
        }
    }
}
