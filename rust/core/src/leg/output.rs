//! What a leg gives out, and what it answers.

use std::time::Duration;

use super::tape::Recorded;
use crate::Moment;
use crate::speak::{Change, Interruption, Played};
use crate::wire::telephone_event::QueueFull;

/// What a leg wants done, or has to tell.
#[derive(Debug, PartialEq)]
pub enum Output<'a> {
    /// Send this datagram to the other side's RTP address, now.
    Rtp(&'a [u8]),
    /// Send this datagram to the other side's RTCP address.
    Rtcp(&'a [u8]),
    /// Send this message to the agent, as text.
    Append(&'a [u8]),
    /// A chunk of the caller's audio, in the bridge's input format.
    Audio {
        /// When the packet that completed it arrived.
        arrival: Moment,
        /// Its bytes.
        audio: &'a [u8],
    },
    /// A stretch of one side of the call for the recording.
    Recorded(Recorded<'a>),
    /// Something happened.
    Event(Event),
}

/// Something that happened on a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The caller pressed a key.
    Key {
        /// `0`–`9`, `*`, `#`, `A`–`D`, or `!` for a hook flash (RFC 4733 §3.2).
        digit: char,
        /// How long it was held.
        duration: Duration,
        /// Whether it came as a tone in the audio, and not as telephone events.
        in_band: bool,
    },
    /// The first sample of a run of an item goes out.
    ReplyStarted {
        /// The item's id.
        item: Box<str>,
        /// When that sample is to be heard: its packet's turn and its place in the packet.
        at: Moment,
    },
    /// The last sample of a run of an item went out, or it was cut.
    ReplyEnded {
        /// The item's id.
        item: Box<str>,
        /// How much of the item has gone out.
        heard: Duration,
        /// When its last sample was to be heard, as that of the first.
        at: Moment,
    },
    /// Nothing of the agent's replies waits any more.
    Drained,
    /// The caller seems to speak, and the reply gives way: see [`EarlyBargeIn`](crate::EarlyBargeIn).
    Ducked {
        /// The id of the item that plays.
        item: Box<str>,
        /// How much of it had gone out.
        heard: Duration,
    },
    /// Nobody confirmed that the caller speaks, or the reply is over; what comes is as loud as ever.
    Restored {
        /// The id of the item that gave way.
        item: Box<str>,
        /// How much of the item that plays went out softer.
        softened: Duration,
    },
    /// The caller has spoken long enough for a barge-in that nobody asked for; it follows.
    ClearedEarly,
    /// A barge-in silenced the agent.
    Interrupted(Interruption),
    /// The agent was parted from the caller; nothing follows that tells of what it said.
    Unbridged,
    /// An announcement has ended.
    Played(Played),
    /// No RTP has come for a while.
    RtpStopped,
    /// RTP comes again.
    RtpResumed,
    /// The other side said goodbye (RFC 3550 §6.6).
    Goodbye,
}

impl Event {
    /// What the playout tells, at its time.
    pub(super) fn of(change: Change, at: Moment) -> Self {
        match change {
            Change::Started { item } => Self::ReplyStarted { item, at },
            Change::Ended { item, heard } => Self::ReplyEnded { item, heard, at },
            Change::Drained => Self::Drained,
        }
    }
}

/// What a datagram turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Audio of the negotiated codec.
    Audio,
    /// A telephone event.
    Key,
    /// How the caller's silence sounds.
    ComfortNoise,
    /// Control packets.
    Rtcp,
    /// None of these; it was counted and dropped.
    Dropped,
}

/// Why digits were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitsRefused {
    /// A character that stands for no key.
    Unknown(char),
    /// Too many keys wait to be pressed.
    QueueFull,
    /// The other side takes no telephone events.
    NotNegotiated,
}

impl std::fmt::Display for DigitsRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(digit) => write!(f, "no key {digit:?}: 0-9, *, #, A-D and ! are known"),
            Self::QueueFull => QueueFull.fmt(f),
            Self::NotNegotiated => write!(f, "telephone events were not negotiated"),
        }
    }
}

impl std::error::Error for DigitsRefused {}
