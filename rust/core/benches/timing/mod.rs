//! How long one run of something takes, as the fastest and the median of many rounds.

use std::time::{Duration, Instant};

const ROUNDS: usize = 301;

/// Prints the heading of the figures that [`measure`] prints.
pub(crate) fn heading() {
    println!("{:<44}{:>10}{:>10}", "ns each", "least", "median");
}

/// Runs `once` in rounds of about 100 µs and prints what one run took.
pub(crate) fn measure(name: &str, mut once: impl FnMut()) {
    let probe = time(1000, &mut once).max(Duration::from_nanos(1)) / 1000;
    let runs = (100_000 / probe.as_nanos().max(1)).clamp(10, 100_000) as u32;
    let mut rounds: Vec<f64> =
        (0..ROUNDS).map(|_| time(runs, &mut once).as_nanos() as f64 / f64::from(runs)).collect();
    rounds.sort_by(f64::total_cmp);
    println!("{name:<44}{:>10.1}{:>10.1}", rounds[0], rounds[ROUNDS / 2]);
}

fn time(runs: u32, once: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..runs {
        once();
    }
    start.elapsed()
}
