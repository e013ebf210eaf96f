//! A link that runs, as the rest of the process holds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{LegEnd, LinkBoard, LinkCounters, LinkEnd, LinkId, LinkOrder};
use crate::command::{Command, Gate};
use crate::handle::LegHandle;

/// A WebSocket that runs on a worker of an engine. All verbs return at once; what they lead to
/// comes as [`LinkEvent`](super::LinkEvent)s. Dropped, it closes.
pub struct LinkHandle {
    id: LinkId,
    gate: Arc<Gate>,
    board: Arc<LinkBoard>,
    closed: AtomicBool,
}

impl LinkHandle {
    pub(crate) const fn new(id: LinkId, gate: Arc<Gate>, board: Arc<LinkBoard>) -> Self {
        Self { id, gate, board, closed: AtomicBool::new(false) }
    }

    /// The name under which events of this link come.
    pub const fn id(&self) -> LinkId {
        self.id
    }

    /// Sends `frame`, which is UTF-8, as a text message.
    pub fn send(&self, frame: Vec<u8>) {
        self.tell(LinkOrder::Send(frame));
    }

    /// Bytes that wait because the network stands still; where there are many, send no more until
    /// [`Relieved`](super::LinkEvent::Relieved).
    pub fn backlog(&self) -> usize {
        self.board.backlog()
    }

    /// Reads no more; [`Halted`](super::LinkEvent::Halted) comes after all that was read.
    pub fn halt(&self) {
        self.tell(LinkOrder::Halt);
    }

    /// Reads on, and lets `leg` have its agent's audio, and news of speech, before anybody else.
    pub fn join(&self, leg: &LegHandle) {
        let (leg, gate) = leg.place();
        self.tell(LinkOrder::Join(LegEnd { leg, gate }));
    }

    /// Lets no leg have anything any more; [`Parted`](super::LinkEvent::Parted) comes in between.
    pub fn part(&self) {
        self.tell(LinkOrder::Part);
    }

    /// Says goodbye; [`Closed`](super::LinkEvent::Closed) follows within a few seconds.
    pub fn close(&self) {
        if !self.closed.swap(true, Relaxed) {
            self.tell(LinkOrder::Close);
        }
    }

    /// Says that a message of `bytes` was read, so that another may come.
    pub fn took(&self, bytes: usize) {
        self.board.take(bytes);
    }

    /// What went through by now.
    pub fn counters(&self) -> LinkCounters {
        self.board.counters()
    }

    pub(crate) fn end(&self) -> LinkEnd {
        LinkEnd { link: self.id, gate: Arc::clone(&self.gate) }
    }

    fn tell(&self, order: LinkOrder) {
        // Where the worker is gone, so is the link, and its end was told.
        let _ = self.gate.send(Command::Link(self.id, order));
    }
}

impl Drop for LinkHandle {
    fn drop(&mut self) {
        self.close();
    }
}
