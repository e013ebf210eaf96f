//! Which responses were interrupted, so that what still arrives of them is refused.

use std::collections::VecDeque;

/// The interrupted responses, known by their ids and not by luck of timing.
#[derive(Clone, Debug, Default)]
pub(super) struct Fence {
    begun: Option<Box<str>>,
    cut: VecDeque<Box<str>>,
}

/// How many interrupted responses are kept apart. Audio of one trails its interruption by a round
/// trip, in which a caller cannot interrupt this often.
const KEPT: usize = 16;

impl Fence {
    /// Learn that the agent has begun `response`: audio without an id is its audio from now on.
    pub(super) fn begin(&mut self, response: &str) {
        self.begun = Some(response.into());
        self.cut.retain(|id| !id.is_empty());
    }

    /// Refuse `response` from now on.
    pub(super) fn cut(&mut self, response: &str) {
        if self.refuses(response) {
            return;
        }
        if self.cut.len() == KEPT {
            self.cut.pop_front();
        }
        self.cut.push_back(response.into());
    }

    /// Refuse the response begun last, of which there may have been no audio yet.
    pub(super) fn cut_begun(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.cut(&begun);
        }
    }

    /// Whether audio of `response` must not be played.
    pub(super) fn refuses(&self, response: &str) -> bool {
        self.cut.iter().any(|id| **id == *response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_cut_is_refused() {
        let mut fence = Fence::default();
        fence.cut("r1");
        assert!(fence.refuses("r1"));
        assert!(!fence.refuses("r2"));
    }

    #[test]
    fn a_response_cut_before_its_first_audio_is_refused() {
        let mut fence = Fence::default();
        fence.begin("r1");
        fence.cut_begun();
        assert!(fence.refuses("r1"));
    }

    #[test]
    fn audio_without_an_id_is_welcome_again_once_a_response_begins() {
        let mut fence = Fence::default();
        fence.cut("");
        assert!(fence.refuses(""));
        fence.begin("r2");
        assert!(!fence.refuses(""));
    }

    #[test]
    fn the_oldest_cut_is_forgotten() {
        let mut fence = Fence::default();
        for number in 0..=KEPT {
            fence.cut(&number.to_string());
        }
        assert!(!fence.refuses("0"));
        assert!(fence.refuses("1"));
    }
}
