//! The session of one call: an agent that speaks without pause and can be interrupted.
//!
//! What it says was written down from the protocol, so that a mistake of a client is not answered by
//! the same mistake here.

use std::io;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use serde_json::{Value, json};
use tungstenite::{Error, Message, Utf8Bytes, WebSocket};

use crate::call::{Call, Sent};
use crate::figures::Figures;
use crate::kernel::now_ns;
use crate::stream::Stream;

/// What one message of speech holds.
const CHUNK: Duration = Duration::from_millis(200);

/// Messages of speech that come at once when a reply begins: faster than real time, so there is
/// something to cut.
const AHEAD: usize = 6;

const CREATED: &str =
    r#"{"type":"session.created","event_id":"e","session":{"id":"s","type":"realtime"}}"#;
const SPEECH_STARTED: &str = r#"{"type":"input_audio_buffer.speech_started","event_id":"e","item_id":"u","audio_start_ms":0}"#;

const SPEECH_STOPPED: &str =
    r#"{"type":"input_audio_buffer.speech_stopped","event_id":"e","item_id":"u","audio_end_ms":0}"#;

pub struct Session {
    pub call: usize,
    pub heard_bytes: usize,
    web: WebSocket<Stream>,
    chunk: String,
    is_pcmu: bool,
    is_set_up: bool,
    response: u32,
    delta: Utf8Bytes,
    /// When it speaks again; none where it is silent.
    due: Option<Instant>,
}

impl Session {
    /// The session of a call on a connection that is open, and does not block.
    pub fn new(mut web: WebSocket<Stream>, call: usize) -> Self {
        // What cannot be sent shows as a call whose agent hears nothing.
        let _ = web.send(Message::text(CREATED));
        Self {
            call,
            heard_bytes: 0,
            web,
            chunk: String::new(),
            is_pcmu: false,
            is_set_up: false,
            response: 0,
            delta: Utf8Bytes::from_static(""),
            due: None,
        }
    }

    pub fn stream(&self) -> &Stream {
        self.web.get_ref()
    }

    /// Whether the client has said what it wants.
    pub fn is_set_up(&self) -> bool {
        self.is_set_up
    }

    /// Takes all that has come; an error where the connection is over.
    pub fn take(&mut self, call: &Call, figures: &mut Figures) -> Result<(), Error> {
        loop {
            match self.web.read() {
                Ok(Message::Text(text)) => self.receive(&text, call, figures),
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Says the next chunk where it is due.
    pub fn speak_due(&mut self, now: Instant, figures: &mut Figures) {
        if let Some(due) = self.due
            && due <= now
        {
            figures.late.note_ns((now - due).as_nanos() as u64);
            self.due = Some(due + CHUNK);
            self.say(figures);
        }
    }

    /// Begins to speak, once the caller has ended where that was said to speak.
    pub fn begin(&mut self, now: Instant, call: &mut Call, figures: &mut Figures) {
        if call.interrupted.is_some() {
            self.send(Utf8Bytes::from_static(SPEECH_STOPPED));
        }
        self.response += 1;
        let (response, item) =
            (format!("resp_{}", self.response), format!("item_{}", self.response));
        let created = json!({
            "type": "response.created",
            "event_id": "e",
            "response": {
                "id": response,
                "object": "realtime.response",
                "status": "in_progress",
                "output": [],
            },
        });
        self.delta = json!({
            "type": "response.output_audio.delta",
            "event_id": "e",
            "response_id": response,
            "item_id": item,
            "output_index": 0,
            "content_index": 0,
            "delta": self.chunk,
        })
        .to_string()
        .into();
        self.send(Utf8Bytes::from(created.to_string()));
        let at = now_ns();
        self.say(figures);
        (call.began, call.began_to_hear_at) = (Some(since(at)), None);
        for _ in 1..AHEAD {
            self.say(figures);
        }
        self.due = Some(now + CHUNK);
    }

    /// Tells that the caller speaks, and falls silent.
    pub fn interrupt(&mut self, call: &mut Call) {
        self.due = None;
        let at = now_ns();
        self.send(Utf8Bytes::from_static(SPEECH_STARTED));
        call.interrupted = Some(since(at));
    }

    fn receive(&mut self, text: &str, call: &Call, figures: &mut Figures) {
        let head = &text.as_bytes()[..text.len().min(120)];
        if memmem::find(head, b"input_audio_buffer.append").is_some() {
            self.heard_bytes += text.len();
            figures.to_agent_bytes += text.len();
            if self.is_pcmu {
                self.note_age(text.as_bytes(), call, figures);
            }
            return;
        }
        let event: Value = serde_json::from_str(text).unwrap_or_default();
        if event["type"] == "session.update" {
            let answer =
                json!({"type": "session.updated", "event_id": "e", "session": event["session"]});
            self.send(Utf8Bytes::from(answer.to_string()));
            self.set_up(&event["session"]["audio"]["output"]["format"]);
        }
    }

    fn set_up(&mut self, format: &Value) {
        self.is_set_up = true;
        self.is_pcmu = format["type"] == "audio/pcmu";
        let rate = if self.is_pcmu { 8000 } else { format["rate"].as_u64().unwrap_or(24_000) };
        let sample: &[u8] = if self.is_pcmu { &[0xA0, 0x20] } else { &[0x00, 0x20, 0x00, 0x20] };
        let samples = rate as usize * CHUNK.as_millis() as usize / 1000;
        self.chunk = STANDARD.encode(sample.repeat(samples / 2));
    }

    /// Notes how old the first packet is that an append holds.
    fn note_age(&self, text: &[u8], call: &Call, figures: &mut Figures) {
        let at = self.web.get_ref().arrived_at();
        match first_byte(text).and_then(|first| call.age(first, at)) {
            Some(age) => figures.appends.note_ns(age),
            None => figures.unmarked += 1,
        }
    }

    fn say(&mut self, figures: &mut Figures) {
        figures.from_agent_bytes += self.delta.len();
        self.send(self.delta.clone());
    }

    /// Sends now, or as soon as the client takes it.
    fn send(&mut self, text: Utf8Bytes) {
        // A connection that is over is found out where it is read.
        let _ = self.web.send(Message::Text(text));
    }
}

/// The first byte of the audio of an append.
fn first_byte(text: &[u8]) -> Option<u8> {
    let after = memmem::find(text, br#""audio""#)? + 7;
    let quote = after + memchr::memchr(b'"', &text[after..])? + 1;
    let mut bytes = [0; 3];
    STANDARD.decode_slice(text.get(quote..quote + 4)?, &mut bytes).ok()?;
    Some(bytes[0])
}

fn since(at: u64) -> Sent {
    Sent { at, within: now_ns().saturating_sub(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_of_an_append_is_found_wherever_it_stands() {
        let plain = br#"{"type":"input_audio_buffer.append","audio":"kBA="}"#;
        let spaced = br#"{"event_id": "e", "type": "input_audio_buffer.append", "audio": "kBAQ"}"#;
        assert_eq!((first_byte(plain), first_byte(spaced)), (Some(0x90), Some(0x90)));
        assert_eq!(first_byte(br#"{"audio":""#), None);
    }
}
