//! A booking as people write it: fields with values, from `key=value` words or a line of JSON.
//!
//! Everything is checked here; what is not known is named, and nothing is guessed.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use uuid::Uuid;

use super::report::Moment;
use crate::domain::{
    Booking, BookingRow, FunnelBooking, ModelId, Money, Pool, PoolTerms, Power, RowId, Tier,
    Timestamp, TokenCount, Usage, UsageBooking,
};
use crate::prices::{PriceBook, PriceRow, cost_at};

/// The kinds of bookings, with the fields that each needs.
pub(super) const KINDS: &str = "seats (seats, price), trial (seats), overage (credits, price), \
    prepaid (name, credits, amount), prepaid-use (name, credits), prepaid-expiry (name), \
    credit-note (amount), rate (currency, usd), pool (name, generation, gpus, rate | capex, salvage, \
    life_months), pool-use (name, utilisation), cost (name, amount), usage (model, tier, supplier, \
    calls), funnel (requests, offered, accepted)";

/// The names of all fields of all kinds, as they are written.
pub(super) const FIELDS: &[&str] = &[
    "kind",
    "since",
    "until",
    "currency",
    "ref",
    "seats",
    "price",
    "credits",
    "name",
    "amount",
    "monthly",
    "usd",
    "generation",
    "gpus",
    "rate",
    "supplier",
    "capex",
    "salvage",
    "life_months",
    "watts",
    "pue",
    "kwh",
    "utilisation",
    "requests",
    "model",
    "tier",
    "lab",
    "cost",
    "calls",
    "cancelled_calls",
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "output",
    "failed_calls",
    "failed_input",
    "failed_output",
    "suppressed",
    "cache_hits",
    "offered",
    "accepted",
    "retained",
    "retained_chars",
];

/// The fields of one booking, taken one by one.
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Reads `key=value` words.
    pub fn from_words(words: &[String]) -> anyhow::Result<Self> {
        let mut fields = BTreeMap::new();
        for word in words {
            let (key, value) = word
                .split_once('=')
                .with_context(|| format!("`{word}` is not key=value"))?;
            if fields.insert(key.to_owned(), value.to_owned()).is_some() {
                bail!("`{key}` is there twice");
            }
        }
        Ok(Self(fields))
    }

    /// Reads a JSON object of texts, numbers and switches.
    pub fn from_json(value: &Value) -> anyhow::Result<Self> {
        let object = value.as_object().context("a booking is a JSON object")?;
        let mut fields = BTreeMap::new();
        for (key, value) in object {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(switch) => switch.to_string(),
                Value::Null => continue,
                _ => bail!("`{key}` is neither a text nor a number"),
            };
            fields.insert(key.clone(), text);
        }
        Ok(Self(fields))
    }

    pub fn set(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), value.to_owned());
    }

    fn text(&mut self, key: &str) -> anyhow::Result<String> {
        self.optional(key)
            .with_context(|| format!("`{key}` is missing"))
    }

    fn optional(&mut self, key: &str) -> Option<String> {
        self.0.remove(key).filter(|text| !text.trim().is_empty())
    }

    fn parse<T: FromStr>(&mut self, key: &str) -> anyhow::Result<T>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.text(key)?;
        text.trim()
            .parse()
            .map_err(|error| anyhow!("`{key}` is `{text}`: {error}"))
    }

    fn parse_or<T: FromStr>(&mut self, key: &str, default: T) -> anyhow::Result<T>
    where
        T::Err: std::fmt::Display,
    {
        if self.0.contains_key(key) {
            return self.parse(key);
        }
        Ok(default)
    }

    /// Reads a decimal as a whole number of `places` decimals.
    fn decimal(&mut self, key: &str, places: u32) -> anyhow::Result<u32> {
        let amount: Money = self.parse(key)?;
        let unit = 10_i64.pow(12 - places);
        let pico = amount.pico_usd();
        let whole = u32::try_from(pico / unit).ok().filter(|_| pico % unit == 0);
        whole.with_context(|| format!("`{key}` has more than {places} decimals, or is too large"))
    }

    fn day(&mut self, key: &str) -> anyhow::Result<Option<Timestamp>> {
        let Some(text) = self.optional(key) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(Moment::At(at)) => Ok(Some(at)),
            Ok(Moment::Ago(_)) | Err(_) => {
                bail!("`{key}` is `{text}`; write it like 2026-11-01 or 2026-11-01T08:00:00Z")
            }
        }
    }
}

