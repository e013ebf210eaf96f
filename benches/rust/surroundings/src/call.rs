//! One call as its surroundings know it: what its phone sent and heard, what its agent said when.

/// Different payloads that a phone sends in turn, each told from the others by its first byte.
///
/// Far more time passes before one comes again than a packet may be under way.
pub const MARKS: usize = 32;

/// A loud tone of 4 kHz: never mistaken for silence, and its level is the mark.
pub fn payload(mark: usize) -> [u8; 160] {
    let positive = 0x80 | mark as u8;
    std::array::from_fn(|at| if at % 2 == 0 { positive } else { positive & 0x7F })
}

/// The mark of a payload that begins with this byte.
pub fn mark_of(byte: u8) -> Option<usize> {
    let mark = usize::from(byte & 0x7F);
    (mark < MARKS).then_some(mark)
}

/// What is noted of one call, all times by the wall clock in nanoseconds.
#[derive(Default)]
pub struct Call {
    /// When the phone last sent each mark.
    pub sent_at: [u64; MARKS],
    /// When its last packet came.
    pub heard_at: Option<u64>,
    /// When the last packet came that holds anything but silence.
    pub spoken_at: u64,
    /// When the agent told that the caller speaks, and how long that took.
    pub interrupted: Option<Sent>,
    /// When the agent began to speak.
    pub began: Option<Sent>,
    /// When the first packet of what it began came to the phone.
    pub began_to_hear_at: Option<u64>,
}

/// When a message was given to the kernel.
#[derive(Clone, Copy)]
pub struct Sent {
    pub at: u64,
    /// How long it took to give it, in which this program may have been held up.
    pub within: u64,
}

impl Call {
    /// Notes that a packet came to the phone; gives how long after the one before it.
    pub fn hear(&mut self, at: u64, is_speech: bool) -> Option<u64> {
        let gap = self.heard_at.replace(at).map(|before| at.saturating_sub(before));
        if is_speech {
            self.hear_speech(at);
        }
        gap
    }

    /// How long ago the packet left whose payload begins with this byte.
    pub fn age(&self, first: u8, at: u64) -> Option<u64> {
        let sent = self.sent_at[mark_of(first)?];
        (sent > 0).then(|| at.saturating_sub(sent))
    }

    /// From the interruption to the last packet of speech.
    ///
    /// None where the agent was not heard when it was interrupted, so that nothing was to fall silent.
    pub fn fell_silent_within(&self) -> Option<u64> {
        let at = self.interrupted?.at;
        (self.spoken_at + SPEAKING_WITHIN_NS >= at).then(|| self.spoken_at.saturating_sub(at))
    }

    /// From the first message of what the agent says to the first packet of it.
    pub fn began_to_hear_within(&self) -> Option<u64> {
        Some(self.began_to_hear_at?.saturating_sub(self.began?.at))
    }

    fn hear_speech(&mut self, at: u64) {
        self.spoken_at = self.spoken_at.max(at);
        if let Some(began) = self.began
            && self.began_to_hear_at.is_none()
            && at >= began.at
        {
            self.began_to_hear_at = Some(at);
        }
    }
}

/// An agent whose last sound is older than this was pausing, not being interrupted.
const SPEAKING_WITHIN_NS: u64 = 100_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payload_is_told_by_its_first_byte_and_holds_no_silence() {
        for mark in 0..MARKS {
            let bytes = payload(mark);
            assert!(bytes.iter().all(|&byte| mark_of(byte) == Some(mark) && byte != 0xFF));
        }
        assert_eq!(mark_of(0xFF), None);
    }

    #[test]
    fn what_an_agent_begins_to_say_is_heard_with_the_first_packet_of_speech_after_it() {
        let mut call = Call { began: Some(Sent { at: 100, within: 1 }), ..Call::default() };
        call.hear(90, true);
        call.hear(110, false);
        call.hear(130, true);
        call.hear(150, true);
        assert_eq!((call.began_to_hear_within(), call.spoken_at), (Some(30), 150));
    }

    #[test]
    fn an_agent_that_was_not_heard_has_nothing_to_fall_silent_with() {
        let told = Some(Sent { at: 1_000_000_000, within: 1 });
        let mut call = Call { interrupted: told, ..Call::default() };
        assert_eq!(call.fell_silent_within(), None);
        call.hear(990_000_000, true);
        assert_eq!(call.fell_silent_within(), Some(0));
        call.hear(1_012_000_000, true);
        call.hear(1_032_000_000, false);
        assert_eq!(call.fell_silent_within(), Some(12_000_000));
    }
}
