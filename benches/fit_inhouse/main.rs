//! Fits and measures the embedded model's confidence on real changes: edit replay.
//!
//! Budget: a query takes at most a millisecond in the middle; an index at most 2.5 bytes per byte
//! of source; a suggestion at or above the threshold is right four times out of five.
//! Two releases of a package stand for a workspace and a change to it: the model learns the old
//! release, the lines that the new one adds are typed up to some column, and what the model says
//! is compared with how the line really goes on. Weights are fitted on some packages and measured
//! on others.
//!
//! ```text
//! cargo bench --bench fit_inhouse -- fetch DIR     # once; cargo, pip and npm fetch into DIR
//! cargo bench --bench fit_inhouse -- fit DIR       # prints new weights, then measures them
//! cargo bench --bench fit_inhouse -- check DIR     # measures the weights of this build
//! ```

mod corpus;
mod figures;
mod logistic;
mod replay;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // `cargo bench` adds `--bench` to what was typed.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fetch", dir] => corpus::fetch(Path::new(dir)),
        ["fit", dir] => fit(Path::new(dir)),
        ["check", dir] => check(Path::new(dir)),
        _ => println!("usage: cargo bench --bench fit_inhouse -- (fetch|fit|check) DIR"),
    }
    ExitCode::SUCCESS
}

fn fit(dir: &Path) {
    let fitting = replay::run(&corpus::pairs(dir, corpus::Half::Fit));
    figures::print("fit half, weights of this build", &fitting, None);
    let weights = logistic::fit(&fitting.positions);
    for (name, weight) in mantle_ls::inhouse::FEATURE_NAMES.iter().zip(&weights) {
        println!("    {weight:.4}, // {name}");
    }
    figures::print("fit half, new weights", &fitting, Some(&weights));
    let checking = replay::run(&corpus::pairs(dir, corpus::Half::Check));
    figures::print("check half, new weights", &checking, Some(&weights));
}

fn check(dir: &Path) {
    let checking = replay::run(&corpus::pairs(dir, corpus::Half::Check));
    figures::print("check half, weights of this build", &checking, None);
}
