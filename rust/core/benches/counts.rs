//! How many instructions one run of each part takes, held against `counts.txt`.
//!
//! Times move with the machine's load, counts do not: `cargo bench -p fourwire --bench counts` fails
//! where one of them has moved, and `-- --renew` writes them anew. Callgrind (Debian: `valgrind`)
//! counts, on a processor with AVX2.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a bench is for")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

mod parts;

/// The counts of one run of each part, by name.
type Counts = BTreeMap<String, u64>;

/// How far a count may move: other releases of the C library copy bytes in a few instructions more
/// or less.
const TOLERANCE: f64 = 0.03;
const SLACK: u64 = 6;

fn main() -> ExitCode {
    let asked = |word: &str| env::args().any(|argument| argument == word);
    if asked("--under-callgrind") {
        run_all();
        return ExitCode::SUCCESS;
    }
    match check(asked("--renew")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("{complaint}");
            ExitCode::FAILURE
        }
    }
}

/// Runs each part a few times, so that all buffers have their size, and then once for the count.
fn run_all() {
    parts::all(&mut |name, _, once| {
        (0..3).for_each(|_| once());
        counted(once);
        println!("{name}");
    });
}

/// Callgrind counts from here to the end of this function.
#[inline(never)]
fn counted(once: &mut dyn FnMut()) {
    once();
}

fn check(renew: bool) -> Result<(), String> {
    if !has_avx2() {
        println!("This processor has no AVX2, which the counts are of: nothing is checked.");
        return Ok(());
    }
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/counts.txt");
    let counts = count()?;
    if renew {
        return fs::write(&table, written(&counts)).map_err(|error| about(&table, &error));
    }
    let expected = fs::read_to_string(&table).map_err(|error| about(&table, &error))?;
    let moved = compare(&counts, &read(&expected));
    if moved.is_empty() {
        return Ok(());
    }
    let compilers = format!("The table is of {}; this is {}", compiler_of(&expected), compiler());
    Err(format!("Instructions have moved:\n{moved}{compilers}.\n{ADVICE}"))
}

fn has_avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Has callgrind run this program, and reads what it wrote.
fn count() -> Result<Counts, String> {
    let folder = env::temp_dir().join(format!("fourwire-counts-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| about(&folder, &error))?;
    let counts = count_in(&folder);
    fs::remove_dir_all(&folder).map_err(|error| about(&folder, &error))?;
    counts
}

fn count_in(folder: &Path) -> Result<Counts, String> {
    let out = folder.join("part");
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=counts::counted"])
        .args(["--dump-after=counts::counted", "--combine-dumps=no"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .arg("--under-callgrind")
        .env_clear() // Its length moves the stack, and so what it takes to copy bytes there.
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .output()
        .map_err(|error| format!("valgrind (Debian: valgrind) cannot be run: {error}"))?;
    let names = String::from_utf8_lossy(&run.stdout);
    let complaint = String::from_utf8_lossy(&run.stderr);
    let total = |(n, name): (usize, &str)| -> Result<(String, u64), String> {
        let part = PathBuf::from(format!("{}.{}", out.display(), n + 1));
        let text = fs::read_to_string(&part).map_err(|error| about(&part, &error))?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.parse().ok());
        Ok((name.to_owned(), total.ok_or(format!("no total in {}", part.display()))?))
    };
    if !run.status.success() {
        return Err(format!("valgrind failed:\n{complaint}"));
    }
    names.lines().enumerate().map(total).collect()
}

/// What has moved, a line each.
fn compare(counts: &Counts, expected: &Counts) -> String {
    let mut moved = String::new();
    for (name, &count) in counts {
        let Some(&before) = expected.get(name) else {
            let _ = writeln!(moved, "  {name}: {count}, not in the table yet");
            continue;
        };
        let change = count as f64 / before as f64 - 1.0;
        println!("{name:<44}{count:>10}{:>+9.1} %", 100.0 * change);
        if count.abs_diff(before) > SLACK && change.abs() > TOLERANCE {
            let change = 100.0 * change;
            let _ = writeln!(moved, "  {name}: {count}, {before} in the table ({change:+.1} %)");
        }
    }
    for name in expected.keys().filter(|name| !counts.contains_key(*name)) {
        let _ = writeln!(moved, "  {name}: in the table, but no part any more");
    }
    moved
}

const ADVICE: &str = "Where that is meant, `make counts-renew` writes the table anew.";

fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output();
    let shown = |out: Vec<u8>| String::from_utf8_lossy(&out).trim().to_owned();
    version.map_or("an unknown rustc".into(), |it| shown(it.stdout))
}

fn compiler_of(table: &str) -> &str {
    table.lines().find_map(|line| line.strip_prefix(COMPILER)).unwrap_or("an unknown rustc")
}

fn read(table: &str) -> Counts {
    let lines = table.lines().filter_map(|line| line.rsplit_once(char::is_whitespace));
    lines.filter_map(|(name, count)| Some((name.trim().into(), count.parse().ok()?))).collect()
}

fn written(counts: &Counts) -> String {
    let mut table = format!("{HEAD}{COMPILER}{}\n\n", compiler());
    for (name, count) in counts {
        let _ = writeln!(table, "{name:<44}{count:>10}");
    }
    table
}

const HEAD: &str = "\
# Instructions of one run of each part, as callgrind counts them where there is AVX2.
# `make counts-renew` writes them anew.
";

const COMPILER: &str = "# Compiled by ";

fn about(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
