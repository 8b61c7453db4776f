//! A report as rows of FOCUS 1.2, the FinOps Foundation's table of cost and usage: one row per day,
//! model and token class; one for what the calls cost beside their tokens at list price; one per
//! pool, other cost and count from elsewhere; and one per day for what an applied invoice corrects.
//! `docs/report.md` says what each column holds.
//!
//! The rows of calls add up to what the ledger knows of their cost, to the pico-dollar, so that
//! `mantle reconcile` finds nothing unexplained in them; those of corrections add up to their line of
//! the margin. A mandatory column is empty only where FOCUS lets it be, so calls whose cost
//! nobody knows have no rows: FOCUS has no word for that.

use time::format_description::well_known::Rfc3339;

use crate::domain::{
    Booking, BookingRow, MicroUsd, Money, Month, PricePerMTok, Rates, Timestamp, TokenCount,
};
use crate::ledger::Billed;
use crate::ledger::margin::{CorrectedDay, CorrectionLine, CostLine, Margin, PoolLine, PriceLists};

/// The columns, in the order in which they are written: those that are mandatory in FOCUS 1.2,
/// then those that the ledger knows something of, then our own.
const COLUMNS: &[&str] = &[
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
    "ChargeFrequency",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedUnitPrice",
    "InvoiceId",
    "ListUnitPrice",
    "PricingCategory",
    "RegionId",
    "ResourceId",
    "ResourceType",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "Tags",
    "x_Model",
    "x_TokenType",
];

/// A class of tokens: its name, the name of its meter, how many, and at which of the rates.
type Class = (
    &'static str,
    &'static str,
    fn(&Billed) -> u64,
    fn(&Rates) -> PricePerMTok,
);

const CLASSES: [Class; 5] = [
    (
        "uncached_input_tokens",
        "Uncached Input Tokens",
        |calls| calls.input,
        |rates| rates.input,
    ),
    (
        "cache_read_input_tokens",
        "Cache Read Input Tokens",
        |calls| calls.cache_read,
        |rates| rates.cache_read,
    ),
    (
        "cache_write_input_tokens",
        "Cache Write Input Tokens",
        |calls| calls.cache_write.saturating_sub(calls.cache_write_1h),
        |rates| rates.cache_write,
    ),
    (
        "cache_write_1h_input_tokens",
        "Cache Write Input Tokens, 1 Hour",
        |calls| calls.cache_write_1h,
        |rates| rates.cache_write_1h,
    ),
    (
        "output_tokens",
        "Output Tokens",
        |calls| calls.output,
        |rates| rates.output,
    ),
];

/// What the rows are made of.
#[derive(Default)]
pub(super) struct Charges {
    /// Calls by day; see [`crate::ledger::LedgerReader::billed`].
    pub calls: Vec<Billed>,
    /// What is paid beside them, by parts of the period that lie in one month each.
    pub months: Vec<((Timestamp, Timestamp), Margin)>,
    /// Calls that another program counted.
    pub elsewhere: Vec<BookingRow>,
    /// The account that is billed, where somebody says it; else each host's name stands for the account
    /// there.
    pub account: Option<String>,
}

impl Charges {
    /// Returns how many calls have no rows, because nobody knows what they cost.
    pub(super) fn unpriced_calls(&self) -> u64 {
        let calls = self.calls.iter().map(|calls| calls.unpriced_calls);
        let elsewhere = self.elsewhere.iter().map(|row| match &row.booking {
            Booking::Usage(usage) if usage.cost.is_none() => usage.calls,
            _ => 0,
        });
        calls.chain(elsewhere).sum()
    }
}

