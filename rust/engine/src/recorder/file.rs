//! A recording on its way to the disk.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flac_codec::encode::{FlacSampleWriter, Options};
use fourwire::{ClockRate, Recorded, Reel};

use super::name;
use super::paper::Paper;
use super::wav::WavWriter;
use super::{FileFormat, Recording};

/// A file that grows by what the two sides bring.
pub(super) struct RecordingFile {
    reel: Reel,
    sheet: Sheet,
    paper: Paper,
    rate: ClockRate,
    mono: bool,
    path: PathBuf,
    part: PathBuf,
    /// Samples that came too late to be written.
    pub(super) lost: u64,
    stereo: Vec<i16>,
    flushed: u64,
}

/// A finished file.
pub(super) struct Finished {
    /// Where it lies.
    pub(super) path: PathBuf,
    pub(super) duration: Duration,
    pub(super) bytes: u64,
}

enum Sheet {
    Wav(WavWriter<Paper>),
    Flac(Box<FlacSampleWriter<Paper>>, Vec<i32>),
}

impl Sheet {
    fn new(paper: Paper, format: FileFormat, channels: u8, rate: ClockRate) -> io::Result<Self> {
        Ok(match format {
            FileFormat::Wav => Self::Wav(WavWriter::new(paper, channels.into(), rate)?),
            FileFormat::Flac => {
                let hertz = rate.hertz();
                let options = Options::default();
                let flac = FlacSampleWriter::new(paper, options, hertz, 16, channels, None)?;
                Self::Flac(Box::new(flac), Vec::new())
            }
        })
    }

    fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        match self {
            Self::Wav(wav) => wav.write(samples),
            Self::Flac(flac, wide) => {
                wide.clear();
                wide.extend(samples.iter().copied().map(i32::from));
                Ok(flac.write(wide)?)
            }
        }
    }

    /// Ends what holds `pairs`. FLAC of nothing is no FLAC to the encoder, so that one of a single
    /// silent sample is made.
    fn finish(mut self, pairs: u64) -> io::Result<()> {
        if pairs == 0 && matches!(self, Self::Flac(..)) {
            self.write(&[0; 2])?;
        }
        match self {
            Self::Wav(wav) => wav.finish(),
            Self::Flac(flac, _) => Ok(flac.finalize()?),
        }
    }
}

impl RecordingFile {
    pub(super) fn create(recording: &Recording, rate: ClockRate) -> io::Result<Self> {
        let (part, paper) = unfinished(&recording.path)?;
        let channels = if recording.mono { 1 } else { 2 };
        Ok(Self {
            reel: Reel::new(),
            sheet: Sheet::new(paper.clone(), recording.format, channels, rate)?,
            paper,
            rate,
            mono: recording.mono,
            path: recording.path.clone(),
            part,
            lost: 0,
            stereo: Vec::new(),
            flushed: 0,
        })
    }

    /// Takes in a stretch of either side, and writes what no other can change any more.
    pub(super) fn lay(&mut self, stretch: Recorded<'_>) -> io::Result<()> {
        let window = self.rate.samples_in(WINDOW) as u64;
        self.write_up_to(stretch.position.saturating_sub(window))?;
        self.lost += self.reel.lay(stretch);
        Ok(())
    }

    /// Ends the file at `end` and gives it its name, or one beside it where that is taken.
    pub(super) fn finish(mut self, end: u64) -> io::Result<Finished> {
        self.write_up_to(end.max(self.reel.end()))?;
        self.sheet.finish(self.reel.taken())?;
        let bytes = self.paper.settle()?;
        let path = name::publish(&self.part, &self.path)?;
        settle_name(&path);
        Ok(Finished { path, duration: self.rate.duration_of(self.reel.taken()), bytes })
    }

    /// Where what has come ends.
    pub(super) fn end(&self) -> u64 {
        self.reel.end()
    }

    fn write_up_to(&mut self, end: u64) -> io::Result<()> {
        while self.reel.taken() < end {
            self.stereo.clear();
            self.reel.take((end - self.reel.taken()).min(PIECE), &mut self.stereo);
            if self.mono {
                mix(&mut self.stereo);
            }
            self.sheet.write(&self.stereo)?;
        }
        if self.reel.taken() - self.flushed >= self.rate.samples_in(FLUSHED_AFTER) as u64 {
            self.flushed = self.reel.taken();
            self.paper.flush()?;
        }
        Ok(())
    }
}

/// Adds the two channels up.
fn mix(stereo: &mut Vec<i16>) {
    for n in 0..stereo.len() / 2 {
        stereo[n] = stereo[2 * n].saturating_add(stereo[2 * n + 1]);
    }
    stereo.truncate(stereo.len() / 2);
}

/// A new file for what is to lie at `path`. Others of that name that were not finished are left as
/// they are: they are what a crash left, or run still.
fn unfinished(path: &Path) -> io::Result<(PathBuf, Paper)> {
    for number in 1..MOST_UNFINISHED {
        let part = part_of(path, number);
        match Paper::create(&part) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            paper => return Ok((part, paper?)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many unfinished files of this name"))
}

/// What a file is called until it is finished, the first of its name or another.
fn part_of(path: &Path, number: u32) -> PathBuf {
    let mut part = OsString::from(path);
    part.push(if number > 1 { format!(".{number}.part") } else { ".part".into() });
    part.into()
}

/// Makes the new name last; where a file system cannot, the file is there all the same.
fn settle_name(path: &Path) {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// How long the sides are waited for: longer than a network holds back what is still heard.
const WINDOW: Duration = Duration::from_secs(1);

/// Unfinished files of one name; above that something is wrong with the folder.
const MOST_UNFINISHED: u32 = 1000;

/// Pairs written at a time.
const PIECE: u64 = 8192;

/// What a crash may cost.
const FLUSHED_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
