//! The ledger: how fast it takes events, how long a report of a large one takes, and whether what
//! it has acknowledged survives a kill.
//!
//! Budget, in words: 50,000 events a second, synced; the report of ten million events in two
//! seconds and 200 MiB once they are rolled up, with the same digits as before; nothing lost and
//! nothing doubled in 200 kills. `benches/README.md` keeps the table.
//!
//! ```text
//! cargo bench --bench ledger -- appends
//! cargo bench --bench ledger -- report --events 10000000
//! cargo bench --bench ledger -- kills 200 --seed 1
//! ```

#![allow(clippy::print_stdout, reason = "the table goes to the terminal")]

mod appends;
mod events;
mod kills;
mod reports;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use support::{build, machine, today};

#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    what: Option<What>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum What {
    /// Events per second through the writer.
    Appends,
    /// Time and memory of a report.
    Report {
        /// How many events the ledger holds, spread over thirty days.
        #[arg(long, default_value_t = 1_000_000)]
        events: usize,
        /// Keeps the ledger in this folder, and takes the one that is there already.
        #[arg(long)]
        keep: Option<PathBuf>,
    },
    /// Kills a process that appends, again and again.
    Kills {
        /// How often.
        #[arg(default_value_t = 200)]
        times: usize,
        /// Which moments.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// What `kills` starts.
    #[command(hide = true)]
    Child {
        ledger: PathBuf,
        seed: u64,
        number: u16,
    },
}

fn main() -> ExitCode {
    let options = Options::parse();
    let _ = options.bench;
    if let Some(What::Child {
        ledger,
        seed,
        number,
    }) = &options.what
    {
        kills::child(ledger, *seed, *number);
        return ExitCode::SUCCESS;
    }
    println!("{}, {}, {} build.\n", today(), machine(), build());
    let is_well = match options.what {
        Some(What::Appends) => appends::run(),
        Some(What::Report { events, keep }) => reports::run(events, keep),
        Some(What::Kills { times, seed }) => kills::run(times, seed),
        _ => appends::run() && reports::run(1_000_000, None) && kills::run(200, 1),
    };
    if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
