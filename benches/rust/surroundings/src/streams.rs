//! Phones of a carrier that sends calls as Twilio's Media Streams: JSON on a WebSocket for each call.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use serde_json::json;
use tungstenite::{Message, WebSocket};

use crate::call::{Call, MARKS, payload};
use crate::figures::Figures;
use crate::phones::{Turns, is_speech};
use crate::stream::Stream;

/// All streams; none before they are opened.
pub struct Streams {
    webs: Vec<WebSocket<Stream>>,
    payloads: [String; MARKS],
    turns: Turns,
    poll: Poll,
    events: Events,
}

impl Streams {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            webs: Vec::new(),
            payloads: std::array::from_fn(|mark| STANDARD.encode(payload(mark))),
            turns: Turns::new(Instant::now(), 0),
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
        })
    }

    /// Opens a stream for each call, one after the other, to a system that listens here.
    pub fn open(&mut self, port: u16, calls: usize) -> Result<(), Box<dyn Error>> {
        for call in 0..calls {
            let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            let stream = Stream::new(socket, None)?;
            let (mut web, _) =
                tungstenite::client(format!("ws://127.0.0.1:{port}/{call}"), stream)?;
            web.send(Message::text(
                r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#,
            ))?;
            web.send(Message::text(start(call)))?;
            web.get_ref().socket().set_nonblocking(true)?;
            let fd = web.get_ref().socket().as_raw_fd();
            self.poll.registry().register(&mut SourceFd(&fd), Token(call), Interest::READABLE)?;
            self.webs.push(web);
        }
        self.turns = Turns::new(Instant::now(), calls);
        Ok(())
    }

    /// Sends all messages that are due.
    pub fn send_due(&mut self, now: Instant, figures: &mut Figures) {
        while let Some((call, round, late)) = self.turns.next(now) {
            figures.late.note_ns(late.as_nanos() as u64);
            let message = format!(
                r#"{{"event":"media","sequenceNumber":"{}","media":{{"track":"inbound","chunk":"{}","timestamp":"{}","payload":"{}"}},"streamSid":"{}"}}"#,
                round + 2,
                round + 1,
                round * 20,
                self.payloads[round % MARKS],
                sid(call),
            );
            // A stream that is over is one whose phone hears nothing any more.
            let _ = self.webs[call].send(Message::text(message));
        }
    }

    /// Notes all speech that has come.
    pub fn take(&mut self, calls: &mut [Call], figures: &mut Figures) -> io::Result<()> {
        if self.webs.is_empty() {
            return Ok(());
        }
        self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
        for event in &self.events {
            let call = event.token().0;
            while let Ok(message) = self.webs[call].read() {
                let Message::Text(text) = message else { continue };
                let at = self.webs[call].get_ref().arrived_at();
                if let Some(audio) = audio(text.as_bytes()) {
                    figures.to_phone_bytes += audio.len();
                    if let Some(gap) = calls[call].hear(at, is_speech(&audio)) {
                        figures.gaps.note_ns(gap);
                    }
                }
            }
        }
        Ok(())
    }
}

fn sid(call: usize) -> String {
    format!("MZ{call:032x}")
}

fn start(call: usize) -> String {
    json!({
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "accountSid": "AC",
            "streamSid": sid(call),
            "callSid": format!("CA{call:032x}"),
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {},
        },
        "streamSid": sid(call),
    })
    .to_string()
}

/// The audio of a message, if it has some.
fn audio(text: &[u8]) -> Option<Vec<u8>> {
    let after = memmem::find(text, br#""payload""#)? + 9;
    let begin = after + memchr::memchr(b'"', &text[after..])? + 1;
    let end = begin + memchr::memchr(b'"', &text[begin..])?;
    STANDARD.decode(&text[begin..end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_is_found_in_media_and_in_nothing_else() {
        let media = br#"{"event": "media", "streamSid": "MZ", "media": {"payload": "/38="}}"#;
        assert_eq!(audio(media), Some(vec![0xFF, 0x7F]));
        assert_eq!(audio(br#"{"event": "clear", "streamSid": "MZ"}"#), None);
    }
}
