//! Prices as text and as JSON: dollars per million tokens, days in UTC.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use serde_json::{Value, json};

use crate::domain::{Money, Rates, Timestamp};
use crate::prices::{Change, Difference, PriceRow};

/// Returns the day of a moment, in UTC.
pub(super) fn day(at: Timestamp) -> String {
    at.to_utc().date().to_string()
}

pub(super) fn list(rows: &[&PriceRow], is_own: impl Fn(&str) -> bool) -> String {
    let mut table = Table::new();
    let underline = LineStyle::none().fill('─').junction('─');
    table
        .load_style(TableStyle::new().header_separator(underline))
        .force_no_tty()
        .set_header(["key", "input", "cache read", "output", "context", "remarks"]);
    for row in rows {
        let mark = if is_own(&row.id) { " *" } else { "" };
        table.add_row([
            format!("{}{mark}", row.id),
            row.rates.input.to_string(),
            row.rates.cache_read.to_string(),
            row.rates.output.to_string(),
            row.context_tokens
                .map_or_else(String::new, |n| n.to_string()),
            remarks(row).join(", "),
        ]);
    }
    for number in 1..=4 {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<_> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n") + "\n"
}

/// What a list has no column for.
fn remarks(row: &PriceRow) -> Vec<String> {
    let mut remarks = Vec::new();
    if row.per_hour != Money::ZERO {
        remarks.push(format!("{} an hour", row.per_hour));
    }
    if row.per_request != Money::ZERO {
        remarks.push(format!("{} a request", row.per_request));
    }
    if let Some(step) = row
        .long_context
        .as_ref()
        .and_then(|long| long.steps.first())
    {
        remarks.push(format!("dearer above {}", step.above.get()));
    }
    if let Some(until) = row.valid_to {
        remarks.push(format!("until {}", day(until)));
    }
    if let Some(retired) = row.deprecated_on {
        remarks.push(format!("retired {}", day(retired)));
    }
    remarks
}

/// Everything about one row, a line each.
pub(super) fn details(row: &PriceRow) -> String {
    let since = row.valid_from.map_or_else(|| "ever".to_owned(), day);
    let until = row
        .valid_to
        .map_or_else(|| "further notice".to_owned(), day);
    let hours = if row.off_peak.is_some() {
        ", off-peak hours"
    } else {
        ""
    };
    let mut text = format!(
        "\nsince {since} until {until}{hours}\n{}",
        rates(&row.rates)
    );
    for step in row.long_context.iter().flat_map(|long| &long.steps) {
        let from = if step.inclusive { "from" } else { "above" };
        text += &format!(
            "  {from} {} input tokens, for all of them:\n",
            step.above.get()
        );
        text += &rates(&step.rates);
    }
    for window in row.off_peak.iter().flat_map(|hours| &hours.windows) {
        let hours: Vec<_> = window
            .hours
            .iter()
            .map(|(a, b)| format!("{a}-{b}"))
            .collect();
        text += &format!(
            "  hours (UTC) {} on weekdays {:?}\n",
            hours.join(", "),
            window.weekdays
        );
    }
    for (region, percent) in &row.regional_uplift_percent {
        text += &format!("  {percent} % more for {region}\n");
    }
    for remark in [
        (row.per_request != Money::ZERO).then(|| format!("{} a request", row.per_request)),
        (row.per_hour != Money::ZERO).then(|| format!("{} an hour of a call", row.per_hour)),
        row.cache_min_tokens
            .map(|n| format!("caches prompts of at least {n} tokens")),
        row.deprecated_on.map(|at| format!("retired {}", day(at))),
        row.note.clone(),
    ]
    .into_iter()
    .flatten()
    {
        text += &format!("  {remark}\n");
    }
    text
}

fn rates(rates: &Rates) -> String {
    format!(
        "  input {}, cache read {}, cache write {} (an hour: {}), output {}\n",
        rates.input, rates.cache_read, rates.cache_write, rates.cache_write_1h, rates.output
    )
}

fn rates_json(rates: &Rates) -> Value {
    json!({
        "input": rates.input.to_string(),
        "cache_read": rates.cache_read.to_string(),
        "cache_write": rates.cache_write.to_string(),
        "cache_write_1h": rates.cache_write_1h.to_string(),
        "output": rates.output.to_string(),
    })
}

pub(super) fn row_json(row: &PriceRow, is_own: bool) -> Value {
    let usd = |money: Money| Money::format_pico(money.pico_usd().into(), 12);
    let steps = row.long_context.iter().flat_map(|long| &long.steps);
    json!({
        "key": row.id,
        "provider": row.provider,
        "own": is_own,
        "usd_per_mtok": rates_json(&row.rates),
        "usd_per_request": usd(row.per_request),
        "usd_per_hour": usd(row.per_hour),
        "valid_from": row.valid_from.map(day),
        "valid_to": row.valid_to.map(day),
        "off_peak": row.off_peak.is_some(),
        "long_context": steps
            .map(|step| json!({
                "above_tokens": step.above.get(),
                "inclusive": step.inclusive,
                "usd_per_mtok": rates_json(&step.rates),
            }))
            .collect::<Vec<_>>(),
        "regional_uplift_percent": row.regional_uplift_percent,
        "context": row.context_tokens,
        "deprecated_on": row.deprecated_on.map(day),
        "note": row.note,
    })
}

pub(super) fn difference(difference: &Difference) -> String {
    let key = &difference.key;
    match &difference.change {
        Change::Added => format!("+ {key}"),
        Change::Removed => format!("- {key}"),
        Change::Terms(terms) => format!("~ {key}: other {}", terms.join(", ")),
        Change::Prices(changes) => {
            let mark = if difference.is_tenfold() { "!" } else { "~" };
            let changes: Vec<_> = changes
                .iter()
                .map(|change| format!("{} {} → {}", change.what, change.old, change.new))
                .collect();
            format!("{mark} {key}: {}", changes.join(", "))
        }
    }
}

pub(super) fn difference_json(difference: &Difference) -> Value {
    let (change, prices, terms) = match &difference.change {
        Change::Added => ("added", &[][..], &[][..]),
        Change::Removed => ("removed", &[][..], &[][..]),
        Change::Terms(terms) => ("terms", &[][..], terms.as_slice()),
        Change::Prices(prices) => ("prices", prices.as_slice(), &[][..]),
    };
    let prices: Vec<_> = prices
        .iter()
        .map(|one| json!({ "what": one.what, "old": one.old, "new": one.new }))
        .collect();
    json!({
        "key": difference.key,
        "change": change,
        "tenfold": difference.is_tenfold(),
        "prices": prices,
        "terms": terms,
    })
}

pub(super) fn announced(old: &PriceRow, new: &PriceRow) -> String {
    let on = new.valid_from.map_or_else(String::new, day);
    format!(
        "{on}  {}: input {} → {}, output {} → {}",
        new.id, old.rates.input, new.rates.input, old.rates.output, new.rates.output
    )
}

pub(super) fn announced_json(old: &PriceRow, new: &PriceRow) -> Value {
    json!({
        "key": new.id,
        "on": new.valid_from.map(day),
        "old": rates_json(&old.rates),
        "new": rates_json(&new.rates),
    })
}
