//! `mantle simulate`: what the calls of a period would have cost at other prices, or on another
//! model, and what would have been left. Nothing is decided anew: it says so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Serialize;

use super::WrongUse;
use super::report::{Moment, cents, rates_of};
use crate::config::Settings;
use crate::domain::{MicroUsd, Money, Timestamp};
use crate::ledger::margin::CallGroup;
use crate::ledger::{LedgerReader, ReportQuery};
use crate::prices::Prices;
use crate::routing::off_policy::Wish;

pub(super) mod policy;
mod regions;

/// What is simulated, in one sentence.
const ESTIMAND: &str = "the cost of the calls that were made, with the tokens that were counted, at \
    other prices: the same decisions, the same answers, the same accepts";

/// What can be said after `mantle simulate`.
#[derive(clap::Args, Clone, Debug)]
pub struct SimulateArgs {
    /// Begin of the period: 30d, 12h or 90m ago, a day (2026-11-01) or a time (RFC 3339); UTC
    #[arg(long, value_name = "WHEN", default_value = "30d")]
    pub since: Moment,
    /// End of the period, not included; now when left out
    #[arg(long, value_name = "WHEN")]
    pub until: Option<Moment>,
    /// Price list in Mantle's format, over the one that is in force (`mantle prices import` writes one)
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// A model's calls at the price of another: premium=mistral/codestral-2508
    #[arg(long, value_name = "MODEL=PRICE,…", value_delimiter = ',')]
    pub swap: Vec<String>,
    /// What the period would have earned, in USD [default: what it has]
    #[arg(long, value_name = "USD")]
    pub revenue: Option<Money>,
    /// What a seat would have earned per month, in USD: of those that are booked or configured
    #[arg(long, value_name = "USD", conflicts_with = "revenue")]
    pub seat_price: Option<Money>,
    /// What other decisions would have brought: free, cheapest, always=MODEL, embedded=0.6, or worth=0.3
    #[arg(long, value_name = "POLICY", conflicts_with_all = ["prices", "swap", "revenue", "seat_price"])]
    pub policy: Option<String>,
    /// With --policy: as if these hosts, labs or models were not there
    #[arg(
        long,
        value_name = "NAME,…",
        value_delimiter = ',',
        requires = "policy"
    )]
    pub without: Vec<String>,
    /// What the rule on regions costs at the most: the price of keeping data where it must be
    #[arg(long, conflicts_with_all = ["prices", "swap", "revenue", "seat_price", "policy"])]
    pub without_regions: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// One model.
#[derive(Clone, Debug, Default, Serialize)]
struct Line {
    model: String,
    /// The price that its calls are put at; `null` where it stays.
    at: Option<String>,
    calls: u64,
    #[serde(serialize_with = "usd")]
    cost_usd: i128,
    #[serde(serialize_with = "usd")]
    simulated_usd: i128,
}

fn usd<S: serde::Serializer>(pico: &i128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Money::format_pico(*pico, 6))
}

