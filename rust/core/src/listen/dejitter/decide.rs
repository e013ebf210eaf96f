//! The judgement of the de-jitter: two questions, two pure functions.

/// What is known of a packet that comes in the order of its sequence number; spans in samples.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timing {
    /// It begins before the packet that precedes it.
    pub(super) backward: bool,
    /// Between the timeline and the packet.
    pub(super) gap: i64,
    /// The part of the gap that no missing packet explains.
    pub(super) unexplained: i64,
    /// How far it lies before the real clock.
    pub(super) ahead: i64,
    /// The time it is for has been filled.
    pub(super) late: bool,
    /// It begins a talkspurt.
    pub(super) marker: bool,
    /// It and those before it are late and do not catch up.
    pub(super) stubborn: bool,
}

/// What a packet's timestamp makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has its place in the timeline.
    InTime,
    /// Its place is taken.
    Late,
    /// The timestamps have jumped: it gets a new place.
    Jumped,
}

/// What the judgement keeps to; spans in samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The longest gap that is believed.
    pub(super) gap: i64,
    /// How far a gap in the timestamps may lead the real clock.
    pub(super) ahead: i64,
    /// What packets usually carry.
    pub(super) packet: i64,
}

pub(super) const fn judge(timing: Timing, limits: Limits) -> Verdict {
    // Time that has not passed cannot have been silent.
    let impossible = timing.unexplained > 0 && timing.ahead > limits.ahead;
    if timing.backward || timing.gap > limits.gap || impossible {
        Verdict::Jumped
    } else if !timing.late {
        Verdict::InTime
    } else if timing.marker || timing.stubborn {
        Verdict::Jumped
    } else {
        Verdict::Late
    }
}

/// What stands at the timeline's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// The first packet that waits.
    pub(super) first: Option<First>,
    /// The present hole is waited for no longer.
    pub(super) given_up: bool,
    /// Nothing has come for so long that quiet is due.
    pub(super) quiet_due: bool,
}

/// The first packet that waits; spans in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct First {
    /// Packets missing before it.
    pub(super) missing: i64,
    /// How much the missing ones may have carried.
    pub(super) carried: i64,
    /// Between the timeline and the packet; `None` where it carries no audio and so cannot tell.
    pub(super) gap: Option<i64>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, yet.
    Wait,
    /// Hand on the first packet.
    Play,
    /// Drop the first packet, which only kept its place.
    Skip,
    /// Give up the missing packets and conceal so many samples.
    GiveUp(i64),
    /// The sender was silent for so many samples.
    Silence(i64),
    /// One more piece of quiet, because nothing comes.
    Quiet,
}

pub(super) fn decide(standing: Standing) -> Step {
    let Some(first) = standing.first else {
        return if standing.quiet_due { Step::Quiet } else { Step::Wait };
    };
    match first.gap {
        // Where no sample is missing, nothing is worth waiting for.
        Some(gap) if first.missing > 0 && gap <= 0 => Step::GiveUp(0),
        _ if first.missing > 0 && !standing.given_up => Step::Wait,
        Some(gap) if first.missing > 0 => Step::GiveUp(gap.min(first.carried)),
        None if first.missing > 0 => Step::GiveUp(0),
        Some(gap) if gap > 0 && first.carried > 0 => Step::GiveUp(gap.min(first.carried)),
        Some(gap) if gap > 0 => Step::Silence(gap),
        Some(_) => Step::Play,
        None => Step::Skip,
    }
}