/// Makes a booking of its fields; `now` is when it is written down.
///
/// # Errors
///
/// The first thing that is missing, wrong or not known.
pub(super) fn read(
    mut fields: Fields,
    prices: &PriceBook,
    now: Timestamp,
) -> anyhow::Result<BookingRow> {
    // The same words are the same booking, whatever the prices of the day.
    let described: Vec<String> = fields
        .0
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, described.join("\n").as_bytes());
    let kind = fields.text("kind")?;
    let since = fields.day("since")?.context("`since` is missing")?;
    let until = fields.day("until")?;
    if until.is_some_and(|until| until <= since) {
        bail!("it would end before it begins");
    }
    let currency = fields
        .optional("currency")
        .unwrap_or_else(|| "USD".to_owned());
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_code {
        bail!("`currency` is `{currency}`; write it like USD or EUR");
    }
    let reference = fields.optional("ref");
    let booking = booking(&kind, &mut fields, prices, since)?;
    let is_counted = matches!(
        booking,
        Booking::PoolUse { .. } | Booking::Usage(_) | Booking::Funnel(_)
    );
    if is_counted && until.is_none() {
        bail!("`until` is missing: what was counted was counted in a span of time");
    }
    if matches!(booking, Booking::Rate { .. }) && currency == "USD" {
        bail!("`currency` is missing: which currency is worth so much?");
    }
    if let Some(unknown) = fields.0.keys().next() {
        bail!("{kind} has no field `{unknown}`");
    }
    Ok(BookingRow {
        id: RowId::from_uuid(id),
        since,
        until,
        currency,
        reference,
        booking,
        at: now,
    })
}

fn booking(
    kind: &str,
    fields: &mut Fields,
    prices: &PriceBook,
    since: Timestamp,
) -> anyhow::Result<Booking> {
    Ok(match kind {
        "seats" => Booking::Seats {
            seats: fields.parse("seats")?,
            price: fields.parse("price")?,
        },
        "trial" => Booking::Trial {
            seats: fields.parse("seats")?,
        },
        "overage" => Booking::Overage {
            credits: fields.parse("credits")?,
            price: fields.parse("price")?,
        },
        "prepaid" => Booking::Prepaid {
            name: fields.text("name")?,
            credits: fields.parse("credits")?,
            amount: fields.parse("amount")?,
        },
        "prepaid-use" => Booking::PrepaidUse {
            name: fields.text("name")?,
            credits: fields.parse("credits")?,
        },
        "prepaid-expiry" => Booking::PrepaidExpiry {
            name: fields.text("name")?,
        },
        "credit-note" => Booking::CreditNote {
            amount: fields.parse("amount")?,
        },
        "rate" => Booking::Rate {
            micro_usd: fields.decimal("usd", 6)?.into(),
        },
        "pool" => Booking::Pool(pool(fields)?),
        "pool-use" => {
            let utilisation_bp = fields.decimal("utilisation", 2)?;
            if utilisation_bp > 10_000 {
                bail!("`utilisation` is in percent, at most 100");
            }
            Booking::PoolUse {
                pool: fields.text("name")?,
                utilisation_bp,
                requests: fields.parse_or("requests", 0)?,
            }
        }
        "cost" => Booking::Cost {
            name: fields.text("name")?,
            amount: fields.parse("amount")?,
            monthly: fields.parse_or("monthly", true)?,
        },
        "usage" => Booking::Usage(Box::new(usage(fields, prices, since)?)),
        "funnel" => Booking::Funnel(Box::new(funnel(fields)?)),
        other => bail!("there is no booking of kind `{other}`; there are {KINDS}"),
    })
}

