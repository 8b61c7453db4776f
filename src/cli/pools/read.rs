//! `mantle pools read`: asks the servers of a pool how busy they are, and books it.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::cli::drill::span;
use crate::cli::revenue::{book, from_words};
use crate::cli::{Command, WrongUse};
use crate::config::Keys;
use crate::domain::{Origin, Policy, PriceSource, Timestamp};
use crate::engine::{Clock, Engine, ServerLoad, Setup};

/// How often the servers are asked. A completion takes about as long, and a question a millisecond.
const EVERY: Duration = Duration::from_secs(1);

/// What can be said after `mantle pools read`.
#[derive(Clone, Debug, clap::Args)]
pub struct ReadArgs {
    /// Its name; its servers are those of the models with price = "pool/NAME".
    pub name: String,
    /// For so long, such as 10m or 1h; a day at most. Ctrl-C ends it earlier, and what was read until then is booked
    #[arg(long = "for", value_name = "TIME", default_value = "1m", value_parser = span)]
    pub length: Duration,
    /// Say what was read, and book nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Reads for the time that was asked for.
///
/// # Errors
///
/// When no model is on the pool, a server does not tell, or the ledger cannot be written.
pub async fn run(
    args: &ReadArgs,
    command: &Command,
    clock: &Clock,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let engine = engine_of(args, command, clock)?;
    let began = clock.now();
    let ask = async || engine.pool_load(&args.name).await;
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    let tally = Tally::read(ask, args.length, interrupt).await?;
    let ended = clock.now();
    engine.close().await;
    let utilisation = tally.utilisation_bp();
    let percent = format!("{}.{:02}", utilisation / 100, utilisation % 100);
    writeln!(
        out,
        "{} was busy {percent} % of the time: {} of {} readings of {}",
        args.name,
        tally.busy,
        tally.readings(),
        counted(tally.hosts, "server"),
    )?;
    if tally.unknown > 0 {
        writeln!(
            out,
            "{} had no answer and do not count",
            counted(tally.unknown, "reading")
        )?;
    }
    if args.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    let words = [
        format!("name={}", args.name),
        format!("utilisation={percent}"),
        format!("since={}", written(began)?),
        format!("until={}", written(ended)?),
    ];
    let prices = command.load().settings.prices;
    let row = from_words("pool-use", &words, &prices, ended)?;
    book(&command.paths.ledger(), vec![row], out).await?;
    Ok(ExitCode::SUCCESS)
}

fn written(at: Timestamp) -> anyhow::Result<String> {
    Ok(at.to_utc().format(&Rfc3339)?)
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// An engine that knows the models of the pool, and nothing of a workspace.
fn engine_of(args: &ReadArgs, command: &Command, clock: &Clock) -> anyhow::Result<Arc<Engine>> {
    let settings = command.load().settings;
    let is_on_it =
        |price: &PriceSource| matches!(price, PriceSource::Pool(name) if *name == args.name);
    if !settings.models.iter().any(|model| is_on_it(&model.price)) {
        return Err(WrongUse(format!(
            "no model is on the pool `{0}`; put price = \"pool/{0}\" into the configuration of those that are",
            args.name
        ))
        .into());
    }
    Ok(Arc::new(Engine::new(Setup {
        policy: Policy {
            embedded: false,
            ..settings.policy
        },
        models: settings.models,
        prices: settings.prices,
        network: settings.network,
        key_of: Box::new(Keys::of(command.environment.clone()).source()),
        ledger: command.paths.ledger(),
        cache: command.paths.cache.clone(),
        origin: Origin::Cli,
        client: None,
        user: None,
        roots: Vec::new(),
        index_memory: 8 * 1024 * 1024,
        dependencies: None,
        clock: clock.clone(),
    })))
}

/// How often a server worked on something when it was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Tally {
    hosts: usize,
    busy: usize,
    idle: usize,
    unknown: usize,
}

impl Tally {
    /// Asks every second for so long, or until `interrupt`.
    async fn read(
        ask: impl AsyncFn() -> Vec<ServerLoad>,
        length: Duration,
        interrupt: impl Future<Output = ()>,
    ) -> anyhow::Result<Self> {
        let mut tally = Self::default();
        // Who does not tell at all is heard of at once, and not after an hour.
        let first = ask().await;
        for server in &first {
            if let Err(why) = &server.running {
                bail!("{}: {why}", server.host);
            }
        }
        tally.add(&first);
        let begun = Instant::now();
        let mut ticks = interval_at(begun + EVERY, EVERY);
        // A reading that came late is no reason for two at once.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(interrupt);
        while begun.elapsed() < length {
            tokio::select! {
                _ = ticks.tick() => tally.add(&ask().await),
                () = &mut interrupt => break,
            }
        }
        if tally.unknown > tally.readings() {
            bail!(
                "{} of {} readings had no answer, which is too many to tell",
                tally.unknown,
                tally.unknown + tally.readings()
            );
        }
        Ok(tally)
    }

