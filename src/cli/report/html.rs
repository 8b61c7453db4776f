//! The report as one HTML page that needs nothing else: no network, no script. It prints, and is
//! dark where the reader's system is.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::charts::{self, Chart};
use super::frontier::Frontier;
use super::layout::{cents, count, dollars, moment, percent};
use super::silence::Silence;
use super::{beyond, comma_separated, demo, layout};
use crate::domain::MicroUsd;
use crate::ledger::{Dimension, Figures, MarginReport};

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d2129; --soft: #5b6470; --line: #d9dde3; --paper: #fff; --card: #f6f7f9; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7e9ec; --soft: #a2a9b3; --line: #3a4049; --paper: #16181c; --card: #1f2329; }
}
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; }
.soft { color: var(--soft); } .mark { background: #b45309; color: #fff; padding: .5rem .8rem; border-radius: .3rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .7rem; margin: 1.2rem 0; padding: 0; }
.cards div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .9rem; }
.cards dt { color: var(--soft); font-size: .85rem; } .cards dd { margin: .15rem 0 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; border: 1px solid var(--line); border-radius: .5rem; padding: .6rem; }
figcaption { font-size: .9rem; color: var(--soft); } svg { width: 100%; height: auto; display: block; }
.dark { display: none; }
@media (prefers-color-scheme: dark) { .light { display: none; } .dark { display: block; } }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { color: var(--soft); font-weight: 600; }
pre { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; font-size: .8rem; }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --card: #fff; }
  body { max-width: none; padding: 0; font-size: 11px; } .light { display: block; } .dark { display: none; }
  figure, tr, .cards div { break-inside: avoid; } pre { white-space: pre-wrap; font-size: 8px; }
}";

/// Returns the page. The report has to be split by day for a chart of days.
pub(super) fn page(
    report: &MarginReport,
    before: Option<&MarginReport>,
    estimated: Option<(&Frontier, &Silence)>,
    is_simulated: bool,
) -> anyhow::Result<String> {
    let (since, until) = (moment(report.since), moment(report.until));
    let (frontier, silence) = estimated.unzip();
    let csv = comma_separated::text(&[report], is_simulated)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Margin report, " (since) " to " (until) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @if is_simulated { p.mark role="note" { (demo::MARK) } }
                h1 { "Margin report" }
                p.soft { (since) " to " (until) " UTC" }
                (cards(report, before))
                div.charts {
                    @for chart in charts_of(report) { (figure(&chart)) }
                    @if let Some(chart) = frontier.and_then(charts::frontier) { (figure(&chart)) }
                }
                @for (dimension, lines) in &report.by {
                    (lines_of(*dimension, lines, layout::corrections(report, *dimension, lines)))
                }
                @for section in beyond::sections(report) { (section_of(&section)) }
                @if let Some(silence) = silence { (section_of(&silence.section())) }
                @if let Some(frontier) = frontier { (section_of(&frontier.section())) }
                h2 { "All figures" }
                pre { (layout::report(report, silence, None).trim_end()) }
                h2 { "The same as comma-separated values" }
                details { summary { "show" } pre { (csv) } }
            }
        }
    };
    Ok(page.into_string())
}

