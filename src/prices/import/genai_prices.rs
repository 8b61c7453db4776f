//! Pydantic's genai-prices, version 2: providers with models, each with rules of the names that
//! mean it and with prices in dollars per million tokens, by day and by time of day.

use serde_json::Value;

use super::ImportError;
use super::catalogue::Catalogue;
use super::decimal::scaled;
use crate::prices::entry::{Entry, OffPeakEntry, StepEntry, WindowEntry};
use crate::prices::file::midnight;

const PER_MTOK: i32 = 6;

pub(super) fn read(json: &Value, catalogue: &mut Catalogue<'_>) -> Result<(), ImportError> {
    let Value::Array(providers) = json else {
        return Err(ImportError::Shape {
            format: "genai-prices-v2",
            problem: "a list of providers is expected".to_owned(),
        });
    };
    for provider in providers {
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
        let Some(seller) = text(provider, "id") else {
            continue;
        };
        let models = provider.get("models").and_then(Value::as_array);
        for model in models.into_iter().flatten() {
            let Some(name) = text(model, "id") else {
                continue;
            };
            let key = format!("{seller}/{name}");
            // The book may know the model by another of the names that mean it.
            let ours = our_name(&seller);
            let known = catalogue.known().filter_map(|id| {
                let named = id.strip_prefix(ours)?.strip_prefix('/')?;
                let means = named == name || means(model.get("match")?, named);
                means.then(|| id.to_owned())
            });
            let mut ids: Vec<String> = known.collect();
            if ids.is_empty() {
                ids.push(format!("{ours}/{name}"));
            }
            for id in ids {
                take(&key, &id, ours, model, catalogue);
            }
        }
    }
    Ok(())
}

/// Names of sellers that differ from ours.
fn our_name(seller: &str) -> &str {
    match seller {
        "x-ai" => "xai",
        "aws" => "bedrock",
        "moonshotai" => "moonshot",
        other => other,
    }
}

/// Returns whether the rule says that `name` is this model. A rule by a regular expression is
/// taken to say no: the catalogue states the plain names as well.
fn means(rule: &Value, name: &str) -> bool {
    let Some((kind, value)) = rule.as_object().and_then(|rule| rule.iter().next()) else {
        return false;
    };
    match (kind.as_str(), value) {
        ("or", Value::Array(rules)) => rules.iter().any(|rule| means(rule, name)),
        ("and", Value::Array(rules)) => rules.iter().all(|rule| means(rule, name)),
        ("equals", Value::String(text)) => name == text,
        ("starts_with", Value::String(text)) => name.starts_with(text.as_str()),
        ("ends_with", Value::String(text)) => name.ends_with(text.as_str()),
        ("contains", Value::String(text)) => name.contains(text.as_str()),
        _ => false,
    }
}

fn take(key: &str, id: &str, seller: &str, model: &Value, catalogue: &mut Catalogue<'_>) {
    let base = Entry {
        id: id.to_owned(),
        provider: seller.to_owned(),
        context: model
            .get("context_window")
            .and_then(Value::as_u64)
            .and_then(|tokens| u32::try_from(tokens).ok()),
        ..Entry::default()
    };
    let entries = match model.get("prices") {
        Some(prices @ Value::Object(_)) => with_prices(&base, prices).map(|entry| vec![entry]),
        Some(Value::Array(conditional)) => dated(&base, conditional),
        _ => Err("it has no price".to_owned()),
    };
    match entries {
        Ok(entries) => entries
            .into_iter()
            .for_each(|entry| catalogue.take(key, entry)),
        Err(why) => catalogue.skip(key, why),
    }
}

/// The first list is the base; later ones hold from a day on, or between two times of every day.
/// Of the lists that hold, the last decides, so the row of a day ends where the next begins.
fn dated(base: &Entry, lists: &[Value]) -> Result<Vec<Entry>, String> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut hours: Vec<(u8, u8)> = Vec::new();
    let mut at_times: Option<Entry> = None;
    for list in lists {
        let prices = list.get("prices").ok_or("a list without prices")?;
        let mut entry = with_prices(base, prices)?;
        let constraint = list.get("constraint");
        let text = |name: &str| constraint?.get(name)?.as_str();
        if let Some(day) = text("start_date") {
            midnight(day)?;
            if let Some(before) = entries.last_mut() {
                before.valid_to = Some(day.to_owned());
            }
            entry.valid_from = Some(day.to_owned());
            entries.push(entry);
        } else if let Some((from, to)) = text("start_time").zip(text("end_time")) {
            hours.extend(span(from, to).ok_or("its times of day are not full hours")?);
            let is_the_same =
                |other: &Entry| (other.input, other.output) == (entry.input, entry.output);
            if !at_times.as_ref().is_none_or(is_the_same) {
                return Err("it has more than two prices a day".to_owned());
            }
            at_times = Some(entry);
        } else if constraint.is_none_or(Value::is_null) && entries.is_empty() {
            entries.push(entry);
        } else {
            return Err("it has a condition that is not known here".to_owned());
        }
    }
    let Some(times) = at_times else {
        return Ok(entries);
    };
    let [all_day] = entries.as_slice() else {
        return Err("its price changes by day and by time of day".to_owned());
    };
    Ok(vec![by_time_of_day(all_day, times, &hours)?])
}

