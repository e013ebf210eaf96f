//! What was said of each item: which samples were put on the wire.

use std::collections::VecDeque;
use std::time::Duration;

use crate::ClockRate;

/// An item of the conversation whose audio came to be spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The response that the item belongs to.
    pub response: Box<str>,
    /// The item's own id.
    pub item: Box<str>,
    /// Samples received, at the rate the agent sends.
    pub received: u64,
    /// Samples put on the wire, at the rate the agent sends.
    pub sent: u64,
}

/// The last items spoken, oldest first.
#[derive(Clone, Debug)]
pub struct Ledger {
    entries: VecDeque<Entry>,
    /// The number of the oldest entry kept; numbers never repeat.
    first: u64,
    rate: ClockRate,
}

/// How many items are remembered. A truncation names one of the last few; the rest is history.
const REMEMBERED: usize = 64;

impl Ledger {
    /// An empty ledger of audio that arrives at `rate`.
    pub fn new(rate: ClockRate) -> Self {
        Self { entries: VecDeque::with_capacity(REMEMBERED), first: 0, rate }
    }

    /// The number of the entry for `item` of `response`; a new one where the last is another.
    pub(super) fn number_of(&mut self, response: &str, item: &str) -> u64 {
        if !self
            .entries
            .back()
            .is_some_and(|last| *last.item == *item && *last.response == *response)
        {
            self.open(response, item);
        }
        self.first + self.entries.len() as u64 - 1
    }

    fn open(&mut self, response: &str, item: &str) {
        if self.entries.len() == REMEMBERED {
            self.entries.pop_front();
            self.first += 1;
        }
        self.entries.push_back(Entry {
            response: response.into(),
            item: item.into(),
            received: 0,
            sent: 0,
        });
    }

    /// The entry of that number, while it is remembered.
    pub fn entry(&self, number: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    pub(super) fn entry_mut(&mut self, number: u64) -> Option<&mut Entry> {
        self.entries.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The items remembered, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// How much of `item` was put on the wire; `None` where it was never received.
    pub fn heard(&self, item: &str) -> Option<Duration> {
        let mut spoken = self.entries().filter(|entry| *entry.item == *item).peekable();
        spoken.peek()?;
        Some(self.rate.duration_of(spoken.map(|entry| entry.sent).sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_whose_audio_comes_in_pieces_has_one_entry() {
        let mut ledger = Ledger::new(ClockRate::Hz8000);
        let first = ledger.number_of("r1", "a");
        assert_eq!(ledger.number_of("r1", "a"), first);
        assert_ne!(ledger.number_of("r1", "b"), first);
    }

    #[test]
    fn the_oldest_items_are_forgotten_and_their_numbers_never_mean_another() {
        let mut ledger = Ledger::new(ClockRate::Hz8000);
        let first = ledger.number_of("r", "0");
        for item in 1..=REMEMBERED {
            ledger.number_of("r", &item.to_string());
        }
        assert_eq!(ledger.entry(first), None);
        assert_eq!(ledger.entries().count(), REMEMBERED);
    }

    #[test]
    fn nothing_was_heard_of_an_item_that_never_came() {
        assert_eq!(Ledger::new(ClockRate::Hz8000).heard("x"), None);
    }
}
