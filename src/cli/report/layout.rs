//! Lays a report out as tables, without colours, so that it reads the same in a file.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};

use super::silence::Silence;
use super::{beyond, waterfall};
use crate::domain::{Money, Timestamp};
use crate::ledger::{Dimension, Figures, MarginReport};

/// What stands for a figure that is not known.
pub(super) const UNKNOWN: &str = "–";

/// Below this many columns, a line shows only what it is read for.
const NARROW: u16 = 96;

/// One column of the tables by dimension.
struct Column {
    name: &'static str,
    value: fn(&Figures) -> String,
    /// Whether it is left out on a narrow terminal.
    is_extra: bool,
}

const COLUMNS: &[Column] = &[
    column("requests", |figures| count(figures.requests)).extra(),
    column("calls", |figures| count(figures.calls)).extra(),
    column("offered", |figures| count(figures.offered)),
    column("accepted", |figures| count(figures.accepted)),
    column("rate", |figures| percent(figures.acceptance_rate(), 1)),
    column("cost", |figures| dollars(figures.cost_usd())),
    column("per accepted", |figures| {
        dollars(figures.cost_per_usd(figures.accepted))
    })
    .extra(),
];

const fn column(name: &'static str, value: fn(&Figures) -> String) -> Column {
    Column {
        name,
        value,
        is_extra: false,
    }
}

impl Column {
    const fn extra(self) -> Self {
        Self {
            is_extra: true,
            ..self
        }
    }
}

/// Returns the whole report as text, with what silence has missed where that was asked for; `width` is
/// that of the terminal, if there is one.
pub(super) fn report(
    report: &MarginReport,
    silence: Option<&Silence>,
    width: Option<u16>,
) -> String {
    let (since, until) = (moment(report.since), moment(report.until));
    let mut text = format!("Margin report\n{since} to {until} UTC\n\n");
    push_table(&mut text, &totals(report, width));
    let silence = silence.map(Silence::section);
    if report.margin.is_booked() {
        text.push_str(&waterfall::text(&report.margin, silence, width));
    } else if let Some(silence) = silence {
        silence.push(&mut text, width);
    }
    text.push_str(&beyond::text(report, width));
    for (dimension, lines) in &report.by {
        text.push_str(&format!("\nBy {dimension}\n"));
        let corrections = corrections(report, *dimension, lines);
        push_table(
            &mut text,
            &by(*dimension, lines, corrections.as_deref(), width),
        );
    }
    text
}

/// Returns what applied invoices add to the cost of each line, as text, where any invoice is applied;
/// [`UNKNOWN`] where that cannot be told apart by the dimension.
pub(super) fn corrections(
    report: &MarginReport,
    dimension: Dimension,
    lines: &[(String, Figures)],
) -> Option<Vec<String>> {
    if report.margin.corrections.is_empty() {
        return None;
    }
    let extra = report.corrections_by(dimension, lines);
    let written = |line: usize| dollars(extra.as_ref().map(|extra| extra[line].to_string()));
    Some((0..lines.len()).map(written).collect())
}

/// Says that there are events which the report does not count, if there are.
pub(super) fn not_counted(side_files: usize) -> String {
    match side_files {
        0 => String::new(),
        files => format!(
            "\nNot counted: {files} side file(s) with events that could not be written into the ledger. \
             Mantle adds them when it next writes.\n"
        ),
    }
}

/// Returns a moment to the minute, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    let at = at.to_utc();
    let (hour, minute) = (at.hour(), at.minute());
    format!("{} {hour:02}:{minute:02}", at.date())
}

pub(super) fn push_table(text: &mut String, table: &Table) {
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

pub(super) fn table(width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).force_no_tty();
    if let Some(width) = width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    table
}

