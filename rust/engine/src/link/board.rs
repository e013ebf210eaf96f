//! What a link and its user know of each other without asking.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// What went through a link, and what did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkCounters {
    /// Messages sent.
    pub sent: u64,
    /// Audio for the agent that was dropped because the network stood still.
    pub audio_dropped: u64,
    /// Messages received.
    pub received: u64,
    /// Of these, audio that went to a leg and to nobody else.
    pub consumed: u64,
}

#[derive(Debug, Default)]
pub(crate) struct LinkBoard {
    sent: AtomicU64,
    audio_dropped: AtomicU64,
    received: AtomicU64,
    consumed: AtomicU64,
    untaken: AtomicUsize,
    backlog: AtomicUsize,
}

impl LinkBoard {
    pub(crate) fn counters(&self) -> LinkCounters {
        LinkCounters {
            sent: self.sent.load(Relaxed),
            audio_dropped: self.audio_dropped.load(Relaxed),
            received: self.received.load(Relaxed),
            consumed: self.consumed.load(Relaxed),
        }
    }

    pub(super) fn note_sent(&self) {
        self.sent.fetch_add(1, Relaxed);
    }

    pub(super) fn note_dropped(&self, frames: u64) {
        self.audio_dropped.fetch_add(frames, Relaxed);
    }

    pub(super) fn note_received(&self, consumed: bool) {
        self.received.fetch_add(1, Relaxed);
        self.consumed.fetch_add(consumed.into(), Relaxed);
    }

    /// A message of `bytes` is handed to the user.
    pub(super) fn tell(&self, bytes: usize) {
        self.untaken.fetch_add(weight(bytes), Relaxed);
    }

    /// The user is done with it.
    pub(super) fn take(&self, bytes: usize) {
        // Nobody takes what was not told; were it so, it must not lock the link for good.
        let less = |untaken: usize| Some(untaken.saturating_sub(weight(bytes)));
        let _ = self.untaken.fetch_update(Relaxed, Relaxed, less);
    }

    /// Whether the user has so much to read that more must wait in the network.
    pub(super) fn is_full(&self) -> bool {
        self.untaken.load(Relaxed) > MOST_UNTAKEN
    }

    /// How many bytes wait for the network.
    pub(super) fn show_backlog(&self, bytes: usize) {
        self.backlog.store(bytes, Relaxed);
    }

    pub(super) fn backlog(&self) -> usize {
        self.backlog.load(Relaxed)
    }
}

/// What a message weighs: it costs something to keep though it be short.
const fn weight(bytes: usize) -> usize {
    bytes + 256
}

/// What may wait for the user, a message more or less.
const MOST_UNTAKEN: usize = 1 << 20;
