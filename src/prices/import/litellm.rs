//! LiteLLM's table: one flat object per key, prices as floats in dollars per token.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ImportError;
use super::catalogue::Catalogue;
use super::decimal::scaled;
use crate::prices::book::PriceBook;
use crate::prices::entry::{Entry, OffPeakEntry, StepEntry, WindowEntry};
use crate::prices::file::midnight;

/// Dollars per token are micro-USD per million tokens times 10⁻¹².
const PER_TOKEN: i32 = 12;
/// Thresholds that keys of the table end in, in thousands of tokens.
const STEPS: [u64; 7] = [32, 100, 128, 200, 256, 272, 512];
/// At these sellers an input of exactly the threshold is above it already.
const INCLUSIVE: [&str; 1] = ["xai"];

pub(super) fn read(json: &Value, catalogue: &mut Catalogue<'_>) -> Result<(), ImportError> {
    let Value::Object(table) = json else {
        return Err(ImportError::Shape {
            format: "litellm",
            problem: "an object with one field per model is expected".to_owned(),
        });
    };
    let ids = PriceBook::bundled_by_litellm_key();
    for (key, fields) in table {
        let Value::Object(fields) = fields else {
            continue;
        };
        if key == "sample_spec" {
            continue;
        }
        match entry(key, fields, &ids) {
            Ok(entry) => catalogue.take(key, entry),
            Err(why) => catalogue.skip(key, why),
        }
    }
    Ok(())
}

fn entry(
    key: &str,
    fields: &Map<String, Value>,
    ids: &BTreeMap<String, String>,
) -> Result<Entry, String> {
    let mode = fields.get("mode").and_then(Value::as_str).unwrap_or("chat");
    if !matches!(mode, "chat" | "completion" | "responses") {
        return Err(format!("it is for {mode}, not for completions"));
    }
    let provider = fields
        .get("litellm_provider")
        .and_then(Value::as_str)
        .ok_or("it has no litellm_provider")?;
    let price = |name: &str| -> Result<Option<u64>, String> {
        match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => in_micro_usd(value)
                .map(Some)
                .ok_or_else(|| format!("`{name}` is no price")),
        }
    };
    let tiers = fields.get("tiered_pricing").and_then(Value::as_array);
    let mut entry = Entry {
        id: id_of(key, provider, ids),
        provider: provider.to_owned(),
        endpoint: mode.to_owned(),
        input: price("input_cost_per_token")?,
        output: price("output_cost_per_token")?,
        cache_read: price("cache_read_input_token_cost")?,
        cache_write: price("cache_creation_input_token_cost")?,
        cache_write_1h: price("cache_creation_input_token_cost_above_1hr")?,
        batch_input: price("input_cost_per_token_batches")?,
        batch_output: price("output_cost_per_token_batches")?,
        per_request_pico_usd: price("input_cost_per_request")?.filter(|&fee| fee > 0),
        per_hour: per_hour(
            price("input_cost_per_second")?,
            price("output_cost_per_second")?,
        )?,
        off_peak: None,
        context: whole(fields.get("max_input_tokens")),
        cache_min_tokens: whole(fields.get("prompt_cache_min_tokens")),
        deprecated_on: fields
            .get("deprecation_date")
            .and_then(Value::as_str)
            .filter(|date| midnight(date).is_ok())
            .map(str::to_owned),
        litellm_key: Some(key.to_owned()),
        ..Entry::default()
    };
    match tiers {
        Some(tiers) => read_tiers(tiers, &mut entry)?,
        None => entry.long_context = steps(&price, &entry)?,
    }
    read_uplifts(fields, &mut entry.regional_uplift_percent)?;
    let mut notes = Vec::new();
    if let Some(off_peak) = fields.get("off_peak_pricing") {
        entry.off_peak = off_peak_entry(off_peak);
        if entry.off_peak.is_none() {
            notes.push("its off-peak hours were not understood: it costs the peak price all day");
        }
    }
    let reasoning = price("output_cost_per_reasoning_token")?;
    if reasoning.is_some_and(|price| price > 0 && Some(price) != entry.output) {
        notes.push("reasoning has its own price there and is billed as output here");
    }
    entry.note = (!notes.is_empty()).then(|| notes.join("; "));
    let is_timed = entry.per_hour.is_some() || entry.per_request_pico_usd.is_some();
    match (entry.input, entry.output) {
        (Some(0) | None, Some(0) | None) if is_timed => {
            (entry.input, entry.output) = (None, None);
            Ok(entry)
        }
        (Some(_), Some(_)) => Ok(entry),
        _ => Err("it has no price of input and output".to_owned()),
    }
}

/// The seller and its name of the model; where the bundled book has this row, its key.
fn id_of(key: &str, provider: &str, ids: &BTreeMap<String, String>) -> String {
    if let Some(id) = ids.get(key) {
        return id.clone();
    }
    if key.starts_with(&format!("{provider}/")) {
        return key.to_owned();
    }
    format!("{provider}/{key}")
}

fn in_micro_usd(value: &Value) -> Option<u64> {
    scaled(value.as_f64()?, PER_TOKEN)
}

