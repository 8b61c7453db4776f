//! A period beside an earlier one: which one that is, and what changed.

use std::str::FromStr;

use comfy_table::{CellAlignment, ColumnConstraint, LineStyle, Table, TableStyle};

use super::layout::{self, UNKNOWN, count, dollars, percent};
use super::moment::{Moment, NotAMoment};
use crate::domain::{MicroUsd, Money, Timestamp};
use crate::ledger::{Dimension, Figures, MarginReport, ReportQuery};

/// What a period is compared with: always a period of the same length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Against {
    /// The one that ends where this one begins.
    Previous,
    /// The one that begins then.
    From(Moment),
}

impl FromStr for Against {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        match text {
            "previous" => Ok(Self::Previous),
            moment => moment.parse().map(Self::From),
        }
    }
}

impl Against {
    /// Returns the same question about the earlier period.
    pub(super) fn query(self, query: &ReportQuery) -> ReportQuery {
        let (begin, end) = (query.since.unix_micros(), query.until.unix_micros());
        let length = end.saturating_sub(begin);
        let since = match self {
            Self::Previous => begin.saturating_sub(length),
            Self::From(moment) => moment.at(query.now).unix_micros(),
        };
        ReportQuery {
            since: Timestamp::from_unix_micros(since),
            until: Timestamp::from_unix_micros(since.saturating_add(length)),
            ..query.clone()
        }
    }
}

/// A count of a report, where it is known.
type Count = fn(&Figures) -> Option<u64>;

/// Returns what changed since `before`, as tables. Days are left out: two periods share none.
pub(super) fn text(before: &MarginReport, now: &MarginReport, width: Option<u16>) -> String {
    let (since, until) = (layout::moment(before.since), layout::moment(before.until));
    let mut text = format!("\nCompared with {since} to {until} UTC\n");
    layout::push_table(&mut text, &totals(before, now, width));
    for (dimension, lines) in &now.by {
        let earlier = before.by.iter().find(|(theirs, _)| theirs == dimension);
        if let Some((_, earlier)) = earlier.filter(|_| *dimension != Dimension::Day) {
            text.push_str(&format!("\nBy {dimension}, compared\n"));
            layout::push_table(&mut text, &by(*dimension, earlier, lines, width));
        }
    }
    if before.totals.unpriced_calls > 0 || now.totals.unpriced_calls > 0 {
        text.push_str("\nThese costs are at least so much: some calls are of unknown cost.\n");
    }
    text
}

fn totals(before: &MarginReport, now: &MarginReport, width: Option<u16>) -> Table {
    let mut table = headed(["", "before", "now", "change"], width);
    let (then, today) = (&before.totals, &now.totals);
    let counts: [(&str, Count); 5] = [
        ("Requests", |figures| Some(figures.requests)),
        ("Calls", |figures| Some(figures.calls)),
        ("Offered", |figures| Some(figures.offered)),
        ("Accepted", |figures| Some(figures.accepted)),
        ("Retained", Figures::known_retained),
    ];
    for (name, of) in counts {
        let [then, today] = [of(then), of(today)];
        let written = |number: Option<u64>| number.map_or_else(|| UNKNOWN.to_owned(), count);
        let change = then.zip(today).map(|(then, today)| {
            let sign = if today < then { "-" } else { "+" };
            format!("{sign}{}", count(today.abs_diff(then)))
        });
        table.add_row([
            name.to_owned(),
            written(then),
            written(today),
            or_unknown(change),
        ]);
    }
    let mut share = |name: &str, then: Option<f64>, today: Option<f64>, places| {
        let points = then.zip(today).map(|(then, today)| (today - then) * 100.0);
        let change = points.map(|points| format!("{points:+.places$} points"));
        let [then, today] = [percent(then, places), percent(today, places)];
        table.add_row([name.to_owned(), then, today, or_unknown(change)]);
    };
    share(
        "Acceptance rate",
        then.acceptance_rate(),
        today.acceptance_rate(),
        1,
    );
    share("Gross margin", before.gross_margin(), now.gross_margin(), 2);
    table.add_row([
        "Cost".to_owned(),
        dollars(then.cost_usd()),
        dollars(today.cost_usd()),
        cost_change(Some(then), Some(today)),
    ]);
    let [then, today] = [before, now].map(|report| report.margin.correction_cost());
    if [then, today] != [MicroUsd::ZERO; 2] {
        let written = |amount: MicroUsd| dollars(Some(amount.to_string()));
        let sign = if today < then { "" } else { "+" };
        table.add_row([
            "  by invoices".to_owned(),
            written(then),
            written(today),
            format!("{sign}{}", written(today - then)),
        ]);
    }
    align(&mut table);
    table
}

fn by(
    dimension: Dimension,
    before: &[(String, Figures)],
    now: &[(String, Figures)],
    width: Option<u16>,
) -> Table {
    let names = [dimension.as_str(), "cost before", "cost now", "change"];
    let mut table = headed(names, width);
    let of = |lines: &[(String, Figures)], key: &str| {
        let line = lines.iter().find(|(name, _)| name == key);
        line.map(|(_, figures)| *figures)
    };
    let gone = before.iter().filter(|(key, _)| of(now, key).is_none());
    for (key, _) in now.iter().chain(gone) {
        let [then, today] = [of(before, key), of(now, key)];
        let cost =
            |figures: Option<Figures>| dollars(figures.and_then(|figures| figures.cost_usd()));
        let change = cost_change(then.as_ref(), today.as_ref());
        table.add_row([key.clone(), cost(then), cost(today), change]);
    }
    align(&mut table);
    table
}

/// Returns the change of a cost in dollars, rounded once, and in per cent of what it was. A line
/// that is not there cost nothing.
fn cost_change(before: Option<&Figures>, now: Option<&Figures>) -> String {
    let pico = |figures: Option<&Figures>| figures.map_or(Some(0), Figures::cost_pico);
    let (Some(then), Some(today)) = (pico(before), pico(now)) else {
        return UNKNOWN.to_owned();
    };
    let change = today - then;
    let amount = dollars(Some(Money::format_pico(change, 6)));
    let sign = if change < 0 { "" } else { "+" };
    if then == 0 {
        return format!("{sign}{amount}");
    }
    let share = change as f64 / then as f64 * 100.0;
    format!("{sign}{amount} ({share:+.1} %)")
}

fn or_unknown(text: Option<String>) -> String {
    text.unwrap_or_else(|| UNKNOWN.to_owned())
}

fn headed(names: [&str; 4], width: Option<u16>) -> Table {
    let mut table = layout::table(width);
    let underline = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(underline));
    table.set_header(names);
    table
}

/// Numbers stand below one another and are never broken.
fn align(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_constraint(ColumnConstraint::ContentWidth);
        column.set_cell_alignment(CellAlignment::Right);
    }
}
