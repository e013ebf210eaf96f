//! The caller's samples, cut and written as the agent wants them.

use std::time::Duration;

use crate::realtime::append::AppendBuilder;
use crate::sound::Splicer;
use crate::{AudioFormat, ClockRate, Moment};

/// Samples in at the wire's rate, chunks of equal length out in the agent's format.
pub struct Forwarder {
    format: AudioFormat,
    shape: Shape,
    splicer: Splicer,
    builder: AppendBuilder,
    resampled: Vec<i16>,
    /// Audio in the agent's format, of which the first `sent` bytes have gone out.
    waiting: Vec<u8>,
    sent: usize,
    chunk: usize,
    message: Vec<u8>,
    arrival: Moment,
}

/// How a chunk leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As an `input_audio_buffer.append` message, ready for the WebSocket.
    Append,
    /// As the bytes of the audio themselves.
    Audio,
}

impl Forwarder {
    /// A forwarder of chunks of `length`, from 10 ms to a second, in `format`, from samples at `wire`.
    pub fn new(wire: ClockRate, format: AudioFormat, length: Duration, shape: Shape) -> Self {
        let chunk = format.rate().samples_in(length.clamp(SHORTEST, LONGEST)) * format.width();
        Self {
            format,
            shape,
            splicer: Splicer::new(wire, format.rate()),
            builder: AppendBuilder::new(),
            resampled: Vec::new(),
            waiting: Vec::with_capacity(2 * chunk),
            sent: 0,
            chunk,
            message: Vec::new(),
            arrival: Moment::default(),
        }
    }

    /// Take in samples at another rate from now on.
    pub fn renegotiate(&mut self, wire: ClockRate) {
        self.splicer.change(wire);
    }

    /// Take in samples that arrived at `arrival`.
    pub fn feed(&mut self, pcm: &[i16], arrival: Moment) {
        self.arrival = arrival;
        self.waiting.drain(..self.sent);
        self.sent = 0;
        self.resampled.clear();
        self.splicer.process(pcm, &mut self.resampled);
        self.format.encode_into(&self.resampled, &mut self.waiting);
    }

    /// Makes the next chunk ready if there is enough audio for it; [`chunk`](Self::chunk) then
    /// shows it. Call until false.
    #[must_use]
    pub fn advance(&mut self) -> bool {
        let end = self.sent + self.chunk;
        let Some(audio) = self.waiting.get(self.sent..end) else { return false };
        match self.shape {
            Shape::Append => self.builder.build(audio, &mut self.message),
            Shape::Audio => {
                self.message.clear();
                self.message.extend_from_slice(audio);
            }
        }
        self.sent = end;
        true
    }

    /// The chunk made ready last.
    pub fn chunk(&self) -> &[u8] {
        &self.message
    }

    /// How chunks leave.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// When the samples that completed the last chunk arrived.
    pub fn arrival(&self) -> Moment {
        self.arrival
    }
}

/// The shortest chunk: less than a packet makes no sense, and none at all would never end.
const SHORTEST: Duration = Duration::from_millis(10);

/// The longest chunk: more of it would be no conversation.
const LONGEST: Duration = Duration::from_secs(1);
