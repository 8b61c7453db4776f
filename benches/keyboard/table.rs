//! The tables that are printed, and whether every row of them was measured.

use std::time::Duration;

use crate::support::{milliseconds, quantile};

/// Failures that are named below the tables; the first few tell what is wrong.
const SHOWN_FAILURES: usize = 20;

/// What a row measures or is measured against.
#[derive(Debug, Default)]
pub struct Row {
    pub what: String,
    pub p50: String,
    pub p99: String,
    pub cpu: String,
    pub target: String,
}

/// What one scene of calls came to.
#[derive(Debug, Default)]
pub struct Calls {
    pub what: String,
    pub started: String,
    pub closed: String,
    pub ran_out: String,
    pub paid: String,
    pub last_answer: String,
    pub right: String,
    pub target: String,
}

/// All rows so far.
#[derive(Debug, Default)]
pub struct Tables {
    times: Vec<Row>,
    calls: Vec<Calls>,
    failures: Vec<String>,
}

impl Tables {
    pub fn time(&mut self, row: Row) {
        eprintln!("{}: {} {}", row.what, row.p50, row.cpu);
        self.times.push(row);
    }

    pub fn calls(&mut self, row: Calls) {
        eprintln!("{}: {} calls", row.what, row.started);
        self.calls.push(row);
    }

    /// Takes the row of a burst, and what was wrong with its answers.
    pub fn burst(&mut self, (row, failure): (Calls, Option<String>)) {
        if let Some(why) = failure {
            self.failed(&row.what, &why);
        }
        self.calls(row);
    }

    /// Notes that a row is missing or cannot be believed, and why.
    pub fn failed(&mut self, what: &str, why: &str) {
        eprintln!("{what}: FAILED: {why}");
        self.failures.push(format!("{what}: {why}"));
    }

    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// The finished Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        if !self.times.is_empty() {
            text.push_str(
                "| what | p50 (min) | p99 | CPU per request | target |\n|---|---|---|---|---|\n",
            );
        }
        for row in &self.times {
            let cells = [&row.what, &row.p50, &row.p99, &row.cpu, &row.target];
            text.push_str(&line(&cells));
        }
        if !self.calls.is_empty() {
            text.push_str(
                "\n| scene | calls | closed early | ran out | model time | last answer after | \
                 right answers | target |\n|---|---|---|---|---|---|---|---|\n",
            );
        }
        for row in &self.calls {
            let cells = [
                &row.what,
                &row.started,
                &row.closed,
                &row.ran_out,
                &row.paid,
                &row.last_answer,
                &row.right,
                &row.target,
            ];
            text.push_str(&line(&cells));
        }
        if !self.failures.is_empty() {
            text.push_str("\nWrong or not measured:\n\n");
        }
        for failure in self.failures.iter().take(SHOWN_FAILURES) {
            text.push_str(&format!("- {failure}\n"));
        }
        if let Some(more @ 1..) = self.failures.len().checked_sub(SHOWN_FAILURES) {
            text.push_str(&format!("- and {more} more\n"));
        }
        text
    }
}

fn line(cells: &[&String]) -> String {
    let cells: Vec<&str> = cells
        .iter()
        .map(|cell| {
            if cell.is_empty() {
                "–"
            } else {
                cell.as_str()
            }
        })
        .collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Median with minimum, and the 99th percentile, as the table writes them.
pub fn spread(spans: &mut [Duration]) -> (String, String) {
    if spans.is_empty() {
        return (String::new(), String::new());
    }
    spans.sort_unstable();
    let p50 = format!(
        "{} ({})",
        milliseconds(quantile(spans, 50)),
        milliseconds(spans[0])
    );
    (p50, milliseconds(quantile(spans, 99)))
}
