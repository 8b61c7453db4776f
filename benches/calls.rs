//! A hundred thousand calls with faults and cancels, and one kill in the middle: is every call on
//! the ledger, once?
//!
//! Budget, in words: for every call that a paid model saw there is exactly one row, whatever became
//! of the call and of the process. It takes minutes, so it is no test; `make soak` runs it, and
//! `benches/README.md` keeps the figures.
//!
//! The model is a fake on loopback that fails every fifth call in one of ten ways. One request in
//! ten is cancelled as soon as it is sent. After half of the calls the server is killed with
//! SIGKILL while calls are under way, and started again.
//!
//! ```text
//! cargo bench --bench calls
//! cargo bench --bench calls -- --calls 2000
//! ```

#![allow(clippy::print_stdout, reason = "the figures go to the terminal")]

#[path = "../tests/support/faulty_model.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod faulty_model;
mod support;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use mantle_ls::cli::lsp_client::document::OpenDocument;
use mantle_ls::cli::lsp_client::wire::{
    InitializationOptions, InitializeParams, Position, file_uri,
};
use mantle_ls::cli::lsp_client::{Launch, LspClient, LspError};
use serde::de::IgnoredAny;
use serde_json::json;
use sqlx::{Connection, Row, SqliteConnection};
use support::{build, machine, today};

use faulty_model::{Fault, FaultyModel};

const PATIENCE: Duration = Duration::from_secs(60);
/// Documents that are typed in at once.
const TYPISTS: usize = 8;
const CANCEL_EVERY: usize = 10;

/// What every fifth call meets, in turn. None of them waits for a time limit, except the last.
const FAULTS: [Fault; 10] = [
    Fault::RateLimited { retry_after: None },
    Fault::Status(500),
    Fault::Status(529),
    Fault::ResetAtOnce,
    Fault::ResetInTheMiddle,
    Fault::CutOff,
    Fault::InStream,
    Fault::Garbage,
    Fault::GarbledEvents,
    Fault::SlowDrip,
];

