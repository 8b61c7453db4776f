//! What only shows after long: random sessions by the thousand, and a server that never ends.
//!
//! Budget, in words: no session breaks a law of the wire or makes a handler panic, and a server that
//! has opened, typed in and closed documents a thousand times holds no more memory than after the
//! first five hundred, but for a tree. It takes minutes, so it is no test; `make soak` runs it, and
//! `benches/README.md` keeps the table.
//!
//! ```text
//! cargo bench --bench soak -- --minutes 10
//! cargo bench --bench soak -- --seed 4711        # plays one session again
//! ```

#![allow(clippy::print_stdout, reason = "the table goes to the terminal")]

#[path = "../tests/support/random_session.rs"]
mod random_session;
#[path = "../tests/support/session_laws.rs"]
mod session_laws;
mod support;

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use mantle_ls::cli::lsp_client::document::OpenDocument;
use mantle_ls::cli::lsp_client::wire::{
    InitializationOptions, InitializeParams, Position, Range, file_uri,
};
use mantle_ls::cli::lsp_client::{Launch, LspError};
use serde::de::IgnoredAny;
use support::{build, machine, memory, today};

const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that a session is made of.
const SESSION_BYTES: usize = 1_500;
/// Documents that are opened, typed in and closed.
const DOCUMENTS: usize = 1_000;
/// Documents after which a server holds what it needs: what is kept of texts is bounded, and full by
/// then.
const WARM: usize = DOCUMENTS / 2;
/// Documents after which its memory is told as well.
const FIRST: usize = 50;
const LINES: usize = 5_000;
const KEYS: &str = "let total = pri";
/// How much more memory may be held at the end than after half of the documents, in MiB: a tree more.
/// Whether one is made before the last one is given back is chance, and glibc keeps what it once had.
/// A sixth of each text left behind would be more.
const GROWTH: f64 = 10.0;

static PANICS: AtomicUsize = AtomicUsize::new(0);

#[derive(Parser)]
struct Options {
    /// How long random sessions are played.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Plays the session of one seed and nothing else.
    #[arg(long)]
    seed: Option<u64>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let _ = options.bench;
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        usual(panic);
    }));
    if let Some(seed) = options.seed {
        return match play(seed) {
            Ok(steps) => {
                println!("seed {seed}: {steps} steps, every law was kept");
                ExitCode::SUCCESS
            }
            Err(law) => failed(&format!("seed {seed}: {law}")),
        };
    }
    println!("{}, {}, {} build.\n", today(), machine(), build());
    println!("| what | how much | found |\n|---|---|---|");
    let (sessions, steps) = match sessions(Duration::from_secs(60 * options.minutes)) {
        Ok(counts) => counts,
        Err(law) => return failed(&law),
    };
    println!("| random sessions | {sessions} sessions, {steps} steps | no law broken, no panic |");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match runtime.block_on(documents()) {
        Ok([first, warm, end]) => {
            println!(
                "| {DOCUMENTS} documents of {LINES} lines opened, typed in, closed | \
                 {} keys | resident {first:.1} MiB after {FIRST}, {warm:.1} after {WARM}, \
                 {end:.1} at the end |",
                DOCUMENTS * KEYS.len()
            );
            if end > warm + GROWTH {
                return failed("the server holds more and more memory");
            }
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::FAILURE
}

fn sessions(time: Duration) -> Result<(u64, usize), String> {
    let began = Instant::now();
    let mut steps = 0;
    let mut seed = 0;
    while began.elapsed() < time {
        steps += play(seed).map_err(|law| format!("--seed {seed}: {law}"))?;
        seed += 1;
    }
    Ok((seed, steps))
}

/// Plays the session of a seed; returns how many steps it had.
fn play(seed: u64) -> Result<usize, String> {
    let steps = random_session::session(&noise(seed));
    let count = steps.len();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let before = PANICS.load(Ordering::SeqCst);
    let played = runtime.block_on(session_laws::play(steps));
    runtime.shutdown_background();
    played?;
    if PANICS.load(Ordering::SeqCst) > before {
        return Err("a handler panicked".to_owned());
    }
    Ok(count)
}

/// Bytes that look random and are the same for the same seed (SplitMix64).
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(SESSION_BYTES);
    while bytes.len() < SESSION_BYTES {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes.truncate(SESSION_BYTES);
    bytes
}

/// Opens, types in and closes documents in one server; returns what it held after fifty,
/// after half of them and at the end, in MiB.
async fn documents() -> Result<[f64; 3], LspError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let client = Launch::new(env!("CARGO_BIN_EXE_mantle"))
        .folder(folder.path())
        .env("HOME", folder.path())
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .arg("lsp")
        .spawn()?;
    let options = InitializationOptions {
        trial: true,
        client: "mantle soak",
        ..InitializationOptions::default()
    };
    let params = InitializeParams::for_folder(folder.path(), options);
    let _: IgnoredAny = client.request("initialize", params, PATIENCE).await?;
    client.notify("initialized", serde_json::json!({})).await?;
    let text = "fn sum(prices: &[Price]) -> Money {\n    prices.iter().map(Price::net).sum()\n}\n"
        .repeat(LINES / 3);
    let (mut first, mut warm) = (0.0, 0.0);
    for number in 1..=DOCUMENTS {
        let path = folder.path().join(format!("document_{}.rs", number % 7));
        let mut document = OpenDocument::open(&client, file_uri(&path), "rust", &text).await?;
        let line = u32::try_from(number % LINES / 3 * 3).unwrap_or_default();
        let mut cursor = Position { line, character: 0 };
        for key in KEYS.chars() {
            let place = Range::at(cursor);
            cursor = document
                .replace(&client, place, key.encode_utf8(&mut [0; 4]))
                .await?;
            document.complete(&client, cursor, PATIENCE).await?;
        }
        document.close(&client).await?;
        match number {
            FIRST => first = memory(&client, "VmRSS"),
            WARM => warm = memory(&client, "VmRSS"),
            _ => {}
        }
    }
    let end = memory(&client, "VmRSS");
    client.shut_down(PATIENCE).await?;
    Ok([first, warm, end])
}
