//! The command line: converts what was typed, calls the parts, prints.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 it
//! failed, 2 wrong use. An error says what to do next. `mantle lsp` is parsed here and started by
//! `main`, so that the faces do not know each other.

mod booking;
mod budget;
mod complete;
mod config;
mod doctor;
mod drill;
mod init;
mod ledger;
mod log;
pub mod lsp_client;
mod models;
mod played;
mod pools;
mod prices;
mod reconcile;
mod report;
mod revenue;
mod route;
mod scratch;
mod simulate;
mod source;
mod typing;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use log::LogGuard;
pub use route::read_table;

use crate::config::{Environment, Layers, Loaded, Paths, load};
use crate::domain::Timestamp;
use crate::engine::Clock;
use crate::ledger::margin::{CallGroup, PriceLists};

/// The version with the commit, as `--version` prints it.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("MANTLE_COMMIT"), ")");

/// Inline completions that keep the margin: a language server with a ledger.
///
/// Point an editor at `mantle lsp`; see what it is like with `mantle try`. Works without any key:
/// the embedded model learns from the workspace. Models over the network are named in
/// $XDG_CONFIG_HOME/mantle/config.toml.
#[derive(Debug, Parser)]
#[command(name = "mantle", version = VERSION, max_term_width = 100)]
pub struct Cli {
    /// Read this configuration file instead of the user's.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep ledger, logs and learned state in this folder.
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
    #[command(subcommand)]
    command: CommandArgs,
}

#[derive(Debug, Subcommand)]
enum CommandArgs {
    /// Serve an editor over standard input and output.
    Lsp {
        /// Accepted because editors pass it; there is no other transport.
        #[arg(long)]
        stdio: bool,
    },
    /// Type real lines of a workspace through the language server and see what it suggests.
    Try(typing::TryArgs),
    /// Complete one place of a file; the suggestion goes to standard output.
    Complete(complete::CompleteArgs),
    /// Show what suggestions cost, how many were accepted, and the margin.
    Report(report::ReportArgs),
    /// Show what may be spent this month, what was, and where the month will end.
    Budget(budget::BudgetArgs),
    /// Judge the router where the truth is known, or teach it from the ledger.
    #[command(subcommand)]
    Route(route::RouteArgs),
    /// Take a supplier away for a while, and see what that does to service and margin.
    Drill(drill::DrillArgs),
    /// Look into the price book, compare price files, and import them.
    #[command(subcommand)]
    Prices(prices::PricesArgs),
    /// Book what was earned, and what is paid beside calls.
    #[command(subcommand)]
    Revenue(revenue::RevenueArgs),
    /// Book GPUs that are paid for whether they work or not, and how busy they were.
    #[command(subcommand)]
    Pools(pools::PoolsArgs),
    /// Reprice the calls of a period: another price list, or another model's price.
    Simulate(simulate::SimulateArgs),
    /// Compare a provider's bill with the ledger.
    Reconcile(reconcile::ReconcileArgs),
    /// Check the ledger itself, take events out of it, and add those of another.
    #[command(subcommand)]
    Ledger(ledger::LedgerArgs),
    /// Check everything that completions need, and say what to mend.
    Doctor,
    /// Look for model servers on this machine and write a first configuration.
    Init(init::InitArgs),
    /// List the models over the network, or ask each of them once.
    #[command(subcommand)]
    Models(models::ModelsArgs),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigArgs),
    /// Print a script that completes this command line in a shell.
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigArgs {
    /// Name everything that is wrong with it, at once.
    Check,
}

/// What is to be done.
pub enum Task {
    /// Serve an editor; `main` does it.
    Lsp {
        /// Where files are.
        paths: Paths,
        /// The process' environment.
        environment: Environment,
        /// Whether the configuration file was named on the command line.
        config_is_required: bool,
        /// Keeps the log open.
        log: LogGuard,
    },
    /// Anything else.
    Command(Box<Command>),
}

/// A command with what all commands need.
pub struct Command {
    args: CommandArgs,
    paths: Paths,
    environment: Environment,
    config: Option<PathBuf>,
    state: Option<PathBuf>,
}