    fn add(&mut self, servers: &[ServerLoad]) {
        self.hosts = servers.len();
        for server in servers {
            match server.running {
                Ok(0) => self.idle += 1,
                Ok(_) => self.busy += 1,
                Err(_) => self.unknown += 1,
            }
        }
    }

    const fn readings(&self) -> usize {
        self.busy + self.idle
    }

    /// The share of readings at which a server was busy, in hundredths of a percent.
    const fn utilisation_bp(&self) -> usize {
        match self.readings() {
            0 => 0,
            all => (self.busy * 10_000 + all / 2) / all,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use super::*;

    fn server(running: Result<u32, &str>) -> ServerLoad {
        ServerLoad {
            host: "127.0.0.1:8080".to_owned(),
            running: running.map_err(str::to_owned),
        }
    }

    /// Answers the n-th question with the n-th of these, and the last one for ever.
    async fn read(answers: &[Result<u32, &str>], seconds: u64) -> anyhow::Result<Tally> {
        let asked = Cell::new(0);
        let ask = async || {
            let at = asked.replace(asked.get() + 1);
            vec![server(answers[at.min(answers.len() - 1)])]
        };
        Tally::read(ask, Duration::from_secs(seconds), pending()).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_pool_is_as_busy_as_its_readings() {
        let tally = read(&[Ok(0), Ok(2), Ok(1), Ok(0)], 5)
            .await
            .expect("it tells");
        assert_eq!((tally.busy, tally.idle, tally.hosts), (2, 4, 1));
        assert_eq!(tally.utilisation_bp(), 3_333);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_tell_is_named_at_once() {
        let error = read(&[Err("start it with --metrics")], 3_600).await;
        let error = error.expect_err("it does not tell").to_string();
        assert_eq!(error, "127.0.0.1:8080: start it with --metrics");
    }

    #[tokio::test(start_paused = true)]
    async fn readings_without_an_answer_are_not_idle_and_too_many_tell_nothing() {
        let tally = read(&[Ok(1), Err("no"), Ok(1)], 3)
            .await
            .expect("most tell");
        assert_eq!((tally.busy, tally.idle, tally.unknown), (3, 0, 1));
        assert_eq!(tally.utilisation_bp(), 10_000);
        let error = read(&[Ok(1), Err("no")], 3).await.expect_err("few tell");
        assert!(error.to_string().starts_with("3 of 4 readings"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_until_an_interrupt_counts() {
        let ask = async || vec![server(Ok(1)), server(Ok(0))];
        let interrupt = tokio::time::sleep(Duration::from_millis(2_500));
        let tally = Tally::read(ask, Duration::from_secs(60), interrupt).await;
        let tally = tally.expect("it tells");
        assert_eq!((tally.busy, tally.idle, tally.hosts), (3, 3, 2));
        assert_eq!(tally.utilisation_bp(), 5_000);
    }
}
