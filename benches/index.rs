//! What the index of a large workspace costs: at the keyboard, in memory, and at each start.
//!
//! Budget, in words: with a million lines to learn, a key costs no more than a tenth more while the
//! index runs than without one; a second start is ready in a tenth of the time of the first; memory
//! stays under the cap and most of it is given back when the folder is closed.
//!
//! The workspace is a copy of Rust sources that lie below `--sources`, as many files as have the
//! lines together. A key is a change and the answer to its completion, in a file of 1,000 lines; the
//! three states of the index are typed at in turn, in one run, so that a busy machine is fair to all.
//!
//! ```text
//! cargo bench --bench index -- --lines 1000000 --sources ~/.cargo/registry/src
//! ```

#![allow(clippy::print_stdout, reason = "the tables go to the terminal")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use mantle_ls::cli::lsp_client::document::OpenDocument;
use mantle_ls::cli::lsp_client::wire::{Indexed, Position, Range, file_uri};
use mantle_ls::cli::lsp_client::{Launch, LspClient, LspError};
use serde::de::IgnoredAny;
use serde_json::json;
use support::{build, machine, memory, milliseconds, quantile, today};

const PATIENCE: Duration = Duration::from_secs(600);
/// Between two keys of a fast typist.
const KEY_GAP: Duration = Duration::from_millis(30);
/// Keys in each state.
const KEYS: usize = 300;
const LINE: &str = "    let total = prices.iter().map(Price::net).sum::<Money>();";

