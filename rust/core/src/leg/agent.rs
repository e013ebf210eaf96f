//! What the agent says to a leg, and through it.

use super::Leg;
use crate::realtime::delta::{self, Message};
use crate::speak::Said;

impl Leg {
    /// Learn that the agent has begun `response`, before any of its audio.
    pub fn begin_response(&mut self, response: &str) {
        self.speaker.playout.begin_response(response);
    }

    /// Speak `audio` of `item` of `response`, in the bridge's output format.
    pub fn say(&mut self, response: &str, item: &str, audio: &[u8]) -> Said {
        if self.bridge.is_none() {
            return self.speaker.playout.refuse(audio);
        }
        self.speaker.playout.say(response, item, audio)
    }

    /// Mix `audio`, in the bridge's back-channel format, under what is spoken.
    pub fn say_back_channel(&mut self, audio: &[u8]) -> Said {
        if self.bridge.is_none() {
            return self.speaker.playout.refuse(audio);
        }
        self.speaker.playout.say_back_channel(audio)
    }

    /// Take in a message of the agent as it came from the WebSocket. True where it was audio and is
    /// done with; every other message is for the session's parser, also `response.created`, of which
    /// the leg knows then, and `speech_started`, on which it has fallen silent.
    pub fn receive_message(&mut self, message: &[u8]) -> bool {
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        let consumed = self.hear_agent(message, &mut decoded);
        self.decoded = decoded;
        consumed
    }

    fn hear_agent(&mut self, message: &[u8], decoded: &mut Vec<u8>) -> bool {
        match delta::read(message) {
            Message::ReplyAudio { response, item, audio } => {
                let readable = self.count_unreadable(audio.decode_into(decoded).is_ok());
                if readable {
                    self.say(response, item, decoded);
                }
                readable
            }
            Message::BackChannelAudio { audio, .. } => {
                let readable = self.count_unreadable(audio.decode_into(decoded).is_ok());
                if readable {
                    self.say_back_channel(decoded);
                }
                readable
            }
            Message::ResponseCreated { response } => {
                self.begin_response(response);
                false
            }
            Message::SpeechStarted { .. } => {
                self.barge_in();
                false
            }
            Message::Other => false,
        }
    }

    fn count_unreadable(&mut self, readable: bool) -> bool {
        self.counters.malformed_messages += u64::from(!readable);
        readable
    }
}
