//! The threads behind the recorder: one writes, one publishes and tells.

use std::collections::{HashMap, HashSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use fourwire::{ClockRate, Moment, Recorded, Side};

use super::file::RecordingFile;
use super::{Recording, RecordingEvent, Stints, TapeId, TapeNote, Untold};
use crate::command::LegId;
use crate::event::{Doorbell, EventOutbox, Notice};
use crate::outbox::{Frame, Item, Mailbox};
use crate::system;

/// What the writing thread is sent for.
pub(super) enum Errand {
    Open(TapeId, Open),
    Stop,
}

/// A recording that is to be opened.
pub(super) struct Open {
    pub(super) leg: LegId,
    pub(super) recording: Recording,
    pub(super) rate: ClockRate,
}

/// One that is open.
struct Running {
    open: Open,
    file: RecordingFile,
}

/// What there is to publish or to tell.
enum Word {
    Finish(Running, u64),
    Tell(LegId, RecordingEvent),
}

/// The desk of the writing thread.
pub(super) struct Desk {
    errands: Receiver<Errand>,
    running: HashMap<TapeId, Running>,
    /// Those that were given up and are still filled, for who fills them does not know.
    abandoned: HashSet<TapeId>,
    samples: Vec<i16>,
    stopping: bool,
    words: Sender<Word>,
    failed: Arc<AtomicU64>,
    stints: Arc<Stints>,
}

/// The desk of the publishing thread.
pub(super) struct Publisher {
    words: Receiver<Word>,
    events: EventOutbox,
    doorbell: Arc<Doorbell>,
    failed: Arc<AtomicU64>,
    stints: Arc<Stints>,
}

/// The two desks, joined.
pub(super) fn pair(
    errands: Receiver<Errand>,
    events: EventOutbox,
    doorbell: Arc<Doorbell>,
    failed: Arc<AtomicU64>,
    stints: &Arc<Stints>,
) -> (Desk, Publisher) {
    let (words, inbox) = channel();
    let desk = Desk {
        errands,
        running: HashMap::new(),
        abandoned: HashSet::new(),
        samples: Vec::new(),
        stopping: false,
        words,
        failed: Arc::clone(&failed),
        stints: Arc::clone(stints),
    };
    (desk, Publisher { words: inbox, events, doorbell, failed, stints: Arc::clone(stints) })
}

impl Desk {
    pub(super) fn work(mut self, mut mailboxes: Vec<Mailbox<TapeNote>>) {
        while !self.stopping {
            self.wait();
            mailboxes.iter_mut().for_each(|mailbox| self.write(mailbox));
            self.stints.writing.end();
        }
        for (_, running) in self.running.drain() {
            let end = running.file.end();
            let _ = self.words.send(Word::Finish(running, end));
        }
    }

    /// Waits for an errand, not for long while there is something to write or to throw away.
    fn wait(&mut self) {
        let errand = if self.running.is_empty() && self.abandoned.is_empty() {
            self.errands.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            self.errands.recv_timeout(WRITE_INTERVAL)
        };
        self.stints.writing.begin(system::now());
        match errand {
            Ok(errand) => self.run(errand),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.stopping = true,
        }
    }

    fn run(&mut self, errand: Errand) {
        match errand {
            Errand::Open(id, open) => self.open(id, open),
            Errand::Stop => self.stopping = true,
        }
    }

    fn open(&mut self, id: TapeId, open: Open) {
        match guarded(|| RecordingFile::create(&open.recording, open.rate)) {
            Ok(file) => drop(self.running.insert(id, Running { open, file })),
            Err(error) => self.give_up(id, open, &error),
        }
    }

    fn write(&mut self, mailbox: &mut Mailbox<TapeNote>) {
        mailbox.take(|item| match item {
            Item::Frame(frame) => self.write_frame(frame),
            Item::Value(TapeNote::Began(id, at)) => self.begin(id, at),
            Item::Value(TapeNote::Ended { id, end, dropped }) => self.finish(id, end, dropped),
        });
    }

    fn write_frame(&mut self, frame: Frame<'_>) {
        let id = TapeId(frame.owner);
        let Self { samples, .. } = self;
        samples.clear();
        samples.extend(frame.bytes.chunks_exact(2).map(|it| i16::from_ne_bytes([it[0], it[1]])));
        let side = if frame.kind == 0 { Side::Caller } else { Side::Agent };
        let pcm = std::mem::take(samples);
        let Some(running) = self.find(id) else { return };
        let stretch = Recorded { side, position: frame.mark, pcm: &pcm };
        let written = guarded(|| running.file.lay(stretch));
        self.samples = pcm;
        if let Err(error) = written
            && let Some(running) = self.running.remove(&id)
        {
            let Running { open, file } = running;
            let _ = catch_unwind(AssertUnwindSafe(|| drop(file))); // encoders may have last words
            self.give_up(id, open, &error);
        }
    }

    fn begin(&mut self, id: TapeId, at: Moment) {
        let Some(Running { open, .. }) = self.find(id) else { return };
        let path = open.recording.path.clone();
        let word = Word::Tell(open.leg, RecordingEvent::Started { path, at, rate: open.rate });
        let _ = self.words.send(word);
    }

    fn finish(&mut self, id: TapeId, end: u64, dropped: u64) {
        self.find(id);
        self.abandoned.remove(&id);
        if let Some(mut running) = self.running.remove(&id) {
            running.file.lost += dropped;
            let _ = self.words.send(Word::Finish(running, end));
        }
    }

    /// The recording of that id, unless it was given up. It was opened before it was filled, so the
    /// errand lies there by now.
    fn find(&mut self, id: TapeId) -> Option<&mut Running> {
        if !self.running.contains_key(&id) {
            while let Ok(errand) = self.errands.try_recv() {
                self.run(errand);
            }
        }
        self.running.get_mut(&id)
    }

    fn give_up(&mut self, id: TapeId, open: Open, error: &io::Error) {
        self.abandoned.insert(id);
        self.failed.fetch_add(1, Relaxed);
        let _ = self.words.send(Word::Tell(open.leg, failure(open.recording, error)));
    }
}

impl Publisher {
    /// Works until the writing thread is gone; what nobody took in time.
    pub(super) fn work(mut self) -> Untold {
        while let Ok(word) = self.words.recv() {
            self.stints.publishing.begin(system::now());
            let (leg, event) = match word {
                Word::Tell(leg, event) => (leg, event),
                Word::Finish(running, end) => (running.open.leg, self.publish(running, end)),
            };
            self.events.send((leg, Notice::Recording(event)));
            self.doorbell.ring();
            self.stints.publishing.end();
        }
        self.events.into_waiting()
    }

    fn publish(&self, running: Running, end: u64) -> RecordingEvent {
        let Running { open, file } = running;
        let lost = open.rate.duration_of(file.lost);
        match guarded(|| file.finish(end)) {
            Ok(done) => RecordingEvent::Stopped {
                path: open.recording.path,
                lies_at: done.path,
                duration: done.duration,
                lost,
                bytes: done.bytes,
            },
            Err(error) => {
                self.failed.fetch_add(1, Relaxed);
                failure(open.recording, &error)
            }
        }
    }
}

/// Works on one file: a fault of ours in it, or in an encoder, ends that recording and no other.
fn guarded<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(io::Error::other("a fault in the recorder")))
}

fn failure(recording: Recording, error: &io::Error) -> RecordingEvent {
    RecordingEvent::Failed { path: recording.path, error: error.to_string() }
}

/// How often the files grow while any is open.
const WRITE_INTERVAL: Duration = Duration::from_millis(40);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_one_file_is_an_error_of_that_file() {
        let told = guarded::<()>(|| panic!("on purpose")).unwrap_err();
        assert_eq!(told.to_string(), "a fault in the recorder");
        assert_eq!(guarded(|| Ok(1)).unwrap(), 1);
    }
}
