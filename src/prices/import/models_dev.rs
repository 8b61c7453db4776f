//! The JSON of models.dev: providers with their models, prices in dollars per million tokens.

use serde_json::Value;

use super::ImportError;
use super::catalogue::Catalogue;
use super::decimal::scaled;
use crate::prices::entry::{Entry, StepEntry};

/// Dollars per million tokens in micro-USD.
const PER_MTOK: i32 = 6;

pub(super) fn read(json: &Value, catalogue: &mut Catalogue<'_>) -> Result<(), ImportError> {
    let Value::Object(providers) = json else {
        return Err(ImportError::Shape {
            format: "models-dev",
            problem: "an object with one field per provider is expected".to_owned(),
        });
    };
    for (provider, about) in providers {
        let models = about.get("models").and_then(Value::as_object);
        for (model, about) in models.into_iter().flatten() {
            let key = format!("{provider}/{model}");
            match entry(provider, &key, about) {
                Ok(entry) => catalogue.take(&key, entry),
                Err(why) => catalogue.skip(&key, why),
            }
        }
    }
    Ok(())
}

fn entry(provider: &str, key: &str, about: &Value) -> Result<Entry, String> {
    let cost = about
        .get("cost")
        .and_then(Value::as_object)
        .ok_or("it has no price")?;
    let price = |cost: &serde_json::Map<String, Value>, name: &str| {
        cost.get(name)
            .and_then(Value::as_f64)
            .and_then(|price| scaled(price, PER_MTOK))
    };
    let both = |cost| price(cost, "input").zip(price(cost, "output"));
    let (input, output) = both(cost).ok_or("it has no price of input and output")?;
    let mut entry = Entry {
        id: key.to_owned(),
        provider: provider.to_owned(),
        input: Some(input),
        output: Some(output),
        cache_read: price(cost, "cache_read"),
        cache_write: price(cost, "cache_write"),
        context: about
            .pointer("/limit/context")
            .and_then(Value::as_u64)
            .and_then(|tokens| u32::try_from(tokens).ok()),
        ..Entry::default()
    };
    if let Some(above) = cost.get("context_over_200k").and_then(Value::as_object) {
        let (input, output) = both(above).ok_or("its price above 200,000 tokens is incomplete")?;
        entry.long_context.push(StepEntry {
            above_tokens: 200_000,
            inclusive: false,
            input,
            output,
            cache_read: price(above, "cache_read"),
            cache_write: price(above, "cache_write"),
            cache_write_1h: None,
        });
    }
    if price(cost, "reasoning").is_some_and(|price| price > 0 && price != output) {
        entry.note =
            Some("reasoning has its own price there and is billed as output here".to_owned());
    }
    Ok(entry)
}
