//! Conversion between sample rates by drawing a line from each sample to the next: what `audioop`
//! does. There is no filter, so what the new rate cannot carry comes back as other tones.

use crate::fragment::{each, each_mut};
use crate::sample::{by_width, narrow, truncated, wide};
use crate::{Error, Width};

/// What a conversion is asked for by, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Bytes of a sample.
    pub width: i32,
    /// Samples of a frame.
    pub channels: i32,
    /// Frames a second that come in, or anything in proportion.
    pub inrate: i32,
    /// Frames a second that go out.
    pub outrate: i32,
    /// What a new sample weighs.
    pub weight_a: i32,
    /// What the one before it weighs.
    pub weight_b: i32,
}

/// A fragment on its way from one rate to another.
#[derive(Clone, Copy, Debug)]
pub struct Conversion<'a> {
    bytes: &'a [u8],
    width: Width,
    channels: usize,
    inrate: i32,
    outrate: i32,
    /// The share of a new sample and of the one before; `None` where the new one is all.
    weights: Option<(f64, f64)>,
}

/// Where a stream stands between two fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// How far the next sample out lies behind the last one in, in parts of the time between two.
    pub position: i32,
    /// The last two samples of each channel, the older one first, as 32 bits.
    pub channels: Vec<[i32; 2]>,
}

impl<'a> Conversion<'a> {
    /// A conversion of `bytes`.
    ///
    /// # Errors
    /// Where a number is out of its range, or where a frame is cut off.
    pub fn new(bytes: &'a [u8], request: Request) -> Result<Self, Error> {
        let width = Width::new(request.width)?;
        let channels = usize::try_from(request.channels).unwrap_or(0);
        if channels == 0 {
            return Err(Error::Channels);
        }
        let frame = request.width.checked_mul(request.channels).ok_or(Error::FrameSize)?;
        if request.weight_a < 1 || request.weight_b < 0 {
            return Err(Error::Weights);
        }
        if !bytes.len().is_multiple_of(frame as usize) {
            return Err(Error::Frames);
        }
        if request.inrate <= 0 || request.outrate <= 0 {
            return Err(Error::Rates);
        }
        let (inrate, outrate) = lowest_terms(request.inrate, request.outrate);
        let (new, old) = lowest_terms(request.weight_a, request.weight_b);
        let weights = (old > 0).then(|| (new.into(), old.into()));
        Ok(Self { bytes, width, channels, inrate, outrate, weights })
    }

    /// The state before the first fragment: silence.
    ///
    /// # Errors
    /// Where there is no memory for as many channels.
    pub fn begin(&self) -> Result<State, Error> {
        let mut channels = Vec::new();
        channels.try_reserve_exact(self.channels).map_err(|_| Error::Memory)?;
        channels.resize(self.channels, [0; 2]);
        Ok(State { position: -self.outrate, channels })
    }

    /// Fails where a state of `channels` channels is none of this conversion's.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn require_channels(&self, channels: usize) -> Result<(), Error> {
        if channels == self.channels { Ok(()) } else { Err(Error::State) }
    }

    /// How many bytes come out after `state`.
    ///
    /// # Errors
    /// Where nobody has as much memory.
    pub fn length(&self, state: &State) -> Result<usize, Error> {
        let end = i128::from(state.position) + self.frames() as i128 * i128::from(self.outrate);
        let frames = if end < 0 { 0 } else { end / i128::from(self.inrate) + 1 };
        let bytes = frames * (self.channels * self.width.bytes()) as i128;
        isize::try_from(bytes).map(isize::cast_unsigned).map_err(|_| Error::Memory)
    }

    /// Converts; `out` has [`Conversion::length`] bytes, and `state` as many channels as there are.
    pub fn run(&self, state: &mut State, out: &mut [u8]) {
        by_width!(self.width, W => self.convert::<W>(state, out));
    }

    pub(crate) fn frames(&self) -> usize {
        self.bytes.len() / (self.channels * self.width.bytes())
    }

    fn convert<const W: usize>(&self, state: &mut State, out: &mut [u8]) {
        let (samples, out) = (each::<W>(self.bytes), each_mut::<W>(out));
        let mut position = state.position;
        for (channel, pair) in state.channels.iter_mut().enumerate() {
            let samples = samples.iter().skip(channel).step_by(self.channels);
            let out = out.iter_mut().skip(channel).step_by(self.channels);
            let mut line = Line { conversion: self, position: state.position, pair: *pair, out };
            line.draw();
            samples.for_each(|&sample| line.reach(wide(sample)));
            (position, *pair) = (line.position, line.pair);
        }
        state.position = position;
    }

    #[inline(always)]
    fn between(&self, [old, new]: [i32; 2], position: i32) -> i32 {
        let behind = f64::from(old) * f64::from(position);
        let ahead = f64::from(new) * f64::from(self.outrate.wrapping_sub(position));
        truncated((behind + ahead) / f64::from(self.outrate))
    }

    #[inline(always)]
    fn weighed(&self, new: i32, old: i32) -> i32 {
        let Some((a, b)) = self.weights else { return new };
        truncated((a * f64::from(new) + b * f64::from(old)) / (a + b))
    }
}

/// One channel: a line from each sample to the next.
struct Line<'a, O> {
    conversion: &'a Conversion<'a>,
    position: i32,
    pair: [i32; 2],
    out: O,
}

impl<'o, const W: usize, O: Iterator<Item = &'o mut [u8; W]>> Line<'_, O> {
    /// Goes on to `sample`.
    #[inline(always)]
    fn reach(&mut self, sample: i32) {
        self.pair = [self.pair[1], self.conversion.weighed(sample, self.pair[1])];
        self.position += self.conversion.outrate;
        self.draw();
    }

    /// Writes the samples that lie before the last one in.
    #[inline(always)]
    fn draw(&mut self) {
        while self.position >= 0 {
            if let Some(out) = self.out.next() {
                *out = narrow(self.conversion.between(self.pair, self.position));
            }
            self.position -= self.conversion.inrate;
        }
    }
}

/// Both divided by the largest number that divides both.
fn lowest_terms(a: i32, b: i32) -> (i32, i32) {
    let (mut common, mut rest) = (a, b);
    while rest > 0 {
        (common, rest) = (rest, common % rest);
    }
    (a / common, b / common)
}
