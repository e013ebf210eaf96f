//! Which indices were there already (RFC 3711 §3.3.2).

/// The newest index of a source, and which of those shortly before it were there.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplayWindow {
    /// One more than the newest.
    next: u64,
    /// Bit n stands for the index n before the newest.
    seen: u128,
}

/// Indices that are told apart; RFC 3711 §3.3.2 asks for 64.
pub(super) const WINDOW: u64 = u128::BITS as u64;

impl ReplayWindow {
    /// The highest index so far.
    pub(super) const fn newest(&self) -> Option<u64> {
        self.next.checked_sub(1)
    }

    /// One more than the highest so far.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Whether `index` was certainly not there yet.
    pub(super) const fn is_new(&self, index: u64) -> bool {
        match self.next.checked_sub(index) {
            None | Some(0) => true,
            Some(behind) => behind <= WINDOW && self.seen >> (behind - 1) & 1 == 0,
        }
    }

    /// Keeps in mind that `index`, which is new, was there.
    pub(super) fn mark(&mut self, index: u64) {
        if index >= self.next {
            let step = index + 1 - self.next;
            self.seen = if step < WINDOW { self.seen << step | 1 } else { 1 };
            self.next = index + 1;
        } else {
            self.seen |= 1 << (self.next - 1 - index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn an_index_is_new_if_it_is_not_too_old_and_was_not_there(
            indices in vec(prop_oneof![0..400u64, 0..100_000u64], 0..300),
        ) {
            let (mut window, mut seen) = (ReplayWindow::default(), BTreeSet::new());
            for index in indices {
                let young = seen.last().is_none_or(|newest| index + WINDOW > *newest);
                prop_assert_eq!(window.is_new(index), young && !seen.contains(&index));
                if window.is_new(index) {
                    window.mark(index);
                    seen.insert(index);
                }
                prop_assert_eq!(window.newest(), seen.last().copied());
            }
        }
    }
}
