//! Recordings: one thread that writes what the workers hear to files.
//!
//! A recording is a stereo WAV file, the caller left and the agent right, at the rate of the codec
//! it began with. While it grows it is called `path.part`; when it is finished it is renamed, so
//! that whoever finds `path` finds it whole.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fourwire::ClockRate;
use hound::{SampleFormat, WavSpec, WavWriter};

use crate::outbox::{Frame, Item, Mailbox, Outbox};

/// Names one recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TapeId(pub(crate) u64);

/// The way from a worker to the recorder; a value means that the tape is at its end.
pub(crate) type TapeOutbox = Outbox<TapeId>;

/// A worker's side of one recording: says where in it each stretch of samples belongs, so that
/// what is dropped on the way becomes silence and nothing moves.
#[derive(Debug)]
pub(crate) struct Tape {
    id: TapeId,
    /// Stereo pairs so far.
    position: u64,
    bytes: Vec<u8>,
}

impl Tape {
    pub(crate) const fn new(id: TapeId) -> Self {
        Self { id, position: 0, bytes: Vec::new() }
    }

    /// Sends interleaved stereo on to the recorder; false where there was no room.
    pub(crate) fn write(&mut self, stereo: &[i16], outbox: &mut TapeOutbox) -> bool {
        self.bytes.clear();
        self.bytes.extend(stereo.iter().flat_map(|sample| sample.to_ne_bytes()));
        let frame = Frame { owner: self.id.0, kind: 0, mark: self.position, bytes: &self.bytes };
        self.position += stereo.len() as u64 / 2;
        outbox.send_frame(frame)
    }

    /// Lets the recorder finish the file.
    pub(crate) fn end(self, outbox: &mut TapeOutbox) {
        outbox.send(self.id);
    }
}

/// The recorder, as the rest of the engine sees it.
#[derive(Debug)]
pub(crate) struct Recorder {
    errands: Sender<Errand>,
    next: AtomicU64,
    failed: Arc<AtomicU64>,
}

enum Errand {
    Open(TapeId, Recording),
    Stop,
}

impl Recorder {
    /// Starts the thread that writes what comes through `mailboxes`.
    pub(crate) fn start(mailboxes: Vec<Mailbox<TapeId>>) -> io::Result<(Self, JoinHandle<()>)> {
        let (errands, inbox) = channel();
        let failed = Arc::new(AtomicU64::new(0));
        let desk = Desk {
            errands: inbox,
            open: HashMap::new(),
            stopping: false,
            failed: Arc::clone(&failed),
        };
        let thread =
            thread::Builder::new().name("fourwire-record".into()).spawn(|| desk.work(mailboxes))?;
        Ok((Self { errands, next: AtomicU64::new(0), failed }, thread))
    }

    /// Opens a recording that will be called `path`, to be filled under the id returned with
    /// samples at `rate`.
    pub(crate) fn open(&self, path: &Path, rate: ClockRate) -> io::Result<TapeId> {
        let recording = Recording::create(path, rate)?;
        let id = TapeId(self.next.fetch_add(1, Relaxed));
        let stopped = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the engine is closed");
        self.errands.send(Errand::Open(id, recording)).map_err(stopped)?;
        Ok(id)
    }

    /// Lets the thread finish what it has and end.
    pub(crate) fn stop(&self) {
        let _ = self.errands.send(Errand::Stop);
    }

    /// Recordings given up because of the disk.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Relaxed)
    }
}

/// What the thread has before it.
struct Desk {
    errands: Receiver<Errand>,
    open: HashMap<TapeId, Recording>,
    stopping: bool,
    failed: Arc<AtomicU64>,
}

impl Desk {
    fn work(mut self, mut mailboxes: Vec<Mailbox<TapeId>>) {
        while !self.stopping {
            self.wait();
            mailboxes.iter_mut().for_each(|mailbox| self.write(mailbox));
        }
        let ids: Vec<_> = self.open.keys().copied().collect();
        ids.into_iter().for_each(|id| self.finish(id));
    }

    /// Waits for an errand, not for long while there is something to write.
    fn wait(&mut self) {
        let errand = if self.open.is_empty() {
            self.errands.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            self.errands.recv_timeout(WRITE_INTERVAL)
        };
        match errand {
            Ok(errand) => self.run(errand),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.stopping = true,
        }
    }

    fn run(&mut self, errand: Errand) {
        match errand {
            Errand::Open(id, recording) => drop(self.open.insert(id, recording)),
            Errand::Stop => self.stopping = true,
        }
    }

    fn write(&mut self, mailbox: &mut Mailbox<TapeId>) {
        mailbox.take(|item| match item {
            Item::Frame(frame) => self.write_frame(frame),
            Item::Value(id) => self.finish(id),
        });
    }

    fn write_frame(&mut self, frame: Frame<'_>) {
        let id = TapeId(frame.owner);
        if !self.open.contains_key(&id) {
            // It was opened before it was filled, so the errand lies there by now, unless the
            // recording was given up.
            while let Ok(errand) = self.errands.try_recv() {
                self.run(errand);
            }
        }
        let Some(recording) = self.open.get_mut(&id) else { return };
        if recording.write(frame.mark, frame.bytes).is_err() {
            self.open.remove(&id);
            self.failed.fetch_add(1, Relaxed);
        }
    }

    fn finish(&mut self, id: TapeId) {
        while let Ok(errand) = self.errands.try_recv() {
            self.run(errand);
        }
        if let Some(recording) = self.open.remove(&id)
            && recording.finish().is_err()
        {
            self.failed.fetch_add(1, Relaxed);
        }
    }
}

/// A file that grows.
struct Recording {
    wav: WavWriter<BufWriter<File>>,
    /// Stereo pairs written.
    length: u64,
    part: PathBuf,
    path: PathBuf,
}

