//! `fourwire._core`: arguments in, one call, result out. What things are is told in `_core.pyi`.

mod audioop;
mod buffer;
mod early_barge_in;
mod engine;
mod error;
mod event;
mod g722;
mod key_tones;
mod leg;
mod level;
mod link;
mod listen;
mod lock;
mod network;
#[cfg(feature = "opus")]
mod opus;
mod pattern;
mod playout_buffer;
mod realtime;
mod sound;
mod speak;
mod srtp;
mod tone;
mod voice_activity;
mod wire;
mod word;

use pyo3::prelude::*;

/// The audio of a call, in Rust.
#[pymodule]
mod _core {
    #[pymodule_export]
    use crate::audioop::audioop;
    #[pymodule_export]
    use crate::early_barge_in::EarlyBargeIn;
    #[pymodule_export]
    use crate::engine::{Engine, LiveLeg, Port};
    #[pymodule_export]
    use crate::error::{PortsExhausted, SrtpError};
    #[pymodule_export]
    use crate::event::{
        Audio, ClearedEarly, Closed, Drained, Ducked, Goodbye, Interruption, Key, Latched,
        LinkClosed, LinkHalted, LinkParted, LinkRelieved, Played, Recorded, RecordingFailed,
        RecordingStarted, RecordingStopped, ReplyEnded, ReplyStarted, Restored, Rtcp, Rtp,
        RtpResumed, RtpStopped, Unbridged,
    };
    #[pymodule_export]
    use crate::g722::{G722Decoder, G722Encoder};
    #[pymodule_export]
    use crate::key_tones::KeyTones;
    #[pymodule_export]
    use crate::leg::{Leg, LegConfig};
    #[pymodule_export]
    use crate::level::{Levels, clipped, is_silent, level_dbov, levels, peak, rms};
    #[pymodule_export]
    use crate::link::{LiveLink, OpenedLink};
    #[pymodule_export]
    use crate::listen::Dejitter;
    #[pymodule_export]
    use crate::network::Network;
    #[cfg(feature = "opus")]
    #[pymodule_export]
    use crate::opus::{Opus, OpusDecoder, OpusEncoder};
    #[pymodule_export]
    use crate::pattern::Pattern;
    #[pymodule_export]
    use crate::playout_buffer::PlayoutBuffer;
    #[pymodule_export]
    use crate::realtime::append_message;
    #[pymodule_export]
    use crate::sound::{Converter, Resampler, decode_pcma, decode_pcmu, encode_pcma, encode_pcmu};
    #[pymodule_export]
    use crate::speak::Playout;
    #[pymodule_export]
    use crate::srtp::{SrtpKeys, SrtpReceiver, SrtpSender};
    #[pymodule_export]
    use crate::tone::tone;
    #[pymodule_export]
    use crate::voice_activity::VoiceActivity;
    #[pymodule_export]
    use crate::wire::{RtpPacket, is_rtcp};
}
