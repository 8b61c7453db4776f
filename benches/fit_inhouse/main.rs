//! Fits and measures the embedded model on real changes: edit replay.
//!
//! Budget: a query takes 150 µs at the median and 800 µs at the 99th percentile; an index at most
//! 2.5 bytes per byte of source; a suggestion at or above the threshold is right four times out of
//! five. Two releases of a package stand for a workspace and a change to it: the model learns the
//! old release, the lines that the new one adds are typed key by key, and what the model says is
//! compared with how the line really goes on. Weights are fitted on some packages and measured on
//! others. Random lines of finished files are a second set, and a release of which only a few files
//! are known, as in a young repository, a third.
//!
//! ```text
//! cargo bench --bench fit_inhouse -- fetch DIR     # once; cargo, pip, npm and apt-get fetch into DIR
//! cargo bench --bench fit_inhouse -- fit DIR       # prints new weights, then measures them
//! cargo bench --bench fit_inhouse -- cross DIR     # what a fit is worth on packages that it has not seen
//! cargo bench --bench fit_inhouse -- ablate DIR    # the ceiling and the places of the fit half, quickly
//! cargo bench --bench fit_inhouse -- check DIR     # measures this build, and compares with figures.json
//! cargo bench --bench fit_inhouse -- keep DIR      # the same, and writes figures.json anew
//! cargo bench --bench fit_inhouse -- prior DIR     # what the router expects of a model (`prior`)
//! ```

mod boost;
mod corpus;
mod diff;
mod figures;
mod fit;
mod kept;
mod logistic;
mod prior;
mod replay;
mod rerank;

use std::path::Path;
use std::process::ExitCode;

use corpus::{Half, pairs};
use replay::{Keys, Set};

/// The sets of the check half, by the names that the tables and `figures.json` give them.
const SETS: [(&str, Set); 3] = [
    ("edits", Set::Edits),
    ("young", Set::Young),
    ("holes", Set::Holes),
];

fn main() -> ExitCode {
    // `cargo bench` adds `--bench` to what was typed.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fetch", dir] => corpus::fetch(Path::new(dir)),
        ["fit", dir] => fit::fit(Path::new(dir)),
        ["ablate", dir] => fit::ablate(Path::new(dir)),
        ["cross", dir] => fit::cross(Path::new(dir)),
        ["check", dir] => {
            let worse = kept::compare(&measure(Path::new(dir)));
            for line in &worse {
                println!("worse: {line}");
            }
            if !worse.is_empty() {
                return ExitCode::FAILURE;
            }
        }
        ["keep", dir] => kept::write(&measure(Path::new(dir))),
        ["prior", dir] => prior::fit(Path::new(dir)),
        _ => println!(
            "usage: cargo bench --bench fit_inhouse -- (fetch|fit|cross|ablate|check|keep|prior) DIR"
        ),
    }
    ExitCode::SUCCESS
}

fn measure(dir: &Path) -> kept::Measured {
    let packages = pairs(dir, Half::Check);
    let mut measured = kept::Measured::new();
    for (name, set) in SETS {
        let replay = replay::run(&packages, set, Keys::Asked);
        let figures = figures::of(&replay);
        figures::print(
            &format!("{name}, check half, weights of this build"),
            &figures,
        );
        figures::print_further(&replay);
        figures::print_cost(&replay);
        measured.insert(name.to_owned(), figures);
    }
    measured
}
