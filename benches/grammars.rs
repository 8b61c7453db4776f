//! What each language takes before its first tree: time to load the grammar and compile its four
//! queries, and the memory that stays.
//!
//! Budget, in words: all of it happens behind the first keys in a document, off the event loop, so
//! it may take a second for the slowest grammar; the table of languages itself is read when the
//! first document is opened and must be a matter of a millisecond or two.
//!
//! Run with `cargo bench --bench grammars`; it prints the table of `benches/README.md`.

#![allow(clippy::print_stdout, reason = "the table goes to the terminal")]

mod support;

use std::fs;
use std::time::Instant;

use mantle_ls::documents::{Language, parse_text};
use support::{build, machine, milliseconds, today};

fn main() {
    println!("{}, {}, {} build", today(), machine(), build());
    let began = Instant::now();
    let languages = Language::all();
    println!(
        "the data of {} languages: {}",
        languages.len(),
        milliseconds(began.elapsed())
    );
    println!();
    println!("| language | grammar and queries, elapsed | processor | memory that stays |");
    println!("|---|---|---|---|");
    for language in languages.iter().filter(|language| language.has_grammar()) {
        let (memory, processor, began) = (resident(), processor_ms(), Instant::now());
        language.prepare();
        let tree = parse_text(language, "a\n", std::time::Duration::from_secs(1));
        println!(
            "| {} | {} | {:.0} ms | {:.1} MiB |",
            language.id,
            milliseconds(began.elapsed()),
            processor_ms() - processor,
            resident() - memory,
        );
        drop(tree);
    }
}

/// Returns what this process has resident, in MiB.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    number.unwrap_or_default() / 1024.0
}

/// Returns the time that a processor has spent on this thread, in milliseconds; on a busy machine
/// it says more than what has elapsed.
fn processor_ms() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e6
}
