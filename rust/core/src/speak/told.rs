//! What a playout answers and tells.

use std::time::Duration;

/// What became of audio handed to a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It will be spoken.
    Queued,
    /// It belongs to a response that was interrupted, or nobody is to be heard now.
    Refused,
    /// The lane is full.
    Overflow,
}

/// What a barge-in silenced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interruption {
    /// The response whose audio was being spoken, or was next.
    pub response: Option<Box<str>>,
    /// Its item that was being spoken, or was next; `None` where nothing waited.
    pub item: Option<Box<str>>,
    /// How much of that item went out, the fade included.
    pub heard: Duration,
    /// How much of that, at its end, was turned down because the caller seemed to speak.
    pub softened: Duration,
    /// How much was thrown away unsent, of all items.
    pub discarded: Duration,
}

/// Something a listener to the playout would tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The first sample of a run of this item goes out with the frame just taken.
    Started {
        /// The item's id.
        item: Box<str>,
    },
    /// The last sample of a run of this item has gone out, or it was cut.
    Ended {
        /// The item's id.
        item: Box<str>,
        /// How much of the item has gone out so far, in all its runs.
        heard: Duration,
    },
    /// The reply lane has run empty.
    Drained,
}

/// Samples at the agent's rate: received = sent + discarded + waiting; refused and overflowed ones
/// were never taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayoutCounters {
    /// Taken into the reply lane.
    pub received: u64,
    /// Put on the wire.
    pub sent: u64,
    /// Of these, put there turned down.
    pub softened: u64,
    /// Thrown away by a barge-in.
    pub discarded: u64,
    /// Not taken in: of an interrupted response, or while nobody was to be heard.
    pub refused: u64,
    /// Not taken in: no room. Those of the back channel are among them.
    pub overflowed: u64,
    /// Back-channel samples taken in.
    pub back_channel: u64,
    /// Barge-ins that silenced something.
    pub interruptions: u64,
}
