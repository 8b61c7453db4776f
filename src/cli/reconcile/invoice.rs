//! Reads what a provider sends: which of its columns say what, and lines by day and model.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// Tokens by class, and money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Input that no cache had.
    pub input: u64,
    /// Input read from a cache.
    pub cache_read: u64,
    /// Input written to a cache.
    pub cache_write: u64,
    /// Output, thoughts included.
    pub output: u64,
    /// In pico-USD.
    pub cost_pico: i128,
}

impl Amounts {
    pub fn add(&mut self, other: &Self) {
        self.input += other.input;
        self.cache_read += other.cache_read;
        self.cache_write += other.cache_write;
        self.output += other.output;
        self.cost_pico += other.cost_pico;
    }
}

/// An invoice as we read it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invoice {
    /// By day and model.
    pub lines: BTreeMap<(Date, String), Amounts>,
    /// Whether it says what was used.
    pub has_tokens: bool,
    /// Whether it says what that cost.
    pub has_cost: bool,
    /// Rows that are about something else, such as fees and credits, with what they cost.
    pub other_pico: i128,
    pub other_rows: usize,
}

/// What a column of an invoice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    Day,
    Model,
    /// Input that no cache had.
    Input,
    /// All input, what a cache had included.
    AllInput,
    CacheRead,
    CacheWrite,
    Output,
    Cost,
    Currency,
    /// FOCUS: how many of what, for one token class a row.
    Quantity,
    /// FOCUS and Anthropic's costs: the token class of the row.
    Class,
}

/// A shape: its name, and the names that each column has there.
type Shape = (&'static str, &'static [(Column, &'static [&'static str])]);

/// The shapes that are known.
const SHAPES: &[Shape] = &[
    (
        "focus",
        &[
            (Column::Day, &["ChargePeriodStart"]),
            (Column::Model, &["x_Model", "SkuId", "ResourceId"]),
            (Column::Cost, &["BilledCost"]),
            (Column::Currency, &["BillingCurrency"]),
            (Column::Quantity, &["ConsumedQuantity", "PricingQuantity"]),
            (Column::Class, &["x_TokenType", "SkuMeter"]),
        ],
    ),
    (
        "anthropic",
        &[
            (Column::Day, &["usage_date_utc", "starting_at"]),
            (Column::Model, &["model_version", "model"]),
            (
                Column::Input,
                &["usage_input_tokens_no_cache", "uncached_input_tokens"],
            ),
            (
                Column::CacheRead,
                &["usage_input_tokens_cache_read", "cache_read_input_tokens"],
            ),
            (
                Column::CacheWrite,
                &[
                    "usage_input_tokens_cache_write_5m",
                    "usage_input_tokens_cache_write_1h",
                    "cache_creation_input_tokens",
                ],
            ),
            (Column::Output, &["usage_output_tokens", "output_tokens"]),
            (Column::Cost, &["cost_usd"]),
            (Column::Class, &["token_type"]),
        ],
    ),
    (
        "openai",
        &[
            (Column::Day, &["start_time_iso", "start_time"]),
            (Column::Model, &["model"]),
            (Column::AllInput, &["input_tokens"]),
            (Column::CacheRead, &["input_cached_tokens"]),
            (Column::Output, &["output_tokens"]),
            (Column::Cost, &["amount_value", "cost_usd"]),
            (Column::Currency, &["amount_currency"]),
        ],
    ),
];

impl Column {
    const NAMED: &'static [(&'static str, Self)] = &[
        ("day", Self::Day),
        ("model", Self::Model),
        ("input", Self::Input),
        ("all-input", Self::AllInput),
        ("cache-read", Self::CacheRead),
        ("cache-write", Self::CacheWrite),
        ("output", Self::Output),
        ("cost", Self::Cost),
        ("currency", Self::Currency),
    ];
}

/// Which place of a row says what.
pub type Places = Vec<(Column, usize)>;

