//! The agent's audio, and the news that it begins to answer or that the caller speaks, found in
//! messages without a JSON tree.
//!
//! Only what leaves no doubt is recognised. Escapes in a string that matters, a key that comes
//! twice, a value of another type than expected, text after the end, anything that is not JSON:
//! all this is [`Message::Other`], for the full parser to read. Keys may come in any order, with
//! any spaces between them, among others that are not known here.

use std::fmt;

use base64::Engine as _;

use super::base64::ENGINE;
use super::scan::{Scanner, Value};

/// A message of the agent's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// `response.output_audio.delta`, also by its older name `response.audio.delta`: audio of an
    /// answer.
    ReplyAudio {
        /// The `response_id`.
        response: &'a str,
        /// The `item_id`.
        item: &'a str,
        /// The audio.
        audio: Base64<'a>,
    },
    /// `response.backchannel.audio.delta`: audio that does not take the turn.
    BackChannelAudio {
        /// The `backchannel_id`.
        id: &'a str,
        /// The audio.
        audio: Base64<'a>,
    },
    /// `response.created`: the agent has begun to answer.
    ResponseCreated {
        /// The `id` of its `response`, which is not empty.
        response: &'a str,
    },
    /// `input_audio_buffer.speech_started`: the caller has begun to speak.
    SpeechStarted {
        /// The `item_id`, where there is one.
        item: Option<&'a str>,
        /// The `audio_start_ms`, where there is one: milliseconds of audio appended before.
        audio_start_ms: Option<u64>,
    },
    /// Anything else: for the full parser.
    Other,
}

/// Recognises a message.
///
/// ```
/// use fourwire::realtime::delta::{Message, read};
///
/// let message = br#"{"type":"response.output_audio.delta","event_id":"e1","response_id":"r1",
///     "item_id":"i1","output_index":0,"content_index":0,"delta":"/////w=="}"#;
/// let Message::ReplyAudio { response: "r1", item: "i1", audio } = read(message) else { panic!() };
/// let mut bytes = Vec::new();
/// audio.decode_into(&mut bytes)?;
/// assert_eq!(bytes, [0xFF; 4]);
/// assert_eq!(read(br#"{"type":"response.done"}"#), Message::Other);
/// # Ok::<(), fourwire::realtime::delta::DeltaError>(())
/// ```
pub fn read(message: &[u8]) -> Message<'_> {
    Fields::read(message).and_then(Fields::message).unwrap_or(Message::Other)
}

/// Audio as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base64<'a>(&'a [u8]);

impl<'a> Base64<'a> {
    /// The text between the quotes. Nothing is known of it but that it holds neither quotes nor
    /// backslashes.
    pub const fn text(&self) -> &'a [u8] {
        self.0
    }

    /// How many bytes the audio has, if the text is base64.
    pub fn decoded_len(&self) -> usize {
        let padding = self.0.iter().rev().take(2).take_while(|&&byte| byte == b'=').count();
        (self.0.len() / 4 * 3).saturating_sub(padding)
    }

    /// Appends the audio to `out`. Where the text is not base64 (RFC 4648 §4, padded), `out` is
    /// left as it was.
    pub fn decode_into(&self, out: &mut Vec<u8>) -> Result<(), DeltaError> {
        let start = out.len();
        out.resize(start + self.0.len().div_ceil(4) * 3, 0);
        let decoded = ENGINE.decode_slice(self.0, &mut out[start..]);
        out.truncate(start + *decoded.as_ref().unwrap_or(&0));
        decoded.map(|_| ()).map_err(|_| DeltaError { len: self.0.len() })
    }
}

/// The audio of a message is not base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaError {
    len: usize,
}

impl fmt::Display for DeltaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} characters of a message's delta are not base64", self.len)
    }
}

impl std::error::Error for DeltaError {}

/// The messages known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Reply,
    BackChannel,
    ResponseCreated,
    SpeechStarted,
}

impl Kind {
    /// `None` for every other message, which so is not read further.
    fn new(name: &str) -> Option<Self> {
        match name {
            "response.output_audio.delta" | "response.audio.delta" => Some(Self::Reply),
            "response.backchannel.audio.delta" => Some(Self::BackChannel),
            "response.created" => Some(Self::ResponseCreated),
            "input_audio_buffer.speech_started" => Some(Self::SpeechStarted),
            _ => None,
        }
    }
}

/// The values that matter in any of the messages.
#[derive(Clone, Copy, Debug, Default)]
struct Fields<'a> {
    kind: Option<Kind>,
    created: Option<Value<'a>>,
    response: Option<Value<'a>>,
    item: Option<Value<'a>>,
    back_channel: Option<Value<'a>>,
    audio_start: Option<Value<'a>>,
    delta: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn read(message: &'a [u8]) -> Option<Self> {
        let (mut fields, mut scanner) = (Self::default(), Scanner::new(message));
        scanner.eat(b'{')?;
        loop {
            let key = scanner.key()?;
            fields.read_value(key, &mut scanner)?;
            if !scanner.eat_if(b',') {
                break;
            }
        }
        scanner.eat(b'}')?;
        scanner.peek().is_none().then_some(fields)
    }

    fn read_value(&mut self, key: &str, scanner: &mut Scanner<'a>) -> Option<()> {
        match key {
            "delta" => once(&mut self.delta, scanner.raw_string()?),
            "type" => match scanner.value()? {
                Value::Text(name) => once(&mut self.kind, Kind::new(name)?),
                _ => None,
            },
            "response" => once(&mut self.created, scanner.member("id")?),
            "response_id" => once(&mut self.response, scanner.value()?),
            "item_id" => once(&mut self.item, scanner.value()?),
            "backchannel_id" => once(&mut self.back_channel, scanner.value()?),
            "audio_start_ms" => once(&mut self.audio_start, scanner.value()?),
            _ => scanner.value().map(|_| ()),
        }
    }

    fn message(self) -> Option<Message<'a>> {
        match self.kind? {
            Kind::Reply => Some(Message::ReplyAudio {
                response: text(self.response?)?,
                item: text(self.item?)?,
                audio: Base64(self.delta?),
            }),
            Kind::BackChannel => {
                let id = text(self.back_channel?)?;
                Some(Message::BackChannelAudio { id, audio: Base64(self.delta?) })
            }
            // A delta has no business in these, and was not even looked at.
            Kind::ResponseCreated | Kind::SpeechStarted if self.delta.is_some() => None,
            Kind::ResponseCreated => {
                let response = text(self.created?).filter(|id| !id.is_empty())?;
                Some(Message::ResponseCreated { response })
            }
            Kind::SpeechStarted => Some(Message::SpeechStarted {
                item: optional(self.item, text)?,
                audio_start_ms: optional(self.audio_start, whole)?,
            }),
        }
    }
}

/// Notes a value; `None` where the key has come before.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// A value that may be absent or null; `None` where it is there and `read` refuses it.
fn optional<'a, T>(
    value: Option<Value<'a>>,
    read: impl FnOnce(Value<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match value {
        None | Some(Value::Null) => Some(None),
        Some(value) => read(value).map(Some),
    }
}

fn text(value: Value<'_>) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

/// A whole number that is not negative and written without point and exponent.
fn whole(value: Value<'_>) -> Option<u64> {
    let Value::Number(digits) = value else { return None };
    digits.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}
