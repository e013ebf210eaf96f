//! Messages that wait because the network stands still.

use std::collections::VecDeque;

use tungstenite::Bytes;

/// One queue, so that order is kept; of audio, the oldest goes where there is too much of it.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    frames: VecDeque<(Bytes, Kind)>,
    audio: usize,
    bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Command,
    Audio,
}

impl Waiting {
    /// Queues a message; how many older ones had to go.
    pub(super) fn push(&mut self, frame: Bytes, kind: Kind) -> u64 {
        let full = kind == Kind::Audio && self.audio >= MOST_AUDIO;
        if full {
            self.drop_oldest_audio();
        }
        self.audio += usize::from(kind == Kind::Audio);
        self.bytes += frame.len();
        self.frames.push_back((frame, kind));
        full.into()
    }

    pub(super) fn pop(&mut self) -> Option<Bytes> {
        let (frame, kind) = self.frames.pop_front()?;
        self.forget(&frame, kind);
        Some(frame)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn drop_oldest_audio(&mut self) {
        let oldest = self.frames.iter().position(|&(_, kind)| kind == Kind::Audio);
        if let Some((frame, kind)) = oldest.and_then(|at| self.frames.remove(at)) {
            self.forget(&frame, kind);
        }
    }

    fn forget(&mut self, frame: &Bytes, kind: Kind) {
        self.audio -= usize::from(kind == Kind::Audio);
        self.bytes -= frame.len();
    }
}

/// Three seconds at 60 ms a message: older speech is worth nothing to a live conversation, and the
/// server's ears would lag behind.
const MOST_AUDIO: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_much_audio_the_oldest_goes_and_never_a_command() {
        let mut waiting = Waiting::default();
        let frame = |n: usize| Bytes::from(vec![n as u8; 3]);
        assert_eq!(waiting.push(frame(200), Kind::Command), 0);
        let dropped: u64 = (0..MOST_AUDIO + 2).map(|n| waiting.push(frame(n), Kind::Audio)).sum();
        assert_eq!(waiting.push(frame(201), Kind::Command), 0);
        assert_eq!((dropped, waiting.bytes()), (2, (MOST_AUDIO + 2) * 3));
        let left: Vec<_> = std::iter::from_fn(|| waiting.pop()).map(|it| it[0]).collect();
        let audio = 2..MOST_AUDIO as u8 + 2;
        assert_eq!(left, std::iter::once(200).chain(audio).chain([201]).collect::<Vec<_>>());
        assert!(waiting.is_empty() && waiting.bytes() == 0);
    }
}
