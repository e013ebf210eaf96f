//! Conversion between the rates of telephony by fourwire's own filter, asked for like `ratecv`.

use fourwire::ClockRate;
use fourwire::sound::resampler::{Preset, Resampler};

use crate::Error;
use crate::fragment::each;
use crate::ratecv::{self, Request};

/// A fragment on its way from one rate to another.
#[derive(Clone, Copy, Debug)]
pub struct Conversion<'a> {
    bytes: &'a [u8],
    rates: [ClockRate; 2],
    channels: usize,
}

/// Where a stream stands between two fragments.
#[derive(Clone)]
pub struct State {
    rates: [ClockRate; 2],
    channels: Vec<Resampler>,
}

impl<'a> Conversion<'a> {
    /// A conversion of `bytes`, which are refused for the reasons of [`ratecv`] first.
    ///
    /// # Errors
    /// Where the filter does not have what is asked for.
    pub fn new(bytes: &'a [u8], request: Request) -> Result<Self, Error> {
        ratecv::Conversion::new(bytes, request)?;
        if request.width != 2 {
            return Err(Error::PolyphaseWidth(request.width));
        }
        if request.channels > MOST_CHANNELS {
            return Err(Error::PolyphaseChannels(request.channels));
        }
        if (request.weight_a, request.weight_b) != (1, 0) {
            return Err(Error::PolyphaseWeights);
        }
        let rates = [rate(request.inrate)?, rate(request.outrate)?];
        Ok(Self { bytes, rates, channels: request.channels as usize })
    }

    /// The state before the first fragment: silence.
    pub fn begin(&self) -> State {
        let resampler = Resampler::new(self.rates[0], self.rates[1], Preset::Standard);
        State { rates: self.rates, channels: vec![resampler; self.channels] }
    }

    /// A state to go on from; `state` itself stays as it is.
    ///
    /// # Errors
    /// Where `state` is of another kind of conversion.
    pub fn resume(&self, state: &State) -> Result<State, Error> {
        if state.rates == self.rates && state.channels.len() == self.channels {
            Ok(state.clone())
        } else {
            Err(Error::PolyphaseState)
        }
    }

    /// Converts.
    pub fn run(&self, state: &mut State) -> Vec<u8> {
        let frames = each::<2>(self.bytes).chunks_exact(self.channels);
        let mut out = Vec::new();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for (channel, resampler) in state.channels.iter_mut().enumerate() {
            before.clear();
            after.clear();
            before.extend(frames.clone().map(|frame| i16::from_ne_bytes(frame[channel])));
            resampler.process(&before, &mut after);
            out.resize(after.len() * self.channels, [0; 2]);
            for (frame, sample) in out.chunks_exact_mut(self.channels).zip(&after) {
                frame[channel] = sample.to_ne_bytes();
            }
        }
        out.into_flattened()
    }
}

/// More channels than any recording of calls has.
pub const MOST_CHANNELS: i32 = 64;

fn rate(hertz: i32) -> Result<ClockRate, Error> {
    let known = u32::try_from(hertz).ok().and_then(ClockRate::new);
    known.ok_or(Error::PolyphaseRate(hertz))
}
