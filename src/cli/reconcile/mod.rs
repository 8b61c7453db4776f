//! `mantle reconcile INVOICE`: the provider's bill beside the ledger, by model, day and token class,
//! and what nobody can explain.

mod apply;
mod invoice;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use time::{Date, Duration};

use crate::domain::{BillingBasis, Timestamp};
use crate::ledger::{Billed, LedgerReader};

use super::report::cents;
use invoice::{Amounts, Invoice};

/// Exit code where more is unexplained than may be.
const UNEXPLAINED: u8 = 3;

/// What can be said after `mantle reconcile`.
#[derive(clap::Args, Clone, Debug)]
pub struct ReconcileArgs {
    /// The provider's export, as CSV
    pub invoice: PathBuf,
    /// Its shape, if it is not told from its columns
    #[arg(long, value_parser = ["openai", "anthropic", "focus"])]
    pub provider: Option<String>,
    /// What its columns are: day, model, input (without caches) or all-input, cache-read, cache-write, output, cost, currency
    #[arg(
        long,
        value_name = "WHAT=COLUMN,…",
        value_delimiter = ',',
        conflicts_with = "provider"
    )]
    pub columns: Vec<String>,
    /// Count only calls of this host, such as api.openai.com; else the models of the invoice, wherever they ran
    #[arg(long)]
    pub host: Option<String>,
    /// How much of the invoice may be unexplained, in per cent
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0)]
    pub tolerance: f64,
    /// Book what it says of calls that were not reported, so that later reports show it; again, it takes
    /// the place of what it said before
    #[arg(long)]
    pub apply: bool,
    /// Take back what the invoice of this name has booked; the file is not read
    #[arg(long, conflicts_with_all = ["apply", "columns", "provider", "host"])]
    pub undo: bool,
    /// Name of the invoice in reports [default: its file's name]
    #[arg(long)]
    pub name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl ReconcileArgs {
    /// Returns the name of the invoice.
    fn name(&self) -> String {
        let of_file = || {
            let name = self.invoice.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        self.name.clone().unwrap_or_else(of_file)
    }
}

/// One line: what the invoice says, and what the ledger does.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    invoice: Amounts,
    ledger: Amounts,
}

/// The two, brought together.
#[derive(Debug)]
struct Comparison {
    shape: String,
    since: Date,
    /// The last day, included.
    until: Date,
    has_tokens: bool,
    has_cost: bool,
    total: Pair,
    models: BTreeMap<String, Pair>,
    days: BTreeMap<Date, Pair>,
    /// What rows that are about no model cost.
    other_pico: i128,
    other_rows: usize,
    /// Calls and their cost by how they are known.
    bases: BTreeMap<BillingBasis, (u64, i128)>,
    unpriced_calls: u64,
}

