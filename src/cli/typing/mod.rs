//! `mantle try`: a short real typing session through the language server, on the user's own code.
//!
//! It starts this very program as `mantle lsp` with a state of its own, cuts a few real lines out
//! of a few real files, types them again key by key as an editor would, and takes each suggestion
//! that is right. It ends with the margin report of that session. [`pick`] chooses the lines,
//! [`session`] types them, [`tally`] counts, [`print`] shows.

mod pick;
mod print;
mod session;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::process::Command;

use self::pick::{Pick, PickedFile};
use self::print::Printer;
use self::session::Typist;
use self::tally::{FileRun, LineRun, Session, Totals};
use crate::cli::lsp_client::document::OpenDocument;
use crate::cli::lsp_client::wire::{Indexed, InitializationOptions, InitializeParams, file_uri};
use crate::cli::lsp_client::{Launch, LspClient, LspError};
use crate::cli::scratch::ScratchFolder;

/// How long the server may take to answer `initialize` and to end.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// How long the first index of a workspace may take before typing begins without the rest.
const INDEX_PATIENCE: Duration = Duration::from_secs(120);
/// How long one suggestion may take; a cold local model needs tens of seconds for its first.
const KEY_PATIENCE: Duration = Duration::from_secs(60);

/// Types a few lines of your own code through the language server and shows what it would have
/// saved and cost.
#[derive(Args, Clone, Debug)]
pub struct TryArgs {
    /// A folder or one file to take lines from; ignore files are honoured.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Chooses the files and lines; the same seed on the same files types the same lines.
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many files to type in.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub files: u16,
    /// How many lines to type in each file.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub lines: u16,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
    /// Types no faster than this many keys a second; by default each key follows the answer.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub keys_per_second: Option<u16>,
}

/// Runs the session and prints it.
///
/// Without `config` the server sees no configuration of the user's, so that only the embedded
/// model answers and nothing leaves the machine. Without `state` the ledger of the session is
/// thrown away at the end. Returns 0 when at least one suggestion was right, 1 when none was, 2
/// when there is nothing to type in `args.path`, 130 on Ctrl-C; the server ends in every case.
///
/// # Errors
/// The server cannot be started, ends early, or does not answer.
pub async fn run(
    args: TryArgs,
    config: Option<PathBuf>,
    state: Option<PathBuf>,
) -> anyhow::Result<ExitCode> {
    let Ok(path) = args.path.canonicalize() else {
        eprintln!(
            "error: there is no {}\nhint: mantle try [PATH] takes a folder of source code",
            args.path.display()
        );
        return Ok(ExitCode::from(2));
    };
    let pick = Pick {
        seed: args.seed.unwrap_or_else(any_seed),
        files: usize::from(args.files),
        lines: usize::from(args.lines),
    };
    let chosen = path.clone();
    let files = tokio::task::spawn_blocking(move || pick::pick(&chosen, pick))
        .await
        .context("choosing lines to type")?;
    if files.is_empty() {
        eprintln!(
            "error: no source file under {} has a line worth typing\nhint: mantle try [PATH] takes \
             a folder of source code; files that .gitignore names are left out",
            path.display()
        );
        return Ok(ExitCode::from(2));
    }
    let root = pick::root_of(&path).to_owned();
    // The server starts in another folder: a relative path would be looked for there.
    let absolute = |path: Option<PathBuf>| path.map(std::path::absolute).transpose();
    let config = absolute(config).context("finding the configuration file")?;
    let state = absolute(state).context("finding the folder of the state")?;
    let scratch = ScratchFolder::new().context("making a temporary folder for the session")?;
    let server = Server {
        state: state.unwrap_or_else(|| scratch.path().join("state/mantle")),
        config,
        scratch: scratch.path().to_owned(),
        root,
    };
    let mut printer = Printer::new(args.json);
    tokio::select! {
        outcome = play(&args, pick.seed, &server, files, &mut printer) => outcome,
        // Dropping `play` drops the client, and with it the server.
        _ = tokio::signal::ctrl_c() => {
            printer.interrupted();
            Ok(ExitCode::from(130))
        }
    }
}

