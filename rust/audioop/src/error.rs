//! What may be wrong with what was asked for.

use std::fmt;

use crate::polyphase::MOST_CHANNELS;

/// Why nothing was done. The texts are those of `audioop`, since programs may read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A sample has one to four bytes.
    Width,
    /// The end of a fragment is a part of a sample, or of one for each channel.
    Frames,
    /// There is no sample of that number.
    Index,
    /// Two fragments are to be added that have different lengths.
    Lengths,
    /// A fragment of 16-bit samples has an odd number of bytes.
    Odd,
    /// What is looked for is longer than where it is looked for.
    Shorter,
    /// Two fragments are to be compared that have different lengths.
    Sizes,
    /// A stretch is longer than the fragment, or shorter than nothing.
    Stretch,
    /// There is at least one channel.
    Channels,
    /// The new sample weighs something, the one before it nothing less than nothing.
    Weights,
    /// A rate is above zero.
    Rates,
    /// A state of `ratecv` belongs to another number of channels.
    State,
    /// A state of ADPCM cannot have come from coding.
    BadState,
    /// A frame is longer than C can count.
    FrameSize,
    /// The result does not fit into memory.
    Memory,
    /// The polyphase filter has no such rate.
    PolyphaseRate(i32),
    /// The polyphase filter takes samples of two bytes.
    PolyphaseWidth(i32),
    /// The polyphase filter takes a sensible number of channels.
    PolyphaseChannels(i32),
    /// The polyphase filter does not weigh samples.
    PolyphaseWeights,
    /// A state belongs to a polyphase conversion between other rates, or of other channels.
    PolyphaseState,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Width => "Size should be 1, 2, 3 or 4",
            Self::Frames => "not a whole number of frames",
            Self::Index => "Index out of range",
            Self::Lengths => "Lengths should be the same",
            Self::Odd => "Strings should be even-sized",
            Self::Shorter => "First sample should be longer",
            Self::Sizes => "Samples should be same size",
            Self::Stretch => "Input sample should be longer",
            Self::Channels => "# of channels should be >= 1",
            Self::Weights => "weightA should be >= 1, weightB should be >= 0",
            Self::Rates => "sampling rate not > 0",
            Self::State => "illegal state argument",
            Self::BadState => "bad state",
            Self::FrameSize => "width * nchannels too big for a C int",
            Self::Memory => "not enough memory for output buffer",
            Self::PolyphaseRate(hertz) => {
                return write!(
                    f,
                    "quality \"polyphase\" knows 8000, 16000, 24000 and 48000 Hz, not {hertz}"
                );
            }
            Self::PolyphaseWidth(width) => {
                return write!(f, "quality \"polyphase\" takes samples of 2 bytes, not of {width}");
            }
            Self::PolyphaseChannels(channels) => {
                let most = MOST_CHANNELS;
                return write!(f, "quality \"polyphase\" takes {most} channels, not {channels}");
            }
            Self::PolyphaseWeights => {
                "quality \"polyphase\" has a filter of its own: leave weightA 1 and weightB 0"
            }
            Self::PolyphaseState => {
                "state is of a conversion between other rates or of other channels"
            }
        })
    }
}

impl std::error::Error for Error {}