/// One row, as far as it is known: every other column is empty, which FOCUS reads as null.
struct Row(Vec<(&'static str, String)>);

impl Row {
    /// Begins a row that somebody sends the bill of. Who made what is paid is the same, until somebody
    /// else is named.
    fn new((since, until): (Timestamp, Timestamp), issuer: &str) -> Self {
        let month = Month::of(since);
        Self(vec![
            ("InvoiceIssuerName", issuer.to_owned()),
            ("ProviderName", issuer.to_owned()),
            ("BillingCurrency", "USD".to_owned()),
            ("BillingPeriodStart", moment(month.begin)),
            ("BillingPeriodEnd", moment(month.end)),
            ("ChargePeriodStart", moment(since)),
            ("ChargePeriodEnd", moment(until)),
        ])
    }

    fn set(&mut self, column: &'static str, value: impl Into<String>) -> &mut Self {
        debug_assert!(COLUMNS.contains(&column), "there is a column {column}");
        self.0.push((column, value.into()));
        self
    }

    /// Sets what is said of a model: who made it, where that is known, and its name.
    fn set_model(&mut self, lab: Option<&str>, name: &str) -> &mut Self {
        self.set_if("PublisherName", lab)
            .set("ServiceCategory", "AI and Machine Learning")
            .set("ServiceSubcategory", "Generative AI")
            .set("ServiceName", "Inference")
            .set("ResourceId", name)
            .set("ResourceType", "Model")
    }

    /// Sets that it is paid by use, and how much of it there was.
    fn set_usage(&mut self, quantity: String, unit: &str) -> &mut Self {
        self.set("ChargeCategory", "Usage")
            .set("ChargeFrequency", "Usage-Based")
            .set("PricingQuantity", quantity)
            .set("PricingUnit", unit)
    }

    fn set_if(&mut self, column: &'static str, value: Option<impl Into<String>>) -> &mut Self {
        if let Some(value) = value {
            self.set(column, value);
        }
        self
    }

    fn value<'r>(&'r self, column: &str, account: Option<&'r str>) -> &'r str {
        let found = self.0.iter().find(|(name, _)| *name == column);
        match (found, column) {
            (Some((_, value)), _) => value,
            (None, "PublisherName") => self.value("ProviderName", account),
            (None, "BillingAccountId") => {
                account.unwrap_or_else(|| self.value("InvoiceIssuerName", account))
            }
            (None, _) => "",
        }
    }
}

/// Returns a header and all rows. What is made up has one more column that says so in every row.
pub(super) fn text(
    charges: &Charges,
    prices: &PriceLists<'_>,
    is_simulated: bool,
) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mark = |text: &'static str| is_simulated.then_some(text);
    writer.write_record(COLUMNS.iter().copied().chain(mark("x_Simulated")))?;
    let calls = charges
        .calls
        .iter()
        .flat_map(|calls| of_calls(calls, prices));
    let beside = charges.months.iter().flat_map(of_month);
    let elsewhere = charges.elsewhere.iter().filter_map(of_elsewhere);
    for row in calls.chain(beside).chain(elsewhere) {
        let account = charges.account.as_deref();
        let values = COLUMNS.iter().map(|column| row.value(column, account));
        writer.write_record(values.chain(mark("true")))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Returns the rows of the calls of one day, model and price; none where nobody knows what they cost.
fn of_calls(calls: &Billed, prices: &PriceLists<'_>) -> Vec<Row> {
    if calls.unpriced_calls > 0 {
        return Vec::new();
    }
    // No call costs less than nothing: where all of them cost nothing, so does every token.
    let is_free = calls.cost_pico == 0;
    let rates = (prices.rates)(&calls.as_group()).or(is_free.then_some(Rates::FREE));
    let mut left = calls.cost_pico;
    let mut rows = Vec::new();
    for class in &CLASSES {
        let (_, _, tokens, rate) = class;
        let tokens = tokens(calls);
        if tokens == 0 {
            continue;
        }
        let price = rates.as_ref().map(rate);
        left -= price.map_or(0, |price| price.cost_of(TokenCount::new(tokens)));
        rows.push(of_class(calls, class, tokens, price));
    }
    if left != 0 {
        rows.push(of_difference(calls, left, rates.is_some()));
    }
    rows
}

/// Tokens whose price is not known cost nothing by themselves: their calls are charged as a whole.
fn of_class(
    calls: &Billed,
    &(name, meter, ..): &Class,
    tokens: u64,
    price: Option<PricePerMTok>,
) -> Row {
    let mut row = called(calls);
    let cost = price.map_or(0, |price| price.cost_of(TokenCount::new(tokens)));
    // Micro-USD per million tokens are pico-USD per token.
    let unit_price = price.map(|price| exact(price.micro_usd().into()));
    let is_listed = price.is_some() && calls.price_id.as_deref().is_some_and(is_list_price);
    let (category, as_a_whole) = match price {
        Some(_) => ("Standard", ""),
        None => ("Other", ", charged as a whole"),
    };
    row.set(
        "ChargeDescription",
        format!("{meter} of {}{as_a_whole}", calls.model),
    )
    .set("SkuId", format!("{}/{name}", calls.model))
    .set("SkuMeter", meter)
    .set("x_TokenType", name)
    .set("ConsumedQuantity", tokens.to_string())
    .set("ConsumedUnit", "Tokens")
    .set_usage(tokens.to_string(), "Tokens")
    .set("PricingCategory", category)
    .set_if("ContractedUnitPrice", unit_price.clone())
    .set_if("ListUnitPrice", unit_price.filter(|_| is_listed));
    set_costs(&mut row, &exact(cost));
    row
}

/// Returns the row of what calls cost beside their tokens at list price: long prompts, hours,
/// regions, fees; all of their cost where no rates are known.
fn of_difference(calls: &Billed, pico: i128, are_rates_known: bool) -> Row {
    let mut row = called(calls);
    let what = match are_rates_known {
        true => "Difference to the tokens at list price",
        false => "Calls whose cost by class of token is not known",
    };
    row.set("ChargeDescription", format!("{what}, {}", calls.model))
        .set("SkuId", format!("{}/other", calls.model))
        .set("SkuMeter", "Other Charges")
        .set_usage(calls.calls.to_string(), "Requests")
        .set("PricingCategory", "Other");
    set_costs(&mut row, &exact(pico));
    row
}

/// Returns what all rows of a group of calls have in common.
fn called(calls: &Billed) -> Row {
    let mut row = Row::new(day_of(calls.day), &calls.host);
    let tags = serde_json::json!({
        "mantle:basis": calls.basis.as_str(),
        "mantle:tier": calls.tier.as_str(),
    });
    row.set_model(calls.lab.as_deref(), &calls.name)
        .set_if("RegionId", calls.region.as_deref())
        .set_if("SkuPriceId", calls.price_id.as_deref())
        .set("Tags", tags.to_string())
        .set("x_Model", &calls.model);
    row
}

/// Returns the rows of what is paid whether anybody types or not, and of what invoices correct.
fn of_month((span, margin): &((Timestamp, Timestamp), Margin)) -> Vec<Row> {
    let pools = margin.pools.iter().map(|pool| of_pool(*span, pool));
    let costs = margin.costs.iter().map(|line| of_cost(*span, line));
    let corrections = margin.corrections.iter().flat_map(|line| {
        let days = line.days.iter().filter(|day| day.extra != MicroUsd::ZERO);
        days.map(|day| of_correction(line, day))
    });
    pools.chain(costs).chain(corrections).collect()
}

/// Nobody has booked who sends the bill of a cost, so its name stands for that, too.
fn of_cost(span: (Timestamp, Timestamp), line: &CostLine) -> Row {
    let mut row = Row::new(span, &line.name);
    let frequency = match line.is_recurring {
        true => "Recurring",
        false => "One-Time",
    };
    row.set("ChargeCategory", "Purchase")
        .set("ChargeFrequency", frequency)
        .set("ChargeDescription", format!("Booked: {}", line.name))
        .set("PricingCategory", "Standard")
        .set("PricingQuantity", "1")
        .set("PricingUnit", "Units")
        .set("ServiceCategory", "Other")
        .set("ServiceName", &line.name);
    set_costs(&mut row, &line.cost.to_string());
    row
}

/// What is written off was billed when it was bought: it is part of the effective cost alone.
fn of_pool((since, until): (Timestamp, Timestamp), pool: &PoolLine) -> Row {
    let mut row = Row::new((since, until), &pool.supplier);
    let billed = (pool.rent + pool.power).to_string();
    let hours = (until.unix_micros() - since.unix_micros()) / 3_600_000_000;
    row.set("ChargeCategory", "Usage")
        .set("ChargeFrequency", "Recurring")
        .set(
            "ChargeDescription",
            format!("Pool {} of {}, busy and idle", pool.name, pool.generation),
        )
        .set("PricingCategory", "Standard")
        .set("PricingQuantity", hours.to_string())
        .set("PricingUnit", "Hours")
        .set("ServiceCategory", "AI and Machine Learning")
        .set("ServiceName", "GPU pool")
        .set("ResourceId", &pool.name)
        .set("ResourceType", "GPU pool")
        .set("BilledCost", billed.clone())
        .set("ContractedCost", billed.clone())
        .set("ListCost", billed)
        .set("EffectiveCost", pool.total().to_string());
    row
}

/// Returns the row of what an applied invoice changes on one day. `x_Model` stays empty: it is no
/// use of the model, and is not what an invoice is compared with.
fn of_correction(line: &CorrectionLine, day: &CorrectedDay) -> Row {
    let mut row = Row::new(day_of(day.day), &line.supplier);
    let factor = Money::format_pico(i128::from(line.factor_ppm) * 1_000_000, 6);
    let description = format!(
        "Invoice {}: calls of {} that were not reported cost {factor} times what was assumed",
        line.invoice, line.model
    );
    // Within a month that runs it is no correction yet, as FOCUS has it: nothing was invoiced before.
    let is_of_the_past = Month::of(day.day).end <= line.booked;
    let tags = serde_json::json!({ "mantle:tier": day.tier.as_str() });
    row.set("ChargeCategory", "Adjustment")
        .set_if("ChargeClass", is_of_the_past.then_some("Correction"))
        .set("ChargeDescription", description)
        .set("ChargeFrequency", "One-Time")
        .set_model(day.lab.as_deref(), &line.model)
        .set("InvoiceId", &line.invoice)
        .set("Tags", tags.to_string());
    set_costs(&mut row, &day.extra.to_string());
    row
}

/// Returns the row of calls that another program counted. They are no calls of this ledger, so
/// that no column names them as a model that an invoice is compared by.
fn of_elsewhere(booking: &BookingRow) -> Option<Row> {
    let Booking::Usage(usage) = &booking.booking else {
        return None;
    };
    let failed = usage.failed_cost.unwrap_or(Money::ZERO).pico_usd();
    let cost = i128::from(usage.cost?.pico_usd()) + i128::from(failed);
    let calls = usage.calls.saturating_add(usage.failed_calls).to_string();
    let mut row = Row::new((booking.since, booking.until?), &usage.supplier);
    row.set_model(usage.lab.as_deref(), usage.model.as_str())
        .set(
            "ChargeDescription",
            format!("Calls of {} that were counted elsewhere", usage.model),
        )
        .set("ConsumedQuantity", calls.clone())
        .set("ConsumedUnit", "Requests")
        .set_usage(calls, "Requests")
        .set("PricingCategory", "Other")
        .set_if("SkuPriceId", usage.price_id.as_deref());
    set_costs(&mut row, &exact(cost));
    Some(row)
}

/// Sets the four costs of a charge that has no discount and is not written off: they are the same.
fn set_costs(row: &mut Row, cost: &str) {
    for column in ["BilledCost", "ContractedCost", "EffectiveCost", "ListCost"] {
        row.set(column, cost);
    }
}

/// A day, from its first moment.
fn day_of(begin: Timestamp) -> (Timestamp, Timestamp) {
    (begin, begin.plus(std::time::Duration::from_secs(86_400)))
}

/// Whether the key of a price is one of the price book: neither negotiated, nor of a pool.
fn is_list_price(key: &str) -> bool {
    key != "own" && key != "free" && !key.starts_with("pool/")
}

fn exact(pico: i128) -> String {
    Money::format_pico(pico, 12)
}

fn moment(at: Timestamp) -> String {
    let text = at.to_utc().format(&Rfc3339);
    text.expect("a moment of a ledger has a year of four digits")
}