#[derive(Parser)]
struct Options {
    /// Calls that the model is to see.
    #[arg(long, default_value_t = 100_000)]
    calls: usize,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

fn fault_of(number: usize) -> Fault {
    if number % 5 == 4 {
        FAULTS[number / 5 % FAULTS.len()]
    } else {
        Fault::None
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    match runtime.block_on(measure(options.calls)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(wanted: usize) -> Result<bool, LspError> {
    let model = FaultyModel::by_number(fault_of).await;
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("root");
    std::fs::create_dir_all(folder.path().join("config/mantle")).expect("a folder");
    std::fs::create_dir_all(&root).expect("a folder");
    let configuration = format!(
        "[inhouse]\nenabled = false\n[routing]\npin = \"m\"\n[[models]]\nid = \"m\"\n\
         tier = \"open-source\"\nprotocol = \"openai-completions\"\n\
         base_url = \"http://127.0.0.1:{}\"\nprice = {{ input = \"1\", output = \"1\" }}\n\
         first_token_timeout_ms = 150\nidle_timeout_ms = 150\n",
        model.port
    );
    std::fs::write(
        folder.path().join("config/mantle/config.toml"),
        configuration,
    )
    .expect("a configuration");

    let started = Instant::now();
    let mut seed = 0;
    let first = start(folder.path(), &root).await?;
    type_until(&first, &root, &mut seed, || model.calls() >= wanted / 2).await?;
    // Under way while it is killed: these are sent and not waited for.
    let mut under_way = Vec::new();
    for typist in 0..TYPISTS {
        let (document, at) = open(&first, &root, typist, seed).await?;
        under_way.push(document.begin_completion(&first, at).await?);
        seed += 1;
    }
    kill(&first);
    drop(under_way);
    drop(first);
    let seen_before = model.calls();

    let second = start(folder.path(), &root).await?;
    type_until(&second, &root, &mut seed, || model.calls() >= wanted).await?;
    let _status = second.shut_down(PATIENCE).await?;
    let took = started.elapsed();

    let ledger = folder.path().join("state/mantle/ledger.sqlite3");
    let seen = model.calls();
    let rows = figure(
        &ledger,
        "SELECT count(*) FROM calls WHERE outcome <> 'unreachable'",
    )
    .await;
    let ids = figure(&ledger, "SELECT count(DISTINCT id) FROM calls").await;
    let doubled = figure(
        &ledger,
        "SELECT count(*) FROM (SELECT decision FROM calls GROUP BY decision HAVING count(*) > 1)",
    )
    .await;
    let without = figure(
        &ledger,
        "SELECT count(*) FROM calls WHERE decision NOT IN (SELECT id FROM decisions)",
    )
    .await;
    let unknown = figure(&ledger, "SELECT count(*) FROM calls WHERE cost IS NULL").await;
    let assumed = figure(
        &ledger,
        "SELECT count(*) FROM calls WHERE basis = 'assumed'",
    )
    .await;
    println!(
        "{}, {}, {} build: {seen} calls reached the model ({seen_before} before the kill), {took:.0?}.",
        today(),
        machine(),
        build()
    );
    println!(
        "Rows {rows} ({ids} ids), calls with two rows {doubled}, rows without a decision {without}, \
         rows without a cost {unknown}, of assumed cost {assumed}."
    );
    // A call that was closed before it reached the model has its row as well.
    let lost = seen.saturating_sub(rows);
    println!(
        "Lost: {lost}. Rows of calls that never reached the model: {}.",
        rows.saturating_sub(seen)
    );
    Ok(lost == 0 && doubled == 0 && without == 0 && unknown == 0)
}

async fn start(folder: &Path, root: &Path) -> Result<LspClient, LspError> {
    let client = Launch::new(env!("CARGO_BIN_EXE_mantle"))
        .folder(root)
        .env("XDG_STATE_HOME", folder.join("state"))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .arg("lsp")
        .spawn()?;
    let parameters = InitializeParams::for_folder(root, InitializationOptions::default());
    let _: IgnoredAny = client.request("initialize", parameters, PATIENCE).await?;
    client.notify("initialized", json!({})).await?;
    Ok(client)
}

async fn open(
    client: &LspClient,
    root: &Path,
    typist: usize,
    seed: usize,
) -> Result<(OpenDocument, Position), LspError> {
    let path: PathBuf = root.join(format!("typist_{typist}.rs"));
    let line = format!("    let value_{seed} = ");
    let text = format!("fn main() {{\n{line}\n}}\n");
    let document = OpenDocument::open(client, file_uri(&path), "rust", &text).await?;
    let at = document.end_of_line(1);
    Ok((document, at))
}

/// Types in all documents until it is enough.
async fn type_until(
    client: &LspClient,
    root: &Path,
    seed: &mut usize,
    is_enough: impl Fn() -> bool,
) -> Result<(), LspError> {
    while !is_enough() {
        let first = *seed;
        *seed += TYPISTS;
        let typists = (0..TYPISTS).map(|typist| one(client, root, typist, first + typist));
        futures::future::try_join_all(typists).await?;
    }
    Ok(())
}

/// Asks once in a document, and sometimes takes it back.
async fn one(client: &LspClient, root: &Path, typist: usize, seed: usize) -> Result<(), LspError> {
    let (document, at) = open(client, root, typist, seed).await?;
    let pending = document.begin_completion(client, at).await?;
    if seed % CANCEL_EVERY == 3 {
        let id = json!({"id": pending.id()});
        client.notify("$/cancelRequest", id).await?;
        let _cancelled = pending.answer::<IgnoredAny>(PATIENCE).await;
    } else {
        let _: IgnoredAny = pending.answer(PATIENCE).await?;
    }
    document.close(client).await
}

fn kill(client: &LspClient) {
    let Some(id) = client.process_id() else {
        return;
    };
    let id = i32::try_from(id).expect("a process id");
    let id = rustix::process::Pid::from_raw(id).expect("a process id");
    rustix::process::kill_process(id, rustix::process::Signal::KILL).expect("it is our child");
}

async fn figure(ledger: &Path, query: &'static str) -> usize {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", ledger.display()))
        .await
        .expect("a ledger");
    let row = sqlx::query(query)
        .fetch_one(&mut connection)
        .await
        .expect("a figure");
    usize::try_from(row.get::<i64, _>(0)).unwrap_or_default()
}
