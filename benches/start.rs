//! How soon the server is there, how little it takes, and how long a key waits.
//!
//! Budget, in words: an editor must not feel that the server starts (initialize is answered within
//! six milliseconds), it must not be seen in a list of processes (under twelve MiB resident), and
//! a key with its completion must cost less than five milliseconds in a file of 5,000 lines, with
//! the network models out of the picture. Nobody is paged when a busy machine misses that; the
//! figures with their date and machine are kept in `benches/README.md`.
//!
//! Run with `cargo bench --bench start`; it prints a row for each table there.

#![allow(clippy::print_stdout, reason = "the tables go to the terminal")]

mod support;

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mantle_ls::cli::lsp_client::document::OpenDocument;
use mantle_ls::cli::lsp_client::wire::{
    Indexed, InitializationOptions, InitializeParams, Position, Range, file_uri,
};
use mantle_ls::cli::lsp_client::{Launch, LspClient, LspError};
use serde::de::IgnoredAny;
use support::{build, machine, memory, milliseconds, quantile, today};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
/// Starts that are measured, after one that warms the file cache.
const STARTS: usize = 40;
const LINES: usize = 5_000;
/// Times that the probe line is typed for the round trips.
const ROUNDS: usize = 20;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    match runtime.block_on(measure()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure() -> Result<(), LspError> {
    let day = today();
    let machine = machine();
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_workspace(&folder);

    let mut starts = Vec::with_capacity(STARTS);
    let mut resident = Vec::with_capacity(STARTS);
    for round in 0..=STARTS {
        let began = Instant::now();
        let client = start(&folder).await?;
        let took = began.elapsed();
        let memory = memory(&client, "VmRSS");
        client.shut_down(PATIENCE).await?;
        if round > 0 {
            starts.push(took);
            resident.push(memory);
        }
    }
    starts.sort_unstable();
    resident.sort_by(f64::total_cmp);
    println!("| date | machine | build | start p50 | min | max | resident after it |");
    println!(
        "| {day} | {machine} | {} | {} | {} | {} | {:.1} MiB |",
        build(),
        milliseconds(quantile(&starts, 50)),
        milliseconds(starts[0]),
        milliseconds(starts[STARTS - 1]),
        resident[STARTS / 2],
    );

    let client = start(&folder).await?;
    let indexed: Indexed = client
        .request("mantle/indexed", serde_json::json!({}), PATIENCE)
        .await?;
    let typed = type_probe(&client, &folder).await?;
    println!();
    println!(
        "| date | machine | build | answered by | keys | p50 | p99 | peak resident ({} files) |",
        indexed.files
    );
    for (source, mut spans) in typed {
        spans.sort_unstable();
        println!(
            "| {day} | {machine} | {} | {source} | {} | {} | {} | {:.1} MiB |",
            build(),
            spans.len(),
            milliseconds(quantile(&spans, 50)),
            milliseconds(quantile(&spans, 99)),
            memory(&client, "VmHWM"),
        );
    }
    client.shut_down(PATIENCE).await?;
    Ok(())
}

/// Starts a server and waits for its answer to `initialize`, with the runtime's own overhead in.
async fn start(folder: &TempDir) -> Result<LspClient, LspError> {
    let inner = |name: &str| folder.path().join(name);
    let root = inner("root");
    let client = Launch::new(env!("CARGO_BIN_EXE_mantle"))
        .folder(&root)
        .env("XDG_STATE_HOME", inner("state"))
        .env("XDG_CACHE_HOME", inner("cache"))
        .env("XDG_CONFIG_HOME", inner("config"))
        .arg("lsp")
        .spawn()?;
    let options = InitializationOptions {
        explain: true,
        trial: true,
        client: "mantle bench",
    };
    let params = InitializeParams::for_folder(&root, options);
    let _: IgnoredAny = client.request("initialize", params, PATIENCE).await?;
    client.notify("initialized", serde_json::json!({})).await?;
    Ok(client)
}

/// What a key was answered with, and how long each such key took.
type Typed = Vec<(String, Vec<Duration>)>;

/// Types a line that the embedded model knows into the middle of a long file, again and again, and
/// sorts the keys by who answered: the embedded model, the cache, or nobody.
async fn type_probe(client: &LspClient, folder: &TempDir) -> Result<Typed, LspError> {
    let path = folder.path().join("root/long.rs");
    let text = long_file();
    let mut document = OpenDocument::open(client, file_uri(&path), "rust", &text).await?;
    let line = u32::try_from(LINES / 2 / 5 * 5 + 2).expect("a small number");
    let start = Position { line, character: 0 };
    let mut typed: Typed = Vec::new();
    for round in 0..ROUNDS {
        let whole = Range {
            start,
            end: document.end_of_line(line),
        };
        let mut cursor = document.replace(client, whole, "    ").await?;
        // The name differs from round to round, so that the cache cannot know the line's start.
        let probe = format!("let total_{round} = prices.iter().map(Price::net).sum::<Money>();");
        for key in probe.chars() {
            let pressed = Instant::now();
            cursor = document
                .replace(client, Range::at(cursor), key.encode_utf8(&mut [0; 4]))
                .await?;
            let items = document.complete(client, cursor, PATIENCE).await?;
            let took = pressed.elapsed();
            let source = items
                .first()
                .and_then(|item| item.data.as_ref())
                .map_or("nobody: not sure", |data| data.source.as_str());
            match typed.iter_mut().find(|(known, _)| known == source) {
                Some((_, spans)) => spans.push(took),
                None => typed.push((source.to_owned(), vec![took])),
            }
        }
    }
    typed.sort();
    Ok(typed)
}

fn long_file() -> String {
    (0..LINES / 5)
        .map(|n| {
            format!(
                "/// Sums the prices of group {n}.\nfn sum_{n}(prices: &[Price]) -> Money {{\n    \
                 let total_{n} = prices.iter().map(Price::net).sum::<Money>();\n    \
                 total_{n}\n}}\n"
            )
        })
        .collect()
}

fn write_workspace(folder: &TempDir) {
    for inner in ["root", "state", "cache", "config"] {
        fs::create_dir_all(folder.path().join(inner)).expect("a folder");
    }
    fs::write(folder.path().join("root/long.rs"), long_file()).expect("a file");
}
