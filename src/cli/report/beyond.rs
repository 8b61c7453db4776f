//! What a report says of tiers and models beside one another: what a tier costs beyond the free arm,
//! and how unevenly suggestions are accepted. Both describe, and prove no cause.

use super::layout::{UNKNOWN, count, dollars, percent, points};
use super::waterfall::{nano, push_section};
use crate::ledger::{Cell, ENOUGH_OFFERS, Increment, Jaggedness, MarginReport, Spread};

/// A section: its name, what it is to be read with, and its rows.
pub(super) struct Section {
    pub name: &'static str,
    pub note: String,
    pub rows: Vec<[String; 3]>,
}

/// Returns the sections that have anything to say.
pub(super) fn sections(report: &MarginReport) -> Vec<Section> {
    let increments = Section {
        name: "Beyond the free arm: descriptive, not causal",
        note:
            "dollars of calls per 1,000 characters kept beyond what the embedded model keeps of as \
               many requests; each tier is asked in other places"
                .to_owned(),
        rows: report.increments.iter().map(increment).collect(),
    };
    let jaggedness = Section {
        name: "Jaggedness: descriptive, not causal",
        note: format!(
            "the highest acceptance rate less the lowest, over languages and kinds of places with \
             {ENOUGH_OFFERS} offers and more"
        ),
        rows: report.jaggedness.iter().map(jagged).collect(),
    };
    let all = [increments, jaggedness].into_iter();
    all.filter(|section| !section.rows.is_empty()).collect()
}

/// Returns the sections as text, each with an empty line before it.
pub(super) fn text(report: &MarginReport, width: Option<u16>) -> String {
    let mut text = String::new();
    for section in sections(report) {
        section.push(&mut text, width);
    }
    text
}

impl Section {
    /// Adds the section to a text, with an empty line before it.
    pub fn push(self, text: &mut String, width: Option<u16>) {
        push_section(text, self.name, self.rows, width);
        text.push_str(&wrapped(&format!(" {}", self.note), width));
    }
}

/// Breaks a note between words, so that it fits where the tables fit.
fn wrapped(note: &str, width: Option<u16>) -> String {
    let width = usize::from(width.unwrap_or(u16::MAX));
    let mut text = String::new();
    let mut column = 0;
    for word in note.split_whitespace() {
        let length = word.chars().count() + 1;
        if column > 0 && column + length > width {
            text.push('\n');
            column = 0;
        }
        text.push(' ');
        text.push_str(word);
        column += length;
    }
    text.push('\n');
    text
}

fn increment(line: &Increment) -> [String; 3] {
    let requests = format!("asked {}×", count(line.requests));
    let cost = line
        .cost
        .map(|cost| format!("cost {}", dollars(Some(cost.to_string()))));
    let extra = line.extra_chars.map(|extra| {
        let more = if extra < 0 { "fewer" } else { "more" };
        let number = u64::try_from(extra.unsigned_abs()).unwrap_or(u64::MAX);
        format!("{} characters {more} kept", count(number))
    });
    let parts = [Some(requests), cost, extra, line.remark.clone()];
    let remark: Vec<String> = parts.into_iter().flatten().collect();
    [
        line.tier.to_string(),
        nano(line.per_thousand),
        remark.join(", "),
    ]
}

fn jagged(line: &Jaggedness) -> [String; 3] {
    let model = line
        .model
        .clone()
        .unwrap_or_else(|| "all of Mantle".to_owned());
    let cells = format!("{} cells", line.cells);
    let Some(spread) = &line.spread else {
        return [
            model,
            UNKNOWN.to_owned(),
            format!("{cells}: too few to compare"),
        ];
    };
    [
        model,
        points(spread.ppm(), 1),
        format!("{cells}, {}", said(spread)),
    ]
}

fn said(spread: &Spread) -> String {
    let cell = |cell: &Cell| {
        let rate = percent(Some(cell.ppm as f64 / 1e6), 1);
        format!("{} {} {rate}", cell.language, cell.site)
    };
    format!(
        "deviation {}, from {} to {}",
        points(spread.deviation_ppm, 1),
        cell(&spread.lowest),
        cell(&spread.highest)
    )
}