async fn play(
    args: &TryArgs,
    seed: u64,
    server: &Server,
    files: Vec<PickedFile>,
    printer: &mut Printer,
) -> anyhow::Result<ExitCode> {
    printer.indexing();
    let client = server.start().await?;
    let indexed = server.index(&client, printer).await?;
    printer.begin(&server.root, seed, &files, indexed)?;

    let typist = Typist::new(&client, KEY_PATIENCE, args.keys_per_second);
    let mut session = Session::new(seed, &server.root, indexed);
    for file in &files {
        session.files.push(FileRun::of(file));
        let mut document = open(&client, server, file).await?;
        for line in &file.lines {
            let mut run = LineRun::new(file, line);
            typist
                .type_line(&mut document, line, &mut run, &mut |run, suggestion| {
                    printer.suggestion(run, suggestion)
                })
                .await
                .with_context(|| format!("typing {}:{}", run.file, run.line))?;
            printer.line_done();
            session.lines.push(run);
        }
        document.close(&client).await?;
    }
    // The ledger is complete only once the server has closed it.
    client
        .shut_down(START_PATIENCE)
        .await
        .context("ending the language server")?;

    let totals = Totals::of(&session.lines);
    if args.json {
        let report = server.report_json().await?;
        printer.json(&session, &totals, &report)?;
    } else {
        printer.end();
        server.show_report().await?;
        printer.summary(&totals)?;
    }
    if totals.accepted == 0 {
        printer.nothing_accepted();
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens a file without the lines that are going to be typed: the answer is not in the text.
async fn open(
    client: &LspClient,
    server: &Server,
    file: &PickedFile,
) -> Result<OpenDocument, LspError> {
    let uri = file_uri(&server.root.join(&file.path));
    OpenDocument::open(client, uri, file.language, &file.without_lines()).await
}

/// The server of one session, and the reports on its ledger.
struct Server {
    root: PathBuf,
    scratch: PathBuf,
    state: PathBuf,
    config: Option<PathBuf>,
}

impl Server {
    async fn start(&self) -> anyhow::Result<LspClient> {
        let program = std::env::current_exe().context("finding this program")?;
        let mut launch = Launch::new(program).folder(&self.root);
        launch = launch.arg("--state").arg(&self.state);
        for (variable, folder) in [
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_CONFIG_HOME", "config"),
        ] {
            launch = launch.env(variable, self.scratch.join(folder));
        }
        match &self.config {
            Some(config) => launch = launch.arg("--config").arg(config),
            // Settings from the environment could name a network model; without --config nothing
            // leaves the machine.
            None => {
                for (variable, _) in std::env::vars_os() {
                    if variable.to_string_lossy().starts_with("MANTLE_") {
                        launch = launch.env_remove(variable);
                    }
                }
            }
        }
        let client = launch.arg("lsp").spawn()?;
        let options = InitializationOptions {
            explain: true,
            trial: true,
            client: "mantle try",
        };
        let params = InitializeParams::for_folder(&self.root, options);
        let _: serde::de::IgnoredAny = client
            .request("initialize", params, START_PATIENCE)
            .await
            .context("starting the language server")?;
        client.notify("initialized", serde_json::json!({})).await?;
        Ok(client)
    }

    /// Waits for the first index; a workspace that takes too long is typed in all the same.
    async fn index(&self, client: &LspClient, printer: &Printer) -> anyhow::Result<Option<u64>> {
        let indexed: Result<Indexed, LspError> = client
            .request("mantle/indexed", serde_json::json!({}), INDEX_PATIENCE)
            .await;
        match indexed {
            Ok(indexed) => Ok(Some(indexed.files)),
            Err(LspError::TimedOut { after, .. }) => {
                printer.note(&format!(
                    "the index was not finished after {} s; typing begins without the rest",
                    after.as_secs()
                ));
                Ok(None)
            }
            Err(error) => Err(error).context("waiting for the index"),
        }
    }

    fn report(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(std::env::current_exe().context("finding this program")?);
        command.arg("--state").arg(&self.state);
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        } else {
            command.env("XDG_CONFIG_HOME", self.scratch.join("config"));
        }
        command.arg("report").kill_on_drop(true);
        Ok(command)
    }

    async fn show_report(&self) -> anyhow::Result<()> {
        let status = self.report()?.status().await.context("mantle report")?;
        anyhow::ensure!(status.success(), "mantle report ended with {status}");
        Ok(())
    }

    async fn report_json(&self) -> anyhow::Result<serde_json::Value> {
        let output = self.report()?.arg("--json").output().await;
        let output = output.context("mantle report --json")?;
        anyhow::ensure!(
            output.status.success(),
            "mantle report --json ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        serde_json::from_slice(&output.stdout).context("reading mantle report --json")
    }
}

/// Returns a seed that a person can type again.
fn any_seed() -> u64 {
    let (_, random) = uuid::Uuid::now_v7().as_u64_pair();
    random % 1_000_000
}
