//! Prints what a run has found, beside the committed figures.

use std::time::Duration;

use super::positions::Set;
use super::recall::{BUDGETS, Count, PRODUCT, Run, SYSTEMS};
use super::support::{build, machine, milliseconds, quantile, today};

/// The figures of the check half as they were committed: set, budget, system, cross-file, novel.
const COMMITTED: &str = include_str!("committed.tsv");

pub fn print(run: &Run, compare: bool) {
    println!("{}, {}, {} build", today(), machine(), build());
    for set in [Set::Edits, Set::Holes] {
        let of_set: Vec<&Count> = run.counts.iter().filter(|count| count.set == set).collect();
        let novel: usize = of_set.iter().map(|count| count.novel).sum();
        println!(
            "\n{}: {} positions, {} cross-file names, {novel} novel\n",
            set.as_str(),
            of_set.len(),
            of_set.iter().map(|count| count.cross_file).sum::<usize>(),
        );
        println!(
            "| cross-file / novel, % | {} |",
            BUDGETS.map(|b| b.to_string()).join(" | ")
        );
        println!("|---|{}", "---|".repeat(BUDGETS.len()));
        for (system, name) in SYSTEMS.iter().enumerate() {
            let cells = cells(&of_set, system);
            let shown: Vec<String> = cells
                .iter()
                .map(|(c, n)| format!("{c:.1} / {n:.1}"))
                .collect();
            println!("| {name} | {} |", shown.join(" | "));
            if compare {
                compare_row(set, name, &cells);
            }
        }
        let mut languages: Vec<&str> = of_set.iter().map(|count| count.language).collect();
        languages.sort_unstable();
        languages.dedup();
        for language in languages {
            let of_language: Vec<&Count> = of_set
                .iter()
                .copied()
                .filter(|count| count.language == language)
                .collect();
            let cells = cells(&of_language, PRODUCT);
            let shown: Vec<String> = cells
                .iter()
                .map(|(c, n)| format!("{c:.1} / {n:.1}"))
                .collect();
            println!(
                "| … {language} ({}) | {} |",
                of_language.len(),
                shown.join(" | ")
            );
        }
    }
    latency(run);
}

fn cells(counts: &[&Count], system: usize) -> Vec<(f64, f64)> {
    let share = |held: usize, all: usize| 100.0 * held as f64 / all.max(1) as f64;
    let cross_file: usize = counts.iter().map(|count| count.cross_file).sum();
    let novel: usize = counts.iter().map(|count| count.novel).sum();
    (0..BUDGETS.len())
        .map(|at| {
            let held = counts.iter().map(|count| count.held[system][at]);
            let (of_cross, of_novel) = held.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
            (share(of_cross, cross_file), share(of_novel, novel))
        })
        .collect()
}

/// Says where a row differs from the committed one.
fn compare_row(set: Set, system: &str, cells: &[(f64, f64)]) {
    for (budget, (cross_file, novel)) in BUDGETS.iter().zip(cells) {
        let row = format!(
            "{}\t{budget}\t{system}\t{cross_file:.1}\t{novel:.1}",
            set.as_str()
        );
        if !COMMITTED.lines().any(|line| line == row) {
            let start = format!("{}\t{budget}\t{system}\t", set.as_str());
            let before = COMMITTED.lines().find(|line| line.starts_with(&start));
            println!(
                "changed: {row} (committed: {})",
                before.unwrap_or("nothing")
            );
        }
    }
}

fn latency(run: &Run) {
    let mut searches: Vec<Duration> = run.searches.clone();
    searches.sort_unstable();
    if searches.is_empty() {
        return println!("no package was fetched");
    }
    println!(
        "\na search: p50 {}, p99 {}, longest {}",
        milliseconds(quantile(&searches, 50)),
        milliseconds(quantile(&searches, 99)),
        milliseconds(searches[searches.len() - 1]),
    );
    let megabytes = run.source_bytes as f64 / 1e6;
    println!(
        "learnt {megabytes:.1} MB at {:.1} MB/s on one thread; {:.2} bytes per source byte",
        megabytes / run.learning.as_secs_f64(),
        run.library_bytes as f64 / run.source_bytes as f64,
    );
    let tokens = run
        .prompt_tokens
        .map(|sum| (sum / run.searches.len() as u64).to_string());
    println!("tokens of a prompt, on average: {}", tokens.join(", "));
}