/// Measures the index of a large workspace.
#[derive(Parser)]
struct Options {
    /// The folder that sources are copied from.
    #[arg(long)]
    sources: PathBuf,
    /// Lines of the workspace.
    #[arg(long, default_value_t = 1_000_000)]
    lines: usize,
    /// The server's program.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_mantle"))]
    binary: PathBuf,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    match runtime.block_on(measure(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    let scene = Scene::new(options)?;
    println!("{}, {}, {}", today(), machine(), build());
    println!(
        "{} files, {} lines, {:.1} MB",
        scene.files.len(),
        scene.lines,
        scene.bytes as f64 / 1e6
    );

    println!("\n| a key and its completion | keys | p50 | p99 | to no index, p50 |");
    let off = scene.start(false).await?;
    let running = scene.start(true).await?;
    let mut typist_off = Typist::open(&off).await?;
    let mut typist_running = Typist::open(&running).await?;
    let began = Instant::now();
    let indexed = running.begin("mantle/indexed", json!({})).await?;
    let indexed = indexed.answer::<Indexed>(PATIENCE);
    tokio::pin!(indexed);
    // In turn, until the index is there: each state meets the same machine.
    let first = loop {
        tokio::select! {
            biased;
            done = &mut indexed => break done?,
            key = typist_off.key() => key?,
        }
        typist_running.key().await?;
    };
    let first_took = began.elapsed();
    let mut typist_after = Typist::open(&running).await?;
    let mut typist_beside = Typist::open(&off).await?;
    for _ in 0..KEYS {
        typist_beside.key().await?;
        typist_after.key().await?;
    }
    let base = typist_off.row("no index, meanwhile", None);
    typist_running.row("while the index runs", Some(base));
    let base = typist_beside.row("no index, behind it", None);
    typist_after.row("with the index", Some(base));

    println!("\n| start | learnt | ready after | resident | peak |");
    row("first", first, first_took, &running);
    let closed = json!({"event": {"added": [], "removed": [scene.folder()]}});
    running
        .notify("workspace/didChangeWorkspaceFolders", closed)
        .await?;
    let began = Instant::now();
    let nothing: Indexed = running
        .request("mantle/indexed", json!({}), PATIENCE)
        .await?;
    row("its folder closed", nothing, began.elapsed(), &running);
    row("no index", Indexed { files: 0 }, Duration::ZERO, &off);
    off.shut_down(PATIENCE).await?;
    running.shut_down(PATIENCE).await?;

    scene.forget()?;
    scene.time_start("first, nothing typed").await?;
    scene.time_start("second").await?;
    scene.touch(100)?;
    scene.time_start("1 % changed").await?;
    scene.time_start("after that").await
}

fn row(what: &str, learnt: Indexed, took: Duration, client: &LspClient) {
    println!(
        "| {what} | {} files | {} | {:.0} MiB | {:.0} MiB |",
        learnt.files,
        milliseconds(took),
        memory(client, "VmRSS"),
        memory(client, "VmHWM"),
    );
}

/// The workspace and the folders of the servers.
struct Scene {
    folder: tempfile::TempDir,
    binary: PathBuf,
    files: Vec<PathBuf>,
    lines: usize,
    bytes: usize,
}

impl Scene {
    fn new(options: &Options) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut scene = Self {
            binary: options.binary.clone(),
            files: Vec::new(),
            lines: 0,
            bytes: 0,
            folder,
        };
        let walk = ignore::WalkBuilder::new(&options.sources)
            .standard_filters(false)
            .sort_by_file_path(Path::cmp)
            .build();
        for entry in walk.flatten() {
            let is_rust = entry
                .path()
                .extension()
                .is_some_and(|ending| ending == "rs");
            if scene.lines >= options.lines || !is_rust {
                continue;
            }
            let Ok(text) = fs::read_to_string(entry.path()) else {
                continue;
            };
            let relative = entry.path().strip_prefix(&options.sources)?;
            let path = scene.root().join(relative);
            fs::create_dir_all(path.parent().context("it lies in a folder")?)?;
            fs::write(&path, &text)?;
            scene.lines += text.lines().count();
            scene.bytes += text.len();
            scene.files.push(path);
        }
        Ok(scene)
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn folder(&self) -> serde_json::Value {
        json!({"uri": file_uri(&self.root()), "name": "root"})
    }

    /// Starts a server with the folder open, or with none.
    async fn start(&self, has_folder: bool) -> Result<LspClient, LspError> {
        let inner = |name: &str| self.folder.path().join(name);
        let client = Launch::new(&self.binary)
            .env("XDG_STATE_HOME", inner(&format!("state-{has_folder}")))
            .env("XDG_CACHE_HOME", inner("cache"))
            .env("XDG_CONFIG_HOME", inner("config"))
            .arg("lsp")
            .spawn()?;
        let folders = if has_folder {
            vec![self.folder()]
        } else {
            Vec::new()
        };
        // It watches files itself, so that the system's watches are not measured.
        let watching = json!({"didChangeWatchedFiles": {"dynamicRegistration": true}});
        let params = json!({
            "processId": null, "rootUri": null, "workspaceFolders": folders,
            "capabilities": {"workspace": watching},
            "initializationOptions": {"try": true},
        });
        let _: IgnoredAny = client.request("initialize", params, PATIENCE).await?;
        client.notify("initialized", json!({})).await?;
        Ok(client)
    }

    async fn time_start(&self, what: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        let client = self.start(true).await?;
        let learnt: Indexed = client
            .request("mantle/indexed", json!({}), PATIENCE)
            .await?;
        row(what, learnt, began.elapsed(), &client);
        let began = Instant::now();
        client.shut_down(PATIENCE).await?;
        println!("| … its end | | {} | | |", milliseconds(began.elapsed()));
        Ok(())
    }

    /// Changes every `step`th file.
    fn touch(&self, step: usize) -> anyhow::Result<()> {
        for path in self.files.iter().step_by(step) {
            let text = fs::read_to_string(path)?;
            fs::write(path, format!("{text}\n// changed\n"))?;
        }
        Ok(())
    }

    /// Takes away what servers have kept.
    fn forget(&self) -> anyhow::Result<()> {
        fs::remove_dir_all(self.folder.path().join("cache")).context("an index was kept")
    }
}

/// Types the same line again and again into a file of 1,000 lines.
struct Typist<'c> {
    client: &'c LspClient,
    document: OpenDocument,
    cursor: Position,
    typed: usize,
    spans: Vec<Duration>,
}

impl<'c> Typist<'c> {
    async fn open(client: &'c LspClient) -> Result<Self, LspError> {
        let function = "fn sum(prices: &[Price]) -> Money {\n    prices.iter().sum()\n}\n\n";
        let text = function.repeat(250);
        let uri = "untitled:typing.rs".to_owned();
        let document = OpenDocument::open(client, uri, "rust", &text).await?;
        Ok(Self {
            client,
            document,
            cursor: Position {
                line: 501,
                character: 0,
            },
            typed: 0,
            spans: Vec::new(),
        })
    }

    async fn key(&mut self) -> Result<(), LspError> {
        tokio::time::sleep(KEY_GAP).await;
        let at = self.typed % (LINE.len() + 1);
        self.typed += 1;
        let pressed = Instant::now();
        let key = LINE.get(at..=at).unwrap_or("\n");
        let range = Range::at(self.cursor);
        self.cursor = self.document.replace(self.client, range, key).await?;
        self.document
            .complete(self.client, self.cursor, PATIENCE)
            .await?;
        self.spans.push(pressed.elapsed());
        Ok(())
    }

    /// Prints the row of this state; returns its median.
    fn row(mut self, what: &str, base: Option<Duration>) -> Duration {
        self.spans.sort_unstable();
        let p50 = quantile(&self.spans, 50);
        let ratio = base.map_or_else(String::new, |base| {
            format!("{:.2}", p50.as_secs_f64() / base.as_secs_f64())
        });
        println!(
            "| {what} | {} | {} | {} | {ratio} |",
            self.spans.len(),
            milliseconds(p50),
            milliseconds(quantile(&self.spans, 99)),
        );
        p50
    }
}