fn pool(fields: &mut Fields) -> anyhow::Result<Pool> {
    let terms = match fields.optional("rate") {
        Some(rate) => PoolTerms::Rented {
            rate: rate.parse().context("`rate`")?,
        },
        None if fields.0.contains_key("capex") => PoolTerms::Owned {
            capex: fields.parse("capex")?,
            salvage: fields.parse_or("salvage", Money::ZERO)?,
            life_months: fields.parse("life_months")?,
        },
        None => bail!(
            "a pool needs `rate` (rented: USD per GPU and hour), or `capex` and `life_months` (owned)"
        ),
    };
    if let PoolTerms::Owned {
        capex,
        salvage,
        life_months,
    } = &terms
        && (salvage > capex || *life_months == 0)
    {
        bail!("an owned GPU is worth less in the end, after at least a month");
    }
    let power = match fields.0.contains_key("watts") {
        true => Some(Power {
            watts: fields.parse("watts")?,
            pue_milli: match fields.0.contains_key("pue") {
                true => fields.decimal("pue", 3)?,
                false => 1_000,
            },
            kwh: fields.parse("kwh")?,
        }),
        false => None,
    };
    let is_owned = matches!(terms, PoolTerms::Owned { .. });
    Ok(Pool {
        name: fields.text("name")?,
        generation: fields.text("generation")?,
        supplier: match fields.optional("supplier") {
            Some(supplier) => supplier,
            None if is_owned => "own".to_owned(),
            None => bail!("`supplier` is missing: who sends the bill?"),
        },
        gpus: fields.parse("gpus")?,
        terms,
        power,
    })
}

fn usage(
    fields: &mut Fields,
    prices: &PriceBook,
    since: Timestamp,
) -> anyhow::Result<UsageBooking> {
    let tokens = |fields: &mut Fields, key: &str| -> anyhow::Result<Option<TokenCount>> {
        match fields.0.contains_key(key) {
            true => Ok(Some(TokenCount::new(fields.parse(key)?))),
            false => Ok(None),
        }
    };
    let used = Usage {
        input_total: tokens(fields, "input")?,
        cache_read: tokens(fields, "cache_read")?,
        cache_write_5m: tokens(fields, "cache_write")?,
        cache_write_1h: tokens(fields, "cache_write_1h")?,
        output_total: tokens(fields, "output")?,
        reasoning: None,
    };
    let failed = Usage {
        input_total: tokens(fields, "failed_input")?.or(Some(TokenCount::ZERO)),
        output_total: tokens(fields, "failed_output")?.or(Some(TokenCount::ZERO)),
        ..Usage::default()
    };
    let price_id = fields.optional("price");
    let row: Option<&PriceRow> = match &price_id {
        Some(key) => Some(
            prices
                .listed(key, since)
                .with_context(|| format!("the price book has no `{key}`"))?,
        ),
        None => None,
    };
    // Sums do not tell how long a single prompt was, so they cost what short ones cost.
    let cost_of = |usage: &Usage| row.and_then(|row| cost_at(&row.rates, usage));
    let billed: Option<Money> = match fields.0.contains_key("cost") {
        true => Some(fields.parse("cost")?),
        false => cost_of(&used),
    };
    let tier: String = fields.text("tier")?;
    let names: Vec<&str> = Tier::ALL.iter().map(|tier| tier.as_str()).collect();
    let calls = fields.parse("calls")?;
    let cancelled_calls = fields.parse_or("cancelled_calls", 0)?;
    if cancelled_calls > calls {
        bail!("`cancelled_calls` is more than `calls`");
    }
    Ok(UsageBooking {
        model: ModelId::new(fields.text("model")?),
        tier: Tier::from_name(&tier)
            .with_context(|| format!("`tier` is `{tier}`; it is one of {}", names.join(", ")))?,
        supplier: fields.text("supplier")?,
        lab: fields.optional("lab"),
        calls,
        cancelled_calls,
        usage: used,
        cost: billed,
        failed_calls: fields.parse_or("failed_calls", 0)?,
        failed_cost: cost_of(&failed),
        price_snapshot: price_id.is_some().then(|| prices.snapshot_id().to_owned()),
        price_id,
    })
}