impl Recording {
    fn create(path: &Path, rate: ClockRate) -> io::Result<Self> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = BufWriter::with_capacity(FILE_BUFFER, File::create(&part)?);
        let wav = WavWriter::new(file, format(rate)).map_err(plain)?;
        Ok(Self { wav, length: 0, part, path: path.to_owned() })
    }

    /// Writes stereo pairs that belong at `position`; what lies between is silence, and what would
    /// make the file longer than a WAV file can be is left out.
    fn write(&mut self, position: u64, bytes: &[u8]) -> io::Result<()> {
        let pairs = bytes.len() as u64 / 4;
        let end = (position + pairs).min(LONGEST);
        let silence = position.min(end).saturating_sub(self.length) as usize;
        let room = end.saturating_sub(position.max(self.length)) as usize;
        let samples = bytes.chunks_exact(2).map(|it| i16::from_ne_bytes([it[0], it[1]]));
        let all = std::iter::repeat_n(0, 2 * silence).chain(samples.take(2 * room));
        for sample in all {
            self.wav.write_sample(sample).map_err(plain)?;
        }
        self.length += (silence + room) as u64;
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        self.wav.finalize().map_err(plain)?;
        fs::rename(self.part, self.path)
    }
}

fn plain(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

/// Two channels of 16 bits.
const fn format(rate: ClockRate) -> WavSpec {
    WavSpec {
        channels: 2,
        sample_rate: rate.hertz(),
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    }
}

/// Stereo pairs a WAV file may hold: its header counts bytes in 32 bits, which is 37 hours at
/// 8 kHz.
const LONGEST: u64 = (u32::MAX as u64 - 1024) / 4;

/// How often the files grow while any is open.
const WRITE_INTERVAL: Duration = Duration::from_millis(40);

/// Two seconds of a narrow recording a write to the disk.
const FILE_BUFFER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::rings;

    struct Studio {
        recorder: Recorder,
        thread: JoinHandle<()>,
        outbox: TapeOutbox,
        folder: PathBuf,
    }

    impl Studio {
        fn open(name: &str, ring: usize) -> Self {
            let folder =
                std::env::temp_dir().join(format!("fourwire-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            let (outbox, mailbox) = rings(ring);
            let (recorder, thread) = Recorder::start(vec![mailbox]).unwrap();
            Self { recorder, thread, outbox, folder }
        }

        /// Ends the thread and gives back how many recordings failed.
        fn close(self) -> u64 {
            self.recorder.stop();
            self.thread.join().unwrap();
            self.recorder.failed()
        }
    }

    fn read(path: &Path) -> Vec<i16> {
        let wav = hound::WavReader::open(path).unwrap();
        assert_eq!(wav.spec(), format(ClockRate::Hz16000));
        wav.into_samples().map(Result::unwrap).collect()
    }

    #[test]
    fn a_recording_is_what_was_sent_and_has_its_name_only_when_it_is_whole() {
        let mut studio = Studio::open("whole", 64 * 1024);
        let path = studio.folder.join("call.wav");
        let mut tape = Tape::new(studio.recorder.open(&path, ClockRate::Hz16000).unwrap());
        assert!(studio.folder.join("call.wav.part").exists());
        for n in 0..50 {
            assert!(tape.write(&[n; 320], &mut studio.outbox));
        }
        assert!(!path.exists());
        tape.end(&mut studio.outbox);
        let folder = studio.folder.clone();
        assert_eq!(studio.close(), 0);
        assert_eq!(read(&path), (0..50).flat_map(|n| [n; 320]).collect::<Vec<_>>());
        assert!(!folder.join("call.wav.part").exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_the_ring_had_no_room_for_is_silence_and_nothing_moves() {
        let path = std::env::temp_dir().join(format!("fourwire-gap-{}.wav", std::process::id()));
        let mut recording = Recording::create(&path, ClockRate::Hz16000).unwrap();
        let bytes = |n: i16| [n.to_ne_bytes(); 4].concat();
        recording.write(0, &bytes(1)).unwrap();
        recording.write(4, &bytes(2)).unwrap();
        recording.finish().unwrap();
        assert_eq!(read(&path), [1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2]);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_tape_counts_on_while_its_ring_is_full() {
        let (mut outbox, mut mailbox) = rings(700);
        let mut tape = Tape::new(TapeId(1));
        assert!(tape.write(&[1; 320], &mut outbox));
        assert!(!tape.write(&[2; 320], &mut outbox));
        mailbox.take(|_| {});
        assert!(tape.write(&[3; 320], &mut outbox));
        mailbox.take(|item| match item {
            Item::Frame(frame) => assert_eq!(frame.mark, 320),
            Item::Value(_) => unreachable!(),
        });
    }

    #[test]
    fn a_call_that_runs_when_the_engine_stops_is_recorded_to_its_last_sample() {
        let mut studio = Studio::open("stop", 64 * 1024);
        let path = studio.folder.join("call.wav");
        let mut tape = Tape::new(studio.recorder.open(&path, ClockRate::Hz16000).unwrap());
        assert!(tape.write(&[7; 320], &mut studio.outbox));
        let folder = studio.folder.clone();
        assert_eq!(studio.close(), 0);
        assert_eq!(read(&path), [7; 320]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_path_that_cannot_be_written_is_an_error_at_once() {
        let studio = Studio::open("refused", 1024);
        assert!(
            studio
                .recorder
                .open(Path::new("/nonexistent/folder/call.wav"), ClockRate::Hz8000)
                .is_err()
        );
        fs::remove_dir_all(&studio.folder).unwrap();
        assert_eq!(studio.close(), 0);
    }
}