/// Both are charged for every second of a call: micro-USD times 10⁶ per second, for an hour.
fn per_hour(input: Option<u64>, output: Option<u64>) -> Result<Option<u64>, String> {
    let pico_per_second = u128::from(input.unwrap_or(0)) + u128::from(output.unwrap_or(0));
    if pico_per_second == 0 {
        return Ok(None);
    }
    let micro_per_hour = pico_per_second * 3_600 / 1_000_000;
    u64::try_from(micro_per_hour)
        .map(Some)
        .map_err(|_| "its price per second is too large".to_owned())
}

fn whole(value: Option<&Value>) -> Option<u32> {
    value?
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
}

fn steps(
    price: &impl Fn(&str) -> Result<Option<u64>, String>,
    base: &Entry,
) -> Result<Vec<StepEntry>, String> {
    let mut steps = Vec::new();
    for thousands in STEPS {
        let above = |name: &str| price(&format!("{name}_above_{thousands}k_tokens"));
        let (input, output) = (
            above("input_cost_per_token")?,
            above("output_cost_per_token")?,
        );
        if input.is_none() && output.is_none() {
            continue;
        }
        steps.push(StepEntry {
            above_tokens: thousands * 1_000,
            inclusive: INCLUSIVE.contains(&base.provider.as_str()),
            // What does not change above the threshold is left out in the table.
            input: input.or(base.input).unwrap_or(0),
            output: output.or(base.output).unwrap_or(0),
            cache_read: above("cache_read_input_token_cost")?,
            cache_write: above("cache_creation_input_token_cost")?,
            cache_write_1h: above("cache_creation_input_token_cost_above_1hr")?,
        });
    }
    Ok(steps)
}

/// Prices by ranges of the input: the first is the base, the others are steps.
fn read_tiers(tiers: &[Value], entry: &mut Entry) -> Result<(), String> {
    for tier in tiers {
        let price = |name: &str| tier.get(name).and_then(in_micro_usd);
        let from = tier
            .pointer("/range/0")
            .and_then(Value::as_f64)
            .and_then(|from| scaled(from, 0))
            .ok_or("a tier has no range")?;
        let both = price("input_cost_per_token").zip(price("output_cost_per_token"));
        let (input, output) = both.ok_or("a tier has no price of input and output")?;
        let cache_read = price("cache_read_input_token_cost");
        if from == 0 {
            entry.input = Some(input);
            entry.output = Some(output);
            entry.cache_read = cache_read;
        } else {
            entry.long_context.push(StepEntry {
                above_tokens: from,
                inclusive: false,
                input,
                output,
                cache_read,
                cache_write: None,
                cache_write_1h: None,
            });
        }
    }
    Ok(())
}

fn read_uplifts(
    fields: &Map<String, Value>,
    uplifts: &mut BTreeMap<String, u32>,
) -> Result<(), String> {
    let own = fields
        .get("provider_specific_entry")
        .and_then(Value::as_object);
    let named = own
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value));
    let regional = ["eu", "us"].into_iter().filter_map(|region| {
        let name = format!("regional_processing_uplift_multiplier_{region}");
        fields.get(&name).map(|value| (region, value))
    });
    for (name, value) in named.chain(regional) {
        let Some(hundredths) = value.as_f64().and_then(|factor| scaled(factor, 2)) else {
            continue;
        };
        let percent = hundredths
            .checked_sub(100)
            .and_then(|n| u32::try_from(n).ok());
        let percent = percent.ok_or_else(|| format!("its factor for {name} is no uplift"))?;
        if percent > 0 {
            uplifts.insert(name.to_owned(), percent);
        }
    }
    Ok(())
}

fn off_peak_entry(value: &Value) -> Option<OffPeakEntry> {
    let price = |name: &str| value.get(name).and_then(in_micro_usd);
    let windows = value.get("windows")?.as_array()?;
    let windows = windows.iter().map(window).collect::<Option<Vec<_>>>()?;
    Some(OffPeakEntry {
        input: price("input_cost_per_token")?,
        output: price("output_cost_per_token")?,
        cache_read: price("cache_read_input_token_cost").filter(|&price| price > 0),
        windows,
    })
}

fn window(value: &Value) -> Option<WindowEntry> {
    let hours: Vec<&str> = match value.get("hours_utc")? {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().map(Value::as_str).collect::<Option<_>>()?,
        _ => return None,
    };
    let weekdays = match value.get("weekdays").and_then(Value::as_array) {
        None => (1..=7).collect(),
        Some(days) => days
            .iter()
            .map(|day| u8::try_from(day.as_u64()?).ok())
            .collect::<Option<_>>()?,
    };
    Some(WindowEntry {
        weekdays,
        hours_utc: hours.into_iter().map(span).collect::<Option<_>>()?,
    })
}

/// Reads `04:00-06:00`; an end at midnight is hour 24. Windows are of full hours.
fn span(text: &str) -> Option<(u8, u8)> {
    let hour = |text: &str| -> Option<u8> { text.trim().strip_suffix(":00")?.parse().ok() };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (hour(from)?, hour(to)?);
    Some((from, if to == 0 { 24 } else { to }))
}
