//! A report in the text format of OpenMetrics, for Prometheus and what reads the same.
//!
//! Labels have few values and name no person, file or workspace. What is not known has no sample;
//! it is never 0.

use std::fmt::Write as _;

use super::demo;
use crate::domain::MicroUsd;
use crate::ledger::margin::Margin;
use crate::ledger::{Counted, Counters, Figures, MarginReport};

/// What is exposed.
pub(super) struct Exposed<'a> {
    /// What was counted since the ledger began.
    pub counters: &'a Counters,
    /// The figures since then.
    pub since_ever: &'a Figures,
    /// The margin of the period that was asked for.
    pub period: &'a MarginReport,
}

/// A sample: its labels and its value.
type Sample = (Vec<(&'static str, String)>, String);

/// Returns the exposition, which ends as the format wants it.
pub(super) fn text(exposed: &Exposed<'_>, is_simulated: bool) -> String {
    let mut text = String::new();
    if is_simulated {
        gauge(&mut text, "mantle_simulated", "", demo::MARK, Some(1));
    }
    counters(&mut text, exposed.counters, exposed.since_ever);
    gauges(&mut text, exposed.period);
    text.push_str("# EOF\n");
    text
}

fn counters(text: &mut String, counters: &Counters, figures: &Figures) {
    counter(
        text,
        "mantle_requests",
        "requests",
        "Requests by who answered and how it ended.",
        counters.requests.iter().map(sample).collect(),
    );
    counter(
        text,
        "mantle_calls",
        "calls",
        "Calls of models, those of fallbacks included.",
        counters.calls.iter().map(sample).collect(),
    );
    let labelled = |label: &'static str, name: &str, count: u64| -> Sample {
        (vec![(label, name.to_owned())], count.to_string())
    };
    let tokens = counters.tokens.iter();
    counter(
        text,
        "mantle_tokens",
        "tokens",
        "Tokens of calls by class, as far as they are known; input is what no cache had.",
        tokens
            .map(|(class, count)| labelled("type", class, *count))
            .collect(),
    );
    let cost = figures
        .cost_pico()
        .map(|pico| MicroUsd::rounded(pico).get());
    counter(
        text,
        "mantle_cost_micro_usd",
        "micro_usd",
        "What calls cost that are paid one by one, as far as it is known.",
        plain(cost),
    );
    counter(
        text,
        "mantle_unpriced_calls",
        "calls",
        "Calls whose cost is not known.",
        plain(Some(figures.unpriced_calls)),
    );
    // Few editors say what they showed: where none did, nobody knows.
    let shown = (figures.shown > 0 || figures.offered == 0).then_some(figures.shown);
    let suggestions = [
        ("generated", "sent to an editor", Some(figures.offered)),
        ("shown", "that an editor says it showed", shown),
        ("accepted", "taken whole", Some(figures.accepted)),
        (
            "retained",
            "still there after ten minutes",
            figures.known_retained(),
        ),
    ];
    for (name, what, count) in suggestions {
        let name = format!("mantle_suggestions_{name}");
        counter(
            text,
            &name,
            "",
            &format!("Suggestions {what}."),
            plain(count),
        );
    }
    let hits = counters.cache_hits.iter();
    counter(
        text,
        "mantle_cache_hits",
        "hits",
        "Requests answered with what was there already.",
        hits.map(|(layer, count)| labelled("layer", layer, *count))
            .collect(),
    );
}

fn gauges(text: &mut String, report: &MarginReport) {
    let margin: &Margin = &report.margin;
    let seconds = |at: crate::domain::Timestamp| Some(at.unix_micros().div_euclid(1_000_000));
    let earned = margin.earned.as_ref().map(|earned| earned.net().get());
    let cost = margin.is_cost_known.then(|| margin.cost().get());
    let profit = margin.gross_profit().map(MicroUsd::get);
    for (name, unit, help, value) in [
        (
            "mantle_period_start_seconds",
            "seconds",
            "First moment of the period of the gauges.",
            seconds(report.since).map(i128::from),
        ),
        (
            "mantle_period_end_seconds",
            "seconds",
            "First moment after the period of the gauges.",
            seconds(report.until).map(i128::from),
        ),
        (
            "mantle_period_revenue_micro_usd",
            "micro_usd",
            "What was earned in the period.",
            earned,
        ),
        (
            "mantle_period_cost_micro_usd",
            "micro_usd",
            "What the period cost, with all that is booked.",
            cost,
        ),
        (
            "mantle_period_correction_micro_usd",
            "micro_usd",
            "What applied invoices add to the recorded cost of the period's calls; below zero where they take off.",
            Some(margin.correction_cost().get()),
        ),
        (
            "mantle_period_gross_profit_micro_usd",
            "micro_usd",
            "Revenue of the period without its cost.",
            profit,
        ),
    ] {
        gauge(text, name, unit, help, value);
    }
    let ratio = margin.margin_ppm().map(|ppm| ppm as f64 / 1e6);
    gauge(
        text,
        "mantle_gross_margin_ratio",
        "ratio",
        "Share of the period's revenue that is left.",
        ratio,
    );
}

fn sample(counted: &Counted) -> Sample {
    let labels = vec![
        ("tier", counted.tier.clone()),
        ("provider", counted.provider.clone()),
        ("outcome", counted.outcome.clone()),
    ];
    (labels, counted.count.to_string())
}

fn plain(value: Option<impl ToString>) -> Vec<Sample> {
    let sample = value.map(|value| (Vec::new(), value.to_string()));
    sample.into_iter().collect()
}

/// Writes a counter; its samples end in `_total`, its family does not.
fn counter(text: &mut String, name: &str, unit: &str, help: &str, samples: Vec<Sample>) {
    // A unit has to be the end of the name.
    let unit = if name.ends_with(&format!("_{unit}")) {
        unit
    } else {
        ""
    };
    family(text, name, "counter", unit, help);
    for (labels, value) in samples {
        let _ = writeln!(text, "{name}_total{} {value}", written(&labels));
    }
}

fn gauge(text: &mut String, name: &str, unit: &str, help: &str, value: Option<impl ToString>) {
    family(text, name, "gauge", unit, help);
    for (_, value) in plain(value) {
        let _ = writeln!(text, "{name} {value}");
    }
}

fn family(text: &mut String, name: &str, kind: &str, unit: &str, help: &str) {
    let _ = writeln!(text, "# TYPE {name} {kind}");
    if !unit.is_empty() {
        let _ = writeln!(text, "# UNIT {name} {unit}");
    }
    let _ = writeln!(text, "# HELP {name} {}", escaped(help));
}

fn written(labels: &[(&'static str, String)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs = labels.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// Escapes what would end a value or a line.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_holds_whatever_a_name_holds() {
        let labels = [("provider", "a\\b\"c\nd, {e}".to_owned())];
        assert_eq!(written(&labels), r#"{provider="a\\b\"c\nd, {e}"}"#);
    }
}
