//! `mantle report`: what a period cost, what it brought, and what was left of it.
//!
//! The figures come from the ledger; here they are asked for and laid out. `--format json` (or
//! `--json`) prints the documented form instead, `csv` its lines; what other programs read by their
//! own rules is in [`export`].

mod beyond;
mod charts;
mod comma_separated;
mod compare;
mod copilot;
mod demo;
mod export;
mod focus;
mod frontier;
mod html;
mod inferred;
mod layout;
mod moment;
mod month_end;
mod open_metrics;
mod silence;
mod waterfall;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;

pub use compare::Against;
pub(super) use layout::cents;
pub use moment::Moment;

use frontier::Frontier;
use inferred::Inferred;
use month_end::MonthEnd;
use silence::Silence;

use crate::config::Settings;
use crate::domain::{Money, PriceSource, Rates, Timestamp};
use crate::ledger::margin::{CallGroup, PriceLists};
use crate::ledger::{Dimension, LedgerError, LedgerReader, MarginReport, ReportQuery};
use crate::prices::Prices;

/// What the JSON form looks like; `tests/report_schema.rs` holds it true.
const SCHEMA: &str = include_str!("../../docs/report.schema.json");

/// Reading so many rows takes a third of a second.
const WORTH_ROLLING_UP: u64 = 100_000;

/// What can be said after `mantle report`.
#[derive(clap::Args, Clone, Debug)]
pub struct ReportArgs {
    /// Begin of the period: 30d, 12h or 90m ago, a day (2026-11-01) or a time (RFC 3339); UTC
    #[arg(long, value_name = "WHEN", default_value = "30d")]
    pub since: Moment,
    /// End of the period, not included; now when left out
    #[arg(long, value_name = "WHEN")]
    pub until: Option<Moment>,
    /// What to split by, separated by commas; a team is a tenant [default: model,tier,language,day]
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = dimension_parser())]
    pub by: Vec<Dimension>,
    /// Show the N dearest lines of each table and the others as one; days are all shown
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub top: Option<u16>,
    /// Show beside it a period of the same length: the previous one, or the one that begins then
    #[arg(long, value_name = "previous|WHEN", num_args = 0..=1, default_missing_value = "previous")]
    pub compare: Option<Against>,
    /// Estimate what other policies would have brought, from paying nobody to the dearest model everywhere, and
    /// what silence has saved and missed; reads every decision of the period
    #[arg(long)]
    pub frontier: bool,
    /// Report a made-up month of a team of 200 seats, to see what reports look like
    #[arg(long)]
    pub demo: bool,
    /// How to print it
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Print JSON: short for --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Print the JSON Schema of --format json, and nothing else
    #[arg(long)]
    pub schema: bool,
    /// What a seat earns per month, in US dollars, such as 19.00; gives revenue and gross margin
    #[arg(long, value_name = "USD")]
    pub seat_price: Option<Money>,
    /// How many seats [default: `margin.seats`, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub seats: Option<u32>,
    /// The BillingAccountId of --format focus, as your provider has it [default: the name of the host]
    #[arg(long, value_name = "ID")]
    pub billing_account: Option<String>,
}

/// How a report is printed.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Tables for people.
    Table,
    /// The documented JSON.
    Json,
    /// One row per dimension and key, under a header.
    Csv,
    /// A page with charts that needs nothing else.
    Html,
    /// Rows of FOCUS 1.2, the FinOps Foundation's table of cost and usage, as CSV.
    Focus,
    /// Counters and gauges in the text format of OpenMetrics, for Prometheus.
    #[value(name = "openmetrics")]
    OpenMetrics,
    /// A line of JSON per day, under the names of GitHub's Copilot usage metrics.
    Copilot,
}

/// Another name for the tenant.
const TEAM: &str = "team";

fn dimension_parser() -> impl TypedValueParser<Value = Dimension> {
    let names = Dimension::ALL.iter().map(|&dimension| {
        let name = PossibleValue::new(dimension.as_str());
        // Most who have one tenant split it by team.
        match dimension {
            Dimension::Tenant => name.alias(TEAM),
            _ => name,
        }
    });
    PossibleValuesParser::new(names).map(|name| match name.as_str() {
        TEAM => Dimension::Tenant,
        name => Dimension::from_name(name).expect("only names of dimensions are possible values"),
    })
}

