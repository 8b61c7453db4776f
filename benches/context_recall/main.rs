//! How much of what comes next a prompt already says: identifier recall of the context.
//!
//! Budget: at 2,048 tokens 94.5 % of the cross-file names of holes and 92 % of those of edits, 75 %
//! and 50 % of the novel ones; at 1,024 tokens 89 % and 62 % of holes; a search under 5 ms, also in
//! a million lines.
//!
//! A *cross-file* name stands in the rest of the cursor's line, and is defined in another file and
//! not in this one. It is *novel* when it occurs nowhere in the open file. Recall is the share of
//! such names that the prompt holds. *Edits*: two releases of a package, the old one is the
//! workspace, a line that the new one adds is at the cursor, and what it adds below does not exist
//! yet. *Holes*: the end of any line of a finished file is cut out; this flatters. *With edits*: the
//! prompt also shows what the release adds above, as if it had been written file by file.
//!
//! ```text
//! cargo bench --bench fit_inhouse -- fetch DIR     # once; cargo, pip and npm fetch into DIR
//! cargo bench --bench context_recall -- check DIR  # the packages that nothing was tuned on
//! cargo bench --bench context_recall -- fit DIR    # the others, to tune on; no baselines
//! cargo bench --bench context_recall -- scale DIR  # a search in a million lines
//! cargo bench --bench context_recall -- burst DIR  # prompt bytes shared while a line is typed
//! ```

mod baselines;
mod burst;
#[path = "../fit_inhouse/corpus.rs"]
#[allow(dead_code, reason = "the same list, used in part")]
mod corpus;
mod figures;
mod positions;
mod recall;
mod scale;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // `cargo bench` adds `--bench` to what was typed.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["check", dir] => figures::print(
            &recall::run(Path::new(dir), corpus::Half::Check, false),
            true,
        ),
        ["fit", dir] => {
            figures::print(&recall::run(Path::new(dir), corpus::Half::Fit, true), false)
        }
        ["scale", dir] => scale::run(Path::new(dir)),
        ["burst", dir] => burst::run(Path::new(dir)),
        _ => println!("usage: cargo bench --bench context_recall -- (check|fit|scale|burst) DIR"),
    }
    ExitCode::SUCCESS
}
