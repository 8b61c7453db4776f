//! The real `mantle lsp` in a temporary workspace, as the protocol tests need it.
//!
//! Every server has its own folders for state, cache and configuration, so that tests neither see
//! the user's nor each other's. Waiting is always for a message, never for a time.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub mod faulty_model;
pub mod holding_model;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use mantle_ls::cli::lsp_client::document::{OpenDocument, byte_column, utf16_length};
use mantle_ls::cli::lsp_client::wire::{
    Indexed, InitializationOptions, InitializeParams, InlineCompletionItem, Position, file_uri,
};
use mantle_ls::cli::lsp_client::{Launch, LspClient};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Long enough for a debug build on a machine that does other work; a test that passes never
/// waits for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What the `mantle` of this build is.
pub const MANTLE: &str = env!("CARGO_BIN_EXE_mantle");

/// A folder with source files, and beside it the folders of one server.
pub struct Workspace {
    /// What its processes have in their environment beside its folders.
    pub variables: Vec<(String, String)>,
    folder: TempDir,
}

impl Workspace {
    /// Writes `files`, given as path and text.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let workspace = Self {
            variables: Vec::new(),
            folder,
        };
        for inner in ["root", "state", "cache", "config/mantle"] {
            fs::create_dir_all(workspace.folder.path().join(inner)).expect("a folder");
        }
        for (path, text) in files {
            workspace.write(path, text);
        }
        workspace
    }

    /// A workspace whose functions begin alike in many files, so that the embedded model is sure
    /// how such a line goes on: see [`SURE_START`].
    pub fn where_the_embedded_model_is_sure() -> Self {
        let workspace = Self::new(&[]);
        for table in ["users", "orders", "invoices", "products", "carts", "prices"] {
            workspace.write(&format!("src/{table}.rs"), &sure_text(table));
        }
        workspace
    }

    pub fn root(&self) -> PathBuf {
        // The server sees canonical paths, and a temporary folder may be behind a link.
        let root = self.folder.path().join("root");
        root.canonicalize().expect("the root exists")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state/mantle")
    }

    pub fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    pub fn ledger(&self) -> PathBuf {
        self.state().join("ledger.sqlite3")
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Writes the user's configuration file.
    pub fn configure(&self, toml: &str) {
        let path = self.folder.path().join("config/mantle/config.toml");
        fs::write(path, toml).expect("a configuration");
    }

    fn launch(&self) -> Launch {
        let mut launch = Launch::new(MANTLE).folder(&self.root());
        for (variable, folder) in self.folders() {
            launch = launch.env(variable, folder);
        }
        for (variable, value) in &self.variables {
            launch = launch.env(variable, value);
        }
        for (variable, _) in std::env::vars_os() {
            let name = variable.to_string_lossy().to_lowercase();
            if name.starts_with("mantle_") || name.ends_with("_proxy") {
                launch = launch.env_remove(variable);
            }
        }
        launch
    }

    /// The variables that keep a process in this workspace.
    pub fn folders(&self) -> [(&'static str, PathBuf); 3] {
        let inner = |name: &str| self.folder.path().join(name);
        [
            ("XDG_STATE_HOME", inner("state")),
            ("XDG_CACHE_HOME", inner("cache")),
            ("XDG_CONFIG_HOME", inner("config")),
        ]
    }

    /// Runs `mantle report --json` on this workspace's ledger.
    pub fn report(&self) -> Value {
        self.report_with(&[])
    }

    /// Asks for the same with more said on the command line.
    pub fn report_with(&self, more: &[&str]) -> Value {
        let output = std::process::Command::new(MANTLE)
            .arg("--state")
            .arg(self.state())
            .args(["report", "--json"])
            .args(more)
            .envs(self.folders())
            .output()
            .expect("mantle runs");
        assert!(
            output.status.success(),
            "mantle report: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).expect("the report is JSON")
    }
}

/// The beginning of a line that the embedded model has seen many times, and how it goes on.
pub const SURE_START: &str = "    let connection = po";
pub const SURE_REST: &str = "ol.acquire().await.expect(\"the pool is open\");";

/// The same with characters of two and four UTF-8 bytes, and of one and two UTF-16 units, before
/// the cursor, one of them made of three.
pub const EMOJI_START: &str = "    notify(\"é😀👩\u{200d}💻 fetched\", ro";
pub const EMOJI_REST: &str = "w.id, connection.name()).await;";

/// A file that the embedded model learns [`SURE_START`] and [`SURE_REST`] from.
pub fn sure_text(table: &str) -> String {
    let functions: String = ["load", "count", "archive", "restore"]
        .iter()
        .map(|verb| function(verb, table))
        .collect();
    format!("use crate::store::{{Pool, Row, StoreError}};\n{functions}")
}

fn function(verb: &str, table: &str) -> String {
    format!(
        "
pub async fn {verb}_{table}(pool: &Pool, id: u64) -> Result<Row, StoreError> {{
{SURE_START}{SURE_REST}
    let row = connection.fetch_one(\"{verb} {table}\", id).await?;
{EMOJI_START}{EMOJI_REST}
    tracing::info!(row = row.id, \"row fetched\");
    Ok(row)
}}
"
    )
}

/// A new file in that workspace with the cursor at [`SURE_START`]; `before` goes above it.
pub fn sure_document(before: &str) -> String {
    format!(
        "use crate::store::{{Pool, Row, StoreError}};
{before}
pub async fn newest(pool: &Pool, id: u64) -> Result<Row, StoreError> {{
{SURE_START}$0
}}
"
    )
}

/// As [`sure_document`], with the cursor at [`EMOJI_START`].
pub fn emoji_document() -> String {
    let line = format!(
        "{SURE_START}{SURE_REST}\n    let row = connection.fetch_one(\"newest\", id).await?;"
    );
    sure_document("").replace(
        &format!("{SURE_START}$0"),
        &format!("{line}\n{EMOJI_START}$0"),
    )
}

/// A running server that has read its workspace.
pub struct Server {
    pub client: LspClient,
    root: PathBuf,
}

impl Server {
    /// Starts the process and says nothing to it.
    pub fn silent(workspace: &Workspace) -> Self {
        Self {
            client: workspace
                .launch()
                .arg("lsp")
                .spawn()
                .expect("mantle starts"),
            root: workspace.root(),
        }
    }

    /// Starts a server and waits until it has read the workspace.
    pub async fn start(workspace: &Workspace) -> Self {
        Self::start_with(workspace, InitializationOptions::default()).await
    }

    /// As [`Self::start`], with our own settings.
    pub async fn start_with(workspace: &Workspace, options: InitializationOptions) -> Self {
        let server = Self::silent(workspace);
        server.initialize(options).await;
        server.wait_for_the_index().await;
        server
    }

    /// Says hello and returns the answer to `initialize`.
    pub async fn initialize(&self, options: InitializationOptions) -> Value {
        let options = InitializationOptions {
            client: "mantle tests",
            ..options
        };
        let params = InitializeParams::for_folder(&self.root, options);
        let answer = self.client.request("initialize", params, PATIENCE).await;
        let answer = answer.expect("initialize is answered");
        self.notify("initialized", json!({})).await;
        answer
    }

    pub async fn wait_for_the_index(&self) -> Indexed {
        let indexed = self.client.request("mantle/indexed", json!({}), PATIENCE);
        indexed.await.expect("the workspace is indexed")
    }

    pub fn uri(&self, path: &str) -> String {
        file_uri(&self.root.join(path))
    }

    /// Opens a Rust file whose text has the cursor at `$0`.
    pub async fn open(&self, path: &str, marked: &str) -> (OpenDocument, Position) {
        let (before, after) = marked.split_once("$0").expect("a cursor in the text");
        let position = end_of(before);
        let text = format!("{before}{after}");
        let document = OpenDocument::open(&self.client, self.uri(path), "rust", &text).await;
        (document.expect("the server reads"), position)
    }

    pub async fn notify(&self, method: &str, params: Value) {
        let sent = self.client.notify(method, params).await;
        sent.expect("the server reads");
    }

    pub async fn request(&self, method: &str, params: Value) -> Result<Value, i64> {
        let answer = self.client.request(method, params, PATIENCE).await;
        answer.map_err(|error| error.code().unwrap_or_else(|| panic!("{method}: {error}")))
    }

    pub async fn complete(
        &self,
        document: &OpenDocument,
        position: Position,
    ) -> Option<InlineCompletionItem> {
        let items = document.complete(&self.client, position, PATIENCE).await;
        let mut items = items.expect("a completion request is answered");
        assert!(items.len() < 2, "at most one item for now: {items:?}");
        items.pop()
    }

    /// Asserts that an ordinary completion is answered with what the embedded model is sure of.
    #[track_caller]
    pub fn assert_completes(&self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let (document, cursor) = self.open("src/probe.rs", &sure_document("")).await;
            let item = self.complete(&document, cursor).await;
            let item = item.unwrap_or_else(|| panic!("nothing was suggested, {caller}"));
            assert_rest(&document, cursor, &item);
            let closed = document.close(&self.client).await;
            closed.expect("the server reads");
        }
    }

    /// Ends the server as an editor does and asserts that it had answered every request once:
    /// beside `strays`, given as error codes of answers without an id, nothing came unasked.
    pub async fn end(self, strays: &[i64]) {
        let found: Vec<_> = self
            .client
            .strays()
            .iter()
            .map(|stray| (stray.id.clone(), stray.code))
            .collect();
        let expected: Vec<_> = strays
            .iter()
            .map(|code| ("null".to_owned(), Some(*code)))
            .collect();
        assert_eq!(found, expected, "answers that nobody waited for");
        let status = self.client.shut_down(PATIENCE).await;
        let status = status.expect("the server shuts down");
        assert!(status.success(), "the server ended with {status}");
    }
}

/// Asserts that `item` continues the line at `cursor` with [`SURE_REST`].
#[track_caller]
pub fn assert_rest(document: &OpenDocument, cursor: Position, item: &InlineCompletionItem) {
    let range = item.range.expect("an item has a range");
    assert_eq!(range.end, cursor, "the range ends at the cursor");
    assert_eq!(range.start.line, cursor.line, "the range is on one line");
    let line = document.line(cursor.line);
    let start = byte_column(line, range.start.character);
    let end = byte_column(line, range.end.character);
    let suggested = item.insert_text.strip_prefix(&line[start..end]);
    let suggested = suggested.expect("the replaced text begins the inserted text");
    let whole = format!("{}{}", &line[..end], suggested.lines().next().unwrap_or(""));
    assert_eq!(whole.trim(), format!("{SURE_START}{SURE_REST}").trim());
}

/// Returns the place behind `text`.
pub fn end_of(text: &str) -> Position {
    let line = text.rsplit('\n').next().unwrap_or(text);
    let number = text.matches('\n').count();
    Position {
        line: u32::try_from(number).expect("a small document"),
        character: utf16_length(line),
    }
}
