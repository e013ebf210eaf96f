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
    /// How far the next talkspurt should.
    pub goal: i64,
    /// What comes next lies in a pause of speech, where a change of its length is not heard.
    pub weak: bool,
    /// Played since the length of something was last changed.
    pub unchanged: usize,
    /// Played since the lag was last near its target, or brought nearer.
    pub astray: usize,
    /// Played since that was last tried.
    pub untried: usize,
    /// What was heard last is made up.
    pub made_up: bool,
    /// What is ready could not be played when it should, and the timeline waited for it.
    pub held: bool,
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
    /// Cut out a piece: of a pause, or one pitch period, if one is clear enough.
    Accelerate,
    /// The same, clear or not.
    FastAccelerate,
    /// Repeat a piece, if one is clear enough.
    Expand,
    /// Fill a hole from both sides.
    Bridge,
    /// Make up what has not come.
    Conceal,
    /// Drop what is ready as far as it is overdue.
    Skip,
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
    /// How far the lag may be above its target, in a pause of speech.
    pub above: i64,
    /// How far it may be below.
    pub below: i64,
    /// How long that is borne while there is speech, which had better not change its pace: in
    /// samples of lag, times samples played.
    pub patience: i64,
    /// How far above its target the lag is brought down at any price.
    pub excess: i64,
    /// The least to be played between two changes of speech.
    pub interval: usize,
    /// The least to be played between two attempts.
    pub retry: usize,
    /// The longest piece of speech that is dropped to keep the delay.
    pub overdue: i64,
    /// The longest hole that is filled from both sides.
    pub bridge: usize,
    /// How long audio may be missing before it is a pause.
    pub starvation: usize,
    /// The most above its target that the lag stays over a shorter pause.
    pub slack: i64,
    /// How long a pause is within which the lag may change unheard.
    pub pause: i64,
}

