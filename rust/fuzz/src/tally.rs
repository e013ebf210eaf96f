//! How many packets were fed, where one input is a whole sequence of them.

use std::sync::atomic::{AtomicUsize, Ordering};

static SO_FAR: AtomicUsize = AtomicUsize::new(0);

/// So many make a line of the log.
const A_LINE: usize = 100_000;

/// Counts packets that nobody's software would send like that.
pub fn mutated(packets: usize) {
    let before = SO_FAR.fetch_add(packets, Ordering::Relaxed);
    let lines = (before + packets) / A_LINE;
    if lines > before / A_LINE {
        eprintln!("packets: {}", lines * A_LINE);
    }
}
