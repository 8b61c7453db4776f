//! What a person at the keyboard waits for and pays for, beyond the model itself.
//!
//! Budget, in words: a key and its completion cost less than a millisecond beside the model, in a
//! file of any size; a key that agrees with what is shown is answered within half of one, and asks no
//! model, nor does one that agrees with what is on its way; a request that nobody waits for any more
//! costs nothing from that moment on; and no request ever waits for another one's model.
//!
//! A fake model on loopback holds each call for a known time and keeps what it saw; the server is
//! the real binary over its pipes; a null server that does nothing but ask the model is measured in
//! the same run, as the floor that pipes, frames and the fake itself cost here. All counts are
//! checked: a row whose answers are wrong is not a row, and the exit code says so.
//!
//! ```text
//! cargo bench --bench keyboard                             # all rows, as benches/README.md has them
//! cargo bench --bench keyboard -- --only a,d --rounds 50   # some rows, quickly
//! cargo bench --bench keyboard -- --binary PATH            # another build of the server
//! ```

#![allow(clippy::print_stdout, reason = "the tables go to the terminal")]

mod bulk;
mod cancel;
mod capture;
mod corpus;
mod encoding;
mod fake_model;
mod head_of_line;
mod null_server;
mod overhead;
mod scene;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod typing;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mantle_ls::cli::lsp_client::LspError;

use corpus::Corpus;
use fake_model::FakeModel;
use server::{Server, Setting};
use table::Tables;

/// The rows, by their letters; b, the start, is in `benches/start.rs`.
const ROWS: &str = "acdefghij";

/// Measures the language server at the keyboard.
#[derive(Parser)]
struct Options {
    /// The rows to measure, by their letters; all of them if absent.
    #[arg(long, value_delimiter = ',', value_parser = row_letter)]
    only: Vec<char>,
    /// Prints one typing session as it went over the wire, and measures nothing.
    #[arg(long)]
    capture: bool,
    /// Requests of a row whose times are taken.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(2..=1_000))]
    rounds: u16,
    /// The server's program.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_mantle"))]
    binary: PathBuf,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

fn row_letter(typed: &str) -> Result<char, String> {
    let mut letters = typed.chars().filter(|letter| ROWS.contains(*letter));
    match (letters.next(), typed.chars().count()) {
        (Some(letter), 1) => Ok(letter),
        _ => Err(format!("no such row; there are {ROWS}")),
    }
}

/// What every row needs.
struct Bench {
    corpus: Corpus,
    model: FakeModel,
    binary: PathBuf,
    rounds: usize,
}

impl Bench {
    async fn measure(&self, row: char, tables: &mut Tables) -> Result<(), LspError> {
        match row {
            'a' => overhead::measure(self, tables).await,
            'c' => bulk::measure(self, tables).await,
            'd' => typing::through_a_suggestion(self, tables).await,
            'e' => typing::ahead_of_the_model(self, tables).await,
            'f' => cancel::with_each_key(self, tables).await,
            'g' => cancel::after_all(self, tables).await,
            'h' => head_of_line::measure(self, tables).await,
            'i' => cancel::to_the_socket(self, tables).await,
            _ => encoding::measure(self, tables).await,
        }
    }

    /// Starts a server that may ask the fake model.
    async fn start(&self, setting: Setting, files: &[(&str, &str)]) -> Result<Server, LspError> {
        Server::start(&self.binary, setting, self.model.port(), files, None).await
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a child that is the null server is told so by its environment"
)]
fn main() -> ExitCode {
    if let Some(port) = std::env::var(null_server::PORT)
        .ok()
        .and_then(|port| port.parse().ok())
    {
        return match null_server::serve(port) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failure(&format!("the null server: {error}")),
        };
    }
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure(options))
}

async fn measure(options: Options) -> ExitCode {
    let corpus = match Corpus::read() {
        Ok(corpus) => corpus,
        Err(why) => return failure(&why),
    };
    let model = match FakeModel::start() {
        Ok(model) => model,
        Err(error) => return failure(&format!("the fake model: {error}")),
    };
    println!(
        "{}, {}, {} build of the driver; documents: {}.",
        support::today(),
        support::machine(),
        support::build(),
        corpus.crates.join(", "),
    );
    let bench = Bench {
        corpus,
        model,
        // The servers run in folders of their own.
        binary: std::path::absolute(&options.binary).unwrap_or(options.binary),
        rounds: options.rounds.into(),
    };
    if options.capture {
        return match capture::session(&bench).await {
            Ok(lines) => {
                println!("\n{lines}");
                ExitCode::SUCCESS
            }
            Err(error) => failure(&error.to_string()),
        };
    }
    let mut tables = Tables::default();
    for row in ROWS.chars() {
        if !options.only.is_empty() && !options.only.contains(&row) {
            continue;
        }
        if let Err(error) = bench.measure(row, &mut tables).await {
            tables.failed(&row.to_string(), &error.to_string());
        }
    }
    println!("\n{}", tables.markdown());
    println!("Load at the end: {}.", support::load());
    if tables.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn failure(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::FAILURE
}
