//! How long one run of each part takes, as the fastest and the median of many rounds.
//!
//! `cargo bench -p fourwire --bench timing` prints a table in nanoseconds; with `-- --json`, a line
//! of JSON for each part.

#![allow(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::time::{Duration, Instant};

mod parts;

const ROUNDS: usize = 301;

fn main() {
    if std::env::args().any(|argument| argument == "--json") {
        parts::all(&mut |name, goal, once| {
            let [least, median] = measure(once);
            let goal = goal.map_or("null".into(), |goal| goal.to_string());
            println!(r#"{{"name":"{name}","ns":{least:.1},"median":{median:.1},"goal":{goal}}}"#);
        });
        return;
    }
    println!("{:<44}{:>10}{:>10}{:>10}", "ns each", "least", "median", "goal");
    parts::all(&mut |name, goal, once| {
        let [least, median] = measure(once);
        let goal = goal.map_or(String::new(), |goal| format!("≤ {goal}"));
        println!("{name:<44}{least:>10.1}{median:>10.1}{goal:>10}");
    });
}

/// The fastest and the median of rounds of about 100 µs, in nanoseconds a run.
fn measure(once: &mut dyn FnMut()) -> [f64; 2] {
    let probe = time(100, once).max(Duration::from_nanos(1)) / 100;
    let runs = (100_000 / probe.as_nanos().max(1)).clamp(1, 100_000) as u32;
    let mut rounds: Vec<f64> =
        (0..ROUNDS).map(|_| time(runs, once).as_nanos() as f64 / f64::from(runs)).collect();
    rounds.sort_by(f64::total_cmp);
    [rounds[0], rounds[ROUNDS / 2]]
}

fn time(runs: u32, once: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..runs {
        once();
    }
    start.elapsed()
}