impl Limits {
    /// The limits for audio at `rate`.
    pub const fn new(rate: ClockRate) -> Self {
        let millisecond = rate.hertz() as usize / 1000;
        let ms = millisecond as i64;
        Self {
            above: 8 * ms,
            below: 2 * ms,
            patience: 50 * ms * 4_000 * ms,
            excess: 250 * ms,
            interval: 40 * millisecond,
            retry: 10 * millisecond,
            overdue: 60 * ms,
            bridge: 100 * millisecond,
            starvation: 120 * millisecond,
            slack: 60 * ms,
            pause: 200 * ms,
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
/// let late = Status { ready: 400, lag: 400, target: 240, untried: 800, ..Status::default() };
/// assert_eq!(decide(late, limits), Operation::Normal);
/// let in_a_pause = Status { weak: true, ..late };
/// assert_eq!(decide(in_a_pause, limits), Operation::Accelerate);
/// ```
pub const fn decide(status: Status, limits: Limits) -> Operation {
    if status.ready > 0 {
        return if status.made_up { resume(status, limits) } else { play(status, limits) };
    }
    if status.pause {
        return match status.talkspurt {
            Some(lag) if lag >= status.goal => Operation::Begin,
            _ => Operation::Quiet,
        };
    }
    match status.hole {
        Some(hole) if !status.made_up && hole <= limits.bridge => Operation::Bridge,
        None if status.starved >= limits.starvation => Operation::Quiet,
        _ => Operation::Conceal,
    }
}

/// Audio is there again.
const fn resume(status: Status, limits: Limits) -> Operation {
    let overdue = status.lag - status.target;
    if status.held && overdue > limits.below && overdue <= limits.overdue {
        Operation::Skip
    } else {
        Operation::Merge
    }
}

/// Audio is there as before.
const fn play(status: Status, limits: Limits) -> Operation {
    let above = status.lag - status.target;
    if status.untried < limits.retry {
        return Operation::Normal;
    }
    if status.weak {
        return if above >= limits.above {
            Operation::Accelerate
        } else if -above >= limits.below {
            Operation::Expand
        } else {
            Operation::Normal
        };
    }
    let borne = above.saturating_mul(status.astray as i64);
    if status.unchanged < limits.interval {
        Operation::Normal
    } else if above >= limits.excess {
        Operation::FastAccelerate
    } else if borne >= limits.patience {
        Operation::Accelerate
    } else if -borne >= limits.patience {
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
        goal: 400,
        weak: false,
        unchanged: 8000,
        astray: 0,
        untried: 8000,
        made_up: false,
        held: false,
        starved: 0,
        hole: None,
        pause: false,
        talkspurt: None,
    };
    const WEAK: Status = Status { weak: true, ..READY };
    const BACK: Status = Status { made_up: true, starved: 100, ..READY };
    const HELD: Status = Status { held: true, ..BACK };
    const EMPTY: Status = Status { ready: 0, ..READY };
    const STARVED: Status = Status { ready: 0, ..BACK };
    const PAUSE: Status = Status { pause: true, ..EMPTY };

    #[test]
    fn every_status_has_its_operation() {
        let table = [
            (READY, Operation::Normal),
            (Status { lag: 720, astray: 31_999, ..READY }, Operation::Normal),
            (Status { lag: 720, astray: 32_000, ..READY }, Operation::Accelerate),
            (Status { lag: 1120, astray: 16_000, ..READY }, Operation::Accelerate),
            (Status { lag: 720, astray: 32_000, untried: 79, ..READY }, Operation::Normal),
            (Status { lag: 2320, ..READY }, Operation::FastAccelerate),
            (Status { lag: 2320, unchanged: 319, ..READY }, Operation::Normal),
            (Status { lag: 2320, untried: 79, ..READY }, Operation::Normal),
            (Status { lag: 120, astray: 63_999, ..READY }, Operation::Normal),
            (Status { lag: 120, astray: 64_000, ..READY }, Operation::Expand),
            (Status { lag: 0, astray: 64_000, unchanged: 0, ..READY }, Operation::Normal),
            (WEAK, Operation::Normal),
            (Status { lag: 383, ..WEAK }, Operation::Normal),
            (Status { lag: 384, ..WEAK }, Operation::Accelerate),
            (Status { lag: 384, unchanged: 0, ..WEAK }, Operation::Accelerate),
            (Status { lag: 384, untried: 79, ..WEAK }, Operation::Normal),
            (Status { lag: 305, ..WEAK }, Operation::Normal),
            (Status { lag: 304, ..WEAK }, Operation::Expand),
            (BACK, Operation::Merge),
            (Status { lag: 5000, ..BACK }, Operation::Merge),
            (HELD, Operation::Merge),
            (Status { lag: 336, ..HELD }, Operation::Merge),
            (Status { lag: 337, ..HELD }, Operation::Skip),
            (Status { lag: 800, ..HELD }, Operation::Skip),
            (Status { lag: 801, ..HELD }, Operation::Merge),
            (EMPTY, Operation::Conceal),
            (Status { hole: Some(160), ..EMPTY }, Operation::Bridge),
            (Status { hole: Some(801), ..EMPTY }, Operation::Conceal),
            (Status { hole: Some(160), ..STARVED }, Operation::Conceal),
            (Status { starved: 959, ..STARVED }, Operation::Conceal),
            (Status { starved: 960, ..STARVED }, Operation::Quiet),
            (Status { starved: 960, hole: Some(160), ..STARVED }, Operation::Conceal),
            (PAUSE, Operation::Quiet),
            (Status { talkspurt: Some(399), ..PAUSE }, Operation::Quiet),
            (Status { talkspurt: Some(400), ..PAUSE }, Operation::Begin),
        ];
        let limits = Limits::new(ClockRate::Hz8000);
        for (status, operation) in table {
            assert_eq!(decide(status, limits), operation, "{status:?}");
        }
    }
}