/// Finds the columns: those that were named, those of the named shape, or those of the first shape
/// whose day and model are there.
///
/// # Errors
/// When a named column is not there, or no shape fits: what is there and what would fit is said.
pub fn places(
    header: &csv::StringRecord,
    shape: Option<&str>,
    named: &[String],
) -> anyhow::Result<(String, Places)> {
    let at = |name: &str| header.iter().position(|column| column.trim() == name);
    if !named.is_empty() {
        let mut places = Vec::new();
        for pair in named {
            let known = || {
                Column::NAMED
                    .iter()
                    .map(|(name, _)| *name)
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let (what, name) = pair
                .split_once('=')
                .with_context(|| format!("`{pair}` is not WHAT=COLUMN"))?;
            let column = Column::NAMED.iter().find(|(known, _)| *known == what);
            let (_, column) = column.with_context(|| format!("`{what}` is none of {}", known()))?;
            let place = at(name).with_context(|| {
                format!("the file has no column `{name}`; it has {}", list(header))
            })?;
            places.push((*column, place));
        }
        return complete("named columns", places, header);
    }
    let fits = |shape: &&Shape| {
        let has = |wanted: Column| {
            let names = shape.1.iter().filter(|(column, _)| *column == wanted);
            names
                .flat_map(|(_, names)| *names)
                .any(|name| at(name).is_some())
        };
        has(Column::Day) && has(Column::Model)
    };
    let found = match shape {
        Some(shape) => SHAPES.iter().find(|(name, _)| *name == shape),
        None => SHAPES.iter().find(fits),
    };
    let Some((name, columns)) = found else {
        bail!(
            "this is no export that is known: it has the columns {}. Say what they are, such as \
             --columns day=Date,model=Model,all-input=Prompt,output=Completion,cost=Cost",
            list(header)
        );
    };
    let mut places = Vec::new();
    for (column, names) in *columns {
        // Both kinds of writes to a cache count; of other columns the first name that is there.
        let there = names.iter().filter_map(|name| at(name));
        let most = if *column == Column::CacheWrite { 2 } else { 1 };
        places.extend(there.take(most).map(|place| (*column, place)));
    }
    complete(name, places, header)
}

fn complete(
    name: &str,
    places: Places,
    header: &csv::StringRecord,
) -> anyhow::Result<(String, Places)> {
    let has = |wanted: Column| places.iter().any(|(column, _)| *column == wanted);
    for (column, what) in [(Column::Day, "the day"), (Column::Model, "the model")] {
        if !has(column) {
            bail!(
                "no column says {what} ({name}); the file has {}",
                list(header)
            );
        }
    }
    if has(Column::Class) && !has(Column::Quantity) && !has(Column::Cost) {
        bail!(
            "no column says how many tokens or what they cost; the file has {}",
            list(header)
        );
    }
    Ok((name.to_owned(), places))
}

fn list(header: &csv::StringRecord) -> String {
    header.iter().collect::<Vec<_>>().join(", ")
}

/// Reads an invoice.
///
/// # Errors
/// With the number of the line that says what no invoice says.
pub fn read(
    path: &Path,
    shape: Option<&str>,
    named: &[String],
) -> anyhow::Result<(String, Invoice)> {
    let file = || format!("{}", path.display());
    let mut reader = csv::ReaderBuilder::new()
        .flexible(false)
        .from_path(path)
        .with_context(file)?;
    let header = reader.headers().with_context(file)?.clone();
    let (name, places) = places(&header, shape, named).with_context(file)?;
    let mut invoice = Invoice::default();
    let has = |wanted: Column| places.iter().any(|(column, _)| *column == wanted);
    let counts = [
        Column::Input,
        Column::AllInput,
        Column::Output,
        Column::Quantity,
    ];
    invoice.has_cost = has(Column::Cost);
    invoice.has_tokens = counts.iter().any(|count| has(*count));
    for (number, record) in reader.records().enumerate() {
        let line = || format!("{}, line {}", path.display(), number + 2);
        let record = record.with_context(line)?;
        row(&record, &places, &mut invoice).with_context(line)?;
    }
    if invoice.lines.is_empty() {
        bail!("{}: no row is about a model", path.display());
    }
    Ok((name, invoice))
}

fn row(record: &csv::StringRecord, places: &Places, invoice: &mut Invoice) -> anyhow::Result<()> {
    let text = |wanted: Column| {
        let place = places.iter().find(|(column, _)| *column == wanted)?;
        record
            .get(place.1)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let tokens = |wanted: Column| -> anyhow::Result<u64> {
        let mut sum = 0;
        for (_, place) in places.iter().filter(|(column, _)| *column == wanted) {
            let text = record.get(*place).unwrap_or_default().trim();
            sum += number(text)?;
        }
        Ok(sum)
    };
    if let Some(currency) = text(Column::Currency)
        && !currency.eq_ignore_ascii_case("usd")
    {
        bail!(
            "it is in {currency}; the ledger is in USD, so convert the file at the rate of the bill first"
        );
    }
    let cost_pico = text(Column::Cost).map_or(Ok(0), pico)?;
    let Some(model) = text(Column::Model) else {
        invoice.other_pico += cost_pico;
        invoice.other_rows += 1;
        return Ok(());
    };
    let day = text(Column::Day).context("the day is empty")?;
    let day = date(day).with_context(|| format!("`{day}` is no day"))?;
    let mut amounts = Amounts {
        input: tokens(Column::Input)?,
        cache_read: tokens(Column::CacheRead)?,
        cache_write: tokens(Column::CacheWrite)?,
        output: tokens(Column::Output)?,
        cost_pico,
    };
    let all_input = tokens(Column::AllInput)?;
    if all_input > 0 {
        amounts.input += all_input
            .checked_sub(amounts.cache_read + amounts.cache_write)
            .context("more input was cached than there was")?;
    }
    if let Some(class) = text(Column::Class) {
        let quantity = tokens(Column::Quantity)?;
        match class.to_lowercase() {
            class if class.contains("uncached") => amounts.input += quantity,
            class if class.contains("read") || class.contains("cached") => {
                amounts.cache_read += quantity
            }
            class if class.contains("write") || class.contains("creation") => {
                amounts.cache_write += quantity;
            }
            class if class.contains("output") => amounts.output += quantity,
            class if class.contains("input") => amounts.input += quantity,
            _ => {
                invoice.other_pico += cost_pico;
                invoice.other_rows += 1;
                return Ok(());
            }
        }
    }
    invoice
        .lines
        .entry((day, model.to_owned()))
        .or_default()
        .add(&amounts);
    Ok(())
}

/// Reads a count, which some write with a decimal part of zero.
fn number(text: &str) -> anyhow::Result<u64> {
    if text.is_empty() {
        return Ok(0);
    }
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let digits: String = whole.chars().filter(|c| *c != ',').collect();
    digits
        .parse()
        .ok()
        .with_context(|| format!("`{text}` is no number of tokens"))
}

/// Reads dollars, of any number of places, to the pico-dollar.
fn pico(text: &str) -> anyhow::Result<i128> {
    let plain: String = text.chars().filter(|c| *c != ',' && *c != '$').collect();
    let (sign, plain) = plain
        .strip_prefix('-')
        .map_or((1, plain.as_str()), |rest| (-1, rest));
    let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
    let part: String = part
        .chars()
        .chain(std::iter::repeat('0'))
        .take(12)
        .collect();
    let digits = |text: &str| {
        text.parse::<i128>()
            .ok()
            .filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
    };
    let whole = digits(if whole.is_empty() { "0" } else { whole });
    match (whole, digits(&part)) {
        (Some(whole), Some(part)) => Ok(sign * (whole * 1_000_000_000_000 + part)),
        _ => bail!("`{text}` is no amount of dollars"),
    }
}

/// Reads a day, a time, or seconds since 1970.
fn date(text: &str) -> Option<Date> {
    if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
        return Some(day);
    }
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(moment.to_offset(time::UtcOffset::UTC).date());
    }
    let leading = text.get(..10)?;
    if let Ok(day) = Date::parse(leading, format_description!("[year]-[month]-[day]")) {
        return Some(day);
    }
    let seconds: i64 = text.parse().ok()?;
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .map(OffsetDateTime::date)
}
