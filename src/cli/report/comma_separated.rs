//! A report as comma-separated values, for spreadsheets and what reads them.
//!
//! The fields are those of a line of the JSON form, which is where they are defined: what is
//! rounded there is rounded here, and what is `null` there is empty here.

use serde_json::Value;

use crate::ledger::MarginReport;

/// The fields of a line of the JSON form, in its order.
const FIELDS: &[&str] = &[
    "requests",
    "cache_hits",
    "suppressed",
    "calls",
    "unpriced_calls",
    "offered",
    "shown",
    "accepted",
    "accepted_inferred",
    "partly_accepted",
    "dismissed",
    "retained",
    "retention_checked",
    "retained_pending",
    "acceptance_rate",
    "cost_usd",
    "cost_per_request_usd",
    "cost_per_offered_usd",
    "cost_per_accepted_usd",
    "cost_per_retained_usd",
    "revenue_usd",
    "gross_margin",
    "correction_usd",
];

/// What comes before them in each row.
const KEYS: &[&str] = &["since", "until", "dimension", "key"];

/// Returns a header and one row per report, dimension and key; a row of `total` begins each report.
/// What is made up has one more column that says so in every row.
pub(super) fn text(reports: &[&MarginReport], is_simulated: bool) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mark = |text: &'static str| is_simulated.then_some(text);
    let header = KEYS.iter().chain(FIELDS).copied();
    writer.write_record(header.chain(mark("simulated")))?;
    for report in reports {
        let json = serde_json::to_value(report)?;
        let period = [
            written(&json["period"]["since"]),
            written(&json["period"]["until"]),
        ];
        let mut write = |dimension: &str, line: &Value| {
            let key = written(&line["key"]);
            let fields = FIELDS.iter().map(|&field| written(&line[field]));
            let keys = period.iter().cloned().chain([dimension.to_owned(), key]);
            let mark = mark("true").map(str::to_owned);
            writer.write_record(keys.chain(fields).chain(mark))
        };
        write("total", &json["totals"])?;
        for (dimension, _) in &report.by {
            let lines = json["by"][dimension.as_str()].as_array();
            for line in lines.into_iter().flatten() {
                write(dimension.as_str(), line)?;
            }
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
