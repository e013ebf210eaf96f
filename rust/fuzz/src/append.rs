//! Messages to the agent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fourwire::realtime::append::AppendBuilder;
use serde_json::{Value, json};

/// A JSON parser reads what was written, and finds the audio to the byte.
pub fn check(audio: &[u8]) {
    let mut message = Vec::new();
    AppendBuilder::new().build(audio, &mut message);
    let read: Value = serde_json::from_slice(&message).expect("JSON was written");
    let coded = STANDARD.encode(audio);
    assert_eq!(read, json!({"type": "input_audio_buffer.append", "audio": coded}));
}