impl Cli {
    /// Parses the process' arguments; wrong use and `--help` are printed here. A bare `--stdio`
    /// is `lsp --stdio`: some clients let their user choose the program and not its arguments.
    ///
    /// # Errors
    /// The exit code, when there is nothing to be done: 2 for wrong use, 0 for help.
    pub fn from_arguments() -> Result<Self, ExitCode> {
        let mut arguments: Vec<_> = std::env::args_os().collect();
        if arguments.get(1).is_some_and(|first| first == "--stdio") {
            arguments.insert(1, "lsp".into());
        }
        Self::try_parse_from(arguments).map_err(|error| {
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { 2 } else { 0 })
        })
    }

    /// Returns what is to be done. For the language server, logging has begun.
    #[must_use]
    pub fn task(self) -> Task {
        let environment = Environment::of_this_process();
        let paths = Paths::find(&environment, self.config.as_deref(), self.state.as_deref());
        if let CommandArgs::Lsp { stdio: _ } = self.command {
            if std::io::stdin().is_terminal() {
                eprintln!(
                    "mantle: this speaks to an editor over standard input; see it at work with `mantle try`"
                );
            }
            // The editor's own options come later; the log begins before the first word of theirs.
            let layers = Layers::of(&paths, environment.clone(), false);
            let log = log::to_folder(&paths.log(), load(&layers).settings.log_level);
            return Task::Lsp {
                paths,
                environment,
                config_is_required: self.config.is_some(),
                log,
            };
        }
        Task::Command(Box::new(Command {
            args: self.command,
            paths,
            environment,
            config: self.config,
            state: self.state,
        }))
    }
}

impl Command {
    /// Runs it.
    ///
    /// # Errors
    /// When it failed; the message says what to do.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        log::to_stderr(tracing::Level::ERROR);
        let mut out = std::io::stdout().lock();
        match &self.args {
            CommandArgs::Lsp { .. } => unreachable!("`task` has taken it"),
            CommandArgs::Try(args) => {
                drop(out);
                typing::run(args.clone(), self.config.clone(), self.state.clone()).await
            }
            CommandArgs::Complete(args) => complete::run(args, &self, &mut out).await,
            CommandArgs::Report(args) => {
                self.report(args, Clock::system().now(), &mut out).await?;
                Ok(ExitCode::SUCCESS)
            }
            CommandArgs::Budget(args) => {
                let (mut args, settings) = (args.clone(), self.load().settings);
                args.fill(&settings.policy.allowance);
                budget::run(&args, &self.paths.ledger(), Clock::system().now(), &mut out).await
            }
            CommandArgs::Route(args) => {
                route::run(args, &self.paths.ledger(), Clock::system().now(), &mut out).await?;
                Ok(ExitCode::SUCCESS)
            }
            CommandArgs::Drill(args) => drill::run(args, &self, &Clock::system(), &mut out).await,
            CommandArgs::Prices(args) => prices::run(args, &self, Clock::system().now(), &mut out),
            CommandArgs::Revenue(args) => {
                revenue::run(args, &self, Clock::system().now(), &mut out).await
            }
            CommandArgs::Pools(args) => pools::run(args, &self, &Clock::system(), &mut out).await,
            CommandArgs::Ledger(args) => {
                ledger::run(args, &self.paths.ledger(), Clock::system().now(), &mut out).await
            }
            CommandArgs::Simulate(args) => {
                let settings = self.load().settings;
                let now = Clock::system().now();
                simulate::run(args, &settings, &self.paths.ledger(), now, &mut out).await?;
                Ok(ExitCode::SUCCESS)
            }
            CommandArgs::Reconcile(args) => {
                reconcile::run(args, &self.paths.ledger(), Clock::system().now(), &mut out).await
            }
            CommandArgs::Doctor => doctor::run(&self, &mut out).await,
            CommandArgs::Init(args) => init::run(args, &self, &mut out).await,
            CommandArgs::Models(args) => models::run(args, &self, &mut out).await,
            CommandArgs::Config(ConfigArgs::Check) => config::check(&self.load(), &mut out),
            CommandArgs::Completions { shell } => {
                clap_complete::generate(*shell, &mut Cli::command(), "mantle", &mut out);
                Ok(ExitCode::SUCCESS)
            }
        }
    }

    async fn report(
        &self,
        args: &report::ReportArgs,
        now: Timestamp,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let settings = self.load().settings;
        let mut args = args.clone();
        let allowance = &settings.policy.allowance;
        args.seat_price = args.seat_price.or(allowance.seat_price);
        args.seats = args.seats.or(allowance.seats);
        let rates = |calls: &CallGroup| report::rates_of(&settings, calls);
        let announced = |calls: &CallGroup| report::announced_for(&settings.prices, calls, now);
        let prices = PriceLists {
            rates: &rates,
            announced: &announced,
        };
        report::run(args, &self.paths.ledger(), now, &prices, out).await
    }

    fn load(&self) -> Loaded {
        let mut layers = Layers::of(&self.paths, self.environment.clone(), self.config.is_some());
        layers.workspace = std::env::current_dir().ok();
        load(&layers)
    }
}

/// Prints why a command failed, with everything that led to it.
#[must_use]
pub fn fail(error: &anyhow::Error) -> ExitCode {
    if let Some(error) = error.downcast_ref::<clap::Error>() {
        let _ = error.print();
        return ExitCode::from(2);
    }
    eprintln!("mantle: {error:#}");
    ExitCode::from(if error.is::<WrongUse>() { 2 } else { 1 })
}

/// The command was not used as it is meant; exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUse(pub String);