impl ReportArgs {
    /// Returns what to ask the ledger; a period that ends before it begins is wrong use.
    fn query(&self, now: Timestamp) -> Result<ReportQuery, clap::Error> {
        let since = self.since.at(now);
        let until = self.until.map_or(now, |until| until.at(now));
        if since >= until {
            return Err(clap::Error::raw(
                ErrorKind::ValueValidation,
                format!(
                    "the period would end at {} before it begins at {}; \
                     choose an earlier --since or a later --until\n",
                    layout::moment(until),
                    layout::moment(since),
                ),
            ));
        }
        let by = match self.by.as_slice() {
            [] => Dimension::DEFAULT.to_vec(),
            asked_for => asked_for.to_vec(),
        };
        Ok(ReportQuery {
            now,
            by,
            seat_price: self.seat_price,
            seats: self.seats,
            ..ReportQuery::new(since, until)
        })
    }
}

/// Prints the report of the ledger at `ledger_path`. A ledger that does not exist yet is no error.
///
/// # Errors
///
/// A [`clap::Error`] when the period is wrong use; otherwise what the ledger or `out` said.
pub async fn run(
    args: ReportArgs,
    ledger_path: &Path,
    now: Timestamp,
    prices: &PriceLists<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if args.schema {
        return write(SCHEMA, out);
    }
    if !args.demo {
        print(args, ledger_path, now, prices, out).await?;
        roll_up_if_worth_it(ledger_path, now).await;
        return Ok(());
    }
    let demo = demo::write().await?;
    print(args, &demo.ledger, demo::end(), prices, out).await
}

/// Adds up complete days where there are many rows, so that the next report need not read them. The
/// report is printed by now, and nothing in it changes if this fails.
async fn roll_up_if_worth_it(ledger_path: &Path, now: Timestamp) {
    let rolled_up = async {
        let reader = LedgerReader::open_read_only(ledger_path).await?;
        let rows = reader.rows_not_rolled_up().await?;
        if rows < WORTH_ROLLING_UP {
            return Ok(None);
        }
        if std::io::stderr().is_terminal() {
            eprintln!(
                "adding up {rows} rows, so that later reports are quick; this may be interrupted"
            );
        }
        reader.roll_up(now, false).await
    };
    match rolled_up.await {
        Ok(_) | Err(LedgerError::Missing { .. }) => {}
        Err(error) => tracing::warn!(%error, "days could not be added up for later reports"),
    }
}

async fn print(
    args: ReportArgs,
    ledger_path: &Path,
    now: Timestamp,
    prices: &PriceLists<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let query = args.query(now)?;
    if args.format.is_export() {
        let text = export::text(&args, ledger_path, &query, prices).await?;
        return write(&text, out);
    }
    let (mut report, side_files, missing) = match read(ledger_path, &query, prices).await {
        Ok((report, side_files)) => (report, side_files, None),
        Err(missing @ LedgerError::Missing { .. }) => {
            (MarginReport::empty(&query)?, 0, Some(missing))
        }
        Err(error) => return Err(error.into()),
    };
    let mut before = match args.compare.map(|against| against.query(&query)) {
        None => None,
        Some(earlier) if missing.is_some() => Some(MarginReport::empty(&earlier)?),
        Some(earlier) => Some(read(ledger_path, &earlier, prices).await?.0),
    };
    if let Some(top) = args.top {
        report.keep_top(top.into());
        if let Some(before) = &mut before {
            before.keep_lines_of(&report);
        }
    }
    let format = if args.json { Format::Json } else { args.format };
    let month_end = match (&missing, format) {
        (None, Format::Table | Format::Json) => month_end(&args, ledger_path, &query, now).await?,
        _ => None,
    };
    let estimated = match (&missing, format) {
        // The made-up month is small, and there to show what there is.
        (None, Format::Table | Format::Json | Format::Html) if args.frontier || args.demo => {
            let reader = LedgerReader::open_read_only(ledger_path).await?;
            Frontier::of(&reader, (query.since, query.until), &report.margin).await?
        }
        _ => None,
    };
    let (frontier, silence) = estimated.unzip();
    let inferred = match format {
        Format::Table | Format::Json => Inferred::of(&report, ledger_path),
        _ => None,
    };
    let text = if format == Format::Json {
        let beside = Beside {
            inferred: inferred.as_ref(),
            month_end: month_end.as_ref(),
            frontier: frontier.as_ref(),
            silence: silence.as_ref(),
            compare: before.as_ref(),
        };
        json(&report, beside, args.demo)? + "\n"
    } else if format == Format::Csv {
        let reports: Vec<_> = std::iter::once(&report).chain(&before).collect();
        comma_separated::text(&reports, args.demo)?
    } else if format == Format::Html {
        let estimated = frontier.as_ref().zip(silence.as_ref());
        html::page(&report, before.as_ref(), estimated, args.demo)?
    } else if let Some(missing) = missing {
        format!("{missing}. It begins with the first completion; `mantle try` makes some.\n")
    } else if report.is_empty() && before.as_ref().is_none_or(MarginReport::is_empty) {
        format!(
            "nothing recorded yet: the ledger {} holds nothing from {} to {}. \
             A longer period may: --since 90d.\n",
            ledger_path.display(),
            layout::moment(query.since),
            layout::moment(query.until),
        )
    } else {
        let width = terminal_width();
        let compared = before.map(|before| compare::text(&before, &report, width));
        let mark = if args.demo {
            format!("{}\n", demo::MARK)
        } else {
            String::new()
        };
        let mut other_policies = String::new();
        if let Some(frontier) = frontier {
            frontier.section().push(&mut other_policies, width);
        }
        mark + &layout::report(&report, silence.as_ref(), width)
            + &inferred.map_or_else(String::new, |inferred| inferred.text(width))
            + &other_policies
            + &month_end.map_or_else(String::new, |end| end.text(width))
            + &compared.unwrap_or_default()
            + &layout::not_counted(side_files)
    };
    write(&text, out)
}

