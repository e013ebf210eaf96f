//! A file that is written to now and looked after by two.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A file with a buffer before it, shared by who writes and who sees to it that the disk has it.
#[derive(Clone)]
pub(super) struct Paper(Arc<Mutex<BufWriter<File>>>);

impl Paper {
    /// A file that was not there before.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = File::create_new(path)?;
        Ok(Self(Arc::new(Mutex::new(BufWriter::with_capacity(FILE_BUFFER, file)))))
    }

    /// Returns when the disk has all of it; how large it is.
    pub(super) fn settle(&self) -> io::Result<u64> {
        self.with(|it| {
            it.flush()?;
            it.get_ref().sync_all()?;
            Ok(it.get_ref().metadata()?.len())
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>) -> io::Result<T> {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|it| it.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with(Write::flush)
    }
}

impl Seek for Paper {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.with(|it| it.seek(to))
    }
}

/// Two seconds of a narrow recording a write to the disk.
const FILE_BUFFER: usize = 64 * 1024;
