//! The caller's audio as `input_audio_buffer.append` messages.

use base64::Engine as _;

use super::base64::ENGINE;

const HEAD: &[u8] = br#"{"type":"input_audio_buffer.append","audio":""#;
const TAIL: &[u8] = br#""}"#;

/// Builds messages ready for the WebSocket.
///
/// ```
/// use fourwire::realtime::append::AppendBuilder;
/// let mut message = Vec::new();
/// AppendBuilder::new().build(&[0xFF, 0xFF, 0xFF], &mut message);
/// assert_eq!(message, br#"{"type":"input_audio_buffer.append","audio":"////"}"#);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AppendBuilder;

impl AppendBuilder {
    /// A builder.
    pub const fn new() -> Self {
        Self
    }

    /// Replaces what `out` holds with the message that carries `audio`, which is in whatever
    /// format the session was told. UTF-8; takes no memory where `out` has held one as long.
    pub fn build(&self, audio: &[u8], out: &mut Vec<u8>) {
        // Every byte is written below: what an earlier message left need not be cleared.
        out.resize(HEAD.len() + encoded_len(audio.len()) + TAIL.len(), 0);
        let (head, rest) = out.split_at_mut(HEAD.len());
        let (body, tail) = rest.split_at_mut(rest.len() - TAIL.len());
        head.copy_from_slice(HEAD);
        tail.copy_from_slice(TAIL);
        let encoded = ENGINE.encode_slice(audio, body);
        debug_assert_eq!(encoded, Ok(encoded_len(audio.len())), "the room was made for it");
    }
}

/// Four characters for every three bytes begun.
const fn encoded_len(len: usize) -> usize {
    len.div_ceil(3) * 4
}
