//! WAV files that may become larger than WAV can say: RF64 then (EBU Tech 3306 §3).

use std::io::{self, Seek, SeekFrom, Write};

use fourwire::ClockRate;

/// A WAV file of 16-bit PCM that grows.
///
/// As long as it does, its header says of no size, which players take for "to the end": what a
/// crash leaves can be heard. Room is kept for the chunk `ds64` in which RF64 tells 64-bit sizes.
pub(super) struct WavWriter<W> {
    out: W,
    format: Format,
    written: u64,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Format {
    channels: u16,
    rate: ClockRate,
}

impl<W: Write + Seek> WavWriter<W> {
    pub(super) fn new(mut out: W, channels: u16, rate: ClockRate) -> io::Result<Self> {
        let format = Format { channels, rate };
        out.write_all(&header(format, None))?;
        Ok(Self { out, format, written: 0, bytes: Vec::new() })
    }

    pub(super) fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        self.bytes.clear();
        self.bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        self.written += self.bytes.len() as u64;
        self.out.write_all(&self.bytes)
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header(self.format, Some(self.written)))?;
        self.out.flush()
    }
}

/// The header of a file with that many bytes of samples, `None` where that is not known yet.
fn header(format: Format, data: Option<u64>) -> [u8; HEADER] {
    let riff = data.map(|data| data + HEADER as u64 - 8);
    let small = |size: Option<u64>| size.and_then(|it| u32::try_from(it).ok()).unwrap_or(u32::MAX);
    let is_large = riff.is_some_and(|size| size > u64::from(u32::MAX));
    let frame = 2 * u32::from(format.channels);
    let hertz = format.rate.hertz();
    let (mut header, mut at) = ([0; HEADER], 0);
    let mut put = |bytes: &[u8]| {
        header[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(if is_large { b"RF64" } else { b"RIFF" });
    put(&if is_large { u32::MAX } else { small(riff) }.to_le_bytes());
    put(b"WAVE");
    put(if is_large { b"ds64" } else { b"JUNK" });
    put(&28u32.to_le_bytes());
    let sizes = [riff, data, data.map(|data| data / u64::from(frame))];
    for size in sizes {
        put(&size.filter(|_| is_large).unwrap_or(0).to_le_bytes());
    }
    put(&[0; 4]); // no table of other large chunks
    put(b"fmt ");
    put(&16u32.to_le_bytes());
    put(&1u16.to_le_bytes()); // PCM
    put(&format.channels.to_le_bytes());
    put(&hertz.to_le_bytes());
    put(&(hertz * frame).to_le_bytes());
    put(&(frame as u16).to_le_bytes());
    put(&16u16.to_le_bytes());
    put(b"data");
    put(&if is_large { u32::MAX } else { small(data) }.to_le_bytes());
    header
}

/// Bytes before the samples: 12 for the file, 36 for the sizes, 24 for the format, 8 for the data.
const HEADER: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beyond_what_wav_can_say_says_it_in_the_way_of_rf64() {
        let format = Format { channels: 2, rate: ClockRate::Hz8000 };
        let header = header(format, Some(1 << 33));
        assert_eq!((&header[..8], &header[12..16]), (&b"RF64\xFF\xFF\xFF\xFF"[..], &b"ds64"[..]));
        let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().unwrap());
        assert_eq!((number(20), number(28), number(36)), ((1 << 33) + 72, 1 << 33, 1 << 31));
        assert_eq!(&header[72..], b"data\xFF\xFF\xFF\xFF");
    }

    #[test]
    fn a_small_file_is_plain_wav() {
        let mut file = io::Cursor::new(Vec::new());
        let mut wav = WavWriter::new(&mut file, 1, ClockRate::Hz16000).unwrap();
        wav.write(&[1, -2, 3]).unwrap();
        wav.finish().unwrap();
        file.set_position(0);
        let read = hound::WavReader::new(file).unwrap();
        assert_eq!((read.spec().channels, read.spec().sample_rate), (1, 16_000));
        assert!(read.into_samples::<i16>().map(Result::unwrap).eq([1, -2, 3]));
    }
}