/// Forecasts the month that runs, where the period reaches until now.
async fn month_end(
    args: &ReportArgs,
    ledger_path: &Path,
    query: &ReportQuery,
    now: Timestamp,
) -> Result<Option<MonthEnd>, LedgerError> {
    if query.until < now || args.demo {
        return Ok(None);
    }
    let reader = LedgerReader::open_read_only(ledger_path).await?;
    MonthEnd::of(&reader, query, now).await
}

fn write(text: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("the report could not be printed")
}

fn json(
    report: &MarginReport,
    beside: Beside<'_>,
    is_simulated: bool,
) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Printed {
        simulated: is_simulated.then_some(true),
        report,
        beside,
    })
}

/// The JSON form: the report, what was asked for beside it, and `simulated` where it is made up.
#[derive(serde::Serialize)]
struct Printed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    simulated: Option<bool>,
    #[serde(flatten)]
    report: &'a MarginReport,
    #[serde(flatten)]
    beside: Beside<'a>,
}

/// What stands beside a report: acceptance that is only inferred, by client; and where it was asked
/// for: where the month ends, what other policies would have brought and silence has missed, and as
/// `compare` the whole report of the other period.
#[derive(serde::Serialize)]
struct Beside<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    inferred: Option<&'a Inferred>,
    #[serde(skip_serializing_if = "Option::is_none")]
    month_end: Option<&'a MonthEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frontier: Option<&'a Frontier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<&'a Silence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compare: Option<&'a MarginReport>,
}

/// Returns the rates at which a group of calls was made, as far as they are known now: negotiated
/// ones, or those of the price book at that day outside of off-peak hours.
pub(super) fn rates_of(settings: &Settings, calls: &CallGroup) -> Option<Rates> {
    let key = calls.price_id.as_deref()?;
    if let Some(row) = settings.prices.listed(key, calls.at) {
        return Some(row.rates);
    }
    let mut models = settings.models.iter();
    let model = models.find(|model| model.id.as_str() == calls.model)?;
    match model.price {
        PriceSource::Own(rates) if key == "own" => Some(rates),
        PriceSource::Free if key == "free" => Some(Rates::FREE),
        _ => None,
    }
}

/// Returns the rates that are announced for a group of calls within sixty days.
pub(super) fn announced_for(
    prices: &Prices,
    calls: &CallGroup,
    now: Timestamp,
) -> Vec<(Timestamp, Rates)> {
    const AHEAD: Duration = Duration::from_secs(60 * 86_400);
    let Some(key) = calls.price_id.as_deref() else {
        return Vec::new();
    };
    let changes = prices.upcoming(now, now.plus(AHEAD)).into_iter();
    changes
        .filter(|(_, new)| new.id == key)
        .filter_map(|(_, new)| Some((new.valid_from?, new.rates)))
        .collect()
}

/// Returns the report and how many side files of the ledger it does not count.
async fn read(
    path: &Path,
    query: &ReportQuery,
    prices: &PriceLists<'_>,
) -> Result<(MarginReport, usize), LedgerError> {
    let reader = LedgerReader::open_read_only(path).await?;
    let report = reader.margin_report_at(query, prices).await?;
    Ok((report, reader.side_files()))
}

/// Returns how wide the terminal is; `None` when the report goes into a file or a pipe.
fn terminal_width() -> Option<u16> {
    std::io::stdout()
        .is_terminal()
        .then(|| comfy_table::Table::new().width())
        .flatten()
}

#[cfg(test)]
mod tests;
