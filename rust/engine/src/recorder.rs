//! Recordings: threads that write to files what the workers hear and say.
//!
//! The workers hand over stretches of samples, each with its place in the recording, through a
//! ring that never makes them wait. One thread lays both sides together and writes; another
//! publishes what is finished, for to make sure that a disk has it can take long. While a file
//! grows it is called `path.part`; whoever finds `path` finds it whole. A name that is taken is left
//! to who has it.

mod desk;
mod file;
mod name;
mod paper;
mod stint;
mod tape;
mod wav;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fourwire::{ClockRate, Moment};

use crate::command::LegId;
use crate::event::{Doorbell, EventOutbox, Notice};
use crate::outbox::{Mailbox, Outbox};
use desk::{Desk, Errand, Open};
use stint::Stint;
pub(crate) use tape::Tape;

/// What a recording is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Where it will lie.
    pub path: PathBuf,
    /// How it is written.
    pub format: FileFormat,
    /// Both voices in one channel, in place of the caller left and the agent right.
    pub mono: bool,
}

impl Recording {
    /// A stereo recording at `path`: FLAC where it ends in `.flac`, else WAV.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let flac = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("flac"));
        let format = if flac { FileFormat::Flac } else { FileFormat::Wav };
        Self { path, format, mono: false }
    }
}

/// How a recording is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
    /// PCM of 16 bits; from 4 GiB on as RF64 (EBU Tech 3306).
    Wav,
    /// FLAC (RFC 9639), to the bit the same in about half the room.
    Flac,
}

/// What stands for a pause of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Silence as long as the pause: what follows stays where it belongs.
    Silence,
    /// Nothing: what follows comes at once.
    Gap,
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingEvent {
    /// It has begun.
    Started {
        /// Where it will lie.
        path: PathBuf,
        /// When its first sample is heard and said.
        at: Moment,
        /// Its samples a second.
        rate: ClockRate,
    },
    /// It is finished.
    Stopped {
        /// Where it was to lie.
        path: PathBuf,
        /// Where it lies: at that path, or beside what was there before, as `call.2.wav`.
        lies_at: PathBuf,
        /// How long it plays.
        duration: Duration,
        /// How much was not taken in time or came too late, on either side; there is silence in its
        /// place.
        lost: Duration,
        /// How large the file is.
        bytes: u64,
    },
    /// The disk did not take it. What it took lies at `path.part`, if it took anything.
    Failed {
        /// Where it should have lain.
        path: PathBuf,
        /// What the system says.
        error: String,
    },
}

/// Names one recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TapeId(pub(crate) u64);

/// The way from a worker to the recorder.
pub(crate) type TapeOutbox = Outbox<TapeNote>;

/// What a worker has to say of a tape besides its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TapeNote {
    /// It begins at that moment.
    Began(TapeId, Moment),
    /// It ends at that place, and so many samples were dropped on the way, on either side.
    Ended { id: TapeId, end: u64, dropped: u64 },
}

/// The recorder, as the rest of the engine sees it.
#[derive(Debug)]
pub(crate) struct Recorder {
    errands: Sender<Errand>,
    next: AtomicU64,
    failed: Arc<AtomicU64>,
    stints: Arc<Stints>,
}

/// What the threads are at.
#[derive(Debug, Default)]
struct Stints {
    writing: Stint,
    publishing: Stint,
}

/// What the recorder could not tell any more when it ended.
pub(crate) type Untold = VecDeque<(LegId, Notice)>;

impl Recorder {
    /// Starts the threads that write what comes through `mailboxes`, and tell by `events`.
    pub(crate) fn start(
        mailboxes: Vec<Mailbox<TapeNote>>,
        events: EventOutbox,
        doorbell: Arc<Doorbell>,
    ) -> io::Result<(Self, JoinHandle<Untold>)> {
        let (errands, inbox) = channel();
        let failed = Arc::new(AtomicU64::new(0));
        let stints = Arc::new(Stints::default());
        let (desk, publisher) = desk::pair(inbox, events, doorbell, Arc::clone(&failed), &stints);
        let publishing =
            thread::Builder::new().name("fourwire-publish".into()).spawn(|| publisher.work())?;
        let thread = thread::Builder::new().name("fourwire-record".into()).spawn(|| {
            Desk::work(desk, mailboxes);
            publishing.join().unwrap_or_default()
        })?;
        Ok((Self { errands, next: AtomicU64::new(0), failed, stints }, thread))
    }

    /// Has a file opened for `recording` of `leg`, to be filled under the id returned with samples
    /// at `rate`. Where that cannot be, an event tells.
    pub(crate) fn open(&self, leg: LegId, recording: Recording, rate: ClockRate) -> TapeId {
        let id = TapeId(self.next.fetch_add(1, Relaxed));
        // Where the recorder has ended, so has the leg.
        let _ = self.errands.send(Errand::Open(id, Open { leg, recording, rate }));
        id
    }

    /// Lets the threads finish what they have and end.
    pub(crate) fn stop(&self) {
        let _ = self.errands.send(Errand::Stop);
    }

    /// Recordings given up because of the disk.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Relaxed)
    }

    /// How long the thread that writes, or the one that publishes, has been at its present work.
    pub(crate) fn busy_for(&self, now: Moment) -> Duration {
        self.stints.writing.lasts(now).max(self.stints.publishing.lasts(now))
    }
}