fn cards(report: &MarginReport, before: Option<&MarginReport>) -> Markup {
    let usd = |amount: MicroUsd| cents(amount.get() * 1_000_000);
    let margin = |report: &MarginReport| {
        let ppm = report.margin.margin_ppm();
        percent(ppm.map(|ppm| ppm as f64 / 1e6), 2)
    };
    let revenue = |report: &MarginReport| {
        let earned = report.margin.earned.as_ref();
        earned.map_or_else(|| layout::UNKNOWN.to_owned(), |earned| usd(earned.net()))
    };
    let cost = |report: &MarginReport| usd(report.margin.cost());
    let rate = |report: &MarginReport| percent(report.totals.acceptance_rate(), 1);
    let per_accepted =
        |report: &MarginReport| dollars(report.totals.cost_per_usd(report.totals.accepted));
    let accepted = |report: &MarginReport| count(report.totals.accepted);
    let card = |name: &str, value: &dyn Fn(&MarginReport) -> String| {
        html! {
            div {
                dt { (name) }
                dd { (value(report)) }
                @if let Some(before) = before { span.soft { "before: " (value(before)) } }
            }
        }
    };
    html! {
        dl.cards {
            (card("Revenue", &revenue))
            (card("Cost", &cost))
            (card("Gross margin", &margin))
            (card("Accepted", &accepted))
            (card("Acceptance rate", &rate))
            (card("Metered, per accepted", &per_accepted))
        }
    }
}

fn charts_of(report: &MarginReport) -> Vec<Chart> {
    let mut all: Vec<Chart> = charts::waterfall(report).into_iter().collect();
    for (dimension, lines) in &report.by {
        let cost = |figures: &Figures| figures.known_cost_pico as f64 / 1e12;
        let accepted = |figures: &Figures| figures.accepted as f64;
        let (cost_title, accepted_title) = match dimension {
            Dimension::Day => ("Metered cost by day, in dollars", "Accepted by day"),
            Dimension::Model => ("Metered cost by model, in dollars", "Accepted by model"),
            _ => continue,
        };
        let of = |value: &dyn Fn(&Figures) -> f64| -> Vec<(String, f64)> {
            let lines = lines
                .iter()
                .filter(|(key, _)| key != "none" && key != "unknown");
            let short = |key: &str| match dimension {
                Dimension::Day => key.rsplit('-').next().unwrap_or(key).to_owned(),
                _ => key.to_owned(),
            };
            lines
                .map(|(key, figures)| (short(key), value(figures)))
                .collect()
        };
        all.extend(charts::bars(cost_title, &of(&cost)));
        all.extend(charts::bars(accepted_title, &of(&accepted)));
    }
    all
}

fn figure(chart: &Chart) -> Markup {
    html! {
        figure role="img" aria-label=(chart.title) {
            figcaption { (chart.title) }
            div.light { (PreEscaped(&chart.light)) }
            div.dark { (PreEscaped(&chart.dark)) }
        }
    }
}

/// The lines of a dimension; what invoices correct has a column where any is applied.
fn lines_of(
    dimension: Dimension,
    lines: &[(String, Figures)],
    corrections: Option<Vec<String>>,
) -> Markup {
    html! {
        h2 { "By " (dimension.as_str()) }
        div.wide {
            table {
                thead { tr {
                    th scope="col" { (dimension.as_str()) }
                    @for name in ["requests", "calls", "offered", "accepted", "rate", "retained", "cost", "per accepted"] {
                        th scope="col" { (name) }
                    }
                    @if corrections.is_some() { th scope="col" { "by invoices" } }
                } }
                tbody {
                    @for (line, (key, figures)) in lines.iter().enumerate() {
                        tr {
                            td { (key) }
                            td { (count(figures.requests)) }
                            td { (count(figures.calls)) }
                            td { (count(figures.offered)) }
                            td { (count(figures.accepted)) }
                            td { (percent(figures.acceptance_rate(), 1)) }
                            td { (figures.known_retained().map_or_else(|| layout::UNKNOWN.to_owned(), count)) }
                            td { (dollars(figures.cost_usd())) }
                            td { (dollars(figures.cost_per_usd(figures.accepted))) }
                            @if let Some(extra) = &corrections { td { (extra[line]) } }
                        }
                    }
                }
            }
        }
    }
}

fn section_of(section: &beyond::Section) -> Markup {
    html! {
        h2 { (section.name) }
        p.soft { (section.note) }
        div.wide {
            table {
                tbody {
                    @for row in &section.rows { tr { @for cell in row { td { (cell) } } } }
                }
            }
        }
    }
}