fn totals(report: &MarginReport, width: Option<u16>) -> Table {
    let totals = &report.totals;
    let mut table = table(width);
    let mut row = |name: &str, figure: String, remark: String| {
        table.add_row([name.to_owned(), figure, remark]);
    };
    row(
        "Requests",
        count(totals.requests),
        remarks([
            some(totals.cache_hits, "from the cache"),
            some(totals.suppressed, "suppressed"),
        ]),
    );
    row(
        "Calls",
        count(totals.calls),
        remarks([some(totals.unpriced_calls, "of unknown cost"), None]),
    );
    if report.shadow.calls > 0 {
        let cost = Money::format_pico(report.shadow.cost.pico_usd().into(), 6);
        row(
            "  not shown, to learn",
            count(report.shadow.calls),
            format!("${cost} of the cost"),
        );
    }
    row("Offered", count(totals.offered), String::new());
    row(
        "Accepted",
        count(totals.accepted),
        remarks([some(totals.partly_accepted, "more in part"), None]),
    );
    row(
        "Acceptance rate",
        percent(totals.acceptance_rate(), 1),
        String::new(),
    );
    row(
        "Retained",
        totals
            .known_retained()
            .map_or_else(|| UNKNOWN.to_owned(), count),
        remarks([some(totals.retained_pending, "not yet due"), None]),
    );
    let is_partial = totals.unpriced_calls > 0;
    let when_partial = |remark: &str| remark.to_owned().repeat(usize::from(is_partial));
    row("Cost", dollars(totals.cost_usd()), when_partial("at least"));
    if !report.margin.corrections.is_empty() {
        row(
            "  by invoices",
            dollars(Some(report.margin.correction_cost().to_string())),
            "corrected by invoices that are applied, and not in the line above".to_owned(),
        );
    }
    row(
        "Cost per accepted suggestion",
        dollars(totals.cost_per_usd(totals.accepted)),
        String::new(),
    );
    if report.margin.earned.is_some() {
        row("Revenue", dollars(report.revenue_usd()), String::new());
    }
    let hint = match &report.margin.earned {
        Some(_) => when_partial("at most"),
        None => "no revenue is known: --seat-price, or `mantle revenue add`".to_owned(),
    };
    row("Gross margin", percent(report.gross_margin(), 2), hint);
    if let Some(figures) = table.column_mut(1) {
        figures.set_constraint(ColumnConstraint::ContentWidth);
        figures.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn by(
    dimension: Dimension,
    lines: &[(String, Figures)],
    corrections: Option<&[String]>,
    width: Option<u16>,
) -> Table {
    let is_narrow = width.is_some_and(|width| width < NARROW);
    // What invoices correct takes the place of another column, or names would have none.
    let is_left_out =
        |column: &Column| column.is_extra || (corrections.is_some() && column.name == "offered");
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|column| !(is_narrow && is_left_out(column)))
        .collect();
    let mut table = table(width);
    let underline = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(underline));
    let names = columns.iter().map(|column| column.name);
    let names = names.chain(corrections.map(|_| "by invoices"));
    table.set_header(std::iter::once(dimension.as_str()).chain(names));
    for (line, (key, figures)) in lines.iter().enumerate() {
        let figures = columns.iter().map(|column| (column.value)(figures));
        let correction = corrections.map(|extra| extra[line].clone());
        let cells = std::iter::once(key.clone()).chain(figures);
        table.add_row(cells.chain(correction));
    }
    // Names may be broken on a narrow terminal; broken numbers cannot be read.
    for column in table.column_iter_mut().skip(1) {
        column.set_constraint(ColumnConstraint::ContentWidth);
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn some(number: u64, what: &str) -> Option<String> {
    (number > 0).then(|| format!("{} {what}", count(number)))
}

fn remarks(remarks: [Option<String>; 2]) -> String {
    remarks.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Writes a count with commas between thousands.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn percent(share: Option<f64>, places: usize) -> String {
    share.map_or_else(
        || UNKNOWN.to_owned(),
        |share| format!("{:.places$} %", share * 100.0),
    )
}

/// Writes pico-dollars to the cent.
pub(in crate::cli) fn cents(pico: i128) -> String {
    dollars(Some(Money::format_pico(pico, 2)))
}

/// Returns a difference of shares, in millionths, as points of a percentage.
pub(super) fn points(ppm: i128, places: usize) -> String {
    format!("{:.places$} points", ppm as f64 / 1e4)
}

pub(super) fn dollars(amount: Option<String>) -> String {
    match amount {
        None => UNKNOWN.to_owned(),
        Some(amount) => match amount.strip_prefix('-') {
            None => format!("${amount}"),
            Some(amount) => format!("-${amount}"),
        },
    }
}