/// Simulates on the ledger at `ledger`.
///
/// # Errors
/// When a model or price is not there, a price list cannot be read, or the cost of calls is not known.
pub async fn run(
    args: &SimulateArgs,
    settings: &Settings,
    ledger: &Path,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let since = args.since.at(now);
    let until = args.until.map_or(now, |until| until.at(now));
    let reader = LedgerReader::open_read_only(ledger).await?;
    if args.without_regions {
        return regions::run((&reader, since, until), args.json, out).await;
    }
    if let Some(name) = &args.policy {
        let wish: Wish = name
            .parse()
            .map_err(|error| WrongUse(format!("`{name}`: {error}")))?;
        let period = (&reader, since, until);
        return policy::run((&wish, name), &args.without, period, args.json, out).await;
    }
    let groups = reader.call_groups(since, until).await?;
    if groups.is_empty() {
        bail!("there are no calls in this period; choose a longer one with --since 90d");
    }
    if let Some(unpriced) = groups.iter().find(|group| group.unpriced > 0) {
        bail!(
            "the cost of some calls of `{}` is not known, so neither is what they would have cost; \
             choose a period without them",
            unpriced.model
        );
    }
    let prices = match &args.prices {
        None => settings.prices.clone(),
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            Prices::with_own(&text).with_context(|| file.display().to_string())?
        }
    };
    let swaps = swaps(&args.swap, &groups, &prices)?;
    let lines = lines(&groups, settings, &prices, &swaps)?;
    let query = ReportQuery {
        now,
        by: Vec::new(),
        seat_price: settings.policy.allowance.seat_price,
        seats: settings.policy.allowance.seats,
        is_brief: true,
        ..ReportQuery::new(since, until)
    };
    let margin = reader.margin_report(&query).await?.margin;
    let earned = margin.earned.as_ref().map(|earned| earned.net());
    let revenue = match args.seat_price {
        None => args
            .revenue
            .map(|said| MicroUsd::rounded(said.pico_usd().into())),
        at => {
            let query = ReportQuery {
                seat_price: at,
                booked_seats_at: at,
                ..query
            };
            let margin = reader.margin_report(&query).await?.margin;
            margin.earned.map(|earned| earned.net())
        }
    };
    let sum = |of: fn(&Line) -> i128| MicroUsd::rounded(lines.iter().map(of).sum());
    let (paid, simulated) = (sum(|line| line.cost_usd), sum(|line| line.simulated_usd));
    let other = margin.cost() - margin.controllable_cost();
    let outcome = Outcome {
        lines: &lines,
        paid,
        simulated,
        margin: share(earned, other + paid),
        simulated_margin: share(revenue.or(earned), other + simulated),
        revenue: revenue.or(earned),
    };
    let text = if args.json {
        outcome.json(since, until)? + "\n"
    } else {
        outcome.text()
    };
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("the simulation could not be printed")
}

/// Returns the share of revenue that a cost leaves.
fn share(revenue: Option<MicroUsd>, cost: MicroUsd) -> Option<f64> {
    let revenue = revenue.filter(|revenue| *revenue > MicroUsd::ZERO)?;
    Some((revenue - cost).get() as f64 / revenue.get() as f64)
}

/// Reads which model's calls are put at which price.
fn swaps(
    said: &[String],
    groups: &[CallGroup],
    prices: &Prices,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut swaps = BTreeMap::new();
    for swap in said {
        let (model, key) = swap
            .split_once('=')
            .ok_or_else(|| WrongUse(format!("`{swap}` is not MODEL=PRICE")))?;
        if !groups.iter().any(|group| group.model == model) {
            let mut known: Vec<&str> = groups.iter().map(|group| group.model.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            let known = known.join(", ");
            return Err(
                WrongUse(format!("no call was made of `{model}`; there are {known}")).into(),
            );
        }
        if prices.keys().all(|known| known != key) {
            let hint = prices.nearest(key);
            let hint = hint.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(WrongUse(format!("the price book has no `{key}`{hint}")).into());
        }
        swaps.insert(model.to_owned(), key.to_owned());
    }
    Ok(swaps)
}

fn lines(
    groups: &[CallGroup],
    settings: &Settings,
    prices: &Prices,
    swaps: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<Line>> {
    let mut lines: BTreeMap<&str, Line> = BTreeMap::new();
    for group in groups {
        let paid = group.cost_pico;
        let swap = swaps.get(&group.model);
        let key = swap.or(group.price_id.as_ref());
        let new = key.and_then(|key| prices.find(key, group.at));
        let simulated = match (swap, new) {
            (Some(key), None) => bail!(
                "the price book has no price of `{key}` for {}",
                day(group.at)
            ),
            (Some(_), Some(new)) => group.cost_at(&new.rates),
            // What is paid beside list prices, such as for long prompts or regions, stays.
            (None, Some(new)) => match rates_of(settings, group) {
                Some(old) => paid + group.cost_at(&new.rates) - group.cost_at(&old),
                None => paid,
            },
            // A pool, own rates or a free model: no list has them.
            (None, None) => paid,
        };
        let line = lines.entry(&group.model).or_default();
        line.model.clone_from(&group.model);
        line.at = swap.cloned();
        line.calls += group.calls;
        line.cost_usd += paid;
        line.simulated_usd += simulated;
    }
    let mut lines: Vec<Line> = lines.into_values().collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.cost_usd));
    Ok(lines)
}