/// Compares the invoice with the ledger at `ledger`, and applies it if that is asked for; `now` is when
/// that is written down.
///
/// # Errors
/// When the file says what no invoice says, is of a time of which the ledger knows nothing, or cannot
/// be applied.
pub async fn run(
    args: &ReconcileArgs,
    ledger: &Path,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    if args.undo {
        return undo(args, ledger, now, out).await;
    }
    let (shape, invoice) = invoice::read(&args.invoice, args.provider.as_deref(), &args.columns)?;
    let reader = LedgerReader::open_read_only(ledger).await?;
    let days: BTreeSet<Date> = invoice.lines.keys().map(|(day, _)| *day).collect();
    let (Some(since), Some(until)) = (days.first().copied(), days.last().copied()) else {
        bail!("the invoice has no day");
    };
    let end = Timestamp::from(until).plus(std::time::Duration::from_secs(86_400));
    let billed = reader.billed((Timestamp::from(since), end)).await?;
    let ours: Vec<&Billed> = billed
        .iter()
        .filter(|billed| is_of(billed, &invoice, args.host.as_deref()))
        .collect();
    if ours.is_empty() {
        let all = (
            Timestamp::from_unix_micros(0),
            Timestamp::from_unix_micros(i64::MAX),
        );
        bail!(
            "{}",
            nothing(&invoice, (since, until), &reader.billed(all).await?)
        );
    }
    let comparison = compare(shape, (since, until), &invoice, &ours);
    let name = args.name();
    let applied = match args.apply {
        false => None,
        true => {
            let what = (name.as_str(), since, end);
            Some(apply::apply((ledger, &reader), what, (&invoice, &ours), now).await?)
        }
    };
    let text = if args.json {
        let mut body = as_json(&comparison);
        body["applied"] = serde_json::to_value(&applied)?;
        serde_json::to_string_pretty(&body)? + "\n"
    } else {
        let said = applied.map(|applied| apply::text(&name, &applied));
        as_text(&comparison) + &said.unwrap_or_default()
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("the comparison could not be printed")?;
    let unexplained = comparison.unexplained_share().unwrap_or(0.0);
    Ok(if 100.0 * unexplained.abs() > args.tolerance {
        ExitCode::from(UNEXPLAINED)
    } else {
        ExitCode::SUCCESS
    })
}

async fn undo(
    args: &ReconcileArgs,
    ledger: &Path,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let name = args.name();
    let undone = apply::undo(ledger, &name, now).await?;
    if args.json {
        let body = json!({"version": 1, "invoice": name, "undone": undone});
        writeln!(out, "{}", serde_json::to_string_pretty(&body)?)?;
    } else {
        for said in undone {
            let (model, supplier) = (said.model, said.supplier);
            let factor = apply::factor(said.factor_ppm);
            writeln!(
                out,
                "undone: {model} at {supplier} {factor} by invoice {name}"
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether two names are one model: providers bill a dated version of what was asked for.
fn is_same(ours: &str, billed: &str) -> bool {
    let dated = |long: &str, short: &str| {
        let rest = long
            .strip_prefix(short)
            .and_then(|rest| rest.strip_prefix(['-', '@']));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && rest.len() >= 4)
    };
    ours == billed || dated(billed, ours) || dated(ours, billed)
}

fn is_of(billed: &Billed, invoice: &Invoice, host: Option<&str>) -> bool {
    match host {
        Some(host) => billed.host == host,
        None => invoice
            .lines
            .keys()
            .any(|(_, model)| is_same(&billed.model, model)),
    }
}

/// Says why there is nothing to compare with.
fn nothing(invoice: &Invoice, (since, until): (Date, Date), all: &[Billed]) -> String {
    let models: BTreeSet<&str> = invoice
        .lines
        .keys()
        .map(|(_, model)| model.as_str())
        .collect();
    let models: Vec<&str> = models.into_iter().collect();
    let known = all.iter().filter(|billed| is_of(billed, invoice, None));
    let days: BTreeSet<Date> = known.map(|billed| billed.day.to_utc().date()).collect();
    let when = match (days.first(), days.last()) {
        (Some(first), Some(last)) => format!("it has some from {first} to {last}"),
        _ => {
            let names: BTreeSet<&str> = all.iter().map(|billed| billed.model.as_str()).collect();
            let names: Vec<&str> = names.into_iter().collect();
            match names.as_slice() {
                [] => "it has no calls at all".to_owned(),
                names => format!("it knows {}", names.join(", ")),
            }
        }
    };
    format!(
        "the ledger has no calls of {} from {since} to {until}; {when}. Is it the invoice of \
         another month or account?",
        models.join(", ")
    )
}

/// Returns what an invoice calls the model of these calls; the ledger's name where it does not know it.
fn model_on<'n>(invoice: &'n Invoice, billed: &'n Billed) -> &'n str {
    let names = || invoice.lines.keys().map(|(_, model)| model.as_str());
    names()
        .find(|name| *name == billed.model)
        .or_else(|| names().find(|name| is_same(&billed.model, name)))
        .unwrap_or(&billed.model)
}

fn compare(
    shape: String,
    (since, until): (Date, Date),
    invoice: &Invoice,
    ours: &[&Billed],
) -> Comparison {
    let mut comparison = Comparison {
        shape,
        since,
        until,
        has_tokens: invoice.has_tokens,
        has_cost: invoice.has_cost,
        total: Pair::default(),
        models: BTreeMap::new(),
        days: BTreeMap::new(),
        other_pico: invoice.other_pico,
        other_rows: invoice.other_rows,
        bases: BTreeMap::new(),
        unpriced_calls: 0,
    };
    for ((day, model), amounts) in &invoice.lines {
        comparison.total.invoice.add(amounts);
        comparison
            .models
            .entry(model.clone())
            .or_default()
            .invoice
            .add(amounts);
        comparison
            .days
            .entry(*day)
            .or_default()
            .invoice
            .add(amounts);
    }
    for billed in ours {
        let amounts = Amounts {
            input: billed.input,
            cache_read: billed.cache_read,
            cache_write: billed.cache_write,
            output: billed.output,
            cost_pico: billed.cost_pico,
        };
        let name = model_on(invoice, billed).to_owned();
        comparison.total.ledger.add(&amounts);
        comparison
            .models
            .entry(name)
            .or_default()
            .ledger
            .add(&amounts);
        let day = billed.day.to_utc().date();
        comparison.days.entry(day).or_default().ledger.add(&amounts);
        let (calls, cost) = comparison.bases.entry(billed.basis).or_default();
        *calls += billed.calls;
        *cost += billed.cost_pico;
        comparison.unpriced_calls += billed.unpriced_calls;
    }
    comparison
}

impl Comparison {
    fn unexplained_pico(&self) -> i128 {
        self.total.invoice.cost_pico - self.total.ledger.cost_pico
    }

    /// Returns the unexplained part of the invoice: of its cost, or of its tokens where it has no
    /// cost.
    fn unexplained_share(&self) -> Option<f64> {
        let tokens = |amounts: &Amounts| {
            (amounts.input + amounts.cache_read + amounts.cache_write + amounts.output) as f64
        };
        let (billed, known) = if self.has_cost {
            (
                self.total.invoice.cost_pico as f64,
                self.total.ledger.cost_pico as f64,
            )
        } else {
            (tokens(&self.total.invoice), tokens(&self.total.ledger))
        };
        (billed != 0.0).then(|| (billed - known) / billed)
    }

    /// Returns by what the cost of calls that are known in part or by assumption would have to be
    /// multiplied for the two to agree; `None` where there are none, or what was reported is more
    /// than the bill already.
    fn correction(&self) -> Option<f64> {
        let cost = |basis| self.bases.get(&basis).map_or(0, |(_, cost)| *cost);
        let assumed = cost(BillingBasis::Partial) + cost(BillingBasis::Assumed);
        let left = self.total.invoice.cost_pico - cost(BillingBasis::Reported);
        (self.has_cost && assumed > 0 && left >= 0 && self.unpriced_calls == 0)
            .then(|| left as f64 / assumed as f64)
    }
}

fn share(part: f64, whole: f64) -> String {
    if whole == 0.0 {
        "–".to_owned()
    } else {
        format!("{:+.2} %", 100.0 * part / whole)
    }
}

fn as_text(comparison: &Comparison) -> String {
    let width = comparison.models.keys().map(|model| model.len() + 2).max();
    let width = width.unwrap_or(0).max("cache write".len());
    let mut text = format!(
        "Invoice ({}) and ledger, {} to {}\n\n{:<width$}  {:>16}  {:>16}  {:>16}  {:>10}\n",
        comparison.shape,
        comparison.since,
        comparison.until,
        "",
        "invoice",
        "ledger",
        "unexplained",
        "",
    );
    let mut line = |name: &str, columns: [String; 4]| {
        let [invoice, ledger, unexplained, share] = columns;
        let _ = writeln!(
            text,
            "{name:<width$}  {invoice:>16}  {ledger:>16}  {unexplained:>16}  {share:>10}"
        );
    };
    let total = &comparison.total;
    if comparison.has_tokens {
        for (name, of) in CLASSES {
            let (invoice, ledger) = (of(&total.invoice), of(&total.ledger));
            let apart = i128::from(invoice) - i128::from(ledger);
            let columns = [
                invoice.to_string(),
                ledger.to_string(),
                apart.to_string(),
                share(apart as f64, invoice as f64),
            ];
            line(name, columns);
        }
    }
    if comparison.has_cost {
        line("cost", money(total));
        for (model, pair) in &comparison.models {
            line(&format!("  {model}"), money(pair));
        }
        // The days that are furthest apart, where there is something to look for.
        let mut days: Vec<_> = comparison.days.iter().collect();
        let apart = |pair: &Pair| (pair.invoice.cost_pico - pair.ledger.cost_pico).abs();
        days.sort_by_key(|(day, pair)| (std::cmp::Reverse(apart(pair)), **day));
        for (day, pair) in days.into_iter().take(3).filter(|(_, pair)| apart(pair) > 0) {
            line(&format!("  {day}"), money(pair));
        }
    }
    text.push('\n');
    for (basis, (calls, cost)) in &comparison.bases {
        let _ = writeln!(text, "calls that are {basis}: {calls}, {}", cents(*cost));
    }
    if comparison.unpriced_calls > 0 {
        let _ = writeln!(text, "{} calls have no price", comparison.unpriced_calls);
    }
    if comparison.other_rows > 0 {
        let _ = writeln!(
            text,
            "{} rows of the invoice are about no model: {}, not compared",
            comparison.other_rows,
            cents(comparison.other_pico)
        );
    }
    if let Some(correction) = comparison.correction() {
        let _ = writeln!(
            text,
            "if all that is unexplained were in calls that are not reported, they would have cost \
             {correction:.3} times what the ledger assumes"
        );
    }
    text
}

type Class = (&'static str, fn(&Amounts) -> u64);

const CLASSES: [Class; 4] = [
    ("input", |amounts| amounts.input),
    ("cache read", |amounts| amounts.cache_read),
    ("cache write", |amounts| amounts.cache_write),
    ("output", |amounts| amounts.output),
];

fn money(pair: &Pair) -> [String; 4] {
    let apart = pair.invoice.cost_pico - pair.ledger.cost_pico;
    [
        cents(pair.invoice.cost_pico),
        cents(pair.ledger.cost_pico),
        cents(apart),
        share(apart as f64, pair.invoice.cost_pico as f64),
    ]
}

fn as_json(comparison: &Comparison) -> Value {
    let usd = |pico: i128| crate::domain::Money::format_pico(pico, 6);
    let side = |amounts: &Amounts| {
        let mut side = serde_json::Map::new();
        if comparison.has_tokens {
            for (name, of) in CLASSES {
                side.insert(name.replace(' ', "_"), of(amounts).into());
            }
        }
        if comparison.has_cost {
            side.insert("cost_usd".to_owned(), usd(amounts.cost_pico).into());
        }
        Value::Object(side)
    };
    let line = |key: String, pair: &Pair| json!({"key": key, "invoice": side(&pair.invoice), "ledger": side(&pair.ledger)});
    let models = comparison.models.iter();
    let days = comparison.days.iter();
    let bases = comparison.bases.iter();
    let bases: Vec<Value> = bases
        .map(|(basis, (calls, cost))| json!({"basis": basis, "calls": calls, "cost_usd": usd(*cost)}))
        .collect();
    json!({
        "version": 1,
        "shape": comparison.shape,
        "since": comparison.since.to_string(),
        "until": (comparison.until + Duration::DAY).to_string(),
        "totals": line("total".to_owned(), &comparison.total),
        "unexplained_usd": comparison.has_cost.then(|| usd(comparison.unexplained_pico())),
        "unexplained_share": comparison.unexplained_share(),
        "correction": comparison.correction(),
        "models": models.map(|(model, pair)| line(model.clone(), pair)).collect::<Vec<_>>(),
        "days": days.map(|(day, pair)| line(day.to_string(), pair)).collect::<Vec<_>>(),
        "bases": bases,
        "unpriced_calls": comparison.unpriced_calls,
        "other": {"rows": comparison.other_rows, "cost_usd": usd(comparison.other_pico)},
    })
}

#[cfg(test)]
mod tests;