/// The dearer price becomes the row's, the cheaper its off-peak hours.
fn by_time_of_day(all_day: &Entry, times: Entry, hours: &[(u8, u8)]) -> Result<Entry, String> {
    let is_cheaper = times.input <= all_day.input;
    let cheap_hours = if is_cheaper {
        hours.to_vec()
    } else {
        (0..24)
            .filter(|hour| !hours.iter().any(|(from, to)| (from..to).contains(&hour)))
            .map(|hour| (hour, hour + 1))
            .collect()
    };
    let (peak, cheap) = if is_cheaper {
        (all_day.clone(), times)
    } else {
        (times, all_day.clone())
    };
    let both = cheap.input.zip(cheap.output);
    let (input, output) = both.ok_or("it has no price of input and output")?;
    Ok(Entry {
        off_peak: Some(OffPeakEntry {
            input,
            output,
            cache_read: cheap.cache_read,
            windows: vec![WindowEntry {
                weekdays: (1..=7).collect(),
                hours_utc: cheap_hours,
            }],
        }),
        ..peak
    })
}

/// Reads `01:00:00Z` to `04:00:00Z`; a span over midnight is two.
fn span(from: &str, to: &str) -> Option<Vec<(u8, u8)>> {
    let hour = |text: &str| -> Option<u8> { text.strip_suffix(":00:00Z")?.parse().ok() };
    let (from, to) = (hour(from)?, hour(to)?);
    Some(match (from < to, to) {
        (true, _) => vec![(from, to)],
        (false, 0) => vec![(from, 24)],
        (false, _) => vec![(from, 24), (0, to)],
    })
}

fn with_prices(base: &Entry, prices: &Value) -> Result<Entry, String> {
    let tiered = |name: &str| Tiered::of(prices.get(name));
    let (input, output) = (tiered("input_mtok")?, tiered("output_mtok")?);
    let both = input.base.zip(output.base);
    let (base_input, base_output) = both.ok_or("it has no price of input and output")?;
    let (read, write) = (tiered("cache_read_mtok")?, tiered("cache_write_mtok")?);
    let write_1h = tiered("cache_write_1h_mtok")?;
    let mut starts: Vec<u64> = [&input, &output, &read, &write, &write_1h]
        .into_iter()
        .flat_map(|price| price.tiers.iter().map(|(start, _)| *start))
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let long_context = starts.into_iter().map(|start| {
        // A threshold that includes its own number is written as one below it.
        let inclusive = start % 1_000 == 999;
        StepEntry {
            above_tokens: start + u64::from(inclusive),
            inclusive,
            input: input.at(start).unwrap_or(base_input),
            output: output.at(start).unwrap_or(base_output),
            cache_read: read.at(start),
            cache_write: write.at(start),
            cache_write_1h: write_1h.at(start),
        }
    });
    Ok(Entry {
        input: Some(base_input),
        output: Some(base_output),
        cache_read: read.base,
        cache_write: write.base,
        cache_write_1h: write_1h.base,
        long_context: long_context.collect(),
        per_request_pico_usd: fee_per_request(prices),
        ..base.clone()
    })
}

/// Dollars per thousand requests, in pico-USD per request.
fn fee_per_request(prices: &Value) -> Option<u64> {
    let per_thousand = prices.get("requests_kcount")?.as_f64()?;
    scaled(per_thousand, 9).filter(|&fee| fee > 0)
}

/// One price, or one by the length of the input.
#[derive(Default)]
struct Tiered {
    base: Option<u64>,
    tiers: Vec<(u64, u64)>,
}

impl Tiered {
    fn of(value: Option<&Value>) -> Result<Self, String> {
        let micro = |value: &Value| value.as_f64().and_then(|price| scaled(price, PER_MTOK));
        let wrong = || "a price is no number".to_owned();
        match value {
            None | Some(Value::Null) => Ok(Self::default()),
            Some(Value::Object(by_length)) => {
                let base = by_length.get("base").and_then(micro).ok_or_else(wrong)?;
                let tiers = by_length.get("tiers").and_then(Value::as_array);
                let tiers = tiers.into_iter().flatten().map(|tier| {
                    let start = tier.get("start")?.as_u64()?;
                    Some((start, micro(tier.get("price")?)?))
                });
                Ok(Self {
                    base: Some(base),
                    tiers: tiers.collect::<Option<_>>().ok_or_else(wrong)?,
                })
            }
            Some(value) => Ok(Self {
                base: Some(micro(value).ok_or_else(wrong)?),
                tiers: Vec::new(),
            }),
        }
    }

    /// Returns the price of an input above `start`.
    fn at(&self, start: u64) -> Option<u64> {
        let above = self.tiers.iter().rfind(|(from, _)| *from <= start);
        above.map(|(_, price)| *price).or(self.base)
    }
}
