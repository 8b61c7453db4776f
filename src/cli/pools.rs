//! `mantle pools`: GPUs that are paid for whether they work or not, and how busy they were.

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;

use super::Command;
use super::revenue::{book, from_words, list};
use crate::domain::Booking;
use crate::engine::Clock;

mod read;

/// What can be said after `mantle pools`.
#[derive(Debug, Subcommand)]
pub enum PoolsArgs {
    /// Book a pool, or new terms of one from a day on.
    #[command(
        after_help = "Rented: generation=H100 gpus=2 rate=2.35 supplier=NAME since=DAY, rate in USD per GPU \
        and hour. Owned: generation=A100 gpus=1 capex=15000 salvage=1500 life_months=36 since=DAY. Power, where \
        it is not part of that: watts=400 pue=1.3 kwh=0.12. A pool ends with until=DAY, or with gpus=0 from a day on."
    )]
    Add {
        /// Its name; models are put on it with price = "pool/NAME".
        name: String,
        /// Its terms, as key=value.
        fields: Vec<String>,
    },
    /// Book how busy a pool was.
    #[command(
        after_help = "utilisation=45 (percent) since=DAY until=DAY; requests=N for requests that no call \
        on this ledger stands for."
    )]
    Use {
        /// Its name.
        name: String,
        /// The reading, as key=value.
        fields: Vec<String>,
    },
    /// Ask the servers of a pool how busy they are, for a while, and book it: llama.cpp's server with
    /// --metrics, or vLLM.
    #[command(after_help = "From cron, once an hour: mantle pools read NAME --for 1h")]
    Read(read::ReadArgs),
    /// List pools and readings.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of them.
///
/// # Errors
///
/// As `mantle revenue`.
pub async fn run(
    args: &PoolsArgs,
    command: &Command,
    clock: &Clock,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let now = clock.now();
    let ledger = command.paths.ledger();
    let prices = command.load().settings.prices;
    let named = |name: &str, fields: &[String]| {
        let mut words = fields.to_vec();
        words.push(format!("name={name}"));
        words
    };
    match args {
        PoolsArgs::Add { name, fields } => {
            let row = from_words("pool", &named(name, fields), &prices, now)?;
            book(&ledger, vec![row], out).await?;
        }
        PoolsArgs::Use { name, fields } => {
            let row = from_words("pool-use", &named(name, fields), &prices, now)?;
            book(&ledger, vec![row], out).await?;
        }
        PoolsArgs::Read(args) => return read::run(args, command, clock, out).await,
        PoolsArgs::List { json } => {
            let of_pools =
                |booking: &Booking| matches!(booking, Booking::Pool(_) | Booking::PoolUse { .. });
            list(&ledger, of_pools, *json, out).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