fn funnel(fields: &mut Fields) -> anyhow::Result<FunnelBooking> {
    let funnel = FunnelBooking {
        requests: fields.parse("requests")?,
        suppressed: fields.parse_or("suppressed", 0)?,
        cache_hits: fields.parse_or("cache_hits", 0)?,
        offered: fields.parse("offered")?,
        accepted: fields.parse("accepted")?,
        retained: fields.parse_or("retained", 0)?,
        retained_chars: fields.parse_or("retained_chars", 0)?,
    };
    let is_narrowing = funnel.suppressed.saturating_add(funnel.cache_hits) <= funnel.requests
        && funnel.accepted <= funnel.offered
        && funnel.retained <= funnel.accepted;
    if !is_narrowing {
        bail!(
            "a funnel narrows: retained ≤ accepted ≤ offered, suppressed + cache_hits ≤ requests"
        );
    }
    Ok(funnel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(words: &str, expected: &str) {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let now = Timestamp::from_unix_micros(0);
        let error = Fields::from_words(&words)
            .and_then(|fields| read(fields, PriceBook::bundled(), now))
            .expect_err("it was taken");
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_is_missing_wrong_or_unknown_is_named() {
        check_refused("kind=seats", "`since` is missing");
        check_refused("kind=seats since=2026-11-01", "`seats` is missing");
        check_refused(
            "kind=seats since=30d seats=1 price=19",
            "write it like 2026-11-01",
        );
        check_refused(
            "kind=seats since=2026-11-01 seats=1 price=-19",
            "`price` is `-19`",
        );
        check_refused(
            "kind=seats since=2026-11-01 seats=1 price=19 colour=red",
            "no field `colour`",
        );
        check_refused("kind=seat since=2026-11-01", "there are seats");
        check_refused(
            "kind=seats since=2026-11-01 until=2026-10-01",
            "end before it begins",
        );
        check_refused("kind=rate since=2026-11-01 usd=1.08", "which currency");
        check_refused(
            "kind=trial since=2026-11-01 seats=1 currency=euro",
            "like USD or EUR",
        );
        check_refused(
            "kind=pool since=2026-11-01 name=a generation=H100 gpus=1",
            "needs `rate`",
        );
        check_refused(
            "kind=pool since=2026-11-01 name=a generation=H100 gpus=1 rate=2",
            "who sends the bill",
        );
        check_refused(
            "kind=pool-use since=2026-11-01 name=a utilisation=120",
            "at most 100",
        );
        check_refused(
            "kind=pool-use since=2026-11-01 name=a utilisation=45",
            "`until` is missing",
        );
        check_refused(
            "kind=funnel since=2026-11-01 requests=9 offered=1 accepted=2",
            "a funnel narrows",
        );
        check_refused(
            "kind=usage since=2026-11-01 model=a tier=premium supplier=b calls=1 price=a/b",
            "the price book has no `a/b`",
        );
        check_refused("kind=seats since", "not key=value");
        check_refused("kind=seats kind=trial", "twice");
    }

    #[test]
    fn the_same_words_are_the_same_booking_and_a_reference_tells_two_apart() {
        let id = |words: &str| {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            let fields = Fields::from_words(&words).expect("words");
            let now = Timestamp::from_unix_micros(0);
            read(fields, PriceBook::bundled(), now)
                .expect("a booking")
                .id
        };
        let note = "kind=credit-note since=2026-11-01 amount=10";
        assert_eq!(id(note), id("amount=10 since=2026-11-01 kind=credit-note"));
        assert_ne!(id(note), id(&format!("{note} ref=CN-2")));
    }
}
