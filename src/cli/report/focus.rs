//! A report as rows of FOCUS 1.2, the FinOps Foundation's table of cost and usage: one row per day,
//! model and token class; one for what the calls cost beside their tokens at list price; and one
//! per pool, other cost and count from elsewhere. `docs/report.md` says what each column holds.
//!
//! The rows of calls add up to what the ledger knows of their cost, to the pico-dollar, so that
//! `mantle reconcile` finds nothing unexplained in them.

use time::format_description::well_known::Rfc3339;

use crate::domain::{
    Booking, BookingRow, MicroUsd, Money, Month, PricePerMTok, Rates, Timestamp, TokenCount,
};
use crate::ledger::Billed;
use crate::ledger::margin::{Margin, PoolLine, PriceLists};

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
}

/// One row, as far as it is known: every other column is empty, which FOCUS reads as null.
struct Row(Vec<(&'static str, String)>);

impl Row {
    fn new((since, until): (Timestamp, Timestamp)) -> Self {
        let month = Month::of(since);
        Self(vec![
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

    /// Sets what all calls have in common: who sends the bill, who made the model, and its name.
    fn set_model(&mut self, host: &str, lab: Option<&str>, name: &str) -> &mut Self {
        self.set("ChargeCategory", "Usage")
            .set("ChargeFrequency", "Usage-Based")
            .set("InvoiceIssuerName", host)
            .set("ProviderName", host)
            .set_if("PublisherName", lab)
            .set("ServiceCategory", "AI and Machine Learning")
            .set("ServiceSubcategory", "Generative AI")
            .set("ServiceName", "Inference")
            .set("ResourceId", name)
            .set("ResourceType", "Model")
    }

    fn set_if(&mut self, column: &'static str, value: Option<impl Into<String>>) -> &mut Self {
        if let Some(value) = value {
            self.set(column, value);
        }
        self
    }

    fn value(&self, column: &str) -> &str {
        let found = self.0.iter().find(|(name, _)| *name == column);
        found.map_or("", |(_, value)| value)
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
        let values = COLUMNS.iter().map(|column| row.value(column));
        writer.write_record(values.chain(mark("true")))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Returns the rows of the calls of one day, model and price.
fn of_calls(calls: &Billed, prices: &PriceLists<'_>) -> Vec<Row> {
    let is_priced = calls.unpriced_calls == 0;
    // No call costs less than nothing: where all of them cost nothing, so does every token.
    let is_free = is_priced && calls.cost_pico == 0;
    let rates = (prices.rates)(&calls.as_group()).or(is_free.then_some(Rates::FREE));
    let mut left = calls.cost_pico;
    let mut rows = Vec::new();
    for class in &CLASSES {
        let (_, _, tokens, rate) = class;
        let tokens = tokens(calls);
        if tokens == 0 {
            continue;
        }
        let price = rates.as_ref().map(rate).filter(|_| is_priced);
        left -= price.map_or(0, |price| price.cost_of(TokenCount::new(tokens)));
        rows.push(of_class(calls, class, tokens, price));
    }
    if left != 0 {
        rows.push(of_difference(calls, left, rates.is_some()));
    }
    rows
}

fn of_class(
    calls: &Billed,
    &(name, meter, ..): &Class,
    tokens: u64,
    price: Option<PricePerMTok>,
) -> Row {
    let mut row = called(calls);
    let cost = price.map(|price| exact(price.cost_of(TokenCount::new(tokens))));
    // Micro-USD per million tokens are pico-USD per token.
    let unit_price = price.map(|price| exact(price.micro_usd().into()));
    let is_listed = price.is_some() && calls.price_id.as_deref().is_some_and(is_list_price);
    row.set("ChargeDescription", format!("{meter} of {}", calls.model))
        .set("SkuId", format!("{}/{name}", calls.model))
        .set("SkuMeter", meter)
        .set("x_TokenType", name)
        .set("ConsumedQuantity", tokens.to_string())
        .set("ConsumedUnit", "Tokens")
        .set("PricingQuantity", tokens.to_string())
        .set("PricingUnit", "Tokens")
        .set_if("ContractedUnitPrice", unit_price.clone())
        .set_if("ListUnitPrice", unit_price.filter(|_| is_listed));
    if is_listed {
        row.set("PricingCategory", "Standard");
    }
    set_costs(&mut row, cost);
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
        .set("SkuMeter", "Other Charges");
    set_costs(&mut row, Some(exact(pico)));
    row
}

/// Returns what all rows of a group of calls have in common.
fn called(calls: &Billed) -> Row {
    let day_after = calls.day.plus(std::time::Duration::from_secs(86_400));
    let mut row = Row::new((calls.day, day_after));
    let tags = serde_json::json!({
        "mantle:basis": calls.basis.as_str(),
        "mantle:tier": calls.tier.as_str(),
    });
    row.set_model(&calls.host, calls.lab.as_deref(), &calls.name)
        .set_if("RegionId", calls.region.as_deref())
        .set_if("SkuPriceId", calls.price_id.as_deref())
        .set("Tags", tags.to_string())
        .set("x_Model", &calls.model);
    row
}

/// Returns the rows of what is paid whether anybody types or not.
fn of_month((span, margin): &((Timestamp, Timestamp), Margin)) -> Vec<Row> {
    let pools = margin.pools.iter().map(|pool| of_pool(*span, pool));
    let costs = margin.costs.iter().map(|line| {
        let mut row = Row::new(*span);
        row.set("ChargeCategory", "Purchase")
            .set("ChargeDescription", format!("Booked: {}", line.name))
            .set("ServiceCategory", "Other")
            .set("ServiceName", &line.name);
        set_costs(&mut row, Some(dollars(line.cost)));
        row
    });
    pools.chain(costs).collect()
}

/// What is written off was billed when it was bought: it is part of the effective cost alone.
fn of_pool(span: (Timestamp, Timestamp), pool: &PoolLine) -> Row {
    let mut row = Row::new(span);
    let billed = dollars(pool.rent + pool.power);
    row.set("ChargeCategory", "Usage")
        .set("ChargeFrequency", "Recurring")
        .set(
            "ChargeDescription",
            format!("Pool {} of {}, busy and idle", pool.name, pool.generation),
        )
        .set("InvoiceIssuerName", &pool.supplier)
        .set("ProviderName", &pool.supplier)
        .set("ServiceCategory", "AI and Machine Learning")
        .set("ServiceName", "GPU pool")
        .set("ResourceId", &pool.name)
        .set("ResourceType", "GPU pool")
        .set("BilledCost", billed.clone())
        .set("ContractedCost", billed.clone())
        .set("ListCost", billed)
        .set("EffectiveCost", dollars(pool.total()));
    row
}

/// Returns the row of calls that another program counted. They are no calls of this ledger, so
/// that no column names them as a model that an invoice is compared by.
fn of_elsewhere(booking: &BookingRow) -> Option<Row> {
    let Booking::Usage(usage) = &booking.booking else {
        return None;
    };
    let mut row = Row::new((booking.since, booking.until?));
    let failed = usage.failed_cost.unwrap_or(Money::ZERO).pico_usd();
    let cost = usage
        .cost
        .map(|cost| i128::from(cost.pico_usd()) + i128::from(failed));
    let calls = usage.calls.saturating_add(usage.failed_calls).to_string();
    row.set_model(&usage.supplier, usage.lab.as_deref(), usage.model.as_str())
        .set(
            "ChargeDescription",
            format!("Calls of {} that were counted elsewhere", usage.model),
        )
        .set("ConsumedQuantity", calls.clone())
        .set("ConsumedUnit", "Requests")
        .set("PricingQuantity", calls)
        .set("PricingUnit", "Requests")
        .set_if("SkuPriceId", usage.price_id.as_deref());
    set_costs(&mut row, cost.map(exact));
    Some(row)
}

/// Sets the four costs of a charge that has no discount and is not written off: they are the same.
fn set_costs(row: &mut Row, cost: Option<String>) {
    for column in ["BilledCost", "ContractedCost", "EffectiveCost", "ListCost"] {
        row.set_if(column, cost.clone());
    }
}

/// Whether the key of a price is one of the price book: neither negotiated, nor of a pool.
fn is_list_price(key: &str) -> bool {
    key != "own" && key != "free" && !key.starts_with("pool/")
}

fn exact(pico: i128) -> String {
    Money::format_pico(pico, 12)
}

fn dollars(amount: MicroUsd) -> String {
    amount.to_string()
}

fn moment(at: Timestamp) -> String {
    let text = at.to_utc().format(&Rfc3339);
    text.expect("a moment of a ledger has a year of four digits")
}