fn day(at: Timestamp) -> String {
    at.to_utc().date().to_string()
}

struct Outcome<'l> {
    lines: &'l [Line],
    paid: MicroUsd,
    simulated: MicroUsd,
    margin: Option<f64>,
    simulated_margin: Option<f64>,
    revenue: Option<MicroUsd>,
}

impl Outcome<'_> {
    fn text(&self) -> String {
        let width = self.lines.iter().map(|line| line.model.len()).max();
        let width = width.unwrap_or(0).max("controllable".len());
        let mut text = format!("Simulated: {ESTIMAND}\n\n");
        let mut line = |name: &str, calls: &str, paid: &str, then: &str, note: &str| {
            let row = format!("{name:<width$}  {calls:>9}  {paid:>12}  {then:>12}  {note}");
            let _ = writeln!(text, "{}", row.trim_end());
        };
        line("", "calls", "paid", "simulated", "");
        for one in self.lines {
            let note = one.at.as_ref().map(|at| format!("at the price of {at}"));
            let (paid, then) = (cents(one.cost_usd), cents(one.simulated_usd));
            line(
                &one.model,
                &one.calls.to_string(),
                &paid,
                &then,
                note.as_deref().unwrap_or(""),
            );
        }
        let micro = |micro: MicroUsd| cents(micro.get() * 1_000_000);
        line(
            "controllable",
            "",
            &micro(self.paid),
            &micro(self.simulated),
            "",
        );
        let percent = |share: Option<f64>| {
            share.map_or_else(|| "–".to_owned(), |share| format!("{:.2} %", 100.0 * share))
        };
        let (margin, then) = (percent(self.margin), percent(self.simulated_margin));
        line("gross margin", "", &margin, &then, "");
        text.push('\n');
        if self.revenue.is_none() {
            text.push_str(
                "There is no revenue in this period, so there is no margin; --revenue or --seat-price say one.\n",
            );
        }
        text.push_str(self.bound());
        if self.lines.iter().any(|line| line.at.is_some()) {
            text.push_str(
                "Another model cuts the same text into other tokens, up to a third more or fewer, and \
                 its answers would not have been these: the quality of a swap is not simulated.\n",
            );
        }
        text
    }

    /// Says what would change if the router chose anew.
    const fn bound(&self) -> &'static str {
        if self.simulated.get() < self.paid.get() {
            "A router that chose anew would pay no more than this for the same characters, and may buy \
             more of them.\n"
        } else {
            "A router that chose anew could pay less than this: it would call less where a call is not \
             worth its price any more. Under a ceiling it would pay no more than that.\n"
        }
    }

    fn json(&self, since: Timestamp, until: Timestamp) -> serde_json::Result<String> {
        let usd = |micro: MicroUsd| Money::format_pico(micro.get() * 1_000_000, 6);
        serde_json::to_string_pretty(&serde_json::json!({
            "version": 1,
            "estimand": ESTIMAND,
            "period": {"since": day(since), "until": day(until)},
            "models": self.lines,
            "controllable_usd": usd(self.paid),
            "simulated_controllable_usd": usd(self.simulated),
            "revenue_usd": self.revenue.map(usd),
            "gross_margin": self.margin,
            "simulated_gross_margin": self.simulated_margin,
            "bound": self.bound().trim_end(),
        }))
    }
}

#[cfg(test)]
mod tests;
