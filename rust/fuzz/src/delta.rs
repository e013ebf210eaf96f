//! Messages of the agent as they come, beside a JSON parser that does it all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fourwire::realtime::delta::{Base64, Message, read};
use serde_json::{Map, Value};

/// What a message says, by whichever reader.
#[derive(Debug, PartialEq)]
enum Said {
    Reply { response: String, item: String, audio: Vec<u8> },
    BackChannel { id: String, audio: Vec<u8> },
    ResponseCreated(String),
    SpeechStarted { item: Option<String>, audio_start_ms: Option<u64> },
}

/// What is recognised says the same to the full parser; all else is left to that, also what has
/// no audio in it where it should.
pub fn check(message: &[u8]) {
    if let Some(said) = ours(message) {
        assert_eq!(theirs(message), Some(said));
    }
}

fn ours(message: &[u8]) -> Option<Said> {
    Some(match read(message) {
        Message::ReplyAudio { response, item, audio } => {
            Said::Reply { response: response.into(), item: item.into(), audio: decoded(audio)? }
        }
        Message::BackChannelAudio { id, audio } => {
            Said::BackChannel { id: id.into(), audio: decoded(audio)? }
        }
        Message::ResponseCreated { response } => Said::ResponseCreated(response.into()),
        Message::SpeechStarted { item, audio_start_ms } => {
            Said::SpeechStarted { item: item.map(Into::into), audio_start_ms }
        }
        Message::Other => return None,
    })
}

fn decoded(audio: Base64<'_>) -> Option<Vec<u8>> {
    let mut bytes = vec![7];
    let result = audio.decode_into(&mut bytes);
    assert_eq!(bytes[0], 7, "what was there is kept");
    assert_eq!(bytes.len(), if result.is_ok() { 1 + audio.decoded_len() } else { 1 });
    result.is_ok().then(|| bytes.split_off(1))
}

fn theirs(message: &[u8]) -> Option<Said> {
    let fields: Map<String, Value> = serde_json::from_slice(message).ok()?;
    let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
    let audio = || text("delta").and_then(|delta| STANDARD.decode(delta).ok());
    Some(match text("type")?.as_str() {
        "response.output_audio.delta" | "response.audio.delta" => {
            Said::Reply { response: text("response_id")?, item: text("item_id")?, audio: audio()? }
        }
        "response.backchannel.audio.delta" => {
            Said::BackChannel { id: text("backchannel_id")?, audio: audio()? }
        }
        "response.created" => {
            let id = fields.get("response")?.get("id")?.as_str()?;
            Said::ResponseCreated((!id.is_empty()).then(|| id.to_owned())?)
        }
        "input_audio_buffer.speech_started" => Said::SpeechStarted {
            item: text("item_id"),
            audio_start_ms: fields.get("audio_start_ms").and_then(Value::as_u64),
        },
        _ => return None,
    })
}
